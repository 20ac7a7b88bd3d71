/**
 * Judges the time in a record.
 *
 * An honest counter's time is an interval that holds the truth by the gateway's own clock; a dishonest one writes any time.
 * So a record can be neither from the future nor older than those before it.
 */

import type { Interval, Millis, WallMs } from '#protocol/kernel/time.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { Doubt } from '../../book/doubts.js';

/**
 * Tolerance for corrections of the gateway's own clock, from which counters derive theirs. A time server slews a clock
 * slowly and steps it by less than a second; a larger leap raises an alert of its own. Such a step could only hurt an
 * offline sale in the very seconds before its counter is online again.
 */
export const CLOCKS_APART_MS: Millis = 5_000;

/**
 * A counter reads its clock, checks two signatures, and reads it again for the record: some 20 ms on a small board, a
 * second on a busy one.
 */
const JUDGED_BEFORE_MS: Millis = 2_000;

/** Whether the condition held when the counter judged: at the record's time or up to `JUDGED_BEFORE_MS` earlier. */
export const heldWhenJudged = (at: Interval, holds: (judged: Interval) => boolean): boolean =>
  holds(at) ||
  holds({ earliest: (at.earliest - JUDGED_BEFORE_MS) as WallMs, latest: (at.latest - JUDGED_BEFORE_MS) as WallMs });

/**
 * `newestAt`: the newest time in the device's earlier records. A counter's clock is floored by its journal, so an honest
 * one never goes back. (The last time online gives no better bound, because a hello is repeated over a later connection.
 * The allowance does: a record can't be older than the allowance that it names.)
 */
export function timeDoubts(
  at: Interval,
  { now, newestAt }: { readonly now: WallMs; readonly newestAt: number | undefined },
): Doubt[] {
  if (at.earliest > now + CLOCKS_APART_MS) return ['time-in-future'];
  return newestAt !== undefined && at.latest < newestAt ? ['time-goes-back'] : [];
}

/** The newest time including this record. A record from the future is no floor for later ones. */
export function newestWith(record: JournalRecord, newestAt: number | undefined, now: WallMs): number | undefined {
  const earliest = record.at?.earliest;
  if (earliest === undefined || earliest > now + CLOCKS_APART_MS) return newestAt;
  return Math.max(earliest, newestAt ?? earliest);
}
