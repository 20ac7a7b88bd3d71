/** Some tiers allow only one presentation mode: the customer shows a code, or scans the merchant's plate. */
import { exampleTiers } from '../example-campaign.js';
import type { PresentationMode, Tier } from '../schema.js';
import type { PaymentRule } from './rule.js';

export const presentationModeRule: PaymentRule = {
  id: 'presentation-mode',
  evaluate(campaign, { mode }, left) {
    const allowed = left & campaign.tiersByMode[mode];
    return allowed === 0 ? 'mode-not-allowed' : allowed;
  },
  examples: [
    { sale: 'shown as a code', ask: { mode: 'customer-code' }, gives: [20, 40, 80] },
    { sale: 'by scanning the plate', ask: { mode: 'plate' }, gives: [20, 40, 80] },
    {
      sale: 'by plate where the 80 wants a code',
      campaign: { tiers: withModes(80, ['customer-code']) },
      ask: { mode: 'plate' },
      gives: [20, 40],
    },
    {
      sale: 'by plate, holding only the 80 that wants a code',
      campaign: { tiers: withModes(80, ['customer-code']) },
      ask: { mode: 'plate' },
      left: [80],
      gives: 'mode-not-allowed',
    },
    {
      sale: 'shown as a code, holding only the 80 that wants the plate',
      campaign: { tiers: withModes(80, ['plate']) },
      left: [80],
      gives: 'mode-not-allowed',
    },
  ],
};

function withModes(faceYuan: number, modes: PresentationMode[]): Tier[] {
  return exampleTiers().map((tier) => (tier.faceFen === faceYuan * 100 ? { ...tier, modes } : tier));
}
