/** Of the coupons that fit, the one with the largest face is used. Nobody chooses. */
import { fen } from '../../kernel/money.js';
import { exampleTiers } from '../example-campaign.js';
import { hasTier, NO_TIERS, onlyTier } from '../tiers.js';
import type { PaymentRule } from './rule.js';

export const largestFaceRule: PaymentRule = {
  id: 'largest-face',
  evaluate(campaign, _ask, left) {
    let largest = 0;
    let chosen = NO_TIERS;
    for (const tier of campaign.tiers) {
      if (!hasTier(left, tier.index) || tier.faceFen < largest) continue;
      chosen = tier.faceFen > largest ? onlyTier(tier.index) : chosen | onlyTier(tier.index);
      largest = tier.faceFen;
    }
    return chosen;
  },
  examples: [
    { sale: 'all three fit', gives: [80] },
    { sale: 'the 20 and the 40 fit', left: [20, 40], gives: [40] },
    { sale: 'one fits', left: [20], gives: [20] },
    {
      sale: 'two 40s fit that were handed out under different thresholds, and a 20',
      campaign: { tiers: exampleTiers().map((tier, index) => (index === 2 ? { ...tier, faceFen: fen(4_000) } : tier)) },
      left: [20, 40],
      gives: [40, 40],
    },
  ],
};
