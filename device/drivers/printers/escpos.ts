/**
 * The conversation with a receipt printer: query its status, send one job, query again, and report the outcome honestly.
 *
 * Rules
 * - A job starts at most once. A job that breaks off after its first byte is `broken`; a later copy is another job.
 * - Nothing starts while the printer reports that it can't print: the job is `held`, and so are all behind it. Held jobs
 * wait until a person sends `resume`, so that new paper doesn't print yesterday's receipts. A job that arrives while
 * nothing waits prints by itself.
 * - The driver queries ahead when a job is expected (`look`), and the answer is valid for READY_MS. Two queries and their
 * answers take 20 ms or more, which a customer would otherwise wait for at the first line of the receipt.
 * - No answer means unknown, not ok: such a job is `unconfirmed` at best. A printer that has answered before and falls
 * silent counts as switched off, unless a person has sent `resume`.
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
 *   any      | print of a known id         | unchanged: one id is one job
 */

import { type Step, unreachable } from '#protocol/kernel/machine.js';
import type { Instant, MonoMs } from '#protocol/kernel/time.js';
import { later } from '#protocol/kernel/time.js';
import { drop, enqueueJob, holdAll, holdBack, resume } from './escpos-jobs.js';
import {
  CHUNK_BYTES,
  type Entry,
  type EscposState,
  HELD_POLL_MS,
  type Phase,
  PRINT_MARGIN_MS,
  type PrinterStep,
  type Purpose,
  READY_MS,
  RESYNC_MAX,
  RESYNC_NATIVE,
  STATUS_ANSWER_MS,
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
  /** The port's speed where it differs from the model's default. */
  readonly baudRate?: number;
  /**
   * An earlier run of the agent may have ended inside a command: the printer still waits for the rest of it and would
   * swallow the beginning of the first receipt.
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
      const step: PrinterStep = { ...state, effects: [] };
      const now = at.mono;
      applyInput(step, input, now, { model, baudRate });
      proceed(step, now, model);
      keepPolling(step, now, model);
      const { effects, ...next } = step;
      return { state: next, effects };
    },
    wakeAt: (state) => (state.phase.kind === 'idle' ? state.pollAt : state.phase.deadline),
  };
}

interface Printer {
  readonly model: PrinterModel;
  readonly baudRate: number;
}

function applyInput(step: PrinterStep, input: PrinterInput, now: Instant['mono'], printer: Printer): void {
  switch (input.kind) {
    case 'link-up':
      breakLink(step, 'the port was reopened');
      step.link = true;
      if (printer.model.status !== 'none') ask(step, { kind: 'look' }, now, printer.model);
      return;
    case 'link-lost':
      breakLink(step, input.why);
      return;
    case 'bytes':
      readBytes(step, input.bytes, now, printer.model);
      return;
    case 'written':
      onWritten(step, input.fault, now, printer);
      return;
    case 'look':
      lookAhead(step, now, printer.model);
      return;
    case 'print':
      enqueueJob(step, input.job);
      return;
    case 'resume':
      resume(step);
      return;
    case 'drop':
      drop(step, input.job);
      return;
    case 'wake':
      wake(step, now, printer.model);
      return;
    default:
      unreachable(input);
  }
}

// -- asking

/** Not during other work, and not again until the last answer has used half its validity. */
function lookAhead(step: PrinterStep, now: MonoMs, model: PrinterModel): void {
  const isFree = step.link && step.phase.kind === 'idle' && step.queue.length === 0 && step.unwritten.length === 0;
  const isFresh = step.readyUntil !== undefined && later(now, READY_MS / 2) <= step.readyUntil;
  if (model.status !== 'none' && isFree && !isFresh) ask(step, { kind: 'ahead' }, now, model);
}

function ask(step: PrinterStep, purpose: Purpose, now: MonoMs, model: PrinterModel, waitMs = STATUS_ANSWER_MS): void {
  put(step, { purpose, question: FIRST_QUESTION, answers: {}, attempt: 1, since: now }, later(now, waitMs), model);
}

function put(
  step: PrinterStep,
  asking: Omit<Extract<Phase, { kind: 'asking' }>, 'kind' | 'deadline'>,
  deadline: MonoMs,
  model: PrinterModel,
): void {
  step.phase = { kind: 'asking', ...asking, deadline };
  // GS a 14: report online, error and paper changes; the current state comes at once. DLE EOT n: one byte, in real time.
  const bytes = model.status === 'asb' ? [0x1d, 0x61, 0x0e] : [0x10, 0x04, asking.question];
  write(step, Uint8Array.from(bytes), 'status');
}

function write(step: PrinterStep, bytes: Uint8Array, what: 'status' | 'job'): void {
  step.unwritten = [...step.unwritten, what];
  step.effects.push({ kind: 'write', bytes });
}

function readBytes(step: PrinterStep, bytes: Uint8Array, now: MonoMs, model: PrinterModel): void {
  if (!step.link) return;
  switch (model.status) {
    case 'none':
      noise(step, [...bytes]);
      return;
    case 'dle-eot': {
      const { frames, noise: junk } = feedDleEot(bytes);
      noise(step, junk);
      for (const frame of frames) readAnswer(step, frame[0] ?? 0, now, model);
      return;
    }
    case 'asb': {
      const { frames, rest, noise: junk } = feedAsb(step.partial, bytes);
      step.partial = rest;
      noise(step, junk);
      for (const frame of frames) {
        step.spoke = true;
        const status = readAsb(frame);
        if (step.phase.kind === 'asking') conclude(step, status, now);
        else {
          setPaper(step, status.paper);
          if (status.hindrance !== undefined) step.readyUntil = undefined;
        }
      }
      return;
    }
    default:
      unreachable(model.status);
  }
}

function noise(step: PrinterStep, bytes: readonly number[]): void {
  if (bytes.length === 0) return;
  const shown = bytes.slice(0, 16).map((byte) => byte.toString(16).padStart(2, '0'));
  step.effects.push({
    kind: 'noise',
    code: 'PRINTER_NOISE',
    what: `${bytes.length} bytes that are no status frame: ${shown.join(' ')}`,
  });
}

function readAnswer(step: PrinterStep, byte: number, now: MonoMs, model: PrinterModel): void {
  const { phase } = step;
  // A late or duplicate answer: no query is pending, and the byte doesn't name its query.
  if (phase.kind !== 'asking' || !plausible(phase.question, byte)) {
    noise(step, [byte]);
    return;
  }
  step.spoke = true;
  const answers: Answers = { ...phase.answers, [phase.question]: byte };
  const question = nextQuestion(phase.question, answers);
  if (question === undefined) conclude(step, readAnswers(answers), now);
  else put(step, { ...phase, question, answers, attempt: 1 }, later(now, STATUS_ANSWER_MS), model);
}

/** Ends the queries, after their answers or after silence. */
function conclude(step: PrinterStep, status: PrinterStatus, now: MonoMs): void {
  const { phase } = step;
  if (phase.kind !== 'asking') return;
  const { purpose } = phase;
  step.phase = IDLE;
  setPaper(step, status.paper);
  switch (purpose.kind) {
    case 'look':
      return;
    case 'ahead':
      if (status !== SILENCE && status.hindrance === undefined) step.readyUntil = later(now, READY_MS);
      return;
    case 'before': {
      reportFault(step, status);
      const { entry } = purpose;
      const fellSilent = status === SILENCE && step.spoke && !entry.insisted;
      const hindrance = fellSilent ? 'offline' : status.hindrance;
      if (hindrance === undefined) startSending(step, entry);
      else holdAll(step, entry, hindrance);
      return;
    }
    case 'after':
      reportFault(step, status);
      if (status.hindrance !== undefined) broken(step, purpose.entry, `after sending: ${status.hindrance}`);
      else done(step, purpose.entry, status === SILENCE ? 'unconfirmed' : 'printed');
      return;
    default:
      unreachable(purpose);
  }
}

function reportFault(step: PrinterStep, { fault }: PrinterStatus): void {
  if (fault !== undefined) step.effects.push({ kind: 'noise', code: fault, what: 'the printer reports a fault' });
}

function setPaper(step: PrinterStep, paper: PaperState): void {
  if (paper === step.paper) return;
  step.paper = paper;
  step.effects.push({ kind: 'paper', paper });
}

// -- sending

/** From here on the job counts as started. `proceed` sets the deadline and writes the first chunk. */
function startSending(step: PrinterStep, entry: Entry): void {
  step.readyUntil = undefined;
  const stream = new Uint8Array(step.resync + entry.job.bytes.length);
  stream.set(entry.job.bytes, step.resync);
  // NUL means nothing to an idle printer, and is harmless data to one that still waits for the rest of a picture.
  step.phase = { kind: 'sending', entry, stream, sent: 0, deadline: NOT_YET };
}

const NOT_YET = Number.NEGATIVE_INFINITY as MonoMs;

function onWritten(step: PrinterStep, fault: string | undefined, now: MonoMs, { model, baudRate }: Printer): void {
  const [what, ...others] = step.unwritten;
  step.unwritten = others;
  const { phase } = step;
  if (what === 'job' && phase.kind === 'sending') {
    const sent = Math.min(phase.sent + CHUNK_BYTES, phase.stream.length);
    if (fault !== undefined) broken(step, phase.entry, fault);
    else if (sent < phase.stream.length) step.phase = { ...phase, sent, deadline: NOT_YET };
    else sentAll(step, phase.entry, now, model, (phase.stream.length * BITS_PER_BYTE * 1000) / baudRate);
  } else if (what === 'status' && fault !== undefined && phase.kind === 'asking') {
    giveUpAsking(step, phase.purpose, fault);
  }
}

/** Start bit, eight data bits, stop bit. */
const BITS_PER_BYTE = 10;

function sentAll(step: PrinterStep, entry: Entry, now: MonoMs, model: PrinterModel, lineMs: number): void {
  step.resync = 0;
  if (model.status === 'none') done(step, entry, 'unconfirmed');
  // `written` may mean only that the operating system has the bytes: the whole job may still be on the line.
  else ask(step, { kind: 'after', entry }, now, model, lineMs + PRINT_MARGIN_MS);
}

function done(step: PrinterStep, entry: Entry, outcome: 'printed' | 'unconfirmed'): void {
  step.phase = IDLE;
  step.troubled = false;
  step.effects.push({ kind: 'done', job: entry.job, outcome });
}

function broken(step: PrinterStep, entry: Entry, why: string): void {
  if (step.phase.kind === 'sending') step.resync = Math.min(RESYNC_MAX, step.phase.stream.length);
  step.phase = IDLE;
  step.troubled = true;
  step.effects.push({ kind: 'broken', job: entry.job, why });
}

// -- faults

function breakLink(step: PrinterStep, why: string): void {
  const { phase } = step;
  step.link = false;
  step.unwritten = [];
  step.partial = EMPTY;
  step.readyUntil = undefined;
  setPaper(step, 'unknown');
  if (phase.kind === 'sending') broken(step, phase.entry, why);
  else if (phase.kind === 'asking') giveUpAsking(step, phase.purpose, why);
  if (step.queue.length > 0) {
    const entries = step.queue;
    step.queue = [];
    holdBack(step, entries, 'offline');
  }
}

/** The query itself could not be sent. */
function giveUpAsking(step: PrinterStep, purpose: Purpose, why: string): void {
  step.phase = IDLE;
  setPaper(step, 'unknown');
  switch (purpose.kind) {
    case 'look':
    case 'ahead':
      return;
    case 'before':
      holdAll(step, purpose.entry, 'offline');
      return;
    case 'after':
      broken(step, purpose.entry, why);
      return;
    default:
      unreachable(purpose);
  }
}

// -- time

function wake(step: PrinterStep, now: MonoMs, model: PrinterModel): void {
  const { phase } = step;
  switch (phase.kind) {
    case 'idle':
      if (step.pollAt !== undefined && now >= step.pollAt) ask(step, { kind: 'look' }, now, model);
      return;
    case 'sending':
      if (now >= phase.deadline) broken(step, phase.entry, 'the port no longer answers');
      return;
    case 'asking':
      if (now >= phase.deadline) unanswered(step, phase, now, model);
      return;
    default:
      unreachable(phase);
  }
}

function unanswered(
  step: PrinterStep,
  phase: Extract<Phase, { kind: 'asking' }>,
  now: MonoMs,
  model: PrinterModel,
): void {
  if (step.unwritten.length > 0) {
    // Not silence yet: the query itself is still stuck in the port.
    if (now >= later(phase.since, WRITE_BACKSTOP_MS)) giveUpAsking(step, phase.purpose, 'the port no longer answers');
    else step.phase = { ...phase, deadline: later(now, STATUS_ANSWER_MS) };
    return;
  }
  // A printer that has answered before is queried twice, because a byte may have been lost. Incomplete answers count as
  // none.
  if (step.spoke && phase.attempt === 1) {
    put(step, { ...phase, attempt: 2 }, later(now, STATUS_ANSWER_MS), model);
  } else {
    conclude(step, SILENCE, now);
  }
}

/** Advances whatever needs no further input: the next job, the next chunk. */
function proceed(step: PrinterStep, now: MonoMs, model: PrinterModel): void {
  const [next, ...others] = step.queue;
  if (step.phase.kind === 'idle' && step.link && next !== undefined) {
    step.queue = others;
    const isReady = step.readyUntil !== undefined && now <= step.readyUntil;
    if (model.status === 'none' || isReady) startSending(step, next);
    else ask(step, { kind: 'before', entry: next }, now, model);
  }
  if (step.phase.kind === 'sending' && step.phase.deadline === NOT_YET) {
    const { stream, sent } = step.phase;
    step.phase = { ...step.phase, deadline: later(now, WRITE_BACKSTOP_MS) };
    write(step, stream.slice(sent, sent + CHUNK_BYTES), 'job');
  }
}

function keepPolling(step: PrinterStep, now: MonoMs, model: PrinterModel): void {
  const wanted =
    step.phase.kind === 'idle' &&
    step.link &&
    step.waiting.length > 0 &&
    model.status === 'dle-eot' && // ASB reports without polling
    step.unwritten.length === 0;
  if (!wanted) step.pollAt = undefined;
  else step.pollAt ??= later(now, HELD_POLL_MS);
}
