/** The printer conversation's state, and all its limits and times. */
import type { MonoMs } from '#protocol/kernel/time.js';
import type { PaperState, PrinterEffect, PrintJob } from './printer.js';
import type { Answers, Question } from './status.js';

/**
 * An answer takes some 3 ms on the line at 9600 Bd plus tens of milliseconds in the firmware; a customer doesn't notice
 * this long.
 */
export const STATUS_ANSWER_MS = 300;
/**
 * How long a printer's "ready" stays valid. The driver queries when a charge begins and again while the card is being read,
 * and a bank answers in a second or two. If the cover opens within this time, the receipt breaks off and a 补打 follows.
 */
export const READY_MS = 5_000;
/** After the last byte, an in-order answer waits for the paper: 20 cm at the slowest 50 mm/s. */
export const PRINT_MARGIN_MS = 4_000;
/** Poll interval for a printer with held jobs, for the counter's screen. */
export const HELD_POLL_MS = 5_000;
/** Half a second on the line at 9600 Bd: small enough that a stuck printer shows in mid-receipt. */
export const CHUNK_BYTES = 512;
/** The port's own deadline is shorter and comes first; this one covers a port that never answers. */
export const WRITE_BACKSTOP_MS = 15_000;
/** A day without paper at a busy counter, some 2 MB. Further jobs are refused as `queue-full`; the journal still has them. */
export const MAX_JOBS = 500;
/** Ids kept to recognise a repeated job; a till's retry comes within minutes. */
export const REMEMBERED_IDS = 2_000;
/** Longest padding after a broken job: no receipt's picture is larger. */
export const RESYNC_MAX = 8_192;
/** For a printer that draws the QR code itself, the longest command is the one with the code's text. */
export const RESYNC_NATIVE = 512;

export interface Entry {
  readonly job: PrintJob;
  /** A person sent `resume` while this job waited. */
  readonly insisted: boolean;
  /** The job has been reported as held. */
  readonly told: boolean;
}

export type Purpose =
  | { readonly kind: 'look' }
  /** Ahead of a job that is expected soon. */
  | { readonly kind: 'ahead' }
  | { readonly kind: 'before'; readonly entry: Entry }
  | { readonly kind: 'after'; readonly entry: Entry };

export type Phase =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'asking';
      readonly purpose: Purpose;
      readonly question: Question;
      readonly answers: Answers;
      readonly attempt: number;
      readonly since: MonoMs;
      readonly deadline: MonoMs;
    }
  | {
      readonly kind: 'sending';
      readonly entry: Entry;
      readonly stream: Uint8Array;
      readonly sent: number;
      readonly deadline: MonoMs;
    };

export interface EscposState {
  readonly link: boolean;
  readonly phase: Phase;
  /** Jobs that print without a person's action, in order. */
  readonly queue: readonly Entry[];
  /** Held until `resume` or `drop`. */
  readonly waiting: readonly Entry[];
  readonly known: readonly string[];
  readonly paper: PaperState;
  /** Until then the printer's last "ready" is valid, and a job starts without another query. */
  readonly readyUntil: MonoMs | undefined;
  /** The printer has answered a query since this program started. */
  readonly spoke: boolean;
  /** The last job broke off: an automatic reprint would break off too, again and again. */
  readonly troubled: boolean;
  /** Padding bytes still to send: a command cut off in the middle would swallow the next job's first bytes. */
  readonly resync: number;
  /** Writes that the port hasn't confirmed yet, oldest first. */
  readonly unwritten: readonly ('status' | 'job')[];
  /** An incomplete status frame. */
  readonly partial: Uint8Array;
  readonly pollAt: MonoMs | undefined;
}

/** One step in progress: the next state, mutable, and the effects so far. */
export type PrinterStep = { -readonly [Key in keyof EscposState]: EscposState[Key] } & {
  readonly effects: PrinterEffect[];
};
