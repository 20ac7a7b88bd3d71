/**
 * Two clocks that must never be mixed. `WallMs` is what a calendar shows (milliseconds since the epoch); a box without a
 * battery clock may have it years wrong. `MonoMs` only counts, from an arbitrary start, and never jumps: every deadline
 * and every lease is counted on it.
 */
export type WallMs = number & { readonly __clock: 'wall' };
export type MonoMs = number & { readonly __clock: 'mono' };
/** A length of time in milliseconds. */
export type Millis = number;

export const wallMs = (ms: number): WallMs => ms as WallMs;
export const monoMs = (ms: number): MonoMs => ms as MonoMs;

/** The true time lies somewhere in here, both ends included. */
export interface Interval {
  readonly earliest: WallMs;
  readonly latest: WallMs;
}

/** The time as a machine is told it, with each input. */
export interface Instant {
  readonly mono: MonoMs;
  /** undefined: nothing trustworthy is known about the calendar time. */
  readonly wall: Interval | undefined;
}

export const later = (from: MonoMs, by: Millis): MonoMs => (from + by) as MonoMs;
export const exactly = (at: WallMs): Interval => ({ earliest: at, latest: at });

/** The single figure printed on receipts and logs; decisions use the whole interval. */
export const midpoint = (interval: Interval): WallMs => Math.floor((interval.earliest + interval.latest) / 2) as WallMs;

/** The earliest of several wake-up times, for a machine made of parts. */
export function earliestWake(...times: readonly (MonoMs | undefined)[]): MonoMs | undefined {
  let earliest: MonoMs | undefined;
  for (const time of times) if (time !== undefined && (earliest === undefined || time < earliest)) earliest = time;
  return earliest;
}
