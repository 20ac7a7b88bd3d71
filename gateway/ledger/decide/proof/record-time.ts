/**
 * How far the time in a record is believed. An honest counter's time is an interval that holds the truth by the gateway's own
 * clock; a dishonest one writes whatever suits it. So a record can be neither from the future nor older than those before it.
 */

import type { Interval, Millis, WallMs } from '#protocol/kernel/time.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { Doubt } from '../../book/doubts.js';

/**
 * The gateway's own clock may be corrected between two looks at it, and counters carry on what it said before. A time server
 * turns a clock slowly and steps it by less than a second; a leap of more than this is an alarm of its own. What a step
 * would hurt is only a sale made offline in the very seconds before its counter has a line again.
 */
export const CLOCKS_APART_MS: Millis = 5_000;

/**
 * A counter looks at its clock, checks two signatures, and looks again for the record: some 20 ms on a small board, a
 * second where that is busy.
 */
const JUDGED_BEFORE_MS: Millis = 2_000;

/** Whether it held when the counter judged, which was at the record's time or up to `JUDGED_BEFORE_MS` earlier. */
export const heldWhenJudged = (at: Interval, holds: (judged: Interval) => boolean): boolean =>
  holds(at) ||
  holds({ earliest: (at.earliest - JUDGED_BEFORE_MS) as WallMs, latest: (at.latest - JUDGED_BEFORE_MS) as WallMs });

/**
 * `newestAt`: the newest time in the device's own records before this one. A counter's clock is floored by what it has
 * journalled, so an honest one never goes back. (When it last had its line the gateway can't tell any better: a greeting is
 * sent again over a later connection. The allowance says it: a record can't be older than the allowance that it names.)
 */
export function timeDoubts(
  at: Interval,
  { now, newestAt }: { readonly now: WallMs; readonly newestAt: number | undefined },
): Doubt[] {
  if (at.earliest > now + CLOCKS_APART_MS) return ['time-in-future'];
  return newestAt !== undefined && at.latest < newestAt ? ['time-goes-back'] : [];
}

/** The newest time with this record. One from the future is no floor for those behind it. */
export function newestWith(record: JournalRecord, newestAt: number | undefined, now: WallMs): number | undefined {
  const earliest = record.at?.earliest;
  if (earliest === undefined || earliest > now + CLOCKS_APART_MS) return newestAt;
  return Math.max(earliest, newestAt ?? earliest);
}
