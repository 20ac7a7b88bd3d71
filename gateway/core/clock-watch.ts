/**
 * Watches the gateway's wall clock, which decides about coupons and is signed for counters. It is compared with a monotonic
 * clock, and at the start with the newest commit in the ledger.
 *
 * While the wall clock is wrong, time continues from the last right value by the monotonic clock, so a leap frees no
 * reservation. Meanwhile nothing is signed, and an alert is raised.
 *
 * | status | the wall clock | becomes | the time is |
 * |---|---|---|---|
 * | right, leapt | is where it is expected | right | the wall clock's |
 * | right, leapt | is elsewhere | leapt | as expected |
 * | behind | has not reached the newest commit | behind | the newest commit's, and on from there |
 * | behind | has | right | the wall clock's |
 */
import { type Millis, type MonoMs, type WallMs, wallMs } from '#protocol/kernel/time.js';

/**
 * A larger step counts as a leap. NTP slews by at most 1.8 s an hour and steps an offset of more than 128 ms, so a
 * well-kept clock stays far below. A step of this size hardly matters to a lease of 120 s or a presentation of 60 s.
 */
export const LEAP_MS: Millis = 10_000;
/** The clock may drift by one leap in this time, so many small steps in a row count as a leap too. */
export const ANCHOR_MS: Millis = 3_600_000;

export type ClockFault = 'CLOCK_LEAPT' | 'CLOCK_BEHIND_LEDGER';

export interface ClockState {
  readonly kind: 'right' | 'leapt' | 'behind';
  /** The time of the last comparison that found both clocks right. */
  readonly wall: WallMs;
  readonly mono: MonoMs;
}

export interface ClockReading {
  readonly now: WallMs;
  readonly state: ClockState;
  /** How far the wall clock is ahead of the expected time. */
  readonly off: Millis;
}

export interface Clocks {
  readonly wall: WallMs;
  readonly mono: MonoMs;
}

/** `newest`: the time of the newest commit, if there is one. */
export function initialClockState({ wall, mono }: Clocks, newest: WallMs | undefined): ClockState {
  if (newest === undefined || wall >= newest - LEAP_MS) return { kind: 'right', wall, mono };
  return { kind: 'behind', wall: newest, mono };
}

export function readClock(state: ClockState, { wall, mono }: Clocks): ClockReading {
  const elapsed = mono - state.mono;
  const expected = wallMs(state.wall + elapsed);
  const off = wall - expected;
  const isRight = state.kind === 'behind' ? off >= -LEAP_MS : Math.abs(off) <= LEAP_MS;
  if (!isRight) {
    const kind = state.kind === 'behind' ? 'behind' : 'leapt';
    return { now: expected, off, state: kind === state.kind ? state : { ...state, kind } };
  }
  const isDue = state.kind === 'behind' || elapsed >= ANCHOR_MS;
  if (isDue) return { now: wall, off, state: { kind: 'right', wall, mono } };
  return { now: wall, off, state: state.kind === 'right' ? state : { ...state, kind: 'right' } };
}

export function clockFault({ kind }: ClockState): ClockFault | undefined {
  switch (kind) {
    case 'right':
      return undefined;
    case 'leapt':
      return 'CLOCK_LEAPT';
    case 'behind':
      return 'CLOCK_BEHIND_LEDGER';
  }
}
