/** For tests of machines only: a driver on a bench, with a clock that moves when told to. */

import { latin1Text } from '#device/drivers/bytes.js';
import type { Pass, Transcript } from '#device/drivers/transcript.js';
import type { Machine } from '#protocol/kernel/machine.js';
import { type Instant, type MonoMs, monoMs } from '#protocol/kernel/time.js';

/** Runs a machine as a loop would: inputs in order, wakes at the times it asks for. */
export class DriverBench<State, Input, Effect> {
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

interface Bytes {
  readonly kind: 'bytes';
  readonly bytes: Uint8Array;
}
const isBytes = (input: { readonly kind: string }): input is Bytes =>
  input.kind === 'bytes' && 'bytes' in input && input.bytes instanceof Uint8Array;

/** The same told in other pieces: as it stands, byte by byte, and with each piece cut in two wherever it can be. */
export function cutEverywhere<Input extends { readonly kind: string }>(told: readonly Input[]): Input[][] {
  const inPieces = (at: number, pieces: readonly Uint8Array[]): Input[] =>
    told.flatMap((input, index) => (index === at ? pieces.map((bytes) => ({ ...input, bytes })) : [input]));
  const byteByByte = told.flatMap((input) =>
    isBytes(input) ? [...input.bytes].map((byte) => ({ ...input, bytes: Uint8Array.of(byte) })) : [input],
  );
  return [
    [...told],
    byteByByte,
    ...told.flatMap((input, at) => (isBytes(input) ? cuts(input.bytes).map((pieces) => inPieces(at, pieces)) : [])),
  ];
}

/** Plays a driver's example in every cut; throws where it does something else than it says. */
export function expectTranscript<State, Input extends { readonly kind: string }, Effect extends object>(
  create: () => Machine<State, Input, Effect>,
  { told, does }: Transcript<Input, Effect>,
  expectSame: (did: readonly object[], does: readonly object[]) => void,
): void {
  for (const way of cutEverywhere<Input | Pass>(told)) {
    const bench = new DriverBench<State, Input, Effect>(create(), { kind: 'wake' } as unknown as Input);
    for (const input of way) {
      if (isPass(input)) bench.pass(input.ms);
      else bench.put(input);
    }
    expectSame(bench.effects.map(brief), does.map(brief));
  }
}

const isPass = (input: { readonly kind: string }): input is Pass => input.kind === 'pass';

/** Without the texts for people, which an example need not spell out; bytes as text, so that a difference can be read. */
function brief(effect: object): object {
  return Object.fromEntries(
    Object.entries(effect)
      .filter(([name]) => name !== 'what' && name !== 'why')
      .map(([name, value]) => [name, value instanceof Uint8Array ? latin1Text(value) : value]),
  );
}
