/**
 * A virtual receipt printer, whole: the interpreter, the paper, and every way such a printer is known to fail.
 *
 * In words. Bytes go into a receive buffer; questions (`DLE EOT`) are answered as they come in, printing or not. While
 * there is paper, the cover is shut and nothing is stuck, the buffer is printed. A piece of paper is reported when it is
 * cut, ends, or is torn off. When the paper ends in mid-receipt, what is printed is on paper, and the rest follows
 * on the next roll, as on a real one. Power off loses the buffer, the settings and the line that waited.
 */
import type { Machine, Step } from '#protocol/kernel/machine.js';
import { unreachable } from '#protocol/kernel/machine.js';
import type { Instant, MonoMs } from '#protocol/kernel/time.js';
import { earliestWake, later } from '#protocol/kernel/time.js';
import { feed, type InterpreterState, newInterpreter, tear } from './interpreter.js';
import type { End, PaperDocument, Pulse, Unknown } from './paper/document.js';
import type { PrinterEvent } from './parameters.js';
import { PAPER_58, type VirtualPrinterProfile } from './profile.js';
import { asbBytes, type Condition, identityBytes, realTimeQuestions, sensorByte, statusByte } from './status.js';

/** A usual receive buffer. A port without flow control loses what comes beyond it. */
export const BUFFER_BYTES = 64 * 1024;
/** Without a cutter, a person tears the receipt off when the printer has been quiet for so long. */
export const TEAR_OFF_MS = 1000;
/** How often a slow line hands on what has arrived. */
const SLOW_TICK_MS = 10;
/** Start, eight data bits, stop. */
const BITS_A_BYTE = 10;

/** Plain data, so that a scenario file can say them. */
export type PrinterKnob =
  /** Now, or when so many more lines (texts, pictures, feeds) are on paper. */
  | { readonly kind: 'paper-out'; readonly afterLines?: number | undefined }
  | { readonly kind: 'paper-near-end' }
  | { readonly kind: 'paper-in' }
  | { readonly kind: 'cover-open' }
  | { readonly kind: 'cover-closed' }
  | { readonly kind: 'offline'; readonly on: boolean }
  /** Prints, and says nothing, as many cheap printers. */
  | { readonly kind: 'never-answers'; readonly on: boolean }
  /** Takes bytes, answers questions, prints nothing. */
  | { readonly kind: 'stuck'; readonly on: boolean }
  | { readonly kind: 'cutter-jam'; readonly on: boolean }
  | { readonly kind: 'power'; readonly on: boolean }
  | { readonly kind: 'power-cycle' }
  /** Takes bytes in no faster than a line of this speed; undefined: at once. */
  | { readonly kind: 'baud'; readonly baud: number | undefined };

export type VirtualPrinterInput =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'wake' }
  | { readonly kind: 'knob'; readonly knob: PrinterKnob };

export type VirtualPrinterEffect =
  | { readonly kind: 'reply'; readonly bytes: Uint8Array }
  | { readonly kind: 'printed'; readonly document: PaperDocument }
  | { readonly kind: 'drawer'; readonly pulse: Pulse }
  | { readonly kind: 'unknown'; readonly unknown: Unknown }
  /** The buffer was full, or the power off: these many bytes went nowhere. */
  | { readonly kind: 'lost'; readonly bytes: number };

export interface VirtualPrinterState {
  readonly interpreter: InterpreterState;
  /** Sent, and not yet through a slow line; `since`: when its first byte started. */
  readonly line: Uint8Array;
  readonly since: MonoMs | undefined;
  readonly buffer: Uint8Array;
  /** The last two bytes that came in, in which a question may have begun. */
  readonly tail: Uint8Array;
  readonly condition: Condition;
  readonly powered: boolean;
  readonly stuck: boolean;
  readonly mute: boolean;
  readonly baud: number | undefined;
  /** Lines until the paper is out. */
  readonly linesLeft: number | undefined;
  readonly asbMask: number;
  readonly lastAsb: string;
  readonly tearAt: MonoMs | undefined;
}

export type PrinterUnderTest = Machine<VirtualPrinterState, VirtualPrinterInput, VirtualPrinterEffect>;

const NONE = new Uint8Array(0);

export function printerMachine(profile: VirtualPrinterProfile = PAPER_58): PrinterUnderTest {
  return {
    initial: {
      interpreter: newInterpreter(profile),
      line: NONE,
      since: undefined,
      buffer: NONE,
      tail: NONE,
      condition: { paper: 'ok', coverOpen: false, offline: false, cutterJammed: false },
      powered: true,
      stuck: false,
      mute: false,
      baud: undefined,
      linesLeft: undefined,
      asbMask: 0,
      lastAsb: '',
      tearAt: undefined,
    },
    step(state, input, at): Step<VirtualPrinterState, VirtualPrinterEffect> {
      const effects: VirtualPrinterEffect[] = [];
      const put = (effect: VirtualPrinterEffect): void => {
        effects.push(effect);
      };
      const next = print(arrive(take(state, input, at, put), at, put), profile, at, put);
      return { state: reportChange(next, profile, put), effects };
    },
    wakeAt(state) {
      const tick =
        state.since === undefined || state.baud === undefined
          ? undefined
          : later(state.since, tickMs(state, state.baud));
      return earliestWake(tick, state.tearAt);
    },
  };
}

/** The paper that hangs out now, for whoever looks at the printer between two receipts. */
export const paperSoFar = (state: VirtualPrinterState): PaperDocument => tear(state.interpreter, 'open').document;

type Put = (effect: VirtualPrinterEffect) => void;

function take(state: VirtualPrinterState, input: VirtualPrinterInput, at: Instant, put: Put): VirtualPrinterState {
  switch (input.kind) {
    case 'wake':
      return state;
    case 'bytes':
      if (!state.powered) {
        put({ kind: 'lost', bytes: input.bytes.length });
        return state;
      }
      return { ...state, line: joined(state.line, input.bytes), since: state.since ?? at.mono };
    case 'knob':
      return turn(state, input.knob, put);
    default:
      return unreachable(input);
  }
}

function turn(state: VirtualPrinterState, knob: PrinterKnob, put: Put): VirtualPrinterState {
  const { condition } = state;
  switch (knob.kind) {
    case 'paper-out':
      return (knob.afterLines ?? 0) > 0 ? { ...state, linesLeft: knob.afterLines } : runOut(state, put);
    case 'paper-near-end':
      return { ...state, condition: { ...condition, paper: 'near-end' } };
    case 'paper-in':
      return { ...state, linesLeft: undefined, condition: { ...condition, paper: 'ok' } };
    case 'cover-open':
      return { ...state, condition: { ...condition, coverOpen: true } };
    case 'cover-closed':
      return { ...state, condition: { ...condition, coverOpen: false } };
    case 'offline':
      return { ...state, condition: { ...condition, offline: knob.on } };
    case 'cutter-jam':
      return { ...state, condition: { ...condition, cutterJammed: knob.on } };
    case 'never-answers':
      return { ...state, mute: knob.on };
    case 'stuck':
      return { ...state, stuck: knob.on };
    case 'baud':
      return { ...state, baud: knob.baud };
    case 'power':
      return knob.on ? { ...state, powered: true } : powerOff(state, put);
    case 'power-cycle':
      return { ...powerOff(state, put), powered: true };
    default:
      return unreachable(knob);
  }
}

function runOut(state: VirtualPrinterState, put: Put): VirtualPrinterState {
  const out = { ...state, linesLeft: undefined, condition: { ...state.condition, paper: 'out' as const } };
  return tearOff(out, 'paper-out', put);
}

function tearOff(state: VirtualPrinterState, end: End, put: Put): VirtualPrinterState {
  if (state.interpreter.print.items.length === 0) return { ...state, tearAt: undefined };
  const { state: interpreter, document } = tear(state.interpreter, end);
  put({ kind: 'printed', document });
  return { ...state, interpreter, tearAt: undefined };
}

function powerOff(state: VirtualPrinterState, put: Put): VirtualPrinterState {
  const torn = tearOff(state, 'power-off', put);
  const lost = torn.line.length + torn.buffer.length;
  if (lost > 0) put({ kind: 'lost', bytes: lost });
  return {
    ...torn,
    interpreter: newInterpreter(torn.interpreter.print.profile),
    line: NONE,
    since: undefined,
    buffer: NONE,
    tail: NONE,
    powered: false,
    asbMask: 0,
    lastAsb: '',
  };
}

const byteMs = (baud: number): number => (BITS_A_BYTE * 1000) / baud;

const tickMs = (state: VirtualPrinterState, baud: number): number =>
  Math.ceil(Math.max(byteMs(baud), Math.min(SLOW_TICK_MS, state.line.length * byteMs(baud))));

/** What has come through the line by now: answered if it asks, and stored. */
function arrive(state: VirtualPrinterState, at: Instant, put: Put): VirtualPrinterState {
  const { since, line, baud } = state;
  if (since === undefined) return state;
  const through =
    baud === undefined ? line.length : Math.min(line.length, Math.floor((at.mono - since) / byteMs(baud)));
  if (through === 0 && line.length > 0) return state;
  const came = line.subarray(0, through);
  const left = line.slice(through);
  const rest = left.length === 0 || baud === undefined ? undefined : later(since, through * byteMs(baud));
  const { asked, tail } = realTimeQuestions(state.tail, came);
  for (const n of asked) reply(state, statusByte(n, state.condition), put);
  const room = Math.max(0, BUFFER_BYTES - state.buffer.length);
  if (isPrinting(state) || came.length <= room) {
    return { ...state, line: left, since: rest, tail, buffer: joined(state.buffer, came) };
  }
  put({ kind: 'lost', bytes: came.length - room });
  const stored = joined(state.buffer, came.subarray(0, room));
  return { ...state, line: left, since: rest, tail, buffer: stored };
}

const isPrinting = ({ powered, stuck, condition }: VirtualPrinterState): boolean =>
  powered &&
  !stuck &&
  condition.paper !== 'out' &&
  !condition.coverOpen &&
  !condition.offline &&
  !condition.cutterJammed;

function print(state: VirtualPrinterState, profile: VirtualPrinterProfile, at: Instant, put: Put): VirtualPrinterState {
  let now = state;
  const busy = now.buffer.length > 0;
  while (isPrinting(now) && now.buffer.length > 0) {
    let linesLeft = now.linesLeft;
    const fed = feed(now.interpreter, now.buffer, (event) => {
      if (event.kind !== 'paper-moved' || linesLeft === undefined) return false;
      linesLeft -= 1;
      return linesLeft <= 0;
    });
    now = { ...now, interpreter: fed.state, buffer: fed.rest, linesLeft };
    for (const event of fed.events) now = perform(now, event, put);
    if (linesLeft !== undefined && linesLeft <= 0) now = runOut(now, put);
  }
  if (profile.cutter) return now;
  if (busy) {
    const hanging = now.interpreter.print.items.length > 0 && isPrinting(now);
    return { ...now, tearAt: hanging ? later(at.mono, TEAR_OFF_MS) : undefined };
  }
  return now.tearAt !== undefined && at.mono >= now.tearAt ? tearOff(now, 'torn', put) : now;
}

function perform(state: VirtualPrinterState, event: PrinterEvent, put: Put): VirtualPrinterState {
  switch (event.kind) {
    case 'paper-moved':
      return state;
    case 'document':
      put({ kind: 'printed', document: event.document });
      return state;
    case 'pulse':
      put({ kind: 'drawer', pulse: event.pulse });
      return state;
    case 'unknown':
      put({ kind: 'unknown', unknown: event.unknown });
      return state;
    case 'asked':
      if (event.what === 'sensor') reply(state, sensorByte(event.n, state.condition), put);
      else reply(state, identityBytes(event.n), put);
      return state;
    case 'asb':
      // The manual: switching it on is answered with the state as it is.
      return { ...state, asbMask: event.mask, lastAsb: '' };
    default:
      return unreachable(event);
  }
}

function reply(state: VirtualPrinterState, answer: number | Uint8Array | undefined, put: Put): void {
  if (answer === undefined || !mayAnswer(state)) return;
  put({ kind: 'reply', bytes: typeof answer === 'number' ? Uint8Array.of(answer) : answer });
}

const mayAnswer = (state: VirtualPrinterState): boolean =>
  state.powered && !state.mute && state.interpreter.print.profile.status !== 'none';

function reportChange(state: VirtualPrinterState, profile: VirtualPrinterProfile, put: Put): VirtualPrinterState {
  if (profile.status !== 'asb' || state.asbMask === 0 || !mayAnswer(state)) return state;
  const bytes = asbBytes(state.condition);
  if (bytes.join() === state.lastAsb) return state;
  put({ kind: 'reply', bytes });
  return { ...state, lastAsb: bytes.join() };
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
