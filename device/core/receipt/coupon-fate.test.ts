import { describe, expect, it } from 'vitest';
import { compileCampaign } from '#protocol/campaign/compiled.js';
import { exampleCampaign } from '#protocol/campaign/example-campaign.js';
import type { RefundRule } from '#protocol/campaign/schema.js';
import type { CouponSerial } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { wallMs } from '#protocol/kernel/time.js';
import type { JournalledCoupon } from '#protocol/records/record.js';
import { type CouponFate, couponFate } from './coupon-fate.js';

/** Fifteen days from 27 March on, 09:00 to 22:00. */
const campaign = (refund: RefundRule) => compileCampaign({ ...exampleCampaign(), refund });
const around = (text: string, widthMs = 1_000) => {
  const at = Date.parse(`2023-${text}:00+08:00`);
  return { earliest: wallMs(at - widthMs), latest: wallMs(at + widthMs) };
};
const coupon = (by: JournalledCoupon['by']): JournalledCoupon => ({
  serial: 1 as CouponSerial,
  tier: 'yuan-40',
  faceFen: fen(4_000),
  thresholdFen: fen(20_000),
  by,
});
const ONLINE = coupon({ kind: 'reservation' });
const OFFLINE = coupon({ kind: 'offline', presentation: 'CP1:…', allowance: 'a' });

describe('what a refund slip may promise of the coupon', () => {
  const [HELD, NEXT, USED, UNSURE] = ['held', 'held-next-day', 'used', 'unsure'] as const;
  it.each<[RefundRule, mid: CouponFate, lastDay: CouponFate, over: CouponFate, noClock: CouponFate, off: CouponFate]>([
    ['stays-used', USED, USED, USED, USED, USED],
    ['restored-if-full', HELD, HELD, USED, UNSURE, UNSURE],
    // The slip of the last day said 消费券次日退回 of a coupon that was gone.
    ['restored-next-day', NEXT, USED, USED, UNSURE, UNSURE],
    ['pro-rata', HELD, HELD, USED, UNSURE, UNSURE],
  ])(
    '%s: %s in its midst, %s on its last day, %s once it is over, %s without a clock, %s offline',
    (rule, ...fates) => {
      const of = (when: ReturnType<typeof around> | null, by = ONLINE): CouponFate =>
        couponFate(campaign(rule), { netFen: fen(21_990), coupon: by, when });
      expect([
        of(around('04-01T12:00')),
        of(around('04-10T12:00')),
        of(around('04-11T12:00')),
        of(null),
        of(around('04-01T12:00'), OFFLINE),
      ]).toEqual(fates);
    },
  );

  it('is nothing for certain while the clock leaves both open, or where the campaign is not known', () => {
    const refund = { netFen: fen(21_990), coupon: ONLINE };
    const midnight = around('04-10T00:00', 30_000);
    expect(couponFate(campaign('restored-next-day'), { ...refund, when: midnight })).toBe('unsure');
    expect(couponFate(undefined, { ...refund, when: around('04-01T12:00') })).toBe('unsure');
  });
});
