/**
 * What every virtual device has in common: bytes on a wire that can go wrong. A device is a pure machine (bytes, knobs
 * and time in; bytes and events out), so the same fake runs behind a pseudo-terminal in real time and in a simulated
 * world on a virtual clock. It shares no framing with the drivers it stands against.
 *
 * Faults are laid on named frames ("lose the next RSLT", "hear the next SALE with a bit flipped"), because a defect is
 * only worth playing at the moment where it hurts.
 */
import type { MonoMs } from '#protocol/kernel/time.js';
import { later } from '#protocol/kernel/time.js';

/** What goes wrong with one frame. */
export type Mischief =
  /** The whole frame never was. */
  | { readonly kind: 'lose' }
  /** A UART overrun: byte number `at` is missing (counted from 0; negative from the end). */
  | { readonly kind: 'drop-byte'; readonly at: number }
  /** Noise on the line: one bit of byte number `at` is the other way round. */
  | { readonly kind: 'flip-bit'; readonly at: number; readonly bit: number }
  /** Sent twice, as by a sender that missed the acknowledgement. */
  | { readonly kind: 'double' }
  /** Said, but late. Heard frames can't be late. */
  | { readonly kind: 'late'; readonly ms: number }
  /** A loose plug: gone in mid-frame after so many bytes, back by itself after `backAfterMs` (never, where undefined). */
  | { readonly kind: 'unplug-within'; readonly bytes: number; readonly backAfterMs?: number | undefined }
  /** Gone right after the frame went through. */
  | { readonly kind: 'unplug-after'; readonly backAfterMs?: number | undefined }
  /** The device's own power goes right after the frame; its store and the bank go on. */
  | { readonly kind: 'power-cut-after'; readonly backAfterMs: number }
  /** The device refuses what it heard, with this code (CRP/1) or a plain NAK. */
  | { readonly kind: 'nak'; readonly code: string };

export interface WireFault {
  readonly way: 'said' | 'heard';
  /** A frame's name (`RSLT`), a longer one (`RSLT APPROVED`, `ACK SALE`), or `*` for any. */
  readonly frame: string;
  readonly does: Mischief;
  /** How many matching frames pass unharmed before. */
  readonly skip?: number | undefined;
  /** How many it hits; `always` until mended. Once, where undefined. */
  readonly times?: number | 'always' | undefined;
}

/** Inputs that every device understands. `power` off loses everything that isn't in its store. */
export type WireInput =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'wake' }
  | { readonly kind: 'power'; readonly on: boolean }
  | { readonly kind: 'fault'; readonly fault: WireFault }
  | { readonly kind: 'mend' };

export type WireEffect =
  /** One chunk onto the line. */
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** The cable leaves the port; whoever holds the line plugs it back after `backAfterMs`, or waits to be told. */
  | { readonly kind: 'unplug'; readonly backAfterMs: number | undefined }
  /** What happened, for tests and for the log of a scenario. */
  | { readonly kind: 'told'; readonly what: string; readonly frame: string };

/** The faults still to come, and the chunks that are late. Part of every device's volatile state. */
export interface Wire {
  readonly faults: readonly WireFault[];
  readonly late: readonly { readonly at: MonoMs; readonly bytes: Uint8Array }[];
}
export const QUIET_WIRE: Wire = { faults: [], late: [] };

export const addFault = (wire: Wire, fault: WireFault): Wire => ({ ...wire, faults: [...wire.faults, fault] });
export const mend = (wire: Wire): Wire => ({ ...wire, faults: [] });

const names = (fault: WireFault, way: WireFault['way'], frame: string): boolean =>
  fault.way === way && (fault.frame === '*' || frame === fault.frame || frame.startsWith(`${fault.frame} `));

/** Takes the first fault that names this frame, and counts it down. */
function hit(wire: Wire, way: WireFault['way'], frame: string): { wire: Wire; does: Mischief | undefined } {
  const index = wire.faults.findIndex((fault) => names(fault, way, frame));
  const fault = wire.faults[index];
  if (fault === undefined) return { wire, does: undefined };
  const skip = fault.skip ?? 0;
  const times = fault.times ?? 1;
  const next: WireFault | undefined =
    skip > 0
      ? { ...fault, skip: skip - 1 }
      : times === 'always'
        ? fault
        : times > 1
          ? { ...fault, times: times - 1 }
          : undefined;
  const faults = [...wire.faults];
  if (next === undefined) faults.splice(index, 1);
  else faults[index] = next;
  return { wire: { ...wire, faults }, does: skip > 0 ? undefined : fault.does };
}

const position = (bytes: Uint8Array, at: number): number => (at < 0 ? bytes.length + at : at);
const without = (bytes: Uint8Array, at: number): Uint8Array => bytes.filter((_, i) => i !== position(bytes, at));
const flipped = (bytes: Uint8Array, at: number, bit: number): Uint8Array =>
  bytes.map((byte, i) => (i === position(bytes, at) ? byte ^ (1 << (bit & 7)) : byte));

export interface Said {
  readonly wire: Wire;
  readonly effects: readonly WireEffect[];
  /** The device's power goes now, for so long. */
  readonly powerCutMs: number | undefined;
}

/** A frame on its way out, with whatever goes wrong with it. */
export function say(before: Wire, frame: string, bytes: Uint8Array, now: MonoMs): Said {
  const { wire, does } = hit(before, 'said', frame);
  const send = (chunk: Uint8Array): WireEffect => ({ kind: 'send', bytes: chunk });
  const said = (effects: readonly WireEffect[], powerCutMs?: number): Said => ({
    wire,
    effects: does === undefined ? effects : [...effects, { kind: 'told', what: does.kind, frame }],
    powerCutMs,
  });
  switch (does?.kind) {
    case undefined:
    case 'nak':
      return said([send(bytes)]);
    case 'lose':
      return said([]);
    case 'drop-byte':
      return said([send(without(bytes, does.at))]);
    case 'flip-bit':
      return said([send(flipped(bytes, does.at, does.bit))]);
    case 'double':
      return said([send(bytes), send(bytes)]);
    case 'late':
      return { ...said([]), wire: { ...wire, late: [...wire.late, { at: later(now, does.ms), bytes }] } };
    case 'unplug-within':
      return said([send(bytes.slice(0, does.bytes)), { kind: 'unplug', backAfterMs: does.backAfterMs }]);
    case 'unplug-after':
      return said([send(bytes), { kind: 'unplug', backAfterMs: does.backAfterMs }]);
    case 'power-cut-after':
      return said([send(bytes)], does.backAfterMs);
  }
}

export interface Heard {
  readonly wire: Wire;
  /** What the device hears of it: nothing, once, twice. */
  readonly frames: readonly Uint8Array[];
  /** Set where the device is to refuse the frame, whatever it says. */
  readonly nak: string | undefined;
  readonly effects: readonly WireEffect[];
}

/** A whole frame as the device is about to check it: damage here is what the line did to the host's bytes. */
export function hear(before: Wire, frame: string, bytes: Uint8Array): Heard {
  const { wire, does } = hit(before, 'heard', frame);
  const heard = (frames: readonly Uint8Array[], nak?: string, more: readonly WireEffect[] = []): Heard => ({
    wire,
    frames,
    nak,
    effects: does === undefined ? [] : [...more, { kind: 'told', what: does.kind, frame }],
  });
  switch (does?.kind) {
    case undefined:
    case 'late':
    case 'power-cut-after':
      return heard([bytes]);
    case 'lose':
      return heard([]);
    case 'drop-byte':
      return heard([without(bytes, does.at)]);
    case 'flip-bit':
      return heard([flipped(bytes, does.at, does.bit)]);
    case 'double':
      return heard([bytes, bytes]);
    case 'unplug-within':
      return heard([], undefined, [{ kind: 'unplug', backAfterMs: does.backAfterMs }]);
    case 'unplug-after':
      return heard([bytes], undefined, [{ kind: 'unplug', backAfterMs: does.backAfterMs }]);
    case 'nak':
      return heard([bytes], does.code);
  }
}

/** The late chunks whose time has come. */
export function due(wire: Wire, now: MonoMs): { wire: Wire; effects: readonly WireEffect[] } {
  if (wire.late.every((chunk) => chunk.at > now)) return { wire, effects: [] };
  return {
    wire: { ...wire, late: wire.late.filter((chunk) => chunk.at > now) },
    effects: wire.late.filter((chunk) => chunk.at <= now).map(({ bytes }) => ({ kind: 'send', bytes })),
  };
}

export const nextLate = (wire: Wire): MonoMs | undefined =>
  wire.late.reduce<MonoMs | undefined>((first, { at }) => (first === undefined || at < first ? at : first), undefined);
