import type { Millis, WallMs } from '#protocol/time.js';

/** The gateway's clock decides; a simulated world hands in its own. */
export interface Clock {
  now(): WallMs;
  /** Calls back after so long; the returned function cancels. */
  alarm(after: Millis, ring: () => void): () => void;
}
