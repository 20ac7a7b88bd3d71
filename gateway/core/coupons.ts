/** What can happen to one coupon. Each change is noted in the audit: who did what to which coupon. */
import type { DeviceId, SaleId } from '#protocol/ids.js';
import type { Coupon, SaleKey } from './book.js';
import type { Draft } from './draft.js';

export interface ForSale {
  readonly key: SaleKey;
  readonly device: DeviceId;
  readonly sale: SaleId;
}

/** `leaseEnds` null: the charge has begun, or nobody knows how it ended; only the device's word frees it. */
export function reserveCoupon(
  draft: Draft,
  coupon: Coupon,
  { key, device, sale }: ForSale,
  leaseEnds: number | null,
): void {
  draft.putCoupon({ ...coupon, state: 'reserved', sale: key, leaseEnds });
  draft.note({ what: leaseEnds === null ? 'hold' : 'reserve', serial: coupon.serial, device, sale });
}

export function useCoupon(draft: Draft, coupon: Coupon, { key, device, sale }: ForSale): void {
  draft.putCoupon({ ...coupon, state: 'used', sale: key, leaseEnds: null });
  draft.note({ what: 'redeem', serial: coupon.serial, device, sale });
}

/** Back in the holder's hands after a refund. */
export function restoreCoupon(draft: Draft, coupon: Coupon, { device, sale }: ForSale, usableFrom: number): void {
  draft.putCoupon({ ...coupon, state: 'held', sale: null, leaseEnds: null, usableFrom });
  draft.note({ what: 'restore', serial: coupon.serial, device, sale });
}

/** Gives back what the sale has reserved, if it has it still. */
export function freeCoupon(
  draft: Draft,
  { key, device, sale, serial }: ForSale & { readonly serial: Coupon['serial'] | null },
  why: string,
): void {
  const coupon = serial === null ? undefined : draft.coupon(serial);
  if (coupon === undefined || coupon.state !== 'reserved' || coupon.sale !== key) return;
  draft.putCoupon({ ...coupon, state: 'held', sale: null, leaseEnds: null });
  draft.note({ what: 'release', serial: coupon.serial, device, sale, detail: why });
}
