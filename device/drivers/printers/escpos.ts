/**
 * The conversation with a receipt printer: ask how it is, send one job, ask again, and say honestly what became of it.
 *
 * The rules
 * - A job is begun at most once. What breaks off after its first byte is `broken`; a later copy is another job.
 * - Nothing is begun while the printer says that it can't print: the job is `held`, and so are all behind it. Held jobs
 *   wait until a person says `resume`, so that new paper doesn't bring yesterday's receipts. A job that arrives while
 *   nothing waits prints by itself.
 * - It is asked ahead where a job is expected (`look`), and what it said is believed for READY_MS: two questions and their
 *   answers are 20 ms or more that a customer would wait for at the first line of the receipt.
 * - No answer is unknown, not ok: such a job is `unconfirmed` at best. A printer that has answered before and falls
 *   silent is taken for switched off, unless a person has said `resume`.
 *
 *   state    | input                       | next
 *   idle     | print                       | asking before (ready, or status none: sending); held if something waits or no link
 *   idle     | link-up; poll while held    | asking look
 *   idle     | look                        | asking ahead, unless it has just been asked
 *   asking   | answers complete            | look: idle · ahead: idle, and ready if it can print
 *            |                             | before: sending or held · after: printed or broken
 *   asking   | silence, twice              | look, ahead: idle · before: sending, or held · after: unconfirmed
 *   asking   | write fault, link lost      | look, ahead: idle · before: held offline · after: broken
 *   sending  | chunk written               | sending, at the end asking after (status none: unconfirmed)
 *   sending  | write fault, stuck, link lost | broken
 *   any      | print of a known id         | as it was: one id is one job
 */

import { type Step, unreachable } from '#protocol/machine.js';
import type { Instant, MonoMs } from '#protocol/time.js';
import { later } from '#protocol/time.js';
import { drop, holdAll, holdBack, resume, take } from './escpos-jobs.js';
import {
  CHUNK_BYTES,
  type Entry,
  type EscposState,
  HELD_POLL_MS,
  type Phase,
  PRINT_MARGIN_MS,
  type Purpose,
  READY_MS,
  RESYNC_MAX,
  RESYNC_NATIVE,
  STATUS_ANSWER_MS,
  type Turn,
  WRITE_BACKSTOP_MS,
} from './escpos-state.js';
import type { PaperState, PrinterEffect, PrinterInput, PrinterMachine, PrinterModel } from './printer.js';
import {
  type Answers,
  FIRST_QUESTION,
  feedAsb,
  feedDleEot,
  nextQuestion,
  type PrinterStatus,
  plausible,
  readAnswers,
  readAsb,
  SILENCE,
} from './status.js';

export interface PrinterOptions {
  /** The port's speed where it isn't the model's own. */
  readonly baudRate?: number;
  /**
   * An earlier life of the agent may have ended within a command: the printer still waits for the rest of it, and would
   * take the beginning of the first receipt for that.
   */
  readonly mayBeTorn?: boolean;
}

const EMPTY = new Uint8Array(0);
const IDLE: Phase = { kind: 'idle' };

export function createPrinter(model: PrinterModel, options: PrinterOptions = {}): PrinterMachine<EscposState> {
  const baudRate = options.baudRate ?? model.baudRate;
  return {
    initial: {
      link: false,
      phase: IDLE,
      queue: [],
      waiting: [],
      known: [],
      paper: 'unknown',
      readyUntil: undefined,
      spoke: false,
      troubled: false,
      resync: options.mayBeTorn === true ? (model.qr === 'raster' ? RESYNC_MAX : RESYNC_NATIVE) : 0,
      unwritten: [],
      partial: EMPTY,
      pollAt: undefined,
    },
    step(state, input, at): Step<EscposState, PrinterEffect> {
      const turn: Turn = { ...state, effects: [] };
      const now = at.mono;
      hear(turn, input, now, { model, baudRate });
      proceed(turn, now, model);
      keepPolling(turn, now, model);
      const { effects, ...next } = turn;
      return { state: next, effects };
    },
    wakeAt: (state) => (state.phase.kind === 'idle' ? state.pollAt : state.phase.deadline),
  };
}

interface Printer {
  readonly model: PrinterModel;
  readonly baudRate: number;
}

function hear(turn: Turn, input: PrinterInput, now: Instant['mono'], printer: Printer): void {
  switch (input.kind) {
    case 'link-up':
      breakLink(turn, 'the port was opened anew');
      turn.link = true;
      if (printer.model.status !== 'none') ask(turn, { kind: 'look' }, now, printer.model);
      return;
    case 'link-lost':
      breakLink(turn, input.why);
      return;
    case 'bytes':
      hearBytes(turn, input.bytes, now, printer.model);
      return;
    case 'written':
      hearWritten(turn, input.fault, now, printer);
      return;
    case 'look':
      lookAhead(turn, now, printer.model);
      return;
    case 'print':
      take(turn, input.job);
      return;
    case 'resume':
      resume(turn);
      return;
    case 'drop':
      drop(turn, input.job);
      return;
    case 'wake':
      wake(turn, now, printer.model);
      return;
    default:
      unreachable(input);
  }
}

// -- asking

/** Not while anything else goes on, and not again while the last answer is half as old as it may get. */
function lookAhead(turn: Turn, now: MonoMs, model: PrinterModel): void {
  const isFree = turn.link && turn.phase.kind === 'idle' && turn.queue.length === 0 && turn.unwritten.length === 0;
  const isFresh = turn.readyUntil !== undefined && later(now, READY_MS / 2) <= turn.readyUntil;
  if (model.status !== 'none' && isFree && !isFresh) ask(turn, { kind: 'ahead' }, now, model);
}

function ask(turn: Turn, purpose: Purpose, now: MonoMs, model: PrinterModel, waitMs = STATUS_ANSWER_MS): void {
  put(turn, { purpose, question: FIRST_QUESTION, answers: {}, attempt: 1, since: now }, later(now, waitMs), model);
}

function put(
  turn: Turn,
  asking: Omit<Extract<Phase, { kind: 'asking' }>, 'kind' | 'deadline'>,
  deadline: MonoMs,
  model: PrinterModel,
): void {
  turn.phase = { kind: 'asking', ...asking, deadline };
  // GS a 14: tell of online, error and paper changes; the present state comes at once. DLE EOT n: one byte, in real time.
  const bytes = model.status === 'asb' ? [0x1d, 0x61, 0x0e] : [0x10, 0x04, asking.question];
  write(turn, Uint8Array.from(bytes), 'status');
}

function write(turn: Turn, bytes: Uint8Array, what: 'status' | 'job'): void {
  turn.unwritten = [...turn.unwritten, what];
  turn.effects.push({ kind: 'write', bytes });
}

function hearBytes(turn: Turn, bytes: Uint8Array, now: MonoMs, model: PrinterModel): void {
  if (!turn.link) return;
  switch (model.status) {
    case 'none':
      noise(turn, [...bytes]);
      return;
    case 'dle-eot': {
      const { frames, noise: junk } = feedDleEot(bytes);
      noise(turn, junk);
      for (const frame of frames) hearAnswer(turn, frame[0] ?? 0, now, model);
      return;
    }
    case 'asb': {
      const { frames, rest, noise: junk } = feedAsb(turn.partial, bytes);
      turn.partial = rest;
      noise(turn, junk);
      for (const frame of frames) {
        turn.spoke = true;
        const status = readAsb(frame);
        if (turn.phase.kind === 'asking') conclude(turn, status, now);
        else {
          setPaper(turn, status.paper);
          if (status.hindrance !== undefined) turn.readyUntil = undefined;
        }
      }
      return;
    }
    default:
      unreachable(model.status);
  }
}

function noise(turn: Turn, bytes: readonly number[]): void {
  if (bytes.length === 0) return;
  const shown = bytes.slice(0, 16).map((byte) => byte.toString(16).padStart(2, '0'));
  turn.effects.push({
    kind: 'noise',
    code: 'PRINTER_NOISE',
    what: `${bytes.length} bytes that are no status: ${shown.join(' ')}`,
  });
}

function hearAnswer(turn: Turn, byte: number, now: MonoMs, model: PrinterModel): void {
  const { phase } = turn;
  // Late or doubled answers: nobody asked, and the byte doesn't say what it answers.
  if (phase.kind !== 'asking' || !plausible(phase.question, byte)) {
    noise(turn, [byte]);
    return;
  }
  turn.spoke = true;
  const answers: Answers = { ...phase.answers, [phase.question]: byte };
  const question = nextQuestion(phase.question, answers);
  if (question === undefined) conclude(turn, readAnswers(answers), now);
  else put(turn, { ...phase, question, answers, attempt: 1 }, later(now, STATUS_ANSWER_MS), model);
}

/** The questions are over: by their answers, or by silence. */
function conclude(turn: Turn, status: PrinterStatus, now: MonoMs): void {
  const { phase } = turn;
  if (phase.kind !== 'asking') return;
  const { purpose } = phase;
  turn.phase = IDLE;
  setPaper(turn, status.paper);
  switch (purpose.kind) {
    case 'look':
      return;
    case 'ahead':
      if (status !== SILENCE && status.hindrance === undefined) turn.readyUntil = later(now, READY_MS);
      return;
    case 'before': {
      tellFault(turn, status);
      const { entry } = purpose;
      const fellSilent = status === SILENCE && turn.spoke && !entry.insisted;
      const hindrance = fellSilent ? 'offline' : status.hindrance;
      if (hindrance === undefined) startSending(turn, entry);
      else holdAll(turn, entry, hindrance);
      return;
    }
    case 'after':
      tellFault(turn, status);
      if (status.hindrance !== undefined) broken(turn, purpose.entry, `after sending: ${status.hindrance}`);
      else done(turn, purpose.entry, status === SILENCE ? 'unconfirmed' : 'printed');
      return;
    default:
      unreachable(purpose);
  }
}

function tellFault(turn: Turn, { fault }: PrinterStatus): void {
  if (fault !== undefined) turn.effects.push({ kind: 'noise', code: fault, what: 'the printer reports a fault' });
}

function setPaper(turn: Turn, paper: PaperState): void {
  if (paper === turn.paper) return;
  turn.paper = paper;
  turn.effects.push({ kind: 'paper', paper });
}

// -- sending

/** From here on the job counts as begun. The deadline is set by `proceed`, which writes the first chunk. */
function startSending(turn: Turn, entry: Entry): void {
  turn.readyUntil = undefined;
  const stream = new Uint8Array(turn.resync + entry.job.bytes.length);
  stream.set(entry.job.bytes, turn.resync);
  // NUL is nothing to a printer that listens, and harmless data to one that still waits for the rest of a picture.
  turn.phase = { kind: 'sending', entry, stream, sent: 0, deadline: NOT_YET };
}

const NOT_YET = Number.NEGATIVE_INFINITY as MonoMs;

function hearWritten(turn: Turn, fault: string | undefined, now: MonoMs, { model, baudRate }: Printer): void {
  const [what, ...others] = turn.unwritten;
  turn.unwritten = others;
  const { phase } = turn;
  if (what === 'job' && phase.kind === 'sending') {
    const sent = Math.min(phase.sent + CHUNK_BYTES, phase.stream.length);
    if (fault !== undefined) broken(turn, phase.entry, fault);
    else if (sent < phase.stream.length) turn.phase = { ...phase, sent, deadline: NOT_YET };
    else sentAll(turn, phase.entry, now, model, (phase.stream.length * BITS_PER_BYTE * 1000) / baudRate);
  } else if (what === 'status' && fault !== undefined && phase.kind === 'asking') {
    giveUpAsking(turn, phase.purpose, fault);
  }
}

/** Start bit, eight data bits, stop bit. */
const BITS_PER_BYTE = 10;

function sentAll(turn: Turn, entry: Entry, now: MonoMs, model: PrinterModel, lineMs: number): void {
  turn.resync = 0;
  if (model.status === 'none') done(turn, entry, 'unconfirmed');
  // `written` may mean no more than that the operating system has the bytes: the whole job may still be on the line.
  else ask(turn, { kind: 'after', entry }, now, model, lineMs + PRINT_MARGIN_MS);
}

function done(turn: Turn, entry: Entry, outcome: 'printed' | 'unconfirmed'): void {
  turn.phase = IDLE;
  turn.troubled = false;
  turn.effects.push({ kind: 'done', job: entry.job, outcome });
}

function broken(turn: Turn, entry: Entry, why: string): void {
  if (turn.phase.kind === 'sending') turn.resync = Math.min(RESYNC_MAX, turn.phase.stream.length);
  turn.phase = IDLE;
  turn.troubled = true;
  turn.effects.push({ kind: 'broken', job: entry.job, why });
}

// -- what goes wrong

function breakLink(turn: Turn, why: string): void {
  const { phase } = turn;
  turn.link = false;
  turn.unwritten = [];
  turn.partial = EMPTY;
  turn.readyUntil = undefined;
  setPaper(turn, 'unknown');
  if (phase.kind === 'sending') broken(turn, phase.entry, why);
  else if (phase.kind === 'asking') giveUpAsking(turn, phase.purpose, why);
  if (turn.queue.length > 0) {
    const entries = turn.queue;
    turn.queue = [];
    holdBack(turn, entries, 'offline');
  }
}

/** The question couldn't even be sent. */
function giveUpAsking(turn: Turn, purpose: Purpose, why: string): void {
  turn.phase = IDLE;
  setPaper(turn, 'unknown');
  switch (purpose.kind) {
    case 'look':
    case 'ahead':
      return;
    case 'before':
      holdAll(turn, purpose.entry, 'offline');
      return;
    case 'after':
      broken(turn, purpose.entry, why);
      return;
    default:
      unreachable(purpose);
  }
}

// -- time

function wake(turn: Turn, now: MonoMs, model: PrinterModel): void {
  const { phase } = turn;
  switch (phase.kind) {
    case 'idle':
      if (turn.pollAt !== undefined && now >= turn.pollAt) ask(turn, { kind: 'look' }, now, model);
      return;
    case 'sending':
      if (now >= phase.deadline) broken(turn, phase.entry, 'the port no longer answers');
      return;
    case 'asking':
      if (now >= phase.deadline) unanswered(turn, phase, now, model);
      return;
    default:
      unreachable(phase);
  }
}

function unanswered(turn: Turn, phase: Extract<Phase, { kind: 'asking' }>, now: MonoMs, model: PrinterModel): void {
  if (turn.unwritten.length > 0) {
    // Not silence yet: the question itself is still stuck in the port.
    if (now >= later(phase.since, WRITE_BACKSTOP_MS)) giveUpAsking(turn, phase.purpose, 'the port no longer answers');
    else turn.phase = { ...phase, deadline: later(now, STATUS_ANSWER_MS) };
    return;
  }
  // A printer that is known to speak is asked twice: a byte may have been lost. Part of the answers is no answer.
  if (turn.spoke && phase.attempt === 1) {
    put(turn, { ...phase, attempt: 2 }, later(now, STATUS_ANSWER_MS), model);
  } else {
    conclude(turn, SILENCE, now);
  }
}

/** Whatever can go on without further input does: the next job, the next chunk. */
function proceed(turn: Turn, now: MonoMs, model: PrinterModel): void {
  const [next, ...others] = turn.queue;
  if (turn.phase.kind === 'idle' && turn.link && next !== undefined) {
    turn.queue = others;
    const isReady = turn.readyUntil !== undefined && now <= turn.readyUntil;
    if (model.status === 'none' || isReady) startSending(turn, next);
    else ask(turn, { kind: 'before', entry: next }, now, model);
  }
  if (turn.phase.kind === 'sending' && turn.phase.deadline === NOT_YET) {
    const { stream, sent } = turn.phase;
    turn.phase = { ...turn.phase, deadline: later(now, WRITE_BACKSTOP_MS) };
    write(turn, stream.slice(sent, sent + CHUNK_BYTES), 'job');
  }
}

function keepPolling(turn: Turn, now: MonoMs, model: PrinterModel): void {
  const wanted =
    turn.phase.kind === 'idle' &&
    turn.link &&
    turn.waiting.length > 0 &&
    model.status === 'dle-eot' && // ASB tells by itself
    turn.unwritten.length === 0;
  if (!wanted) turn.pollAt = undefined;
  else turn.pollAt ??= later(now, HELD_POLL_MS);
}
