/**
 * The abilities that a counter needs to take coupons of a format-2 document by itself, derived from what the document
 * says. A counter that lacks one takes these coupons on line only, where the gateway decides.
 */
import type { Hours } from './parts.js';
import type { CampaignV2, TierV2 } from './schema.js';

const ABILITY_OF = {
  'format-2': () => true,
  'percent-benefit': anyTier(({ benefit }) => benefit.kind === 'percent'),
  'random-benefit': anyTier(({ benefit }) => benefit.kind === 'random'),
  'per-full-benefit': anyTier(({ benefit }) => benefit.kind === 'per-full'),
  'no-threshold': anyTier(({ thresholdFen }) => thresholdFen === null),
  'full-deduction': anyTier(({ fullDeduction }) => fullDeduction),
  'no-claim': anyTier(({ issue }) => issue.how === 'no-claim'),
  'tier-places': anyTier(({ where }) => where.who !== 'all' || where.except.length > 0),
  categories: ({ merchants, tiers }) => [merchants, ...tiers.map(({ where }) => where)].some(isByCategory),
  weekdays: (campaign) => spans(campaign).some(({ weekdays }) => weekdays !== 'daily'),
  'several-spans': ({ opening, tiers }) => opening.hours.length > 1 || tiers.some(({ hours }) => hours !== null),
  'past-midnight': (campaign) => spans(campaign).some(({ opens, closes }) => closes < opens),
  'limits-of-use': (campaign) =>
    campaign.merchantCouponsPerDay !== null ||
    campaign.tiers.some(({ limits }) => Object.values(limits).some((limit) => limit !== null)),
  'code-kinds': anyTier(({ codes, wallets }) => wallets !== 'any' || codes.length < 2 || codes.includes('e-cny')),
  issuer: anyTier(({ issuerBins }) => issuerBins !== null),
  'life-after-claim': ({ rounds }) => rounds.some(({ life }) => life.until !== 'campaign-end'),
  'several-coupons': ({ couponsPerPayment }) => couponsPerPayment > 1,
  choice: ({ choice }) => choice !== 'largest-saving',
  'coupon-first-refund': anyTier(({ refund }) => refund.rule === 'coupon-first'),
  'refund-until': anyTier(({ refund }) => refund.until !== null || refund.end !== 'unchanged'),
  'partial-budgets': ({ budget: { perDayFen, perMerchantFen, byCategory } }) =>
    perDayFen !== null || perMerchantFen !== null || byCategory.length > 0,
  'network-deduction': ({ deduction }) => deduction === 'network',
  freeze: ({ freeze, barred }) =>
    freeze.campaign || freeze.tiers.length > 0 || freeze.serials.length > 0 || barred !== null,
} as const satisfies Record<string, (campaign: CampaignV2) => boolean>;

export type AbilityV2 = keyof typeof ABILITY_OF;
const ABILITIES_V2 = Object.keys(ABILITY_OF) as readonly AbilityV2[];

/** In a fixed order. */
export const needsOfV2 = (campaign: CampaignV2): readonly AbilityV2[] =>
  ABILITIES_V2.filter((ability) => ABILITY_OF[ability](campaign));

function anyTier(does: (tier: TierV2) => boolean): (campaign: CampaignV2) => boolean {
  return ({ tiers }) => tiers.some(does);
}

const isByCategory = ({ who }: { readonly who: string }): boolean => who === 'categories';

const spans = ({ opening, tiers }: CampaignV2): readonly Hours[] => [
  ...opening.hours,
  ...tiers.flatMap(({ hours }) => hours ?? []),
];
