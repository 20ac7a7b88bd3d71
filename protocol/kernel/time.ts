/**
 * Two clocks that must never mix.
 *
 * `WallMs` is calendar time (milliseconds since the epoch); on a box without a battery clock it may be years wrong.
 * `MonoMs` counts from an arbitrary start and never jumps: every deadline and every lease uses it.
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

/** The time that a machine gets with each input. */
export interface Instant {
  readonly mono: MonoMs;
  /** undefined: no trusted calendar time is known. */
  readonly wall: Interval | undefined;
}

export const later = (from: MonoMs, by: Millis): MonoMs => (from + by) as MonoMs;
export const exactly = (at: WallMs): Interval => ({ earliest: at, latest: at });

/** The single figure for receipts and logs; decisions use the whole interval. */
export const midpoint = (interval: Interval): WallMs => Math.floor((interval.earliest + interval.latest) / 2) as WallMs;

/** The earliest of several wake-up times, for a machine made of parts. */
export function earliestWake(...times: readonly (MonoMs | undefined)[]): MonoMs | undefined {
  let earliest: MonoMs | undefined;
  for (const time of times) if (time !== undefined && (earliest === undefined || time < earliest)) earliest = time;
  return earliest;
}
