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
 * `newestAt`: a time that the device's records before this one can't be older than (`newestWith`). A counter's clock is
 * floored by what it has journalled, so an honest one never goes back. Where this gateway's own clock has gone back behind
 * it, which is an alarm, it speaks against nobody.
 */
export function timeDoubts(
  at: Interval,
  { now, newestAt }: { readonly now: WallMs; readonly newestAt: number | undefined },
): Doubt[] {
  if (at.earliest > now + CLOCKS_APART_MS) return ['time-in-future'];
  const goesBack = newestAt !== undefined && newestAt <= now + CLOCKS_APART_MS && at.latest < newestAt;
  return goesBack ? ['time-goes-back'] : [];
}

/**
 * The newest time with this record. Beside its own word for it there is what the gateway knows: a charge by a reservation was
 * made after the gateway had given that reservation (`answeredAt`), whatever time the record names, and so was everything
 * behind it. (A greeting says less: a line may deliver it long after it was written, and sales made offline in between are
 * behind it in the journal.) A time from the future is no floor.
 */
export function newestWith(
  record: JournalRecord,
  newestAt: number | undefined,
  { now, answeredAt }: { readonly now: WallMs; readonly answeredAt: number | undefined },
): number | undefined {
  const own = record.at?.earliest;
  const floors = [own, answeredAt === undefined ? undefined : answeredAt - CLOCKS_APART_MS].filter(
    (at) => at !== undefined && at <= now + CLOCKS_APART_MS,
  );
  return [newestAt, ...floors].reduce<number | undefined>(
    (newest, at) => (at === undefined || (newest !== undefined && newest >= at) ? newest : at),
    undefined,
  );
}
