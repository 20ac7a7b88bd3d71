import type { Millis, MonoMs, WallMs } from '#protocol/kernel/time.js';

/** The gateway's clock, which decides. A simulated world provides its own. */
export interface Clock {
  now(): WallMs;
  /**
   * A monotonic clock that also counts the machine's sleep; without one the wall clock is trusted as it is. `exactly`:
   * check for sleep, which takes longer.
   */
  mono?(exactly: boolean): MonoMs;
  /** Calls back after this time; the returned function cancels. */
  wakeAfter(after: Millis, ring: () => void): () => void;
}
