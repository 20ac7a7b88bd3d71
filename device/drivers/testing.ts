/** For tests of machines only: a driver on a bench, with a clock that moves when told to. */
import type { Machine } from '#protocol/machine.js';
import { type Instant, type MonoMs, monoMs } from '#protocol/time.js';

/** Runs a machine as a loop would: inputs in order, wakes at the times it asks for. */
export class Bench<State, Input, Effect> {
  state: State;
  now = 1_000;
  readonly effects: Effect[] = [];

  constructor(
    readonly machine: Machine<State, Input, Effect>,
    readonly wakeInput: Input,
  ) {
    this.state = machine.initial;
  }

  private get at(): Instant {
    return { mono: monoMs(this.now), wall: undefined };
  }

  /** Steps once; returns what this step wanted done. */
  put(input: Input): readonly Effect[] {
    const { state, effects } = this.machine.step(this.state, input, this.at);
    this.state = state;
    this.effects.push(...effects);
    return effects;
  }

  /** Lets time pass, waking the machine whenever it asked to be; returns what it wanted done meanwhile. */
  pass(ms: number): readonly Effect[] {
    const from = this.effects.length;
    const until = this.now + ms;
    for (let wakes = 0; ; wakes++) {
      const due: MonoMs | undefined = this.machine.wakeAt(this.state);
      if (due === undefined || due > until) break;
      if (wakes > 10_000) throw new Error('the machine wants waking without end');
      this.now = Math.max(this.now, due);
      this.put(this.wakeInput);
    }
    this.now = until;
    return this.effects.slice(from);
  }
}

/** All ways to cut the bytes in two, and the way that hands them over one by one. */
export function cuts(bytes: Uint8Array): Uint8Array[][] {
  const ways: Uint8Array[][] = [[bytes], [...bytes].map((byte) => Uint8Array.of(byte))];
  for (let at = 1; at < bytes.length; at++) ways.push([bytes.slice(0, at), bytes.slice(at)]);
  return ways;
}

/** Cuts the bytes at the given places, in any order and with repeats. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  const edges = [0, ...sorted, bytes.length];
  return edges.slice(1).map((end, i) => bytes.slice(edges[i], end));
}
