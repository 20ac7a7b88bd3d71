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

it('a line has no number of a person in it, however deep it stands, and keeps the names that are looked for', () => {
  const line = lineOf({
    what: 'no such member: 138 0013 8000',
    nested: { list: [{ why: new Error('6222.0212.3456.7890') }] },
    order: '20261129100506001',
    device: 'plate-20230001-0001',
    at: 1_680_000_000_000,
  });
  expect(line).not.toMatch(/0013|0212/);
  expect(JSON.parse(line)).toMatchObject({
    what: 'no such member: 13*******00',
    nested: { list: [{ why: '62**********7890' }] },
    order: '20261129100506001',
    device: 'plate-20230001-0001',
    at: 1_680_000_000_000,
  });
});
