/**
 * The gateway's clock decides about coupons and is signed for counters, so it is watched: against a clock that never jumps,
 * and at the start against the newest commit in the ledger.
 *
 * While the wall clock is wrong, time goes on from where it was right, carried by the other clock: a leap frees no
 * reservation. Nothing is signed meanwhile, and somebody is told.
 *
 * | standing | the wall clock | becomes | the time is |
 * |---|---|---|---|
 * | right, leapt | is where it is expected | right | the wall clock's |
 * | right, leapt | is elsewhere | leapt | as expected |
 * | behind | has not reached the newest commit | behind | the newest commit's, and on from there |
 * | behind | has | right | the wall clock's |
 */
import { type Millis, type MonoMs, type WallMs, wallMs } from '#protocol/kernel/time.js';

/**
 * A step of more is a leap. NTP slews by 1.8 s an hour at the most and steps what is more than 128 ms off, so a well-kept clock
 * stays far below; a lease of 120 s and a presentation of 60 s are hardly touched by so much.
 */
export const LEAP_MS: Millis = 10_000;
/** The clock may wander by a leap in this time, not by many small ones one after the other. */
export const ANCHOR_MS: Millis = 3_600_000;

export type ClockFault = 'CLOCK_LEAPT' | 'CLOCK_BEHIND_LEDGER';

export interface ClockState {
  readonly kind: 'right' | 'leapt' | 'behind';
  /** When both clocks were last compared and found right. */
  readonly wall: WallMs;
  readonly mono: MonoMs;
}

export interface ClockReading {
  readonly now: WallMs;
  readonly state: ClockState;
  /** By how much the wall clock is ahead of what is expected. */
  readonly off: Millis;
}

export interface Clocks {
  readonly wall: WallMs;
  readonly mono: MonoMs;
}

/** `newest`: the time of the newest commit, where there is one. */
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
