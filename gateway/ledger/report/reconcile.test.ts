/**
 * Totals over the whole book: money from postings and from nothing else, sales counted, counters' reports named `reported`.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import type { SaleEntry, SaleKey } from '../book/book.js';
import { type MerchantSum, type PostedSum, reconcile } from './reconcile.js';

type Book = Parameters<typeof reconcile>[0];
type Sale = Book['sales'] extends Iterable<infer One> ? One : never;

const sale = (key: string, change: Partial<Sale> & { readonly rrn?: string } = {}): Sale => {
  const { rrn, ...rest } = change;
  return {
    key: key as SaleKey,
    device: key.split('/')[0] as DeviceId,
    merchant: 'm1' as MerchantId,
    state: 'settled',
    booking: 'none',
    netFen: fen(100),
    flags: [],
    ...(rrn !== undefined && { reference: { rrn, auth: '', last4: '' } }),
    ...rest,
  };
};
const sums = (book: Partial<Omit<Book, 'confirmed'>> & { readonly confirmed?: Readonly<Record<string, number>> }) =>
  reconcile({
    sales: [],
    coupons: [],
    posted: [],
    toMerchants: [],
    ...book,
    confirmed: Object.entries(book.confirmed ?? {}).map(([rrn, netFen]) => ({ rrn, netFen, act: 'act' })),
  });

it('an empty book has empty sums', () => {
  expect(sums({})).toEqual({
    redeemed: 0,
    redeemedFen: 0,
    grossFen: 0,
    refunded: 0,
    conflicts: 0,
    conflictFen: 0,
    disputed: 0,
    disputedFen: 0,
    settledSales: 0,
    reportedNetFen: 0,
    reportedRefundedFen: 0,
    held: 0,
    reserved: 0,
    used: 0,
    postingsFen: 0,
    accounts: {},
    merchants: {},
    devices: {},
    flags: {},
  });
});

describe('sales', () => {
  it.each<readonly [SaleEntry['state'], SaleEntry['booking'], object]>([
    ['settled', 'none', { settledSales: 1, reportedNetFen: 100, refunded: 0, redeemed: 0 }],
    [
      'settled',
      'kept',
      { settledSales: 1, redeemed: 1, conflicts: 0, disputed: 0, merchants: { m1: { redeemed: 1 } } },
    ],
    ['settled', 'conflict', { settledSales: 1, redeemed: 0, conflicts: 1, disputed: 0, merchants: {} }],
    [
      'settled',
      'disputed',
      { settledSales: 1, redeemed: 0, conflicts: 0, disputed: 1, devices: { d1: { disputed: 1, disputedFen: 0 } } },
    ],
    ['refunded', 'kept', { settledSales: 1, redeemed: 1, refunded: 1, reportedNetFen: 100, reportedRefundedFen: 100 }],
    ['charging', 'none', { settledSales: 0, reportedNetFen: 0, flags: {} }],
    ['unknown', 'none', { settledSales: 0, reportedNetFen: 0, flags: {} }],
    ['asked', 'none', { settledSales: 0, reportedNetFen: 0, flags: {} }],
    ['not-charged', 'none', { settledSales: 0, reportedNetFen: 0, flags: {} }],
    ['abandoned', 'none', { settledSales: 0, reportedNetFen: 0, flags: {} }],
  ])('%s and %s', (state, booking, expected) => {
    expect(sums({ sales: [sale('d1/a', { state, booking, flags: ['refund-in-part'] })] })).toMatchObject(expected);
  });

  it('are counted by each of their flags, in order of name', () => {
    const flagged = [
      sale('d1/a', { flags: ['sums-differ', 'face-differs'] }),
      sale('d1/b', { flags: ['sums-differ'], state: 'refunded' }),
    ];
    expect(Object.entries(sums({ sales: flagged }).flags)).toEqual([
      ['face-differs', 1],
      ['sums-differ', 2],
    ]);
  });

  it('of a merchant whom nobody knows are redeemed by none', () => {
    expect(sums({ sales: [sale('d1/a', { booking: 'kept', merchant: null })] })).toMatchObject({
      redeemed: 1,
      merchants: {},
    });
  });
});

it('coupons are counted by their state', () => {
  const coupons = (['held', 'used', 'used', 'reserved', 'used', 'held'] as const).map((state) => ({ state }));
  expect(sums({ coupons })).toMatchObject({ held: 2, reserved: 1, used: 3 });
});

describe('money', () => {
  it.each<readonly [string, readonly PostedSum[], object]>([
    [
      'a redemption',
      [
        ['redemption', 'sponsor:district', -70],
        ['redemption', 'sponsor:bank', -30],
        ['redemption', 'merchant:m1', 100],
      ],
      {
        redeemedFen: 100,
        conflictFen: 0,
        disputedFen: 0,
        merchants: { m1: { redeemed: 0, redeemedFen: 100, confirmedFen: 0 } },
      },
    ],
    [
      'its refund',
      [
        ['redemption', 'sponsor:bank', -100],
        ['redemption', 'merchant:m1', 100],
        ['refund', 'sponsor:bank', 40],
        ['refund', 'merchant:m1', -40],
      ],
      {
        redeemedFen: 60,
        grossFen: 100,
        accounts: { 'sponsor:bank': -60, 'merchant:m1': 60 },
        merchants: { m1: { redeemedFen: 60, grossFen: 100, refundedFen: 40 } },
      },
    ],
    ...(['conflict:sponsor', 'conflict:bank', 'conflict:merchant:m1', 'conflict:beyond-budget'] as const).map(
      (bearer): readonly [string, readonly PostedSum[], object] => [
        `a conflict that ${bearer} bears`,
        [
          ['conflict', bearer, -50],
          ['conflict', 'merchant:m1', 50],
        ],
        { redeemedFen: 0, conflictFen: 50, merchants: { m1: { redeemed: 0, redeemedFen: 50 } } },
      ],
    ),
    [
      'a dispute',
      [
        ['disputed', 'disputed', -30],
        ['disputed', 'disputed:d1', 30],
      ],
      { disputedFen: 30, redeemedFen: 0, conflictFen: 0, devices: { d1: { disputed: 0, disputedFen: 30 } } },
    ],
    [
      'a dispute that a person has paid',
      [
        ['disputed', 'disputed', -30],
        ['disputed', 'disputed:d1', 30],
        ['decision', 'disputed', 30],
        ['decision', 'disputed:d1', -30],
        ['decision', 'sponsor:bank', -30],
        ['decision', 'merchant:m1', 30],
      ],
      { disputedFen: 0, redeemedFen: 30, merchants: { m1: { redeemedFen: 30 } } },
    ],
    [
      'a conflict that a person has taken back',
      [
        ['conflict', 'conflict:bank', -50],
        ['conflict', 'merchant:m1', 50],
        ['decision', 'conflict:bank', 50],
        ['decision', 'merchant:m1', -50],
      ],
      { conflictFen: 0, accounts: { 'conflict:bank': 0, 'merchant:m1': 0 } },
    ],
    [
      'a write-off',
      [
        ['decision', 'write-off', -30],
        ['decision', 'merchant:m1', 30],
      ],
      { redeemedFen: 0, conflictFen: 0, disputedFen: 0, merchants: { m1: { redeemedFen: 30 } } },
    ],
    [
      'an account that is not one of ours',
      [
        ['redemption', 'sponsors:x', -1],
        ['redemption', 'someone', 1],
      ],
      { redeemedFen: 0, merchants: {}, devices: {} },
    ],
  ])('%s', (_what, posted, expected) => {
    expect(sums({ posted })).toMatchObject({ postingsFen: 0, ...expected });
  });

  it('of sets that don’t balance shows', () => {
    expect(
      sums({
        posted: [
          ['redemption', 'merchant:m1', 7],
          ['refund', 'merchant:m1', -3],
        ],
      }).postingsFen,
    ).toBe(4);
  });

  it('is the same in whatever order it was posted, and each account stands once', () => {
    const kinds = ['redemption', 'conflict', 'refund', 'disputed', 'decision'] as const;
    const accounts = [
      'sponsor:bank',
      'merchant:m1',
      'merchant:m2',
      'conflict:bank',
      'disputed',
      'disputed:d1',
      'write-off',
    ];
    const leg = fc.tuple(
      fc.constantFrom(...kinds),
      fc.constantFrom(...accounts),
      fc.integer({ min: -9_999, max: 9_999 }),
    );
    fc.assert(
      fc.property(fc.array(leg, { maxLength: 30 }), (posted) => {
        const there = sums({ posted });
        expect(sums({ posted: [...posted].reverse() })).toEqual(there);
        expect(there.postingsFen).toBe(posted.reduce((sum, [, , moved]) => sum + moved, 0));
        expect(Object.values(there.accounts).reduce((sum, moved) => sum + moved, 0)).toBe(there.postingsFen);
        expect(Object.keys(there.accounts)).toEqual([...new Set(posted.map(([, of]) => of))].sort());
      }),
    );
  });
});

describe('what may be paid out', () => {
  const to = (key: string, amount = 20, merchant = 'm1'): MerchantSum => [key, merchant, amount];
  it.each<readonly [string, readonly Sale[], readonly MerchantSum[], Readonly<Record<string, number>>, number]>([
    ['a sale that the acquirer confirms', [sale('d1/a', { rrn: '1' })], [to('d1/a')], { '1': 100 }, 20],
    ['a sale that it does not', [sale('d1/a', { rrn: '1' })], [to('d1/a')], {}, 0],
    ['a sale without a reference', [sale('d1/a')], [to('d1/a')], { '1': 100 }, 0],
    ['a sale confirmed with another amount', [sale('d1/a', { rrn: '1' })], [to('d1/a')], { '1': 99 }, 0],
    [
      'two sales of one payment',
      [sale('d1/a', { rrn: '1' }), sale('d2/b', { rrn: '1' })],
      [to('d1/a'), to('d2/b')],
      { '1': 100 },
      0,
    ],
    [
      'three sales of one payment',
      ['d1/a', 'd1/b', 'd1/c'].map((key) => sale(key, { rrn: '1' })),
      ['d1/a', 'd1/b', 'd1/c'].map((key) => to(key)),
      { '1': 100 },
      0,
    ],
    [
      'beside one of its payment that brought nobody anything',
      [sale('d1/a', { rrn: '1' }), sale('d2/b', { rrn: '1' })],
      [to('d1/a')],
      { '1': 100 },
      20,
    ],
    [
      'beside one of its payment with another amount',
      [sale('d1/a', { rrn: '1' }), sale('d2/b', { rrn: '1', netFen: fen(5) })],
      [to('d1/a'), to('d2/b')],
      { '1': 100 },
      20,
    ],
    ['what is left after a refund', [sale('d1/a', { rrn: '1' })], [to('d1/a'), to('d1/a', -5)], { '1': 100 }, 15],
    ['a sale that only took from its merchant', [sale('d1/a', { rrn: '1' })], [to('d1/a', -5)], { '1': 100 }, 0],
  ])('%s', (_what, sales, toMerchants, confirmed, fens) => {
    const { merchants } = sums({ sales, toMerchants, confirmed });
    expect(merchants['m1']?.confirmedFen ?? 0).toBe(fens);
  });

  it('stands with the merchant whom the postings name', () => {
    const sales = [sale('d1/a', { rrn: '1' }), sale('d1/b', { rrn: '2', merchant: 'm2' as MerchantId })];
    const { merchants } = sums({
      sales,
      toMerchants: [to('d1/a'), to('d1/b', 7, 'm2')],
      confirmed: { '1': 100, '2': 100 },
    });
    expect(merchants).toEqual({
      m1: { redeemed: 0, redeemedFen: 0, grossFen: 0, refundedFen: 0, confirmedFen: 20, unboundFen: 20 },
      m2: { redeemed: 0, redeemedFen: 0, grossFen: 0, refundedFen: 0, confirmedFen: 7, unboundFen: 7 },
    });
  });
});
