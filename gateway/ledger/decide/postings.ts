/**
 * Double-entry postings.
 *
 * An account's balance is the sum of its legs: sponsors go down as coupons are redeemed, merchants go up, and every set
 * sums to zero. Settlement files are sums of postings and of nothing else. `accounts.ts` lists the accounts.
 */
import type { RefundOutcome } from '#protocol/campaign/rules/refund.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';
import { type Account, account } from '../book/accounts.js';
import type { Leg } from '../book/book.js';

const WHOLE_BASIS_POINTS = 10_000;

/** Splits an amount by the sponsors' shares, to the fen: the rounding remainder goes to the last sponsor. */
export function sponsorLegs(campaign: Campaign, amount: number): Leg[] {
  let left = amount;
  return campaign.sponsors.map((sponsor, at) => {
    const isLast = at === campaign.sponsors.length - 1;
    const share = isLast ? left : Math.trunc((amount * sponsor.shareBasisPoints) / WHOLE_BASIS_POINTS);
    left -= share;
    return { account: account.sponsor(sponsor.id), fen: share };
  });
}

/** A redeemed coupon: the sponsors pay its face, and never more than was deducted. */
export function redemptionLegs(campaign: Campaign, merchant: MerchantId, face: Fen, taken: Fen): Leg[] {
  const paid = Math.min(face, taken);
  return nonZero([...sponsorLegs(campaign, -paid), { account: account.merchant(merchant), fen: paid }]);
}

/** A proven sale that came second: the campaign's conflict account bears the face, and never more than was deducted. */
export const conflictLegs = (merchant: MerchantId, borne: Fen, by: Account): Leg[] =>
  nonZero([
    { account: by, fen: -borne },
    { account: account.merchant(merchant), fen: borne },
  ]);

/** An unproven coupon: the deduction that the counter claims waits in its suspense account. */
export const disputedLegs = (device: DeviceId, claimed: Fen): Leg[] =>
  nonZero([
    { account: 'disputed', fen: -claimed },
    { account: account.suspense(device), fen: claimed },
  ]);

/** A merchant's money that is doubted afterwards: it waits for a person, too. */
export const suspendedLegs = (device: DeviceId, merchant: MerchantId, paid: Fen): Leg[] =>
  nonZero([
    { account: account.merchant(merchant), fen: -paid },
    { account: account.suspense(device), fen: paid },
  ]);

export function conflictAccount(options: {
  readonly campaign: Campaign;
  readonly merchant: MerchantId;
  readonly borne: Fen;
  /** Everything that the sponsors are, or can still be, charged with. */
  readonly committedFen: number;
}): Account {
  const { campaign, merchant, borne, committedFen } = options;
  switch (campaign.offline.conflictAccount) {
    case 'sponsor':
      return committedFen + borne <= campaign.budgetFen ? 'conflict:sponsor' : 'conflict:beyond-budget';
    case 'bank':
      return 'conflict:bank';
    case 'merchant':
      return account.conflictOfMerchant(merchant);
  }
}

/** The postings of a refund, given those of the redemption. */
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
        { account: account.merchant(merchant), fen: -back },
        { account: account.refund(campaign.id), fen: back },
      ]);
    case 'sponsors':
      // A full refund reverses every leg exactly.
      if (back === taken) return reversed(redeemed);
      return nonZero([{ account: account.merchant(merchant), fen: -back }, ...partsBack(redeemed, back)]);
  }
}

/**
 * A partial refund returns money to the payers, to each in proportion to their payment and never more. Splitting it by the
 * shares again could give the last sponsor a fen of another's. The rounding remainder goes to the first ones, a fen each.
 * `back` is less than the total paid.
 */
function partsBack(redeemed: readonly Leg[], back: Fen): Leg[] {
  const paid = redeemed.filter((leg) => leg.fen < 0);
  const total = -sumOf(paid);
  // Both factors are parts of one sale, less than 10^8 fen: exact, as in the refund rule.
  const parts = paid.map((leg) => ({ account: leg.account, fen: Math.floor((-leg.fen * back) / total) }));
  const over = back - sumOf(parts);
  return parts.map((leg, at) => (at < over ? { ...leg, fen: leg.fen + 1 } : leg));
}

/** An operator's decision for an unproven sale: the bank bears it. */
export const writeOffLegs = (merchant: MerchantId, borne: Fen): Leg[] => conflictLegs(merchant, borne, 'write-off');

/** Merges legs to one per account. */
export function merged(legs: readonly Leg[]): Leg[] {
  const sums = new Map<Account, number>();
  for (const leg of legs) sums.set(leg.account, (sums.get(leg.account) ?? 0) + leg.fen);
  return nonZero([...sums].map(([of, moved]) => ({ account: of, fen: moved })));
}

export const reversed = (legs: readonly Leg[]): Leg[] => legs.map((leg) => ({ account: leg.account, fen: -leg.fen }));
export const sumOf = (legs: readonly Leg[]): number => legs.reduce((sum, leg) => sum + leg.fen, 0);

const nonZero = (legs: readonly Leg[]): Leg[] => legs.filter((leg) => leg.fen !== 0);
