/** Every change of one coupon, and its audit event with the cause. */
import { expect, it } from 'vitest';
import type { DeviceId, SaleId } from '#protocol/kernel/ids.js';
import { sha256 } from '#protocol/node/crypto.js';
import { holderId, MORNING, serialOf } from '../../../test/contract/ledger-fixture.js';
import { BatchOverlay } from './batch-overlay.js';
import type { Coupon, CouponState } from './book.js';
import { saleKey } from './book.js';
import { type ForSale, freeCoupon, reserveCoupon, restoreCoupon, useCoupon } from './coupons.js';
import { MemoryBook } from './memory-book.js';

const device = 'd1' as DeviceId;
const saleOf = (name: string): ForSale => ({ key: saleKey(device, name as SaleId), device, sale: name as SaleId });
const serial = serialOf(7);
const a = saleOf('a');
const ofAnn = { serial, holder: holderId('ann'), usableFrom: 0, version: 1 };
const HELD = { state: 'held' } as const;
const byA = { state: 'reserved', sale: a.key, leaseEnds: 9 } as const;
const byB = { ...byA, sale: saleOf('b').key };
const usedByA = { state: 'used', sale: a.key } as const;

type Act = (overlay: BatchOverlay, coupon: Coupon) => void;
const reserve: Act = (overlay, coupon) => reserveCoupon(overlay, coupon, a, 5);
const hold: Act = (overlay, coupon) => reserveCoupon(overlay, coupon, a, null);
const use: Act = (overlay, coupon) => useCoupon(overlay, coupon, a);
const restore: Act = (overlay, coupon) => restoreCoupon(overlay, coupon, a, 77);
const free: Act = (overlay) => freeCoupon(overlay, { ...a, serial }, 'not-taken');

type After = CouponState & { readonly usableFrom?: number };
it.each<readonly [string, Act, CouponState, After, readonly [what: string, detail?: string] | undefined]>([
  ['reserved until its lease ends', reserve, HELD, { state: 'reserved', sale: a.key, leaseEnds: 5 }, ['reserve']],
  ['held without an end', hold, byA, { state: 'reserved', sale: a.key, leaseEnds: null }, ['hold']],
  ['used', use, byA, { state: 'used', sale: a.key }, ['redeem']],
  ['back after a refund', restore, { state: 'used', sale: a.key }, { state: 'held', usableFrom: 77 }, ['restore']],
  ['free again', free, byA, HELD, ['release', 'not-taken']],
  ['left alone where another sale has it', free, byB, byB, undefined],
  ['left alone where it is used', free, usedByA, usedByA, undefined],
  ['left alone where it is nobody’s', free, HELD, HELD, undefined],
])('%s', (_what, act, before, after, noted) => {
  const book = new MemoryBook(1);
  const known: Coupon = { ...ofAnn, ...before };
  book.putCoupon(known, 0);
  const overlay = new BatchOverlay(book);
  act(overlay, known);
  const [what, detail] = noted ?? [];
  expect(overlay.coupon(serial)).toStrictEqual({ ...ofAnn, ...after, version: noted === undefined ? 1 : 2 });
  const events: unknown = JSON.parse(overlay.changes(MORNING, sha256)?.audit?.body ?? '[]');
  expect(events).toEqual(
    noted !== undefined ? [{ what, serial: 7, device: 'd1', sale: 'a', ...(detail !== undefined && { detail }) }] : [],
  );
});

it('a sale without a coupon, or with one that there is not, frees none', () => {
  const overlay = new BatchOverlay(new MemoryBook(1));
  freeCoupon(overlay, { ...a, serial: null }, '');
  freeCoupon(overlay, { ...a, serial }, '');
  expect(overlay.changes(MORNING, sha256)).toBeUndefined();
});
