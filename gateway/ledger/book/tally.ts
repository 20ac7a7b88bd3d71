/**
 * Tallies: how often something has happened at one counter or one merchant in this hour and on this day, such as coupons
 * taken or wrong payment codes. They are in the ledger, so that a restart of the gateway resets no count.
 *
 * Hours and days are whole ones in the campaign's local time, not the last sixty minutes: two small numbers per name
 * instead of a list of times. Around the full hour a counter may so take twice its limit within minutes; the day's limit
 * bounds that.
 */
import { DAY_MS } from '#protocol/campaign/calendar.js';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';

/** `<kind> <owner>`, such as `wrong-codes plate-001`. */
export type TallyName = string & { readonly __id: 'tally' };

export interface Tally {
  readonly name: TallyName;
  readonly hour: number;
  readonly inHour: number;
  readonly day: number;
  readonly inDay: number;
}

export interface PaceLimit {
  readonly perHour: number;
  readonly perDay: number;
}

const HOUR_MS = 3_600_000;

/**
 * Limit of a counter's wrong payment codes: a holder's number with a wrong step code. An honest counter meets one if a
 * stranger's payment code happens to begin with a holder's number: once in some 10,000 with 100,000 holders. Twenty guesses
 * a day find a given holder's code once in some 4,500 years.
 */
export const WRONG_CODES: PaceLimit = { perHour: 10, perDay: 20 };

export const wrongCodesOf = (device: DeviceId): TallyName => `wrong-codes ${device}` as TallyName;
export const couponsAt = (device: DeviceId): TallyName => `coupons-at ${device}` as TallyName;
export const couponsOf = (merchant: MerchantId): TallyName => `coupons-of ${merchant}` as TallyName;

/** The tally at `local`, milliseconds in the campaign's local time. A clock that goes back starts no new hour. */
export function tallyAt(known: Tally | undefined, name: TallyName, local: number): Tally {
  const [hour, day] = [Math.floor(local / HOUR_MS), Math.floor(local / DAY_MS)];
  if (known === undefined) return { name, hour, inHour: 0, day, inDay: 0 };
  return {
    name,
    hour: Math.max(hour, known.hour),
    inHour: hour > known.hour ? 0 : known.inHour,
    day: Math.max(day, known.day),
    inDay: day > known.day ? 0 : known.inDay,
  };
}

export const oneMore = (tally: Tally): Tally => ({ ...tally, inHour: tally.inHour + 1, inDay: tally.inDay + 1 });

/** One that happened at `local`, perhaps in an hour or on a day that is over: there nobody counts any more. */
export const oneMoreAt = (tally: Tally, local: number): Tally => ({
  ...tally,
  inHour: tally.inHour + (Math.floor(local / HOUR_MS) === tally.hour ? 1 : 0),
  inDay: tally.inDay + (Math.floor(local / DAY_MS) === tally.day ? 1 : 0),
});

/** Which of the limits is reached. */
export function reached({ inHour, inDay }: Tally, { perHour, perDay }: PaceLimit): 'hour' | 'day' | undefined {
  if (inDay >= perDay) return 'day';
  return inHour >= perHour ? 'hour' : undefined;
}
