import { expect, it } from 'vitest';
import { wallMs } from './kernel/time.js';
import { logBudget } from './log-budget.js';

const NOW = wallMs(1_680_000_000_000);

it('writes the first of each kind and device, then counts, and says at the next line how many it left out', () => {
  const budget = logBudget();
  const lines = Array.from({ length: 1_000 }, () => budget.spend('MESSAGE_NOT_JSON', 'd1', NOW));
  expect(lines.filter((line) => line !== undefined)).toEqual(Array.from({ length: 10 }, () => 0));
  expect(budget.spend('MESSAGE_NOT_JSON', 'd2', NOW)).toBe(990);
  expect(budget.spend('DEVICE_FORKED', 'd1', NOW)).toBe(0);
  expect(budget.spend('MESSAGE_NOT_JSON', 'd1', wallMs(NOW + 60_000))).toBe(0);
});

it('is not talked out of it by a new name a message', () => {
  const budget = logBudget();
  const written = Array.from({ length: 100_000 }, (_, n) => budget.spend('MQTT_BAD_CREDENTIALS', `d${n}`, NOW));
  expect(written.filter((line) => line !== undefined)).toHaveLength(300);
});

it('goes on when the clock is set back by years', () => {
  const budget = logBudget();
  for (let n = 0; n < 11; n += 1) budget.spend('LINE', undefined, NOW);
  expect(budget.spend('LINE', undefined, wallMs(0))).toBe(1);
});
