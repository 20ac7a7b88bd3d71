/**
 * The coupon line of a refund slip, by the same function that the gateway decides with. Where this counter can't know the
 * result, it promises nothing, because the customer has the slip in writing.
 */
import { comingBack } from '#protocol/campaign/coming-back.js';
import type { CompiledCampaign } from '#protocol/campaign/compiled.js';
import { refundOutcome } from '#protocol/campaign/rules/refund.js';
import type { Fen } from '#protocol/kernel/money.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { JournalledCoupon, JournalRecord } from '#protocol/records/record.js';

/** `unsure`: the campaign's rule decides, and the customer's own list of coupons shows it. */
export type CouponFate = 'used' | 'held' | 'held-next-day' | 'unsure';

export function couponFate(
  campaign: Pick<CompiledCampaign, 'campaign' | 'ends'> | undefined,
  refund: { readonly netFen: Fen; readonly coupon: JournalledCoupon; readonly when: JournalRecord['at'] },
): CouponFate {
  if (campaign === undefined) return 'unsure';
  const { netFen, coupon, when } = refund;
  const rule = campaign.campaign.refund;
  const ask = { netFen, faceFen: coupon.faceFen, refundedNetFen: netFen };
  const fateAt = (at: WallMs): CouponFate => {
    const { coupon: fate } = refundOutcome(rule, { ...ask, usableAgain: comingBack(campaign, at).inTime });
    return fate === 'none' ? 'unsure' : fate;
  };
  // Under some rules the time doesn't matter.
  const never = refundOutcome(rule, { ...ask, usableAgain: true }).coupon === 'used';
  if (never) return 'used';
  if (when === null) return 'unsure';
  const fate = fateAt(when.earliest);
  if (fate !== fateAt(when.latest)) return 'unsure';
  // Taken offline, it may have been used elsewhere meanwhile: only the ledger knows.
  return fate !== 'used' && coupon.by.kind === 'offline' ? 'unsure' : fate;
}
