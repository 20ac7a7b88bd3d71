/** A coupon is usable from its threshold on, and never for the whole amount, because a card reader can't charge zero. */
import { fen } from '../../kernel/money.js';
import { exampleTiers } from '../example-campaign.js';
import { hasTier, NO_TIERS, onlyTier } from '../tiers.js';
import type { PaymentRule } from './rule.js';

export const thresholdRule: PaymentRule = {
  id: 'threshold',
  evaluate(campaign, { amountFen }, left) {
    let reached = NO_TIERS;
    for (const tier of campaign.tiers) {
      if (hasTier(left, tier.index) && amountFen >= tier.fromFen) reached |= onlyTier(tier.index);
    }
    return reached === NO_TIERS ? 'below-threshold' : reached;
  },
  examples: [
    { sale: '99.99 yuan', ask: { amountFen: fen(9_999) }, gives: 'below-threshold' },
    { sale: '100 yuan', ask: { amountFen: fen(10_000) }, gives: [20] },
    { sale: '299.99 yuan', ask: { amountFen: fen(29_999) }, gives: [20, 40] },
    { sale: '300 yuan', ask: { amountFen: fen(30_000) }, gives: [20, 40, 80] },
    { sale: '250 yuan with only the 80', ask: { amountFen: fen(25_000) }, left: [80], gives: 'below-threshold' },
    {
      sale: '20 yuan with a 20 that has no threshold of its own',
      campaign: { tiers: withThreshold(2_000) },
      ask: { amountFen: fen(2_000) },
      gives: 'below-threshold',
    },
    {
      sale: '20.01 yuan with a 20 that has no threshold of its own',
      campaign: { tiers: withThreshold(2_000) },
      ask: { amountFen: fen(2_001) },
      gives: [20],
    },
  ],
};

function withThreshold(thresholdFen: number) {
  return exampleTiers().map((tier, index) => (index === 0 ? { ...tier, thresholdFen: fen(thresholdFen) } : tier));
}
