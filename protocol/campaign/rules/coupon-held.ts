/** The holder must hold a coupon. A coupon that this campaign doesn't know belongs to another campaign. */
import type { PaymentRule } from './rule.js';

export const couponHeldRule: PaymentRule = {
  id: 'coupon-held',
  evaluate(_campaign, { holds }, left) {
    if (left !== 0) return left;
    return holds.length === 0 ? 'no-coupon-held' : 'other-campaign';
  },
  examples: [
    { sale: 'with the 20 and the 80', left: [20, 80], gives: [20, 80] },
    { sale: 'with nothing', left: [], ask: { holds: [] }, gives: 'no-coupon-held' },
    { sale: 'with a coupon from elsewhere', left: [], ask: { holds: [{ tier: 'ten-off' }] }, gives: 'other-campaign' },
  ],
};
