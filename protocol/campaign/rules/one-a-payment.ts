/** One coupon per payment. Among tiers of the same face, the first in the document. */
import { fen } from '../../kernel/money.js';
import { exampleTiers } from '../example-campaign.js';
import type { PaymentRule } from './rule.js';

export const oneAPaymentRule: PaymentRule = {
  id: 'one-a-payment',
  // The lowest set bit is the first tier of the document.
  evaluate: (_campaign, _ask, left) => left & -left,
  examples: [
    { sale: 'the 80 was chosen', left: [80], gives: [80] },
    {
      sale: 'two 40s of different thresholds are equally large',
      campaign: { tiers: exampleTiers().map((tier, index) => (index === 2 ? { ...tier, faceFen: fen(4_000) } : tier)) },
      left: [40],
      gives: [40],
    },
  ],
};
