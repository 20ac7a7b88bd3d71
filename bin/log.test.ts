import { pino } from 'pino';
import { expect, it } from 'vitest';
import { tidyFields } from './log.js';

/** As the long-running commands write it. */
function lineOf(fields: Readonly<Record<string, unknown>>): string {
  let written = '';
  const logger = pino({ base: null, formatters: { log: tidyFields } }, { write: (line) => (written += line) });
  logger.warn(fields, 'turned away');
  return written;
}

it('a line has nothing in it that a terminal would obey, and one end', () => {
  const line = lineOf({
    url: '/\u001b[2J\u009b31m\u202e\u2028\u200b\ud800',
    what: 'a\nb',
    list: ['\u0085'],
    ports: [1, 2],
  });
  expect(line.replace(/\n$/, '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
  expect(JSON.parse(line)).toMatchObject({
    url: '/\ufffd[2J\ufffd31m\ufffd\ufffd\ufffd\ufffd',
    what: 'a\nb',
    list: ['\ufffd'],
    ports: [1, 2],
  });
});

it('a line is never as long as a stranger likes', () => {
  expect(lineOf({ device: 'z'.repeat(65_535) }).length).toBeLessThan(2_200);
  const line = lineOf({ list: Array.from({ length: 5_000 }, (_, n) => n) });
  expect(JSON.parse(line)).toMatchObject({ list: expect.arrayContaining([99, 'and 4900 more']) });
});
