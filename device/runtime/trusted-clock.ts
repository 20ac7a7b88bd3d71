/** The trusted clock: accepts the gateway's signed time, gives every machine the current instant, and stores the anchor. */
import { type Instant, later, type MonoMs, type WallMs } from '#protocol/kernel/time.js';
import { KEEP_TIME_EVERY_MS } from '../core/limits.js';
import { anchored, instantAt, keptAnchor, type TrustedTime } from '../core/trusted-time.js';
import type { Clock } from '../ports/clock.js';
import type { KeyValueStore } from '../ports/key-value-store.js';

export class TrustedClock {
  readonly #clock: Clock;
  readonly #store: KeyValueStore;
  readonly #bootId: string;
  #time: TrustedTime;
  #keptAt: MonoMs | undefined;

  constructor(options: {
    readonly time: TrustedTime;
    readonly clock: Clock;
    readonly store: KeyValueStore;
    readonly bootId: string;
  }) {
    this.#time = options.time;
    this.#clock = options.clock;
    this.#store = options.store;
    this.#bootId = options.bootId;
  }

  readonly now = (): Instant => instantAt(this.#time, this.#clock.mono());

  /** `time`: the gateway's, its signature checked. `askedAt`: the departure time of the request that it answers. */
  anchor(time: WallMs, askedAt: MonoMs): void {
    const now = this.#clock.mono();
    this.#time = anchored(this.#time, { time, askedAt, heardAt: now });
    if (this.#keptAt !== undefined && now < later(this.#keptAt, KEEP_TIME_EVERY_MS)) return;
    this.#keptAt = now;
    this.#store.save('time', JSON.stringify(keptAnchor(this.#time, this.#bootId)));
  }
}
