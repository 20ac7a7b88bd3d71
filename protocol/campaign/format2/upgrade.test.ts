import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CampaignId, MerchantId } from '../../kernel/ids.js';
import { fen } from '../../kernel/money.js';
import { wallMs } from '../../kernel/time.js';
import { compileCampaign } from '../compiled.js';
import { exampleCampaign } from '../example-campaign.js';
import { quote } from '../quote.js';
import type { Campaign } from '../schema.js';
import { compileV2 } from './compiled.js';
import { quoteV2 } from './quote.js';
import { upgradeCampaign } from './upgrade.js';

const FIRST = Date.parse('2023-03-27T00:00:00+08:00');
const HOUR = 3_600_000;

const tiers = fc
  .uniqueArray(fc.record({ face: fc.integer({ min: 1, max: 90 }), above: fc.integer({ min: 0, max: 90 }) }), {
    minLength: 1,
    maxLength: 4,
    selector: ({ face }) => face,
  })
  .chain((list) =>
    fc.tuple(
      ...list.map(({ face, above }) =>
        fc.subarray<'customer-code' | 'plate'>(['customer-code', 'plate'], { minLength: 1 }).map((modes) => ({
          id: `t${face}`,
          faceFen: fen(face),
          thresholdFen: fen(face + above),
          quantity: 3,
          modes,
        })),
      ),
    ),
  );

const campaigns: fc.Arbitrary<Campaign> = fc
  .record({
    tiers,
    days: fc.integer({ min: 1, max: 2 }),
    hours: fc.constantFrom(['09:00', '22:00'], ['00:00', '24:00'], ['12:00', '12:30']),
    plateCapFen: fc.option(fc.integer({ min: 1, max: 200 }).map(fen), { nil: null }),
    splitGuard: fc.constantFrom(null, { minutes: 30, maxPayments: 1 }, { minutes: 30, maxPayments: 2 }),
  })
  .map(({ days, hours: [opens = '', closes = ''], ...rest }) => {
    const base = exampleCampaign();
    return { ...base, ...rest, window: { ...base.window, days, opens, closes } };
  });

const times = fc
  .record({ at: fc.integer({ min: -10, max: 60 }), unsure: fc.constantFrom(0, 0, 1, HOUR) })
  .map(({ at, unsure }) => ({
    earliest: wallMs(FIRST + at * HOUR - 1),
    latest: wallMs(FIRST + at * HOUR - 1 + unsure),
  }));

it('law: an upgraded campaign quotes as it did before, 20,000 asks', () => {
  let taken = 0;
  fc.assert(
    fc.property(
      campaigns,
      fc.array(
        fc.record({
          amount: fc.integer({ min: 1, max: 250 }),
          held: fc.array(fc.constantFrom(0, 1, 2, 3, 9), { maxLength: 4 }),
          merchant: fc.constantFrom(undefined, 'shop-1', 'shop-1', 'shop-2'),
          mode: fc.constantFrom('customer-code' as const, 'plate' as const),
          at: fc.oneof(fc.constantFrom('any-time' as const, 'any-time' as const, undefined), times),
          spent: fc.option(fc.integer({ min: 0, max: 200 }).map(fen), { nil: undefined }),
          recent: fc.option(fc.array(fc.integer({ min: 0, max: 120 }), { maxLength: 2 }), { nil: undefined }),
        }),
        { minLength: 10, maxLength: 10 },
      ),
      (campaign, asks) => {
        const [first, second] = [compileCampaign(campaign), compileV2(upgradeCampaign(campaign).campaign)];
        for (const { amount, held, merchant, mode, at, spent, recent } of asks) {
          const tiersHeld = held.map((place) => campaign.tiers[place]?.id ?? 'elsewhere');
          const common = {
            amountFen: fen(amount),
            mode,
            at,
            plateSpentTodayFen: spent,
            recentPayments: recent?.map((hour) => wallMs(FIRST + hour * HOUR)),
          };
          const before = quote(first, {
            ...common,
            holds: tiersHeld.map((tier) => ({ tier })),
            merchant: merchant as MerchantId | undefined,
          });
          const after = quoteV2([second], {
            ...common,
            excludedFen: fen(0),
            coupons: tiersHeld.map((tier) => ({
              campaign: campaign.id as CampaignId,
              tier,
              serial: null,
              endsAt: null,
              drawnFen: null,
            })),
            merchant: merchant === undefined ? undefined : { id: merchant as MerchantId, category: '限上个体' },
          });
          const [chosen] = after.chosen;
          expect({
            tier: chosen === undefined ? null : tiersHeld[chosen],
            discountFen: after.savingFen,
            netFen: after.netFen,
            reason: after.reason,
            next: after.next === null ? null : { faceFen: after.next.savingFen, missingFen: after.next.missingFen },
          }).toEqual({
            tier: before.coupon?.tier ?? null,
            discountFen: before.discountFen,
            netFen: before.netFen,
            reason: before.reason,
            next: before.next,
          });
          if (chosen !== undefined) taken += 1;
        }
      },
    ),
    { numRuns: 2_000 },
  );
  expect(taken).toBeGreaterThan(500);
});
