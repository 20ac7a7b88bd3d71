/**
 * The gateway's clock, checked for leaps (`gateway/core/clock-watch.ts`). The whole gateway uses this clock, so that
 * nothing decides or signs by a clock that has leapt.
 */
import type { Millis, WallMs } from '#protocol/kernel/time.js';
import { type ClockFault, type ClockReading, clockFault, initialClockState, readClock } from '../core/clock-watch.js';
import type { Clock } from '../ports/clock.js';

/** An idle gateway notices a leap within this time. */
const LOOK_EVERY_MS = 1_000;

export interface WatchedClock extends Clock {
  /** undefined: the clock is right and may be signed. */
  readonly fault: ClockFault | undefined;
  stop(): void;
}

export interface ClockWatching {
  /** The time of the newest commit, if there is one. */
  readonly newest: WallMs | undefined;
  /** Called once for each change. `off`: how far the wall clock is ahead of the expected time. */
  changed(fault: ClockFault | undefined, off: Millis): void;
}

export function watchedClock(clock: Clock, { newest, changed }: ClockWatching): WatchedClock {
  const { mono } = clock;
  // A simulated world has one clock and moves it as it likes.
  if (mono === undefined) return { ...clock, fault: undefined, stop: () => undefined };
  const clocks = (exactly: boolean) => ({ wall: clock.now(), mono: mono(exactly) });
  let state = initialClockState(clocks(true), newest);
  let told = clockFault(state);
  if (told !== undefined) changed(told, clock.now() - state.wall);

  function look(): ClockReading {
    const quick = readClock(state, clocks(false));
    // To a clock that stops during sleep, a machine's sleep looks like a leap.
    const reading = quick.state.kind === state.kind ? quick : readClock(state, clocks(true));
    state = reading.state;
    const fault = clockFault(state);
    if (fault !== told) {
      told = fault;
      changed(fault, reading.off);
    }
    return reading;
  }

  let cancel: () => void;
  const lookOn = (): void => {
    look();
    cancel = clock.wakeAfter(LOOK_EVERY_MS, lookOn);
  };
  cancel = clock.wakeAfter(LOOK_EVERY_MS, lookOn);
  return {
    ...clock,
    now: () => look().now,
    get fault() {
      return clockFault(state);
    },
    stop: () => cancel(),
  };
}
