/** Only a merchant on the published list takes coupons; the list counts, not the district in the merchant's name. */
import type { MerchantId } from '../../kernel/ids.js';
import type { PaymentRule } from './rule.js';

export const merchantListRule: PaymentRule = {
  id: 'merchant-list',
  evaluate: (campaign, { merchant }, left) =>
    merchant === undefined || campaign.merchants.has(merchant) ? left : 'merchant-not-listed',
  examples: [
    { sale: 'at a listed shop', ask: { merchant: 'shop-1' as MerchantId }, gives: [20, 40, 80] },
    { sale: 'next door', ask: { merchant: 'shop-2' as MerchantId }, gives: 'merchant-not-listed' },
    {
      sale: 'at a shop named like a field',
      ask: { merchant: 'constructor' as MerchantId },
      gives: 'merchant-not-listed',
    },
    { sale: 'at no shop in particular', gives: [20, 40, 80] },
  ],
};
