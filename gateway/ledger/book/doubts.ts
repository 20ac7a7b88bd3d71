/**
 * Doubts about a reported sale, and the effect of each on its money. The table is exhaustive: a new doubt, or a new reason
 * to refuse a presentation, doesn't compile until somebody has decided.
 *
 * | weight | the sale |
 * |---|---|
 * | `distrust` | is `disputed`: no coupon is used or held for it, its money stands in the counter's suspense account |
 * | `conflict` | is proven, but another sale was first: booked to the account that the campaign names |
 * | `flag` | is booked as it stands; a person looks at it |
 */
import type { PresentationRefusal } from '#protocol/codes/presentation.js';

export type Weight = 'distrust' | 'conflict' | 'flag';

/** A record that contradicts the device's earlier records: `<record>-after-<state of the sale>`. */
type Contradiction =
  | `${'charging' | 'settled'}-after-${'settled' | 'refunded' | 'not-charged' | 'abandoned'}`
  | `${'not-charged' | 'abandoned' | 'unknown'}-after-${'settled' | 'refunded'}`
  | `refunded-after-${'asked' | 'charging' | 'unknown' | 'not-charged' | 'abandoned' | 'refunded'}`;

export type Doubt =
  | PresentationRefusal
  | Contradiction
  // The presentation of an offline sale.
  | 'presentation-unchecked'
  | 'presentation-replayed'
  | 'serial-not-in-grant'
  | 'coupon-of-another-holder'
  | 'showing-used-before'
  // The place and the time of an offline sale, and the allowance that permits it.
  | 'offline-not-permitted'
  | 'outside-hours'
  | 'time-in-future'
  | 'time-goes-back'
  | 'allowance-unknown'
  | 'allowance-not-in-force'
  | 'allowance-exceeded'
  | 'holder-limit-exceeded'
  // The merchant.
  | 'merchant-of-another-device'
  | 'merchant-not-listed'
  | 'merchant-differs'
  // The coupon and its amounts, against the gateway's own answer or the campaign's tier.
  | 'never-reserved'
  | 'coupon-never-handed-out'
  | 'serial-differs'
  | 'tier-differs'
  | 'face-differs'
  | 'threshold-differs'
  | 'amount-differs'
  | 'sums-differ'
  | 'below-threshold'
  | 'face-without-coupon'
  // The order of arrival.
  | 'charged-without-reservation'
  | 'redeemed-without-reservation'
  | 'settled-without-charge'
  | 'coupon-already-used'
  | 'coupon-taken-here-before'
  | 'coupon-used-again'
  // A person has decided, and the device contradicts.
  | 'charging-after-decision'
  | 'settled-after-decision'
  // Refunds.
  | 'refund-in-part'
  | 'refund-beyond-paid'
  | 'too-many-refunds';

export const DOUBTS = {
  'presentation-malformed': 'distrust',
  'other-campaign': 'distrust',
  'grant-expired': 'distrust',
  'presentation-stale': 'distrust',
  'phone-clock-ahead': 'distrust',
  'no-trusted-time': 'distrust',
  'presentation-forged': 'distrust',
  'presentation-unchecked': 'distrust',
  // By its own journal this counter has used the presentation before: an honest one never does.
  'presentation-replayed': 'distrust',
  'serial-not-in-grant': 'distrust',
  'coupon-of-another-holder': 'distrust',
  // Another counter has used it; offline neither could know of the other.
  'showing-used-before': 'conflict',

  'offline-not-permitted': 'distrust',
  'outside-hours': 'distrust',
  'time-in-future': 'distrust',
  'time-goes-back': 'distrust',
  'allowance-unknown': 'distrust',
  'allowance-not-in-force': 'distrust',
  'allowance-exceeded': 'distrust',
  'holder-limit-exceeded': 'distrust',

  'merchant-of-another-device': 'distrust',
  'merchant-not-listed': 'distrust',
  'merchant-differs': 'distrust',

  'never-reserved': 'distrust',
  'coupon-never-handed-out': 'distrust',
  'serial-differs': 'distrust',
  'tier-differs': 'distrust',
  'face-differs': 'distrust',
  'threshold-differs': 'distrust',
  'amount-differs': 'distrust',
  'sums-differ': 'distrust',
  'below-threshold': 'distrust',
  'face-without-coupon': 'distrust',

  // The reservation lapsed before its counter was online again: the sale is proven all the same.
  'charged-without-reservation': 'flag',
  'redeemed-without-reservation': 'flag',
  // A later version wrote its `charging`, which this one couldn't read; all else equals the gateway's own answer.
  'settled-without-charge': 'flag',
  'coupon-already-used': 'conflict',
  // By its own journal this counter has used the coupon before: an honest one never does, online or offline.
  'coupon-taken-here-before': 'distrust',
  'coupon-used-again': 'flag',

  'charging-after-decision': 'flag',
  // It may be true: the money waits in suspense, and the case is open again.
  'settled-after-decision': 'distrust',

  'refund-in-part': 'flag',
  'refund-beyond-paid': 'distrust',
  'too-many-refunds': 'distrust',

  // Bookings stay; a late record changes nothing.
  'charging-after-settled': 'flag',
  'charging-after-refunded': 'flag',
  'settled-after-settled': 'flag',
  'settled-after-refunded': 'flag',
  'not-charged-after-settled': 'flag',
  'not-charged-after-refunded': 'flag',
  'abandoned-after-settled': 'flag',
  'abandoned-after-refunded': 'flag',
  'unknown-after-settled': 'flag',
  'unknown-after-refunded': 'flag',
  'refunded-after-refunded': 'flag',
  // A sale that ended without money can't have any later, and a refunded one can't be sold again.
  'charging-after-not-charged': 'distrust',
  'charging-after-abandoned': 'distrust',
  'settled-after-not-charged': 'distrust',
  'settled-after-abandoned': 'distrust',
  'refunded-after-asked': 'distrust',
  'refunded-after-charging': 'distrust',
  'refunded-after-unknown': 'distrust',
  'refunded-after-not-charged': 'distrust',
  'refunded-after-abandoned': 'distrust',
} as const satisfies Record<Doubt, Weight>;

const WEIGHTS: ReadonlyMap<string, Weight> = new Map(Object.entries(DOUBTS));

/** A flag unknown to this version comes from another version's ledger, and weighs the most. */
export const weightOf = (flag: string): Weight => WEIGHTS.get(flag) ?? 'distrust';

export const isDistrusted = (flags: readonly string[]): boolean => flags.some((flag) => weightOf(flag) === 'distrust');
export const isConflict = (flags: readonly string[]): boolean => flags.some((flag) => weightOf(flag) === 'conflict');
