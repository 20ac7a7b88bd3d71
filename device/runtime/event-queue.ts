/** The event queue and the machine runner: one event at a time, one timer per machine, effects performed in order. */
import type { Machine } from '#protocol/kernel/machine.js';
import type { Instant, MonoMs } from '#protocol/kernel/time.js';
import type { Clock } from '../ports/clock.js';

/**
 * Runs all events of the device one after another. An effect that causes an input synchronously (an in-memory port, a
 * failed write) enqueues it behind the running step, never inside it.
 */
export class EventQueue {
  readonly #waiting: (() => void)[] = [];
  #running = false;

  enqueue(task: () => void): void {
    this.#waiting.push(task);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next();
    } finally {
      this.#running = false;
    }
  }
}

/** One wake-up on the clock, rescheduled whenever its time changes. */
export class Timer {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #at: MonoMs | undefined;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  set(at: MonoMs | undefined): void {
    if (at === this.#at) return;
    this.#cancel?.();
    this.#at = at;
    this.#cancel =
      at === undefined
        ? undefined
        : this.#clock.wakeAt(at, () => {
            this.#at = undefined;
            this.#cancel = undefined;
            this.#ring();
          });
  }
}

export interface RunningMachine<Input> {
  feed(input: Input): void;
  stop(): void;
}

/** Runs a driver's machine. `wake` is its input at the requested time. */
export function runMachine<State, Input extends { readonly kind: string }, Effect>(options: {
  readonly machine: Machine<State, Input | { readonly kind: 'wake' }, Effect>;
  readonly clock: Clock;
  readonly queue: EventQueue;
  readonly now: () => Instant;
  readonly perform: (effect: Effect) => void;
}): RunningMachine<Input> {
  const { machine, clock, queue, now, perform } = options;
  let state = machine.initial;
  let stopped = false;
  const step = (input: Input | { readonly kind: 'wake' }): void =>
    queue.enqueue(() => {
      if (stopped) return;
      const next = machine.step(state, input, now());
      state = next.state;
      timer.set(machine.wakeAt(state));
      for (const effect of next.effects) perform(effect);
    });
  const timer = new Timer(clock, () => step({ kind: 'wake' }));
  return {
    feed: step,
    stop: () => {
      stopped = true;
      timer.set(undefined);
    },
  };
}
