import type { Instant, MonoMs } from './time.js';

/** What a step of a machine gives back: where it stands now, and what it wants done, in order. */
export interface Step<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/**
 * The shape of every conversation in this project. A machine does no I/O and reads no clock: time comes in with the
 * input, and `wakeAt` says when it wants a `{ kind: 'wake' }` input next.
 */
export interface Machine<State, Input, Effect> {
  readonly initial: State;
  step(state: State, input: Input, at: Instant): Step<State, Effect>;
  wakeAt(state: State): MonoMs | undefined;
}

/** For switches over a union: the compiler complains where a case is missing, and a value from outside can't slip by. */
export function unreachable(value: never): never {
  throw new Error(`not a case that exists: ${JSON.stringify(value)}`);
}
