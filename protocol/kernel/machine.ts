import type { Instant, MonoMs } from './time.js';

/** The result of one step: the next state, and the effects to perform, in order. */
export interface Step<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/**
 * The shape of every conversation in this project. A machine does no I/O and reads no clock: time comes in with the input,
 * and `wakeAt` says when it needs the next `{ kind: 'wake' }` input.
 */
export interface Machine<State, Input, Effect> {
  readonly initial: State;
  step(state: State, input: Input, at: Instant): Step<State, Effect>;
  wakeAt(state: State): MonoMs | undefined;
}

/** Makes a switch over a union exhaustive: a missing case doesn't compile, and an unknown value throws at run time. */
export function unreachable(value: never): never {
  throw new Error(`not a case that exists: ${JSON.stringify(value)}`);
}
