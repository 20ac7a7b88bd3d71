/** How much each name may ask before it waits, and that nobody spends another's. */
import { expect, it } from 'vitest';
import { type WallMs, wallMs } from '#protocol/kernel/time.js';
import { claimBudgets, DEFAULT_PER_ADDRESS } from './claim-budgets.js';

const NOW = wallMs(1_700_000_000_000);
const MINUTE = 60_000;
/** Addresses that nobody has asked from yet. */
let next = 0;
function another(): string {
  next += 1;
  return `address ${next}`;
}
type Ask = (budgets: ReturnType<typeof claimBudgets>, name: string, now: WallMs) => number;

it.each<readonly [string, number, number, Ask]>([
  ['requests of an address', DEFAULT_PER_ADDRESS.burst, MINUTE / 1_200, (of, name, now) => of.request(name, now)],
  ['claims of a key', 10, MINUTE / 6, (of, name, now) => of.claim(name, now)],
  ['uses of an identifier', 20, MINUTE / 6, (of, name, now) => of.identifier(name, now)],
  ['challenges of a key', 5, MINUTE, (of, name, now) => of.challenge(name, now)],
  [
    'messages of an address to a phone',
    3,
    10 * MINUTE,
    (of, name, now) => of.message({ address: name, phone: '1' }, now),
  ],
  [
    'messages to a phone in all',
    12,
    5 * MINUTE,
    (of, name, now) => of.message({ address: another(), phone: name }, now),
  ],
])('%s: %i at once, then one every %i ms', (_, burst, every, ask) => {
  const budgets = claimBudgets();
  for (let n = 0; n < burst; n += 1) expect(ask(budgets, 'a', NOW)).toBe(0);
  const wait = ask(budgets, 'a', NOW);
  expect(wait).toBeGreaterThan(every - 2);
  expect(wait).toBeLessThanOrEqual(every + 1);
  expect(ask(budgets, 'b', NOW)).toBe(0);
  expect(ask(budgets, 'a', wallMs(NOW + every + 1))).toBe(0);
  expect(ask(budgets, 'a', wallMs(NOW + every + 1))).toBeGreaterThan(0);
});

it('a message that an address may not send spends nothing of the phone’s', () => {
  const budgets = claimBudgets();
  for (let n = 0; n < 50; n += 1) budgets.message({ address: 'stranger', phone: '1' }, NOW);
  for (let n = 0; n < 9; n += 1) expect(budgets.message({ address: `other ${n}`, phone: '1' }, NOW)).toBe(0);
  expect(budgets.message({ address: 'one more', phone: '1' }, NOW)).toBeGreaterThan(0);
});

it('an operator’s own budget for an address counts', () => {
  const budgets = claimBudgets({ burst: 1, perMinute: 1 });
  expect([budgets.request('a', NOW), budgets.request('a', NOW)]).toEqual([0, MINUTE]);
});
