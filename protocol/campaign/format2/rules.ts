/**
 * Why a coupon of a format-2 campaign is not taken. The rules stand in their order of precedence: the first that refuses
 * gives the reason, and of several coupons the one that came furthest speaks for the sale. `COUPON_RULES` look at one
 * coupon, `SET_RULES` at all coupons that would come off one payment together.
 */
import type { ReasonCode } from '../../faults/reasons.js';
import { insideWindow } from '../window.js';
import type { AskV2, Counters, HeldCoupon, TierCounters } from './ask.js';
import type { CompiledTierV2, CompiledV2 } from './compiled.js';
import { takesPart } from './parts.js';

const MINUTE_MS = 60_000;

export type CampaignRule = (campaign: CompiledV2, ask: AskV2) => ReasonCode | null;
type CouponRule = (campaign: CompiledV2, ask: AskV2, coupon: HeldCoupon, tier: CompiledTierV2) => ReasonCode | null;

export interface Candidate {
  /** Its place in the ask. */
  readonly at: number;
  readonly coupon: HeldCoupon;
  readonly tier: CompiledTierV2;
  readonly savingFen: number;
}
type SetRule = (campaign: CompiledV2, ask: AskV2, set: readonly Candidate[]) => ReasonCode | null;

export const CAMPAIGN_RULES: readonly CampaignRule[] = [
  ({ campaign }) => (campaign.freeze.campaign ? 'campaign-stopped' : null),
  ({ campaign: { barred } }, { person }) =>
    barred !== null && person !== undefined && barred.hashes.includes(person) ? 'holder-barred' : null,
  ({ openings, begins, ends }, { at }) => {
    if (at === 'any-time') return null;
    if (at === undefined) return 'no-trusted-time';
    if (insideWindow(openings, at)) return null;
    if (at.latest < begins) return 'before-campaign';
    return at.earliest > ends ? 'after-campaign' : 'outside-hours';
  },
  ({ campaign }, { merchant }) =>
    merchant === undefined || takesPart(campaign.merchants, merchant) ? null : 'merchant-not-listed',
];

export const COUPON_RULES: readonly CouponRule[] = [
  ({ campaign: { freeze } }, _ask, { tier, serial }) => {
    const isFrozen =
      freeze.tiers.includes(tier) ||
      (serial !== null && freeze.serials.some(({ first, last }) => serial >= first && serial <= last));
    return isFrozen ? 'coupon-frozen' : null;
  },
  (_campaign, { at }, { endsAt }) =>
    endsAt !== null && at !== 'any-time' && at !== undefined && at.latest > endsAt ? 'grant-expired' : null,
  (_campaign, { mode }, _coupon, { tier }) => (tier.modes.includes(mode) ? null : 'mode-not-allowed'),
  (_campaign, { merchant }, _coupon, { tier }) =>
    merchant === undefined || takesPart(tier.where, merchant) ? null : 'coupon-not-here',
  (_campaign, { at }, _coupon, { openings }) =>
    openings === null || at === 'any-time' || (at !== undefined && insideWindow(openings, at)) ? null : 'outside-hours',
  (_campaign, { code }, _coupon, { tier }) =>
    code === undefined || tier.codes.includes(code) ? null : 'code-kind-not-taken',
  (_campaign, { wallet }, _coupon, { tier: { wallets } }) =>
    wallets === 'any' || (wallet !== undefined && wallets.includes(wallet)) ? null : 'other-wallet',
  (_campaign, { issuerBin }, _coupon, { tier: { issuerBins } }) => {
    if (issuerBins === null) return null;
    if (issuerBin === undefined) return 'issuer-unknown';
    return issuerBins.some((bin) => issuerBin.startsWith(bin)) ? null : 'card-of-another-bank';
  },
  ({ campaign: { offline } }, ask, { tier }) => {
    if (ask.offline !== true) return null;
    if (!offline.permitted) return 'offline-not-permitted';
    return offline.tiers.includes(tier) ? null : 'needs-the-line';
  },
  (_campaign, _ask, { drawnFen }, { tier: { benefit } }) => {
    if (benefit.kind !== 'random') return null;
    const isDrawn = drawnFen !== null && drawnFen >= benefit.minFen && drawnFen <= benefit.maxFen;
    return isDrawn ? null : 'needs-the-line';
  },
];

/** The guard against split orders looks at the time since the last payment, which passes. */
export const splitRule: SetRule = ({ campaign: { splitGuard } }, { at, recentPayments }) => {
  if (splitGuard === null || recentPayments === undefined) return null;
  const recent = recentPayments.filter(
    (payment) => at === 'any-time' || at === undefined || payment > at.earliest - splitGuard.minutes * MINUTE_MS,
  );
  return recent.length >= splitGuard.maxPayments ? 'split-order' : null;
};

export const SET_RULES: readonly SetRule[] = [
  // Coupons of one payment share its amount: each wants its own threshold of it.
  (_campaign, { amountFen, excludedFen }, set) => {
    const thresholds = set.reduce((sum, { tier }) => sum + (tier.tier.thresholdFen ?? 0), 0);
    const most = set.every(({ tier }) => tier.tier.fullDeduction) ? amountFen : amountFen - 1;
    const isEnough = set.every(({ savingFen }) => savingFen > 0) && thresholds <= amountFen - excludedFen;
    return isEnough && savingOfSet(set) <= Math.min(most, amountFen - excludedFen) ? null : 'below-threshold';
  },
  (campaign, ask, set) => firstOf(set, (candidate) => overLimit(campaign, ask, set, candidate)),
  ({ campaign: { id, merchantCouponsPerDay: most } }, ask, set) => {
    if (most === null) return null;
    const known = countersOf(ask, id);
    if (known === undefined) return 'needs-the-line';
    return known.merchantCouponsToday + set.length <= most ? null : 'merchant-day-limit';
  },
  ({ campaign: { id, budget } }, ask, set) => {
    const category = budget.byCategory.find((entry) => entry.category === ask.merchant?.category);
    // Without a merchant, for planning, nothing is known of its category's budget; it decides with the merchant.
    if (budget.perDayFen === null && budget.perMerchantFen === null && category === undefined) return null;
    const known = countersOf(ask, id);
    if (known === undefined) return 'needs-the-line';
    const saving = savingOfSet(set);
    if (budget.perDayFen !== null && known.spentTodayFen + saving > budget.perDayFen) return 'day-budget-spent';
    if (budget.perMerchantFen !== null && known.spentByMerchantFen + saving > budget.perMerchantFen)
      return 'merchant-budget-spent';
    if (category !== undefined && known.spentByCategoryFen + saving > category.fen) return 'category-budget-spent';
    return null;
  },
  ({ campaign: { plateCapFen } }, { mode, amountFen, plateSpentTodayFen }, set) => {
    if (plateCapFen === null || mode !== 'plate') return null;
    return (plateSpentTodayFen ?? 0) + amountFen - savingOfSet(set) <= plateCapFen ? null : 'plate-cap';
  },
  splitRule,
];

export const savingOfSet = (set: readonly Candidate[]): number =>
  set.reduce((sum, { savingFen }) => sum + savingFen, 0);

function overLimit({ campaign }: CompiledV2, ask: AskV2, set: readonly Candidate[], { tier: { tier } }: Candidate) {
  const { perDay, perPersonPerDay, perPersonPerMerchant } = tier.limits;
  const stock = tier.issue.how === 'no-claim' ? tier.issue.quantityPerDay : null;
  if (perDay === null && perPersonPerDay === null && perPersonPerMerchant === null && stock === null) return null;
  const known: TierCounters | undefined = countersOf(ask, campaign.id)?.tiers.find((entry) => entry.tier === tier.id);
  if (known === undefined) return 'needs-the-line';
  const more = set.filter((other) => other.tier.tier.id === tier.id).length;
  if (perPersonPerDay !== null && known.personToday + more > perPersonPerDay) return 'person-day-limit';
  if (perPersonPerMerchant !== null && known.personAtMerchant + more > perPersonPerMerchant) return 'person-shop-limit';
  const today = known.today + more;
  return (perDay !== null && today > perDay) || (stock !== null && today > stock) ? 'coupon-day-limit' : null;
}

const countersOf = ({ counters }: AskV2, campaign: string): Counters | undefined =>
  counters?.find((entry) => entry.campaign === campaign);

function firstOf(set: readonly Candidate[], reasonOf: (candidate: Candidate) => ReasonCode | null): ReasonCode | null {
  for (const candidate of set) {
    const reason = reasonOf(candidate);
    if (reason !== null) return reason;
  }
  return null;
}
