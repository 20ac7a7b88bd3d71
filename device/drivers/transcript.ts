/**
 * A transcript: a driver's inputs, in order, and its expected effects.
 *
 * Each driver carries some as its examples, so that a new driver is tested before it has a test of its own: the suites play
 * them whole and cut at every byte.
 */

/** Time passes; the machine is woken at each `wakeAt`. */
export interface Pass {
  readonly kind: 'pass';
  readonly ms: number;
}

export interface Transcript<Input, Effect> {
  /** The behaviour shown, as the end of a sentence. */
  readonly shows: string;
  readonly told: readonly (Input | Pass)[];
  /** All effects, in order. Texts for people (`what`, `why`) may be left out. */
  readonly does: readonly Brief<Effect>[];
}

type Brief<Effect> = Effect extends object ? Omit<Effect, 'what' | 'why'> : Effect;

/** At least one: a driver without an example doesn't compile. */
export type Examples<Example> = readonly [Example, ...Example[]];
