/** What the printer's conversation remembers, and every limit and time that it keeps. */
import type { MonoMs } from '#protocol/kernel/time.js';
import type { PaperState, PrinterEffect, PrintJob } from './printer.js';
import type { Answers, Question } from './status.js';

/** An answer takes some 3 ms of line at 9600 Bd and a firmware's few tens of milliseconds; a customer doesn't notice this much. */
export const STATUS_ANSWER_MS = 300;
/**
 * So long a printer's "I can print" is believed. It is asked when a charge begins and again while the card is being read,
 * and a bank answers in a second or two. Who opens the cover within this breaks a receipt off, and gets a 补打.
 */
export const READY_MS = 5_000;
/** Once all is sent, an in-order answer waits for the paper: 20 cm at the slowest 50 mm/s. */
export const PRINT_MARGIN_MS = 4_000;
/** How often a printer that holds jobs is asked whether it can print again, for the counter's screen. */
export const HELD_POLL_MS = 5_000;
/** Half a second of line at 9600 Bd: small enough that a stuck printer shows in mid-receipt. */
export const CHUNK_BYTES = 512;
/** The port's own deadline is shorter and comes first; this one is for a port that forgets to answer at all. */
export const WRITE_BACKSTOP_MS = 15_000;
/** A day without paper at a busy counter, some 2 MB. What comes then is refused as `queue-full`; the journal still has it. */
export const MAX_JOBS = 500;
/** Ids remembered to know a repeated job by; a till's retry comes within minutes. */
export const REMEMBERED_IDS = 2_000;
/** Longest run of padding after a broken job: no receipt's picture is larger. */
export const RESYNC_MAX = 8_192;
/** Where the printer draws the QR code itself, the longest command is the one with its text. */
export const RESYNC_NATIVE = 512;

export interface Entry {
  readonly job: PrintJob;
  /** A person has said `resume` with this job waiting. */
  readonly insisted: boolean;
  /** The job has been reported as held. */
  readonly told: boolean;
}

export type Purpose =
  | { readonly kind: 'look' }
  /** For a job that is expected and not there yet. */
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
  /** To be printed by themselves, one after the other. */
  readonly queue: readonly Entry[];
  /** Held until `resume` or `drop`. */
  readonly waiting: readonly Entry[];
  readonly known: readonly string[];
  readonly paper: PaperState;
  /** It said a moment ago that it can print: a job that comes before then is begun without another question. */
  readonly readyUntil: MonoMs | undefined;
  /** It has answered a question since this program started. */
  readonly spoke: boolean;
  /** The last job broke off: a reprint that follows it by itself would break off too, again and again. */
  readonly troubled: boolean;
  /** Bytes of padding owed: a command cut off in the middle would swallow the next job's first bytes. */
  readonly resync: number;
  /** Writes that the port hasn't answered yet, oldest first. */
  readonly unwritten: readonly ('status' | 'job')[];
  /** The beginning of a status frame. */
  readonly partial: Uint8Array;
  readonly pollAt: MonoMs | undefined;
}

/** One step under way: the next state, written to, and what is to be done. */
export type PrinterStep = { -readonly [Key in keyof EscposState]: EscposState[Key] } & {
  readonly effects: PrinterEffect[];
};
