/** Limits on how fast a counter and a merchant may take coupons: the limit itself, the count, and the alert. */
import { describe, expect, it } from 'vitest';
import { MORNING, testCampaign } from '../../../test/contract/ledger-fixture.js';
import { OneBook, rulesWith } from '../../../test/contract/one-book.js';

const HOUR = 3_600_000;
const WHO = ['ann', 'ben', 'cem', 'dan'];

/** Four people with a coupon of 20 yuan each; two coupons an hour and three a day at a counter. */
function book(merchant = { perHour: 9, perDay: 9 }, device = { perHour: 2, perDay: 3 }): OneBook {
  const tiers = testCampaign().tiers.map((tier) => ({ ...tier, quantity: tier.id === 's20' ? 4 : tier.quantity }));
  const made = new OneBook(rulesWith({ tiers }, { pace: { device, merchant } }));
  for (const who of WHO) made.claims(who, 's20');
  return made;
}
const asks = (of: OneBook, n: number, device = 'd1', at: number = MORNING) =>
  of.asks(`s${n}`, 10_000, { who: WHO[n] ?? 'ann', device, at });

describe('a counter', () => {
  it('takes as many as it may in the hour, and no more', () => {
    const of = book();
    expect([0, 1, 2].map((n) => asks(of, n))).toEqual([0, 1, 'counter-over-limit']);
    expect(asks(of, 3, 'd2')).toBe(3);
  });

  it('takes again in the next hour, until the day is full', () => {
    const of = book();
    expect([0, 1].map((n) => asks(of, n))).toEqual([0, 1]);
    expect([2, 3].map((n) => asks(of, n, 'd1', MORNING + HOUR))).toEqual([2, 'counter-over-limit']);
    expect(asks(of, 3, 'd1', MORNING + 24 * HOUR)).toBe(3);
  });

  it('counts a sale once, however often it asks', () => {
    const of = book();
    expect(asks(of, 0)).toBe(0);
    // Repeats with other codes of the same holder, and one refused in between.
    for (let n = 0; n < 3; n += 1) of.asks('s0', 10_000 + n);
    expect(of.asks('s0', 500)).toBe('below-threshold');
    expect(of.asks('s0', 10_000)).toBe(0);
    expect(asks(of, 1)).toBe(1);
  });

  it('counts nothing for a sale that has no coupon', () => {
    const of = book();
    for (let n = 0; n < 5; n += 1) expect(of.asks(`x${n}`, 500)).toBe('below-threshold');
    expect([0, 1].map((n) => asks(of, n))).toEqual([0, 1]);
  });

  it('over its limit holds nothing', () => {
    const of = book();
    for (const n of [0, 1, 2]) asks(of, n);
    expect(of.coupon(2)).toBe('held');
  });
});

it('a merchant’s limit holds for all its counters', () => {
  const of = book({ perHour: 2, perDay: 9 }, { perHour: 9, perDay: 9 });
  expect([asks(of, 0, 'd1'), asks(of, 1, 'd2'), asks(of, 2, 'd3')]).toEqual([0, 1, 'counter-over-limit']);
});

it('without limits nobody is too fast', () => {
  const of = new OneBook();
  for (const who of WHO) of.claims(who, 's20');
  expect([0, 1, 2, 3].map((n) => asks(of, n))).toEqual([0, 1, 2, 3]);
  expect([...of.ledger.book.tallies.values()]).toEqual([]);
});

it('somebody is told once, when a limit is reached, which one, and whose', () => {
  const told = (of: OneBook) =>
    [0, 1, 2, 3].flatMap((n) => of.commits([of.counter().asks(`s${n}`, WHO[n] ?? '', 10_000)]).alerts);
  expect(told(book())).toMatchObject([
    { code: 'COUNTER_TOO_FAST', device: 'd1', what: expect.stringMatching(/^this counter .* until the hour is over$/) },
  ]);
  expect(told(book({ perHour: 9, perDay: 2 }, { perHour: 9, perDay: 9 }))).toMatchObject([
    { code: 'COUNTER_TOO_FAST', what: expect.stringMatching(/^merchant m1 .* until the day is over$/) },
  ]);
});
