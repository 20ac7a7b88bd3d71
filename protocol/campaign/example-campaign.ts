/**
 * The reference campaign with a single shop. The rules' examples use it; benchmarks, power-cut runs and tests derive theirs
 * from it.
 */
import type { CampaignId, MerchantId } from '../kernel/ids.js';
import { fen } from '../kernel/money.js';
import type { Campaign, Tier } from './schema.js';

export function exampleTiers(): Tier[] {
  return [
    [20, 100],
    [40, 200],
    [80, 300],
  ].map(([face = 0, threshold = 0]) => ({
    id: `yuan-${face}`,
    faceFen: fen(face * 100),
    thresholdFen: fen(threshold * 100),
    quantity: 10,
    modes: ['customer-code', 'plate'],
  }));
}

export function exampleCampaign(): Campaign {
  return {
    format: 1,
    id: 'example' as CampaignId,
    version: 1,
    name: '惠民消费季',
    nameEn: 'Example season',
    receiptLine: '惠民消费季',
    window: { timeZone: 'Asia/Shanghai', firstDay: '2023-03-27', days: 15, opens: '09:00', closes: '22:00' },
    claim: {
      opens: { day: '2023-03-27', time: '09:00' },
      perPersonPerTier: 1,
      samePerson: 'any',
      identifiers: ['phone', 'idCard', 'device'],
      geofence: null,
    },
    tiers: exampleTiers(),
    choice: 'largest-face',
    couponsPerPayment: 1,
    refund: 'stays-used',
    offline: {
      permitted: true,
      maxCoupons: 10,
      maxFaceFen: 100_000,
      maxPerHolder: 1,
      maxSyncAgeHours: 24,
      conflictAccount: 'bank',
      fullPriceWithoutJournal: true,
    },
    plateCapFen: null,
    splitGuard: null,
    merchants: [{ id: 'shop-1' as MerchantId, name: '鑫亿家', category: '限上个体' }],
    sponsors: [{ id: 'district', name: '友好区', shareBasisPoints: 10_000 }],
    budgetFen: fen(140_000),
  };
}
