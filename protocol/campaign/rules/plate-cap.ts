/**
 * Caps a customer's daily payments on static plates (银发〔2017〕296号: 500 yuan).
 *
 * The amount after the coupon counts. Past the cap the customer shows a code instead.
 */
import { fen } from '../../kernel/money.js';
import type { CompiledCampaign } from '../compiled.js';
import { hasTier } from '../tiers.js';
import type { PaymentAsk, PaymentRule } from './rule.js';

export const plateCapRule: PaymentRule = {
  id: 'plate-cap',
  evaluate(campaign, ask, left) {
    for (const tier of campaign.tiers) {
      if (hasTier(left, tier.index) && !withinPlateCap(campaign, ask, ask.amountFen - tier.faceFen)) return 'plate-cap';
    }
    return left;
  },
  examples: [
    { sale: '259.90 by plate, no cap', left: [40], ask: { mode: 'plate' }, gives: [40] },
    { sale: '540 less 40 by plate: 500 to the fen', ...capped(54_000, 0), left: [40], gives: [40] },
    { sale: '540.01 less 40 by plate', ...capped(54_001, 0), left: [40], gives: 'plate-cap' },
    { sale: '259.90 less 40 after 280.10 on plates', ...capped(25_990, 28_010), left: [40], gives: [40] },
    { sale: '259.90 less 40 after 280.11 on plates', ...capped(25_990, 28_011), left: [40], gives: 'plate-cap' },
    {
      sale: '900 less 80 shown as a code',
      ...capped(90_000, 50_000),
      ask: { ...capped(90_000, 50_000).ask, mode: 'customer-code' },
      left: [80],
      gives: [80],
    },
  ],
};

export function withinPlateCap({ campaign }: CompiledCampaign, ask: PaymentAsk, netFen: number): boolean {
  if (campaign.plateCapFen === null || ask.mode !== 'plate') return true;
  return (ask.plateSpentTodayFen ?? 0) + netFen <= campaign.plateCapFen;
}

function capped(amountFen: number, spentFen: number) {
  return {
    campaign: { plateCapFen: fen(50_000) },
    ask: { mode: 'plate', amountFen: fen(amountFen), plateSpentTodayFen: fen(spentFen) },
  } as const;
}
