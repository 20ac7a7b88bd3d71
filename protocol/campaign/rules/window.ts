/**
 * Coupons are taken only when the whole time interval lies inside the campaign's hours.
 *
 * Before the first day the campaign has not begun; after the last closing it is over.
 */
import { insideWindow } from '../window.js';
import type { PaymentRule } from './rule.js';

export const windowRule: PaymentRule = {
  id: 'window',
  evaluate(campaign, { at }, left) {
    if (at === 'any-time') return left;
    if (at === undefined) return 'no-trusted-time';
    if (insideWindow(campaign.openings, at)) return left;
    if (at.latest < campaign.begins) return 'before-campaign';
    return at.earliest > campaign.ends ? 'after-campaign' : 'outside-hours';
  },
  examples: [
    { sale: 'the first customer, as the hours begin', at: '2023-03-27 09:00:00', gives: [20, 40, 80] },
    { sale: 'one second early', at: '2023-03-27 08:59:59', gives: 'outside-hours' },
    { sale: 'the evening before the first day', at: '2023-03-26 21:00:00', gives: 'before-campaign' },
    { sale: 'the last second of a day', at: '2023-03-28 21:59:59', gives: [20, 40, 80] },
    { sale: 'closing time', at: '2023-03-28 22:00:00', gives: 'outside-hours' },
    { sale: 'after closing on the last day', at: '2023-04-10 22:00:00', gives: 'after-campaign' },
    { sale: 'the day after', at: '2023-04-11 12:00:00', gives: 'after-campaign' },
    { sale: 'unsure by a minute at noon', at: ['2023-03-28 12:00:00', '2023-03-28 12:01:00'], gives: [20, 40, 80] },
    { sale: 'unsure around 22:00', at: ['2023-03-28 21:59:30', '2023-03-28 22:00:30'], gives: 'outside-hours' },
    { sale: 'unsure by years', at: ['2000-01-01 00:00:00', '2040-01-01 00:00:00'], gives: 'outside-hours' },
    { sale: 'on a counter that knows no time', at: undefined, gives: 'no-trusted-time' },
    { sale: 'planned for no time in particular', at: 'any-time', gives: [20, 40, 80] },
  ],
};
