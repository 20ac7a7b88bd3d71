import type { Interval, MonoMs } from '#protocol/time.js';

export interface Clock {
  /** Never jumps; starts anywhere. */
  mono(): MonoMs;
  /** The operating system's calendar time, right or wrong: one ingredient of the interval, never trusted alone. */
  wall(): Interval['earliest'];
  /** Calls back at or after `at`; the returned function cancels. */
  alarm(at: MonoMs, ring: () => void): () => void;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** n random bytes as lower-case hex. */
  hex(bytes: number): string;
}
