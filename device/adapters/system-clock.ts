/** The operating system's clocks, timers and randomness. */

import { randomBytes, randomInt } from 'node:crypto';
import { monoMs } from '#protocol/kernel/time.js';
import type { Clock, Random } from '../ports/clock.js';

/** Node's timers take 31 bits; a longer wait consists of several. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** The range of one `randomInt` draw. */
const RANDOM_STEPS = 2 ** 48 - 1;

/** `keepsAlive: false`: timers alone don't keep the process running. */
export function systemClock(options: { readonly keepsAlive: boolean } = { keepsAlive: true }): Clock {
  const mono = () => monoMs(Number(process.hrtime.bigint() / 1_000_000n));
  return {
    mono,
    wakeAt: (at, ring) => {
      let timer: NodeJS.Timeout;
      const wait = (): void => {
        timer = setTimeout(fire, Math.min(Math.max(0, at - mono()), LONGEST_TIMER_MS));
        if (!options.keepsAlive) timer.unref();
      };
      // Node rounds down, so a timer may fire a millisecond before its time.
      const fire = (): void => (mono() < at ? wait() : ring());
      wait();
      return () => clearTimeout(timer);
    },
  };
}

export const systemRandom: Random = {
  next: () => randomInt(RANDOM_STEPS) / RANDOM_STEPS,
  hex: (bytes) => randomBytes(bytes).toString('hex'),
};
