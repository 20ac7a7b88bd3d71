/** What a coupon takes off an amount, in whole fen. */
import type { TierV2 } from './schema.js';

export interface Amount {
  readonly amountFen: number;
  readonly excludedFen: number;
}

type Priced = Pick<TierV2, 'benefit' | 'thresholdFen' | 'fullDeduction'>;

/**
 * 0: it is not usable at this amount. A coupon with a threshold is worth all of its benefit or nothing; one without takes off
 * what the amount allows. At least 1 fen is left to charge, unless the tier may take everything.
 */
export function savingOf(tier: Priced, drawnFen: number | null, { amountFen, excludedFen }: Amount): number {
  const counted = amountFen - excludedFen;
  if (counted <= 0 || (tier.thresholdFen !== null && counted < tier.thresholdFen)) return 0;
  const raw = rawOf(tier, drawnFen, counted);
  const most = Math.min(counted, tier.fullDeduction ? amountFen : amountFen - 1);
  if (raw <= most) return raw;
  return tier.thresholdFen === null ? most : 0;
}

function rawOf({ benefit }: Priced, drawnFen: number | null, counted: number): number {
  switch (benefit.kind) {
    case 'fixed':
      return benefit.faceFen;
    case 'percent':
      return Math.min(benefit.capFen, Math.floor((counted * benefit.percentOff) / 100));
    case 'random':
      return drawnFen ?? 0;
    case 'per-full':
      return Math.min(benefit.capFen, Math.floor(counted / benefit.everyFen) * benefit.offFen);
  }
}

/** The smallest counted amount from which it takes its benefit off; null: the amount is not what it waits for. */
export function usableFrom(tier: Priced, drawnFen: number | null, excludedFen: number): number | null {
  const leftOver = tier.fullDeduction || excludedFen > 0 ? 0 : 1;
  const threshold = tier.thresholdFen ?? 0;
  const { benefit } = tier;
  switch (benefit.kind) {
    case 'fixed':
      return Math.max(threshold, benefit.faceFen + leftOver);
    case 'random':
      return drawnFen === null ? null : Math.max(threshold, drawnFen + leftOver);
    case 'percent':
      return tier.thresholdFen;
    case 'per-full':
      return Math.max(threshold, benefit.everyFen);
  }
}
