/** Counts of this hour and this day, by whole hours and days in the campaign's local time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import { couponsAt, couponsOf, oneMore, reached, type Tally, tallyAt, wrongCodesOf } from './tally.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NAME = couponsAt('d1' as DeviceId);
const known: Tally = { name: NAME, hour: 240, inHour: 3, day: 10, inDay: 7 };

it.each([
  ['a new name', undefined, 240 * HOUR + 5, { hour: 240, inHour: 0, day: 10, inDay: 0 }],
  ['the same hour', known, 240 * HOUR, { hour: 240, inHour: 3, day: 10, inDay: 7 }],
  ['the last moment of the hour', known, 241 * HOUR - 1, { hour: 240, inHour: 3, day: 10, inDay: 7 }],
  ['the next hour', known, 241 * HOUR, { hour: 241, inHour: 0, day: 10, inDay: 7 }],
  ['the last moment of the day', known, 11 * DAY - 1, { hour: 263, inHour: 0, day: 10, inDay: 7 }],
  ['the next day', known, 11 * DAY, { hour: 264, inHour: 0, day: 11, inDay: 0 }],
  [
    'an hour that is over, by a clock that was set back',
    known,
    239 * HOUR,
    { hour: 240, inHour: 3, day: 10, inDay: 7 },
  ],
])('%s', (_what, before, local, after) => {
  expect(tallyAt(before, NAME, local)).toEqual({ name: NAME, ...after });
});

it.each([
  [0, 0, undefined],
  [4, 9, undefined],
  [5, 9, 'hour'],
  [5, 10, 'day'],
  [0, 10, 'day'],
  [99, 99, 'day'],
])('%i in the hour and %i on the day, of 5 and 10: %s', (inHour, inDay, limit) => {
  expect(reached({ ...known, inHour, inDay }, { perHour: 5, perDay: 10 })).toBe(limit);
});

describe('a count', () => {
  it('goes up by one in the hour and on the day', () => {
    expect(oneMore(known)).toEqual({ ...known, inHour: 4, inDay: 8 });
  });
  it('of each thing has a name of its own', () => {
    const names = [wrongCodesOf('x' as DeviceId), couponsAt('x' as DeviceId), couponsOf('x' as MerchantId)];
    expect(names).toEqual(['wrong-codes x', 'coupons-at x', 'coupons-of x']);
  });
  it('never gets a fresh hour from a clock that goes back', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3 * DAY, max: 0 }), { maxLength: 20 }), (backwards) => {
        let tally = tallyAt(undefined, NAME, 10 * DAY);
        for (const [n, by] of backwards.entries()) {
          tally = oneMore(tallyAt(tally, NAME, 10 * DAY + by));
          expect([tally.inHour, tally.inDay]).toEqual([n + 1, n + 1]);
        }
      }),
    );
  });
});
