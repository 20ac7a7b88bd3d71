/** The book in memory and its indexes: every row is found after every change, and never under an old name. */
import { describe, expect, it } from 'vitest';
import type { PaymentNumber } from '#protocol/codes/payment-code.js';
import type { DeviceId, HolderId, SaleId } from '#protocol/kernel/ids.js';
import { holderId, serialOf } from '../../../test/contract/ledger-fixture.js';
import {
  type Coupon,
  type CouponState,
  codeNameOf,
  deviceOf,
  type Holder,
  isBorneAt,
  journalOf,
  saleKey,
} from './book.js';
import { MemoryBook } from './memory-book.js';

const ann = holderId('ann');
const ben = holderId('ben');
const number = (text: string) => text as PaymentNumber;
const holder = (id: HolderId, change: Partial<Holder> = {}): Holder => ({
  id,
  identities: [{ phone: `p${id}`, idCard: `i${id}`, device: `d${id}` }],
  counter: -1,
  counterSale: null,
  ...change,
});
type Change = CouponState & { readonly usableFrom?: number };
const coupon = (version: number, change: Change = { state: 'held' }): Coupon => ({
  ...{ serial: serialOf(7), holder: ann, usableFrom: 0, version },
  ...change,
});
const sale = saleKey('d1' as DeviceId, 'a' as SaleId);
const RESERVED = { state: 'reserved', sale, leaseEnds: 5 } as const;
const USED = { state: 'used', sale } as const;

describe('a holder', () => {
  it('is found by the code of now, by every identity, and by none of before', () => {
    const book = new MemoryBook(1);
    book.putHolder(holder(ann, { paymentCode: '6200' }));
    expect(book.holderByCode('6200')?.id).toBe(ann);
    const known = book.holder(ann);
    if (known === undefined) throw new Error('ann');
    const { paymentCode: _, ...rest } = known;
    book.putHolder({
      ...rest,
      number: number('1'),
      identities: [...known.identities, { phone: 'new', idCard: 'new', device: 'new' }],
    });
    expect([book.holderByCode('6200'), book.holderByCode('1')?.id]).toEqual([undefined, ann]);
    for (const kind of ['phone', 'idCard', 'device'] as const) expect(book.holdersWith(kind, 'new')).toEqual([ann]);
    expect(book.holdersWith('phone', `p${ann}`)).toEqual([ann]);
    expect([book.holdersWith('phone', 'x'), book.holdersWith('idCard', `p${ann}`)]).toEqual([[], []]);
  });

  it.each<readonly [Partial<Holder>, string]>([
    [{ number: number('1'), paymentCode: '62' }, '1'],
    [{ paymentCode: '62' }, '62'],
    [{}, ann],
  ])('of %o is found by %s', (change, name) => {
    expect(codeNameOf(holder(ann, change))).toBe(name);
  });

  it.each<readonly [Holder['borne'], boolean]>([
    [undefined, false],
    [[], false],
    [[[serialOf(7), 'd1' as DeviceId]], true],
    [
      [
        [serialOf(4), 'd1' as DeviceId],
        [serialOf(7), 'd2' as DeviceId],
      ],
      false,
    ],
  ])('with conflicts %o has had coupon 7 paid at d1: %s', (borne, isBorne) => {
    expect(isBorneAt(holder(ann, { ...(borne && { borne }) }), serialOf(7), 'd1' as DeviceId)).toBe(isBorne);
  });
});

describe('a coupon', () => {
  it('changes only as its decision saw it', () => {
    const book = new MemoryBook(1);
    expect(() => book.putCoupon(coupon(2), 1)).toThrow('coupon 7 changed');
    book.putCoupon(coupon(1), 0);
    expect(() => book.putCoupon(coupon(1), 0)).toThrow();
    book.putCoupon(coupon(2, RESERVED), 1);
    expect(() => book.apply({ ...NOTHING, coupons: [coupon(2)] })).toThrow();
    book.apply({ ...NOTHING, coupons: [coupon(3)] });
    expect([book.coupon(serialOf(7))?.version, book.couponsOf(ann), book.couponsOf(ben)]).toEqual([3, [7], []]);
  });

  it.each<readonly [Change, readonly number[], readonly number[]]>([
    [{ state: 'held' }, [], []],
    [{ state: 'held', usableFrom: 5 }, [], [7]],
    [{ ...RESERVED, usableFrom: 5 }, [], []],
    [{ ...USED, usableFrom: 5 }, [7], []],
  ])('as %o is in the spent set, or in that of the restored ones', (change, used, restored) => {
    const book = new MemoryBook(1);
    book.putCoupon(coupon(1, USED), 0);
    book.putCoupon(coupon(2, { state: 'held', usableFrom: 9 }), 1);
    book.putCoupon(coupon(3, change), 2);
    expect([[...book.used], [...book.restored]]).toEqual([used, restored]);
  });
});
const NOTHING = {
  devices: [],
  chunks: [],
  holders: [],
  coupons: [],
  sales: [],
  tallies: [],
  acts: [],
  confirmations: [],
};

it('a journal’s records are found by any place in them, the newest copy first, until they are forgotten', () => {
  const book = new MemoryBook(1);
  const chunk = (first: number, last: number, hash = '') => ({ device: 'd1', first, last, prev: '', hash, bodies: [] });
  book.apply({ ...NOTHING, chunks: [chunk(1, 3), chunk(4, 6), chunk(4, 6, 'newer')] });
  expect([1, 3, 4, 6, 7, 0].map((seq) => book.chunkAt('d1', seq)?.first)).toEqual([1, 1, 4, 4, undefined, undefined]);
  expect([book.chunkAt('d1', 5)?.hash, book.chunkAt('d2', 5)]).toEqual(['newer', undefined]);
  book.forgetChunks();
  expect(book.chunkAt('d1', 1)).toBeUndefined();
});

it.each([
  ['d1', 'a', 'd1/a'],
  ['plate-001', '7-12', 'plate-001/7-12'],
])('device %s with sale %s is %s, and back', (device, sale, key) => {
  expect(saleKey(device as DeviceId, sale as SaleId)).toBe(key);
  expect(deviceOf(saleKey(device as DeviceId, sale as SaleId))).toBe(device);
});

it.each([
  [undefined, 'd1'],
  [0, 'd1'],
  [1, 'd1~1'],
  [2, 'd1~2'],
])('a journal that was begun anew %s times is kept as %s', (journals, name) => {
  expect(journalOf({ device: 'd1' as DeviceId, ...(journals !== undefined && { journals }) })).toBe(name);
});
