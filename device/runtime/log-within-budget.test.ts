import { expect, it } from 'vitest';
import type { Log } from '../ports/log.js';
import { withinBudget } from './log-within-budget.js';

function logged() {
  const lines: { readonly level: string; readonly code: string; readonly fields: unknown }[] = [];
  let now = 0;
  const log: Log = withinBudget(
    (level, code, fields) => void lines.push({ level, code, fields }),
    () => now,
  );
  return {
    log,
    lines,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

it('writes ten warnings of a kind and a source in a minute, and says later how many there were', () => {
  const { log, lines, pass } = logged();
  for (let n = 0; n < 5_000; n += 1) log('warn', 'ORIGIN_NOT_ALLOWED', { from: '127.0.0.1' });
  expect(lines).toHaveLength(10);
  log('error', 'JOURNAL_FULL');
  expect(lines.at(-1)).toEqual({ level: 'error', code: 'JOURNAL_FULL', fields: { unwritten: 4_990 } });
  pass(60_000);
  log('warn', 'ORIGIN_NOT_ALLOWED', { from: '127.0.0.1' });
  expect(lines.at(-1)).toMatchObject({ code: 'ORIGIN_NOT_ALLOWED', fields: { from: '127.0.0.1' } });
});

it('keeps one chattering port from silencing another', () => {
  const { log, lines } = logged();
  for (let n = 0; n < 100; n += 1) log('warn', 'PORT_NOISE', { port: 'scanner' });
  log('warn', 'PORT_NOISE', { port: 'reader' });
  expect(lines.at(-1)?.fields).toMatchObject({ port: 'reader' });
});

it('leaves a busy counter its lines, and bounds a scanner that never stops', () => {
  const { log, lines, pass } = logged();
  for (let n = 0; n < 60; n += 1) {
    log('info', 'SALE', { sale: n });
    pass(500);
  }
  expect(lines).toHaveLength(60);
  for (let n = 0; n < 100_000; n += 1) log('info', 'SCANNED', { what: 'unknown' });
  expect(lines).toHaveLength(180);
});

it('writes whatever is asked for at the level debug', () => {
  const { log, lines } = logged();
  for (let n = 0; n < 1_000; n += 1) log('debug', 'MQTT_PUBLISH_FAILED');
  expect(lines).toHaveLength(1_000);
});
