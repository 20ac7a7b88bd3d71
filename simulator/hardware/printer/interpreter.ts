/**
 * An ESC/POS stream into pieces of paper, written from Epson's public command reference and from what Chinese printers
 * are known to do. It shares no code with the encoder: it is the encoder's judge.
 *
 * `feed` takes the stream in any cuts and gives the same. It never throws and never stops: what it can't understand it
 * lists with offset and bytes, and goes on as a printer does, which prints the parameters of an unknown command as text.
 */
import { chinese, singleByte } from './characters.js';
import { CONTROLS, type Command, FAMILIES, UNKNOWN_SIZED } from './commands.js';
import type { End, PaperDocument, Unknown } from './paper/document.js';
import { draftOf, newPrintMechanism, type PrintMechanism, putCharacter, takePaper } from './paper/print-mechanism.js';
import type { PrinterEvent } from './parameters.js';
import type { VirtualPrinterProfile } from './profile.js';

/**
 * The longest command taken as one piece: two metres of 80 mm raster at 8 dots a millimetre are 1.1 MiB. A length field
 * beyond it is swallowed as a printer swallows it, and listed.
 */
const COMMAND_MAX = 2 * 1024 * 1024;
/** Of a long command, so many bytes are listed. */
const LISTED_MAX = 64;

export interface InterpreterState {
  readonly print: PrintMechanism;
  /** Bytes of a command or character whose end hasn't come. */
  readonly pending: Uint8Array;
  /** Position of `pending[0]` in the stream. */
  readonly offset: number;
  /** Bytes of an oversized command that are still to be swallowed. */
  readonly skip: number;
}

export interface Fed {
  readonly state: InterpreterState;
  readonly events: readonly PrinterEvent[];
  /** What was not taken in because `until` said stop. */
  readonly rest: Uint8Array;
}

export const newInterpreter = (profile: VirtualPrinterProfile): InterpreterState => ({
  print: newPrintMechanism(profile),
  pending: new Uint8Array(0),
  offset: 0,
  skip: 0,
});

/** `until`: stop after the command that caused an event like this, as paper does that runs out. */
export function feed(state: InterpreterState, bytes: Uint8Array, until?: (event: PrinterEvent) => boolean): Fed {
  const all = joined(state.pending, bytes);
  const print = draftOf(state.print);
  const events: PrinterEvent[] = [];
  const emit = (event: PrinterEvent): void => {
    events.push(event);
  };
  let skip = state.skip;
  let index = 0;
  let stopped = false;
  while (index < all.length && !stopped) {
    if (skip > 0) {
      const swallowed = Math.min(skip, all.length - index);
      skip -= swallowed;
      index += swallowed;
      continue;
    }
    const heard = events.length;
    const taken = take(print, all, index, state.offset + index, emit);
    if (taken.kind === 'more') break;
    index += taken.bytes;
    skip = taken.skip ?? 0;
    stopped = until !== undefined && events.slice(heard).some(until);
  }
  const left = all.slice(index);
  return {
    state: { print, pending: stopped ? new Uint8Array(0) : left, offset: state.offset + index, skip },
    events,
    rest: stopped ? left : new Uint8Array(0),
  };
}

/** Takes the paper out as it is. What waits in the line buffer is not on it, and stays. */
export function tear(state: InterpreterState, end: End): { state: InterpreterState; document: PaperDocument } {
  const print = draftOf(state.print);
  const document = takePaper(print, end);
  return { state: { ...state, print }, document };
}

type Taken = { readonly kind: 'more' } | { readonly kind: 'took'; readonly bytes: number; readonly skip?: number };
const MORE: Taken = { kind: 'more' };
const took = (bytes: number): Taken => ({ kind: 'took', bytes });

/** One character or command from `all[index]` on. */
function take(
  print: PrintMechanism,
  all: Uint8Array,
  index: number,
  offset: number,
  emit: (event: PrinterEvent) => void,
): Taken {
  const byte = all[index] ?? 0;
  const refuse = (length: number, why: Unknown['why']): void =>
    emit({ kind: 'unknown', unknown: listed(all.subarray(index, index + length), offset, why) });
  if (byte >= 0x20 && byte !== 0x7f) return character(print, all, index, refuse);
  const found = commandAt(all, index);
  if (found === 'more') return MORE;
  if (found.command === undefined) {
    refuse(found.name, 'unknown');
    return took(found.name);
  }
  const parameters = all.subarray(index + found.name);
  const needed = typeof found.command.takes === 'number' ? found.command.takes : found.command.takes(parameters);
  if (needed > COMMAND_MAX) {
    const here = found.name + parameters.length;
    refuse(here, 'too-long');
    return { kind: 'took', bytes: here, skip: needed - parameters.length };
  }
  if (needed > parameters.length) return MORE;
  const refusal = found.command.run(print, parameters.subarray(0, needed), emit);
  if (refusal !== undefined) refuse(found.name + needed, refusal);
  return took(found.name + needed);
}

function character(
  print: PrintMechanism,
  all: Uint8Array,
  index: number,
  refuse: (length: number, why: Unknown['why']) => void,
): Taken {
  const byte = all[index] ?? 0;
  const { settings, profile } = print;
  if (byte < 0x80 || !settings.chinese) {
    putCharacter(print, singleByte(byte, settings.codePage, settings.country), false);
    return took(1);
  }
  const reading = chinese(all, index, profile.charset);
  if (reading === undefined) return MORE;
  if (!reading.known) refuse(reading.took, 'no-such-character');
  putCharacter(print, reading.text, reading.wide);
  return took(reading.took);
}

/** `name`: how many bytes the command's name has. */
function commandAt(all: Uint8Array, index: number): 'more' | { name: number; command: Command | undefined } {
  const first = all[index] ?? 0;
  const family = FAMILIES[first];
  if (family === undefined) return { name: 1, command: CONTROLS[first] };
  const second = all[index + 1];
  if (second === undefined) return 'more';
  const short = String.fromCharCode(second);
  if (Object.hasOwn(family, short)) return { name: 2, command: family[short] };
  const isLong = short === '(' || Object.keys(family).some((name) => name.length === 2 && name[0] === short);
  if (!isLong) return { name: 2, command: undefined };
  const third = all[index + 2];
  if (third === undefined) return 'more';
  const long = short + String.fromCharCode(third);
  if (Object.hasOwn(family, long)) return { name: 3, command: family[long] };
  return { name: 3, command: short === '(' ? UNKNOWN_SIZED : undefined };
}

export const listed = (bytes: Uint8Array, offset: number, why: Unknown['why']): Unknown => ({
  offset,
  bytes: bytes.slice(0, LISTED_MAX),
  why,
});

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
