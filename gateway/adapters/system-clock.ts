/** The operating system's clocks. */
import { uptime } from 'node:os';
import { monoMs, wallMs } from '#protocol/kernel/time.js';
import type { Clock } from '../ports/clock.js';

/**
 * `uptime` counts a machine's sleep, which `performance.now` leaves out. It is read from a file, with a resolution of some
 * hundredths of a second.
 */
const ASLEEP_MS = 1_000;

export function systemClock(): Clock {
  const apart = (): number => uptime() * 1_000 - performance.now();
  const base = apart();
  let slept = 0;
  return {
    now: () => wallMs(Date.now()),
    mono(exactly) {
      if (exactly && apart() - base - slept > ASLEEP_MS) slept = apart() - base;
      return monoMs(performance.now() + slept);
    },
    wakeAfter(after, ring) {
      const timer = setTimeout(ring, after);
      return () => clearTimeout(timer);
    },
  };
}
