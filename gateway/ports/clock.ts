import type { Millis, MonoMs, WallMs } from '#protocol/kernel/time.js';

/** The gateway's clock decides; a simulated world hands in its own. */
export interface Clock {
  now(): WallMs;
  /**
   * A clock that never jumps and goes on while the machine sleeps; without one the other is trusted as it is. `exactly`: look
   * for such a sleep, which takes longer.
   */
  mono?(exactly: boolean): MonoMs;
  /** Calls back after so long; the returned function cancels. */
  wakeAfter(after: Millis, ring: () => void): () => void;
}
