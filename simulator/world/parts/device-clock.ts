/**
 * A box's clocks. The monotonic one starts anywhere at each boot and runs a little fast or slow; the calendar one shows
 * 1970 after a boot, or whatever somebody set it to.
 */
import type { Clock } from '#device/ports/clock.js';
import { type MonoMs, monoMs, type WallMs, wallMs } from '#protocol/kernel/time.js';
import type { Life } from '../life.js';
import type { Scheduler } from './scheduler.js';

export class VirtualDeviceClock {
  readonly #scheduler: Scheduler;
  /** Ticks per true tick. */
  readonly #rate: number;
  readonly #bootedAt: number;
  readonly #base: number;
  /** What the operating system's calendar is away from the truth, in ms. */
  wallError: number;

  constructor(options: {
    readonly scheduler: Scheduler;
    readonly driftPpm: number;
    readonly base: number;
    readonly wallError: number;
  }) {
    this.#scheduler = options.scheduler;
    this.#rate = 1 + options.driftPpm / 1_000_000;
    this.#bootedAt = options.scheduler.now;
    this.#base = options.base;
    this.wallError = options.wallError;
  }

  mono(): MonoMs {
    return monoMs(this.#base + Math.floor((this.#scheduler.now - this.#bootedAt) * this.#rate));
  }

  /** True time at which the monotonic clock first shows at least this. */
  trueTimeOf(at: MonoMs): number {
    let time = this.#bootedAt + Math.ceil((at - this.#base) / this.#rate);
    while (this.#base + Math.floor((time - this.#bootedAt) * this.#rate) < at) time += 1;
    return time;
  }

  /** The port of one process, and the calendar that the operating system shows beside it. */
  port(life: Life): Clock & { wall(): WallMs } {
    return {
      mono: () => this.mono(),
      wall: () => wallMs(this.#scheduler.now + this.wallError),
      wakeAt: (at, ring) => this.#scheduler.at(this.trueTimeOf(at), () => life.enter(ring)),
    };
  }
}
