import { CLOCK_AHEAD_MS, decodePresentation, FRESH_MS } from '#protocol/codes/presentation.js';
import { STALL_SLACK_MS } from './allowance.js';
import type { Checker } from './books.js';

/** Only the world knows what time it is. A counter's interval must hold it, and no coupon is taken outside its hours. */
export const trueTime: Checker = {
  name: 'true time',
  promise: 'a counter’s time interval holds the true time; no coupon is taken offline outside its hours or not fresh',
  watch(books) {
    const { openings } = books.campaign;
    return {
      seen(event) {
        if (event.kind !== 'journalled') return undefined;
        const { record, at } = event.row;
        const { device } = event.counter;
        // The record was made at or before the moment at which it was durable.
        if (record.at !== null && record.at.earliest > at)
          return `${device} is sure that it is later than ${new Date(record.at.earliest).toISOString()}, and it is ${new Date(at).toISOString()}`;
        if (record.at !== null && record.at.latest < at - STALL_SLACK_MS)
          return `${device} is sure that it is earlier than ${new Date(record.at.latest).toISOString()}, and it is ${new Date(at).toISOString()}`;
        if (record.kind !== 'charging' || record.coupon?.by.kind !== 'offline') return undefined;
        const open = openings.some(({ earliest, latest }) => at >= earliest && at <= latest + STALL_SLACK_MS);
        if (!open) return `${device} took a coupon offline at ${new Date(at).toISOString()}, outside its hours`;
        const decoded = decodePresentation(record.coupon.by.presentation);
        if (!decoded.ok) return undefined;
        const age = at - decoded.value.shownAt;
        if (age > FRESH_MS + STALL_SLACK_MS || age < -CLOCK_AHEAD_MS)
          return `${device} took a presentation that is ${Math.round(age / 1000)} s old`;
        return undefined;
      },
    };
  },
};
