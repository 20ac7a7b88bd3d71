/**
 * Coupon serials, and sets of tiers.
 *
 * Serials of a campaign are dense, 0 to n-1, tier after tier in document order, so that a serial implies its tier and the
 * spent set is a bitmap. A tier set is a bit mask: bit n is the n-th tier.
 */
import type { CouponSerial } from '../kernel/ids.js';
import type { Campaign, Tier } from './schema.js';

type Tiers = Pick<Campaign, 'tiers'>;

export interface SerialRange {
  readonly first: CouponSerial;
  readonly last: CouponSerial;
}

export const couponCount = ({ tiers }: Tiers): number => tiers.reduce((count, tier) => count + tier.quantity, 0);

/** Total face of all coupons; `parseCampaign` checks that the budget covers it. */
export const totalFaceFen = ({ tiers }: Tiers): number =>
  tiers.reduce((total, tier) => total + tier.quantity * tier.faceFen, 0);

/** In document order. */
export function serialRanges({ tiers }: Tiers): readonly SerialRange[] {
  let next = 0;
  return tiers.map(({ quantity }) => {
    const first = next as CouponSerial;
    next += quantity;
    return { first, last: (next - 1) as CouponSerial };
  });
}

export function serialRange(campaign: Tiers, tier: string): SerialRange | undefined {
  return serialRanges(campaign)[campaign.tiers.findIndex(({ id }) => id === tier)];
}

/** undefined: this campaign has no such coupon. */
export function tierOfSerial({ tiers }: Tiers, serial: number): Tier | undefined {
  if (!Number.isSafeInteger(serial) || serial < 0) return undefined;
  let after = 0;
  for (const tier of tiers) {
    after += tier.quantity;
    if (serial < after) return tier;
  }
  return undefined;
}

/** A bit mask; `MAX_TIERS` keeps it in one small integer, so that a quote allocates nothing for it. */
export type TierSet = number;

export const NO_TIERS: TierSet = 0;
export const onlyTier = (index: number): TierSet => 1 << index;
export const hasTier = (set: TierSet, index: number): boolean => (set & (1 << index)) !== 0;
