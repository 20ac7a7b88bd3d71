/**
 * A transcript: what a driver is told, in order, and what it does about it. Each driver carries some as its examples, so
 * that a new one is tried before it has a test of its own: the suites play them whole and cut at every byte.
 */

/** Time passes; the machine is woken whenever it asked to be. */
export interface Pass {
  readonly kind: 'pass';
  readonly ms: number;
}

export interface Transcript<Input, Effect> {
  /** What it shows, as the end of a sentence. */
  readonly shows: string;
  readonly told: readonly (Input | Pass)[];
  /** All of it, in order. Texts for people (`what`, `why`) may be left out. */
  readonly does: readonly Brief<Effect>[];
}

type Brief<Effect> = Effect extends object ? Omit<Effect, 'what' | 'why'> : Effect;

/** At least one: a driver without an example doesn't compile. */
export type Examples<Example> = readonly [Example, ...Example[]];
