import type { MonoMs } from '#protocol/kernel/time.js';

/** The operating system's calendar is not among what a counter asks: on a box without a battery it may be years wrong. */
export interface Clock {
  /** Never jumps; starts anywhere. */
  mono(): MonoMs;
  /** Calls back at or after `at`; the returned function cancels. */
  wakeAt(at: MonoMs, ring: () => void): () => void;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** n random bytes as lower-case hex. */
  hex(bytes: number): string;
}
