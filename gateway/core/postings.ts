/**
 * Double entry. An account's balance is the sum of its legs: sponsors go down as coupons are redeemed, merchants go up,
 * and every set sums to zero. Settlement files are sums of postings and of nothing else.
 *
 * | account | is |
 * |---|---|
 * | `sponsor:<id>` | what a sponsor has paid (negative) |
 * | `merchant:<id>` | what a merchant has to get |
 * | `refund:<campaign>` | faces of coupons that stay used although their goods went back: the merchant keeps none of those |
 * | `conflict:sponsor`, `conflict:bank`, `conflict:merchant:<id>` | who bears an offline double spend, as the campaign names it |
 * | `conflict:beyond-budget` | what the sponsor would bear past the budget, which is never exceeded |
 * | `disputed` | what a counter took off without a coupon that we know of: a person decides |
 */
import type { RefundOutcome } from '#protocol/campaign/rules/refund.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import type { MerchantId } from '#protocol/ids.js';
import type { Fen } from '#protocol/money.js';
import type { Leg } from './book.js';

const WHOLE_BASIS_POINTS = 10_000;

/** Splits an amount by the sponsors' shares, to the fen: what rounding leaves over goes to the last sponsor. */
export function sponsorLegs(campaign: Campaign, amount: number): Leg[] {
  let left = amount;
  return campaign.sponsors.map((sponsor, at) => {
    const isLast = at === campaign.sponsors.length - 1;
    const share = isLast ? left : Math.trunc((amount * sponsor.shareBasisPoints) / WHOLE_BASIS_POINTS);
    left -= share;
    return { account: `sponsor:${sponsor.id}`, fen: share };
  });
}

/** A coupon redeemed. `taken` is what the counter took off; it differs from the face only where something is wrong. */
export function redemptionLegs(campaign: Campaign, merchant: MerchantId, face: Fen, taken: Fen): Leg[] {
  return nonZero([
    ...sponsorLegs(campaign, -face),
    { account: 'disputed', fen: face - taken },
    { account: `merchant:${merchant}`, fen: taken },
  ]);
}

/** The coupon was another's already: the conflict account pays what it bears, and what a counter says it took beyond is disputed. */
export const conflictLegs = (
  merchant: MerchantId,
  taken: Fen,
  by: { readonly account: string; readonly borne: Fen },
): Leg[] =>
  nonZero([
    { account: by.account, fen: -by.borne },
    { account: 'disputed', fen: by.borne - taken },
    { account: `merchant:${merchant}`, fen: taken },
  ]);

/** Nothing shows whose coupon it was, or that it was one. */
export const disputedLegs = (merchant: MerchantId, taken: Fen): Leg[] =>
  conflictLegs(merchant, taken, { account: 'disputed', borne: taken });

export function conflictAccount(options: {
  readonly campaign: Campaign;
  readonly merchant: MerchantId;
  readonly borne: Fen;
  /** All that the sponsors are or can still be charged with. */
  readonly committedFen: number;
}): string {
  const { campaign, merchant, borne, committedFen } = options;
  switch (campaign.offline.conflictAccount) {
    case 'sponsor':
      return committedFen + borne <= campaign.budgetFen ? 'conflict:sponsor' : 'conflict:beyond-budget';
    case 'bank':
      return 'conflict:bank';
    case 'merchant':
      return `conflict:merchant:${merchant}`;
  }
}

/** What a refund moves, given what the redemption moved. */
export function refundLegs(options: {
  readonly campaign: Campaign;
  readonly merchant: MerchantId;
  readonly redeemed: readonly Leg[];
  readonly taken: Fen;
  readonly outcome: RefundOutcome;
}): Leg[] {
  const { campaign, merchant, redeemed, taken, outcome } = options;
  const back = outcome.faceBackFen;
  switch (outcome.faceTo) {
    case null:
      return [];
    case 'refund-account':
      return nonZero([
        { account: `merchant:${merchant}`, fen: -back },
        { account: `refund:${campaign.id}`, fen: back },
      ]);
    case 'sponsors':
      // All of it goes back the very way it came, to the fen.
      if (back === taken) return reversed(redeemed);
      return nonZero([{ account: `merchant:${merchant}`, fen: -back }, ...partsBack(redeemed, back)]);
  }
}

/**
 * A part of what was paid goes back to those who paid it, each by what they had paid and never more: splitting it by the
 * shares once more could give the last sponsor a fen that was another's. What rounding leaves over goes to the first ones,
 * a fen each. `back` is less than all that was paid.
 */
function partsBack(redeemed: readonly Leg[], back: Fen): Leg[] {
  const paid = redeemed.filter((leg) => leg.fen < 0);
  const total = -sumOf(paid);
  // Both factors are parts of one sale, less than 10^8 fen: exact, as in the refund rule.
  const parts = paid.map((leg) => ({ account: leg.account, fen: Math.floor((-leg.fen * back) / total) }));
  const over = back - sumOf(parts);
  return parts.map((leg, at) => (at < over ? { ...leg, fen: leg.fen + 1 } : leg));
}

const reversed = (legs: readonly Leg[]): Leg[] => legs.map((leg) => ({ account: leg.account, fen: -leg.fen }));
export const sumOf = (legs: readonly Leg[]): number => legs.reduce((sum, leg) => sum + leg.fen, 0);

const nonZero = (legs: readonly Leg[]): Leg[] => legs.filter((leg) => leg.fen !== 0);
