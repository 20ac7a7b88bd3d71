/** Refunds: the postings of each, given its sale's booking. A row is a sale of 300 yuan with 80 off. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { charging, MORNING, refunded, settled, testCampaign } from '../../../test/contract/ledger-fixture.js';
import { DAY, morning, OneBook, of, offline, rulesWith, shown } from '../../../test/contract/one-book.js';

/** The last moment at which this campaign takes coupons: 10 April, 22:00 in Shanghai. */
const ENDS = Date.UTC(2023, 3, 10, 14) - 1;
/** Midnight in Shanghai that ends the first day. */
const MIDNIGHT = Date.UTC(2023, 2, 27, 16);

type Change = Parameters<typeof rulesWith>[0];

function sold(change: Change = {}): OneBook {
  const book = new OneBook(rulesWith(change)).claims('ann', 's20', 's40', 's80').greets('d1', 'd2');
  book.asks('a');
  book.says([charging(of('a')), settled(of('a'))]);
  return book;
}
const SPONSORS = { 'sponsor:district': -5_600, 'sponsor:bank': -2_400 };
const PAID = { ...SPONSORS, 'merchant:m1': 8_000 };

describe('a refund of a sale that kept its coupon', () => {
  it.each<readonly [Change, string, number, number, Record<string, number>, string]>([
    [{ refund: 'stays-used' }, 'all of it', 22_000, MORNING, { ...SPONSORS, 'refund:test-2023': 8_000 }, 'used d1/a'],
    [
      { refund: 'stays-used' },
      'half of it',
      11_000,
      MORNING,
      { ...SPONSORS, 'merchant:m1': 4_000, 'refund:test-2023': 4_000 },
      'used d1/a',
    ],
    [{ refund: 'stays-used' }, 'nothing', 0, MORNING, PAID, 'used d1/a'],
    [{ refund: 'restored-if-full' }, 'all of it', 22_000, MORNING, {}, 'held'],
    [
      { refund: 'restored-if-full' },
      'all but a fen',
      21_999,
      MORNING,
      { ...SPONSORS, 'merchant:m1': 1, 'refund:test-2023': 7_999 },
      'used d1/a',
    ],
    [{ refund: 'restored-if-full' }, 'all of it at the last moment', 22_000, ENDS, {}, 'held'],
    [
      { refund: 'restored-if-full' },
      'all of it a moment later',
      22_000,
      ENDS + 1,
      { ...SPONSORS, 'refund:test-2023': 8_000 },
      'used d1/a',
    ],
    [{ refund: 'restored-next-day' }, 'all of it', 22_000, MORNING, {}, 'held'],
    [
      { refund: 'restored-next-day' },
      'all of it on the last day',
      22_000,
      ENDS - DAY / 2,
      { ...SPONSORS, 'refund:test-2023': 8_000 },
      'used d1/a',
    ],
    [{ refund: 'pro-rata' }, 'all of it', 22_000, MORNING, {}, 'held'],
    [
      { refund: 'pro-rata' },
      'half of it',
      11_000,
      MORNING,
      { 'sponsor:district': -2_800, 'sponsor:bank': -1_200, 'merchant:m1': 4_000 },
      'used d1/a',
    ],
    [{ refund: 'pro-rata' }, 'all of it when all is over', 22_000, ENDS + 1, {}, 'used d1/a'],
    // A counter that gave back more than was paid isn't believed.
    [
      { refund: 'pro-rata' },
      'a fen more than was paid',
      22_001,
      MORNING,
      { ...SPONSORS, 'disputed:d1': 8_000 },
      'used d1/a',
    ],
    [
      { refund: 'stays-used' },
      'far more than was paid',
      99_999_999,
      MORNING,
      { ...SPONSORS, 'disputed:d1': 8_000 },
      'used d1/a',
    ],
  ])('%o, %s', (change, _what, backFen, at, accounts, coupon) => {
    const book = sold(change);
    book.says([refunded('a', backFen)], { at });
    expect(book.accounts()).toEqual(accounts);
    expect(book.coupon(7)).toBe(coupon);
    const flags = backFen === 22_000 ? [] : [backFen < 22_000 ? 'refund-in-part' : 'refund-beyond-paid'];
    // A disbelieved refund is a case: a person decides about the face in suspense.
    const booking = backFen > 22_000 ? 'disputed' : 'kept';
    expect(book.sale('a')).toMatchObject({ state: 'refunded', booking, flags });
  });

  it('comes once', () => {
    const book = sold({ refund: 'pro-rata' });
    book.says([refunded('a', 11_000), refunded('a', 11_000)]);
    expect(book.accounts()).toMatchObject({ 'merchant:m1': 4_000 });
    expect(book.sale('a').flags).toEqual(['refund-in-part', 'refunded-after-refunded']);
  });

  it('gives a coupon back from the next midnight on, where the campaign says so', () => {
    const book = sold({ refund: 'restored-next-day' });
    book.says([refunded('a', 22_000)]);
    expect(book.couponRow(7).usableFrom).toBe(MIDNIGHT);
    const now = sold({ refund: 'restored-if-full' });
    now.says([refunded('a', 22_000)]);
    expect(now.couponRow(7).usableFrom).toBe(MORNING);
  });

  it('gives no coupon back that another sale took off, too', () => {
    const book = sold({ refund: 'restored-if-full' });
    book.says([charging(offline('b', 7, 'B')), settled(of('b'))], { device: 'd2', signed: [shown('B', [7], 1)] });
    expect(book.sale('a').flags).toEqual(['coupon-used-again']);
    book.says([refunded('a', 22_000)]);
    expect(book.coupon(7)).toBe('used d1/a');
    expect(book.accounts()).toMatchObject({ 'refund:test-2023': 8_000, 'conflict:bank': -8_000, 'merchant:m1': 8_000 });
  });
});

it.each([
  ['a sale without a coupon', () => ({ ...of('b', null) }), 'none', {}],
  ['a disputed sale, all of it', () => of('b', 4), 'disputed', {}],
] as const)('a refund of %s moves no merchant’s money', (_what, facts, booking, accounts) => {
  const book = morning();
  const { netFen } = settled(facts());
  book.says([charging(facts()), settled(facts()), refunded('b', netFen)]);
  expect(book.sale('b')).toMatchObject({ state: 'refunded', booking });
  expect(book.accounts()).toEqual(accounts);
});

it.each([
  ['in part', 25_999, 'refund-in-part'],
  ['beyond what was paid', 26_001, 'refund-beyond-paid'],
])('a refund %s leaves a disputed sale’s claim in suspense', (_what, backFen, flag) => {
  const book = morning();
  book.says([charging(of('b', 4)), settled(of('b', 4)), refunded('b', backFen)]);
  expect(book.sale('b').flags).toContain(flag);
  expect(book.accounts()).toEqual({ 'disputed:d1': 4_000, disputed: -4_000 });
});

it.each([
  ['asked', []],
  ['charging', [charging(of('a'))]],
  ['unknown', [charging(of('a')), { kind: 'unknown', sale: 'a', why: 'no answer', at: null }]],
  ['not-charged', [{ kind: 'not-charged', sale: 'a', outcome: 'declined', code: '51', at: null }]],
  ['abandoned', [{ kind: 'abandoned', sale: 'a', why: 'till', at: null }]],
])('a refund of a sale that is %s moves nothing, and its settlement is disputed afterwards', (state, said) => {
  const book = morning();
  book.asks('a');
  book.says([...said, refunded('a', 22_000)]);
  expect(book.sale('a')).toMatchObject({ state, flags: [`refunded-after-${state}`] });
  expect(book.accounts()).toEqual({});
  book.says([settled(of('a'))]);
  expect(book.sale('a').booking).toBe('disputed');
  expect(book.accounts()['merchant:m1']).toBeUndefined();
});

describe('a refund of a double spend', () => {
  const by = (conflictAccount: string, refund: string) => ({
    offline: { ...testCampaign().offline, conflictAccount },
    refund,
    budgetFen: 28_000,
  });
  function twice(change: Change): OneBook {
    const book = sold(change);
    book.says([charging(offline('b', 7, 'B')), settled(of('b'))], { device: 'd2', signed: [shown('B', [7], 1)] });
    expect(book.sale('b', 'd2').booking).toBe('conflict');
    return book;
  }
  it.each([
    ['bank', 'stays-used', 22_000, {}],
    ['bank', 'restored-if-full', 22_000, {}],
    ['bank', 'restored-if-full', 11_000, { 'conflict:bank': -4_000 }],
    ['merchant', 'pro-rata', 11_000, { 'conflict:merchant:m1': -4_000 }],
    ['sponsor', 'pro-rata', 22_000, {}],
    ['sponsor', 'stays-used', 11_000, { 'conflict:sponsor': -4_000 }],
    ['sponsor', 'stays-used', 22_001, { 'conflict:sponsor': -8_000, 'disputed:d2': 8_000 }],
  ])('borne by %s, rule %s, of %i fen: its bearer has %o', (bearer, rule, backFen, borne) => {
    const book = twice(by(bearer, rule));
    book.says([refunded('b', backFen)], { device: 'd2' });
    const left = (borne as Record<string, number>)[`conflict:${bearer === 'merchant' ? 'merchant:m1' : bearer}`] ?? 0;
    const suspended = backFen > 22_000;
    expect(book.accounts()).toEqual({ ...SPONSORS, ...borne, 'merchant:m1': 8_000 + (suspended ? 0 : -left) });
    expect(book.coupon(7)).toBe('used d1/a');
    expect(book.ledger.book.totals.conflictFen).toBe(bearer === 'sponsor' ? 0 - left : 0);
  });
});

it('however a sale is refunded, nobody’s money grows by it', () => {
  const rule = fc.constantFrom('stays-used', 'restored-if-full', 'restored-next-day', 'pro-rata');
  fc.assert(
    fc.property(rule, fc.integer({ min: 0, max: 30_000 }), (refund, backFen) => {
      const book = sold({ refund });
      book.says([refunded('a', backFen)]);
      const accounts = book.accounts();
      expect(accounts['merchant:m1'] ?? 0).toBeGreaterThanOrEqual(0);
      expect(accounts['merchant:m1'] ?? 0).toBeLessThanOrEqual(8_000);
      for (const sponsor of ['sponsor:district', 'sponsor:bank']) expect(accounts[sponsor] ?? 0).toBeLessThanOrEqual(0);
      // A returned coupon was repaid in full.
      if (book.coupon(7) === 'held') expect(accounts).toEqual({});
    }),
    { numRuns: 60 },
  );
});
