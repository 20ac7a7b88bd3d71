/**
 * No counter is paid twice for one coupon, whichever way its second claim comes: by its records, or by a person's decision
 * about them. The coupon says which sale has used it; its holder's row, which counters a conflict account has paid for it.
 */
import type { DeviceId } from '#protocol/kernel/ids.js';
import { isOf } from '../book/accounts.js';
import type { BatchOverlay } from '../book/batch-overlay.js';
import { type Coupon, deviceOf, isBorneAt, type SaleEntry } from '../book/book.js';

/** By another sale of this counter, kept or borne by a conflict account. */
export function wasTakenHere(overlay: BatchOverlay, coupon: Coupon, device: DeviceId): boolean {
  if (coupon.state === 'used' && deviceOf(coupon.sale) === device) return true;
  const of = overlay.holder(coupon.holder);
  return of !== undefined && isBorneAt(of, coupon.serial, device);
}

/** A conflict account has paid this counter for the coupon. */
export function rememberBorne(overlay: BatchOverlay, { serial, holder: id }: Coupon, device: DeviceId): void {
  const holder = overlay.holder(id);
  if (holder !== undefined) overlay.putHolder({ ...holder, borne: [...(holder.borne ?? []), [serial, device]] });
}

/** By a conflict account, for this very sale. */
export const wasBorne = ({ legs }: Pick<SaleEntry, 'legs'>): boolean =>
  legs.some(({ account }) => BEARERS.some((bearer) => isOf(account, bearer)));

const BEARERS = ['conflict-sponsor', 'conflict-bank', 'conflict-merchant', 'beyond-budget'] as const;
