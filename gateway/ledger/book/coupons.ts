/** Every state change of one coupon. Each is recorded in the audit: who did what to which coupon. */
import type { DeviceId, SaleId } from '#protocol/kernel/ids.js';
import type { BatchOverlay } from './batch-overlay.js';
import type { Coupon, SaleKey } from './book.js';

export interface ForSale {
  readonly key: SaleKey;
  readonly device: DeviceId;
  readonly sale: SaleId;
}

const ofHolder = ({ serial, holder, usableFrom }: Coupon) => ({ serial, holder, usableFrom });

/** `leaseEnds` null: the charge has begun, or its outcome is unknown; only the device's report frees it. */
export function reserveCoupon(
  overlay: BatchOverlay,
  coupon: Coupon,
  { key, device, sale }: ForSale,
  leaseEnds: number | null,
): void {
  overlay.putCoupon({ ...ofHolder(coupon), state: 'reserved', sale: key, leaseEnds });
  overlay.record({ what: leaseEnds === null ? 'hold' : 'reserve', serial: coupon.serial, device, sale });
}

export function useCoupon(overlay: BatchOverlay, coupon: Coupon, { key, device, sale }: ForSale): void {
  overlay.putCoupon({ ...ofHolder(coupon), state: 'used', sale: key });
  overlay.record({ what: 'redeem', serial: coupon.serial, device, sale });
}

/** Returns it to the holder after a refund. */
export function restoreCoupon(
  overlay: BatchOverlay,
  coupon: Coupon,
  { device, sale }: ForSale,
  usableFrom: number,
): void {
  overlay.putCoupon({ ...ofHolder(coupon), state: 'held', usableFrom });
  overlay.record({ what: 'restore', serial: coupon.serial, device, sale });
}

/** Frees the sale's reservation, if it still has one. */
export function freeCoupon(
  overlay: BatchOverlay,
  { key, device, sale, serial }: ForSale & { readonly serial: Coupon['serial'] | null },
  why: string,
): void {
  const coupon = serial === null ? undefined : overlay.coupon(serial);
  if (coupon === undefined || coupon.state !== 'reserved' || coupon.sale !== key) return;
  overlay.putCoupon({ ...ofHolder(coupon), state: 'held' });
  overlay.record({ what: 'release', serial: coupon.serial, device, sale, detail: why });
}
