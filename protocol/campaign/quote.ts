/**
 * The quote: which coupon is deducted from a payment, or the reason why none is.
 *
 * Pure, and on the path of every sale, so it allocates little beyond its answer. `rules/index.ts` lists the rules and their
 * precedence.
 */
import type { ReasonCode } from '../faults/reasons.js';
import type { SentenceParams } from '../faults/sentence.js';
import type { CouponSerial } from '../kernel/ids.js';
import { type Fen, formatYuanShort, subtractFen, ZERO_FEN } from '../kernel/money.js';
import type { CompiledCampaign, CompiledTier } from './compiled.js';
import { PAYMENT_RULES } from './rules/index.js';
import { withinPlateCap } from './rules/plate-cap.js';
import type { Hold, PaymentAsk } from './rules/rule.js';
import type { Campaign } from './schema.js';
import { hasTier, NO_TIERS, onlyTier, type TierSet } from './tiers.js';

export { type CompiledCampaign, compileCampaign } from './compiled.js';
export type { PaymentAsk } from './rules/rule.js';

export interface QuotedCoupon {
  readonly tier: string;
  readonly faceFen: Fen;
  readonly thresholdFen: Fen;
  /** Serial of the first hold of this tier; null where the hold named none. */
  readonly serial: CouponSerial | null;
}

export interface NextTier {
  readonly faceFen: Fen;
  readonly missingFen: Fen;
}

export interface Quote {
  readonly coupon: QuotedCoupon | null;
  readonly discountFen: Fen;
  readonly netFen: Fen;
  /** Why there is no coupon; null where there is one. */
  readonly reason: ReasonCode | null;
  /**
   * The smallest increase of the amount that would make a larger coupon of this holder usable; null where something other
   * than the amount is in the way.
   */
  readonly next: NextTier | null;
}

export function quote(campaign: CompiledCampaign, ask: PaymentAsk): Quote {
  const held = tiersHeld(campaign, ask.holds);
  let left: TierSet = held;
  for (const rule of PAYMENT_RULES) {
    const answer = rule.evaluate(campaign, ask, left);
    if (typeof answer === 'string') {
      const next = answer === 'below-threshold' ? nextTier(campaign, ask, held, 0) : null;
      return { coupon: null, discountFen: ZERO_FEN, netFen: ask.amountFen, reason: answer, next };
    }
    left = answer;
  }
  const chosen = campaign.tiers.find(({ index }) => hasTier(left, index));
  if (chosen === undefined) {
    return { coupon: null, discountFen: ZERO_FEN, netFen: ask.amountFen, reason: 'no-coupon-held', next: null };
  }
  const { id: tier, faceFen, thresholdFen } = chosen;
  return {
    coupon: { tier, faceFen, thresholdFen, serial: serialOf(campaign, ask.holds, chosen) },
    discountFen: faceFen,
    netFen: subtractFen(ask.amountFen, faceFen),
    reason: null,
    next: nextTier(campaign, ask, held, faceFen),
  };
}

/** The parameters for a quote's reason, for `sentence`. */
export function quoteParams({ window }: Pick<Campaign, 'window'>, { next }: Pick<Quote, 'next'>): SentenceParams {
  const { opens, closes } = window;
  if (next === null) return { opens, closes };
  return { opens, closes, missing: formatYuanShort(next.missingFen), face: formatYuanShort(next.faceFen) };
}

function tiersHeld(campaign: CompiledCampaign, holds: readonly Hold[]): TierSet {
  let held = NO_TIERS;
  for (const hold of holds) {
    const tier = tierOfHold(campaign, hold);
    if (tier !== undefined) held |= onlyTier(tier.index);
  }
  return held;
}

/** undefined: the hold belongs to another campaign. */
function tierOfHold(campaign: CompiledCampaign, hold: Hold): CompiledTier | undefined {
  if ('tier' in hold) return campaign.tierById.get(hold.tier);
  if ('faceFen' in hold) return campaign.tierByFace.get(hold.faceFen);
  for (const tier of campaign.tiers) {
    if (hold.serial >= tier.serials.first && hold.serial <= tier.serials.last) return tier;
  }
  return undefined;
}

function serialOf(campaign: CompiledCampaign, holds: readonly Hold[], chosen: CompiledTier): CouponSerial | null {
  for (const hold of holds) if (tierOfHold(campaign, hold) === chosen) return hold.serial ?? null;
  return null;
}

/**
 * Considers only tiers that this presentation mode allows and that stay under the plate cap: the receipt must not promise
 * what a later sale refuses.
 */
function nextTier(campaign: CompiledCampaign, ask: PaymentAsk, held: TierSet, faceFen: number): NextTier | null {
  const usable = held & campaign.tiersByMode[ask.mode];
  let next: CompiledTier | undefined;
  for (const tier of campaign.tiers) {
    if (!hasTier(usable, tier.index) || tier.faceFen <= faceFen || tier.fromFen <= ask.amountFen) continue;
    if (!withinPlateCap(campaign, ask, tier.fromFen - tier.faceFen)) continue;
    const isNearer = next === undefined || tier.fromFen < next.fromFen;
    if (isNearer || (tier.fromFen === next?.fromFen && tier.faceFen > next.faceFen)) next = tier;
  }
  return next === undefined ? null : { faceFen: next.faceFen, missingFen: subtractFen(next.fromFen, ask.amountFen) };
}
