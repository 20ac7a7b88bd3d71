import type { MonoMs } from '#protocol/kernel/time.js';

/** The device's clock. It leaves out the operating system's calendar, which may be years wrong on a box without a battery. */
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
