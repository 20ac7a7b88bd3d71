/**
 * Parses printers' status reports.
 *
 * There are two dialects of ESC/POS: `DLE EOT n`, a real-time query answered with one byte that doesn't name its query; and
 * automatic status back (`GS a`), four bytes at every change. Fixed bits distinguish both from line noise. No answer means
 * "unknown", never "ok".
 */
import type { PaperState } from './printer.js';

/** The reason why nothing can be printed now. */
export type Hindrance = 'paper-out' | 'offline' | 'cover';

export interface PrinterStatus {
  readonly hindrance: Hindrance | undefined;
  readonly paper: PaperState;
  /** A mechanical fault, for the log. */
  readonly fault: 'PRINTER_CUTTER' | 'PRINTER_ERROR' | undefined;
}

/** No answer to a query. */
export const SILENCE: PrinterStatus = { hindrance: undefined, paper: 'unknown', fault: undefined };

export interface Framed {
  readonly frames: readonly Uint8Array[];
  readonly rest: Uint8Array;
  readonly noise: readonly number[];
}

/** Bits 1 and 4 set, 0 and 7 clear (`DLE EOT`): distinguishes an answer from XON, XOFF, ASB and boot noise. */
export function feedDleEot(chunk: Uint8Array): Framed {
  const frames: Uint8Array[] = [];
  const noise: number[] = [];
  for (const byte of chunk) {
    if ((byte & 0b1001_0011) === 0b0001_0010) frames.push(Uint8Array.of(byte));
    else noise.push(byte);
  }
  return { frames, rest: NOTHING, noise };
}

const NOTHING = new Uint8Array(0);
const ASB_BYTES = 4;

/** First byte: bit 4 set, 0, 1 and 7 clear; the other three: bits 4 and 7 clear (Epson, "Automatic Status Back"). */
export function feedAsb(rest: Uint8Array, chunk: Uint8Array): Framed {
  const bytes = Uint8Array.of(...rest, ...chunk);
  const frames: Uint8Array[] = [];
  const noise: number[] = [];
  let start = 0;
  while (start < bytes.length) {
    if (((bytes[start] ?? 0) & 0b1001_0011) !== 0b0001_0000) {
      noise.push(bytes[start] ?? 0);
      start += 1;
      continue;
    }
    let end = start + 1;
    while (end < start + ASB_BYTES && end < bytes.length && ((bytes[end] ?? 0) & 0b1001_0000) === 0) end += 1;
    if (end === start + ASB_BYTES) frames.push(bytes.slice(start, end));
    else if (end === bytes.length)
      break; // the rest of it is still on the line
    else noise.push(...bytes.slice(start, end)); // a frame that lost a byte; the next one begins here
    start = end;
  }
  return { frames, rest: bytes.slice(start), noise };
}

export function readAsb(frame: Uint8Array): PrinterStatus {
  const [printer = 0, errors = 0, paper = 0] = frame;
  const state: PaperState = (paper & 0b1100) !== 0 ? 'out' : (paper & 0b0011) !== 0 ? 'near-end' : 'ok';
  const fault = (errors & 0b1000) !== 0 ? 'PRINTER_CUTTER' : (errors & 0b0110_0100) !== 0 ? 'PRINTER_ERROR' : undefined;
  const cover = (printer & 0b10_0000) !== 0;
  const offline = (printer & 0b1000) !== 0;
  return {
    hindrance: cover ? 'cover' : state === 'out' ? 'paper-out' : offline ? 'offline' : undefined,
    paper: state,
    fault,
  };
}

/** n of `DLE EOT n`: 1 printer, 2 cause of being offline, 3 error, 4 paper. */
export type Question = 1 | 2 | 3 | 4;
/** The answers so far, one byte a query. */
export type Answers = Readonly<Partial<Record<Question, number>>>;

export const FIRST_QUESTION: Question = 1;

/** Online: continue with the paper. Offline: first the cause, and if that is an error, which one. */
export function nextQuestion(asked: Question, answers: Answers): Question | undefined {
  switch (asked) {
    case 1:
      return isOffline(answers) ? 2 : 4;
    case 2:
      return ((answers[2] ?? 0) & 0b100_0000) !== 0 ? 3 : 4;
    case 3:
      return 4;
    case 4:
      return undefined;
  }
}

/** The paper answer holds each sensor twice (bits 2 = 3, 5 = 6), which reveals a flipped bit or another query's answer. */
export const plausible = (question: Question, byte: number): boolean =>
  question !== 4 || (((byte >> 2) ^ (byte >> 3)) & 1) + (((byte >> 5) ^ (byte >> 6)) & 1) === 0;

export function readAnswers(answers: Answers): PrinterStatus {
  const cause = answers[2] ?? 0;
  const error = answers[3] ?? 0;
  const byte = answers[4];
  const paper: PaperState =
    byte === undefined ? 'unknown' : (byte & 0b110_0000) !== 0 ? 'out' : (byte & 0b1100) !== 0 ? 'near-end' : 'ok';
  const fault = (error & 0b1000) !== 0 ? 'PRINTER_CUTTER' : (cause & 0b100_0000) !== 0 ? 'PRINTER_ERROR' : undefined;
  const out = paper === 'out' || (cause & 0b10_0000) !== 0;
  const hindrance = (cause & 0b100) !== 0 ? 'cover' : out ? 'paper-out' : isOffline(answers) ? 'offline' : undefined;
  return { hindrance, paper: out ? 'out' : paper, fault };
}

const isOffline = (answers: Answers): boolean => ((answers[1] ?? 0) & 0b1000) !== 0;
