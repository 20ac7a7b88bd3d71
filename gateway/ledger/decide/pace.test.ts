/** Limits on how fast a counter and a merchant may take coupons: the limit itself, the count, and the alert. */
import { describe, expect, it } from 'vitest';
import { charging, MORNING, testCampaign } from '../../../test/contract/ledger-fixture.js';
import { d1, OneBook, offline, rulesWith, verified } from '../../../test/contract/one-book.js';
import { couponsAt } from '../book/tally.js';

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

describe('a counter without a line', () => {
  /** Two coupons of 20 yuan, taken at `at`, told at `now`. */
  const tells = (of: OneBook, at: number, now: number): readonly string[] => {
    const { alerts } = of.says(
      [0, 1].map((n) => charging({ ...offline(`x${n}`, n, `X${n}`), amountFen: 10_000, at })),
      {
        at: now,
        signed: [0, 1].map((n) => [`CP1:X${n}`, verified(WHO[n] ?? '', [n], 5, { shownAt: at })] as const),
      },
    );
    expect([0, 1].map((n) => of.sale(`x${n}`).flags)).toEqual([[], []]);
    return alerts.map(({ code }) => code);
  };
  const isAllowed = (of: OneBook, at: number): boolean => {
    const outcome = of.hello('d1', at);
    return outcome.kind === 'welcome' && outcome.allowance !== undefined;
  };

  it('keeps what it took, counts it, and gets no more for the hour, on line or off', () => {
    const of = book().greets('d1');
    expect(tells(of, MORNING + 1_000, MORNING + 60_000)).toEqual(['COUNTER_TOO_FAST']);
    expect(asks(of, 2, 'd1', MORNING + 61_000)).toBe('counter-over-limit');
    expect([isAllowed(of, MORNING + 61_000), isAllowed(of, MORNING + HOUR)]).toEqual([false, true]);
    expect(asks(of, 2, 'd1', MORNING + HOUR)).toBe(2);
    expect(asks(of, 3, 'd1', MORNING + HOUR)).toBe('counter-over-limit');
  });

  it('is over no limit by what it took in an hour or on a day that is over', () => {
    const of = book().greets('d1');
    expect(tells(of, MORNING + 1_000, MORNING + 24 * HOUR)).toEqual([]);
    expect(isAllowed(of, MORNING + 24 * HOUR)).toBe(true);
    expect([2, 3].map((n) => asks(of, n, 'd1', MORNING + 24 * HOUR))).toEqual([2, 3]);
  });

  it('counts a sale once that had a coupon reserved when its line went', () => {
    const of = book().greets('d1');
    expect(of.asks('x0', 10_000, { who: 'ann' })).toBe(0);
    expect(tells(of, MORNING + 1_000, MORNING + 60_000)).toEqual(['COUNTER_TOO_FAST']);
    expect(of.ledger.book.tally(couponsAt(d1))).toMatchObject({ inHour: 2, inDay: 2 });
  });
});
