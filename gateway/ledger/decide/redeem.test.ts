/**
 * The effect of each record on coupon, sale and money. A row is a morning at one counter: the records, and the book
 * afterwards. Ann has coupons 0 (20 yuan), 4 (40) and 7 (80); two thirds of the lies are in `proof.test.ts`.
 */
import { describe, expect, it } from 'vitest';
import type { SaleId } from '#protocol/kernel/ids.js';
import {
  abandoned,
  charging,
  holderId,
  LEASE_MS,
  MORNING,
  notCharged,
  refunded,
  settled,
  unknown,
} from '../../../test/contract/ledger-fixture.js';
import { DAY, d1, m1, morning, OneBook, of, offline, rulesWith, shown } from '../../../test/contract/one-book.js';
import type { SaleEntry } from '../book/book.js';
import { LEASE_MARGIN_MS } from './authorise.js';

const LEASE_ENDS = MORNING + LEASE_MS + LEASE_MARGIN_MS;

interface Row {
  readonly state: SaleEntry['state'];
  readonly flags?: readonly string[];
  readonly booking?: SaleEntry['booking'];
  /** Of coupon 7. */
  readonly coupon: string;
  readonly merchantFen?: number;
  readonly suspenseFen?: number;
}

type Case = readonly [what: string, play: (book: OneBook) => void, expected: Row];

const cases: readonly Case[] = [
  [
    'a reserved coupon is held without an end once its charge begins',
    (b) => b.says([charging(of('a'))]),
    { state: 'charging', coupon: 'reserved d1/a' },
  ],
  [
    'a charge at full price gives the coupon back',
    (b) => b.says([charging(of('a', null))]),
    { state: 'charging', coupon: 'held' },
  ],
  [
    'a charge with another coupon than the reserved one holds neither',
    (b) => b.says([charging(of('a', 4))]),
    { state: 'charging', flags: ['never-reserved', 'charged-without-reservation'], coupon: 'held' },
  ],
  [
    'a lapsed reservation still belongs to its sale while no other one took it',
    (b) => b.says([charging(of('a'))], { at: LEASE_ENDS + DAY }),
    { state: 'charging', coupon: 'reserved d1/a' },
  ],
  [
    'a coupon that another sale has reserved meanwhile stays there',
    (b) => {
      b.asks('b', 30_000, { device: 'd2', at: LEASE_ENDS });
      b.says([charging(of('a'))], { at: LEASE_ENDS + LEASE_MS + LEASE_MARGIN_MS - 1 });
    },
    { state: 'charging', flags: ['charged-without-reservation'], coupon: 'reserved d2/b' },
  ],
  [
    'a coupon whose other reservation has lapsed in its turn is held again by the first',
    (b) => {
      b.asks('b', 30_000, { device: 'd2', at: LEASE_ENDS });
      b.says([charging(of('a'))], { at: LEASE_ENDS + LEASE_MS + LEASE_MARGIN_MS });
    },
    { state: 'charging', flags: ['charged-without-reservation'], coupon: 'reserved d1/a' },
  ],
  [
    'a coupon that another sale is charging for is not taken from it',
    (b) => {
      b.asks('b', 30_000, { device: 'd2', at: LEASE_ENDS });
      b.says([charging(of('b'))], { device: 'd2', at: LEASE_ENDS });
      b.says([charging(of('a'))], { at: LEASE_ENDS + DAY });
    },
    { state: 'charging', flags: ['charged-without-reservation'], coupon: 'reserved d2/b' },
  ],
  [
    'a late redemption takes the coupon from the sale that has it reserved',
    (b) => {
      b.asks('b', 30_000, { device: 'd2', at: LEASE_ENDS });
      b.says([charging(of('a')), settled(of('a'))], { at: LEASE_ENDS });
    },
    {
      state: 'settled',
      flags: ['charged-without-reservation', 'redeemed-without-reservation'],
      booking: 'kept',
      coupon: 'used d1/a',
      merchantFen: 8_000,
    },
  ],
  [
    'a charge that settles uses its coupon and pays the merchant its face',
    (b) => b.says([charging(of('a')), settled(of('a'))]),
    { state: 'settled', booking: 'kept', coupon: 'used d1/a', merchantFen: 8_000 },
  ],
  [
    'a sale at full price moves nothing',
    (b) => b.says([charging(of('a', null)), settled(of('a', null))]),
    { state: 'settled', coupon: 'held' },
  ],
  [
    'a sale that was charged with a coupon and settles without it frees the coupon',
    (b) => b.says([charging(of('a')), settled({ ...of('a', null) })]),
    { state: 'settled', flags: ['serial-differs'], coupon: 'held' },
  ],
  [
    'a charge that took nothing gives the coupon back',
    (b) => b.says([charging(of('a')), notCharged('a')]),
    { state: 'not-charged', coupon: 'held' },
  ],
  ['a sale that was given up gives it back', (b) => b.says([abandoned('a')]), { state: 'abandoned', coupon: 'held' }],
  [
    'an unknown end holds the coupon, however long it takes',
    (b) => {
      b.says([unknown('a')]);
      expect(b.asks('b', 30_000, { device: 'd2', at: LEASE_ENDS + DAY })).toBe(4);
    },
    { state: 'unknown', coupon: 'reserved d1/a' },
  ],
  [
    'an unknown end holds no coupon that another sale has by now',
    (b) => {
      b.asks('b', 30_000, { device: 'd2', at: LEASE_ENDS });
      b.says([unknown('a')], { at: LEASE_ENDS });
    },
    { state: 'unknown', coupon: 'reserved d2/b' },
  ],
  [
    'an unknown end that is known later settles as any',
    (b) => b.says([charging(of('a')), unknown('a'), settled(of('a'))]),
    { state: 'settled', booking: 'kept', coupon: 'used d1/a', merchantFen: 8_000 },
  ],
  [
    'the same settlement twice pays once',
    (b) => b.says([charging(of('a')), settled(of('a')), settled(of('a'))]),
    { state: 'settled', flags: ['settled-after-settled'], booking: 'kept', coupon: 'used d1/a', merchantFen: 8_000 },
  ],
  [
    'a settlement after a refund pays nobody again',
    (b) => b.says([charging(of('a')), settled(of('a')), refunded('a', 22_000), settled(of('a'))]),
    { state: 'refunded', flags: ['settled-after-refunded'], booking: 'kept', coupon: 'used d1/a', merchantFen: 0 },
  ],
  [
    'a charge after the settlement changes nothing',
    (b) => b.says([charging(of('a')), settled(of('a')), charging(of('a', 4))]),
    { state: 'settled', flags: ['charging-after-settled'], booking: 'kept', coupon: 'used d1/a', merchantFen: 8_000 },
  ],
  ...(['not-charged', 'abandoned', 'unknown'] as const).map(
    (kind): Case => [
      `${kind} after the settlement takes nothing back`,
      (b) => {
        const late = { 'not-charged': notCharged, abandoned, unknown }[kind];
        b.says([charging(of('a')), settled(of('a')), late('a')]);
      },
      { state: 'settled', flags: [`${kind}-after-settled`], booking: 'kept', coupon: 'used d1/a', merchantFen: 8_000 },
    ],
  ),
  ...(['not-charged', 'abandoned'] as const).map(
    (kind): Case => [
      `a charge after ${kind} holds no coupon and is paid nothing`,
      (b) => {
        const end = { 'not-charged': notCharged, abandoned }[kind];
        b.says([end('a'), charging(of('a')), settled(of('a'))]);
      },
      {
        state: 'settled',
        flags: [`charging-after-${kind}`, 'charged-without-reservation'],
        booking: 'disputed',
        coupon: 'held',
        suspenseFen: 8_000,
      },
    ],
  ),
  [
    'a settlement after not-charged is disputed',
    (b) => b.says([charging(of('a')), notCharged('a'), settled(of('a'))]),
    {
      state: 'settled',
      flags: ['settled-after-not-charged'],
      booking: 'disputed',
      coupon: 'held',
      suspenseFen: 8_000,
    },
  ],
  [
    'a settlement whose charge nobody could read goes by the gateway’s own answer',
    (b) => b.says([settled(of('a'))]),
    {
      state: 'settled',
      flags: ['settled-without-charge'],
      booking: 'kept',
      coupon: 'used d1/a',
      merchantFen: 8_000,
    },
  ],
  [
    'a coupon that was never handed out fills suspense by its tier only',
    (b) =>
      b.says([
        { ...charging(of('a', 1)), netFen: 1 },
        { ...settled(of('a', 1)), netFen: 1, faceFen: 29_999 },
      ]),
    {
      state: 'settled',
      flags: ['never-reserved', 'charged-without-reservation', 'face-differs', 'coupon-never-handed-out'],
      booking: 'disputed',
      coupon: 'held',
      suspenseFen: 2_000,
    },
  ],
  [
    'a serial of no tier is worth nothing',
    (b) => b.says([charging(of('a', 99)), settled(of('a', 99))]),
    {
      state: 'settled',
      flags: ['never-reserved', 'charged-without-reservation', 'coupon-never-handed-out'],
      booking: 'disputed',
      coupon: 'held',
    },
  ],
  [
    'a face that is smaller than the coupon’s puts no more in suspense than was claimed',
    (b) =>
      b.says([
        { ...charging(of('a')), coupon: { ...charging(of('a')).coupon, faceFen: 5 }, netFen: 29_995 },
        { ...settled(of('a')), faceFen: 5, netFen: 29_995 },
      ]),
    {
      state: 'settled',
      flags: ['face-differs', 'sums-differ'],
      booking: 'disputed',
      coupon: 'held',
      suspenseFen: 5,
    },
  ],
];

it.each(cases)(
  '%s',
  (_what, play, { state, flags = [], booking = 'none', coupon, merchantFen = 0, suspenseFen = 0 }) => {
    const book = morning();
    expect(book.asks('a')).toBe(7);
    play(book);
    expect(book.sale('a')).toMatchObject({ state, flags, booking });
    expect(book.coupon(7)).toBe(coupon);
    const accounts = book.accounts();
    expect([accounts['merchant:m1'] ?? 0, accounts['disputed:d1'] ?? 0]).toEqual([merchantFen, suspenseFen]);
    // The sponsors pay what the merchant gets; suspense has its own other side.
    const refundFen = accounts['refund:test-2023'] ?? 0;
    const sponsors = (accounts['sponsor:district'] ?? 0) + (accounts['sponsor:bank'] ?? 0);
    expect([sponsors, accounts['disputed'] ?? 0]).toEqual([0 - merchantFen - refundFen, 0 - suspenseFen]);
  },
);

describe('a charge', () => {
  it('holds its coupon past the lease', () => {
    const book = morning();
    book.asks('a');
    book.says([charging(of('a'))]);
    expect(book.couponRow(7).leaseEnds).toBeNull();
    expect(book.asks('b', 30_000, { device: 'd2', at: LEASE_ENDS + DAY })).toBe(4);
  });

  it('takes over what the counter says of the sale: order, amounts, coupon; an asked sale keeps its merchant', () => {
    const book = morning();
    book.asks('a');
    book.says([{ ...charging(of('a')), order: 'other', merchant: 'm2' }]);
    expect(book.sale('a')).toMatchObject({
      order: 'other',
      merchant: 'm1',
      amountFen: 30_000,
      netFen: 22_000,
      faceFen: 8_000,
      serial: 7,
      flags: ['merchant-differs'],
    });
    book.says([{ ...charging(of('b', null)), merchant: 'm2' }]);
    expect(book.sale('b')).toMatchObject({ merchant: 'm2', serial: null, faceFen: 0, netFen: 30_000, flags: [] });
  });

  it('of a merchant who is not on the list is doubted, with a coupon or without', () => {
    const book = morning();
    book.says([{ ...charging(of('a', null)), merchant: 'evil' }, settled(of('a', null))]);
    expect(book.sale('a')).toMatchObject({ booking: 'none', flags: ['merchant-not-listed'] });
  });

  it('that is doubted holds its coupon no longer than the lease', () => {
    const book = morning();
    book.asks('a');
    book.says([{ ...charging(of('a')), netFen: 1 }]);
    expect(book.couponRow(7).leaseEnds).toBe(LEASE_ENDS);
    expect(book.asks('b', 30_000, { device: 'd2', at: LEASE_ENDS })).toBe(7);
  });

  it('at full price gives the showing back: another counter may take it', () => {
    const book = morning();
    const presented = { kind: 'verified', holder: holderId('ann'), nonce: 1, evidence: 'CP1:ANN' } as const;
    book.asks('a', 30_000, { presented });
    const taken = offline('b', 7, 'ANN');
    book.says([charging(taken)], { device: 'd2', signed: [shown('ANN', [7], 1)] });
    expect(book.sale('b', 'd2').flags).toEqual(['showing-used-before']);
    book.says([charging(of('a', null))]);
    book.says([charging({ ...taken, sale: 'c' })], { device: 'd2', signed: [shown('ANN', [7], 1)] });
    expect(book.sale('c', 'd2').flags).toEqual(['presentation-replayed']);
    const other = morning();
    other.asks('a', 30_000, { presented });
    other.says([charging(of('a', null))]);
    other.says([charging(taken)], { device: 'd2', signed: [shown('ANN', [7], 1)] });
    expect(other.sale('b', 'd2').flags).toEqual([]);
  });
});

describe('a person’s decision', () => {
  const released = (): OneBook => {
    const book = morning();
    book.asks('a');
    book.says([charging(of('a')), unknown('a')]);
    expect(book.acts({ kind: 'release', device: d1, sale: 'a' as SaleId })).toMatchObject({ kind: 'acted' });
    expect(book.coupon(7)).toBe('held');
    return book;
  };

  it('released: a settlement afterwards waits in suspense, and the decision counts as contradicted', () => {
    const book = released();
    book.says([settled(of('a'))]);
    expect(book.sale('a')).toMatchObject({
      state: 'settled',
      booking: 'disputed',
      flags: ['settled-after-not-charged', 'settled-after-decision'],
      decisions: [{ kind: 'release', contradicted: true }],
    });
    expect(book.accounts()).toEqual({ 'disputed:d1': 8_000, disputed: -8_000 });
  });

  it('released: a charge that begins again is noted and takes nothing', () => {
    const book = released();
    book.says([charging(of('a'))]);
    expect([book.coupon(7), book.sale('a').flags]).toEqual(['held', ['charging-after-decision']]);
    expect(book.sale('a').state).toBe('not-charged');
  });

  it('decided paid: the device’s own settlement agrees, and brings the card’s reference only', () => {
    const book = morning();
    book.asks('a');
    book.says([charging(of('a')), unknown('a')]);
    book.acts({ kind: 'decide', device: d1, sale: 'a' as SaleId, verdict: 'paid' });
    const card = { ...settled(of('a')).card, rrn: '004711' };
    book.says([{ ...settled(of('a')), card }]);
    expect(book.sale('a')).toMatchObject({ flags: [], booking: 'kept', reference: { rrn: '004711', last4: '1234' } });
    expect(book.accounts()['merchant:m1']).toBe(8_000);
  });

  it.each([
    ['another net', { netFen: 21_999 }],
    ['another coupon', { serial: 4 }],
    ['no coupon', { serial: null }],
  ])('decided paid: a settlement with %s contradicts it', (_what, change) => {
    const book = morning();
    book.asks('a');
    book.says([charging(of('a')), unknown('a')]);
    book.acts({ kind: 'decide', device: d1, sale: 'a' as SaleId, verdict: 'paid' });
    book.says([{ ...settled(of('a')), ...change }]);
    expect(book.sale('a')).toMatchObject({ flags: ['settled-after-settled'], booking: 'kept', serial: 7 });
    expect(book.accounts()['merchant:m1']).toBe(8_000);
  });
});

it.each([
  ['004711', { reference: { rrn: '004711', auth: '1', last4: '1234' } }],
  ['0', {}],
  ['000000000000', {}],
  ['', {}],
  ['00100', { reference: { rrn: '00100', auth: '1', last4: '1234' } }],
])('a card reference of %o counts as %o', (rrn, reference) => {
  const book = morning();
  book.says([charging(of('a', null)), { ...settled(of('a', null)), card: { ...settled(of('a')).card, rrn } }]);
  const { reference: kept } = book.sale('a');
  expect(kept === undefined ? {} : { reference: kept }).toEqual(reference);
});

it('a counter that the bank has put nowhere, and that never names a merchant, gets nothing', () => {
  const book = morning();
  book.says([settled(of('z', 7))]);
  expect(book.sale('z')).toMatchObject({
    merchant: null,
    booking: 'disputed',
    flags: ['never-reserved', 'merchant-not-listed'],
  });
  expect(book.accounts()).toEqual({ 'disputed:d1': 8_000, disputed: -8_000 });
  const placed = new OneBook(rulesWith({}, { merchantOf: () => m1 })).claims('ann', 's80');
  placed.says([settled(of('z', 7))]);
  expect(placed.sale('z')).toMatchObject({ merchant: 'm1', booking: 'disputed', flags: ['never-reserved'] });
});
