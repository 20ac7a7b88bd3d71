/** The printer's jobs before their first byte: taken once, kept in order, held until a person says what becomes of them. */
import { type Entry, MAX_JOBS, REMEMBERED_IDS, type Turn } from './escpos-state.js';
import type { PrinterEffect, PrintJob } from './printer.js';

export function take(turn: Turn, job: PrintJob): void {
  if (turn.known.includes(job.id)) return;
  const original = `original of ${job.receipt}`;
  if (job.copy === 'original' && turn.known.includes(original)) {
    turn.effects.push({
      kind: 'noise',
      code: 'PRINT_ORIGINAL_TWICE',
      what: `job ${job.id}: receipt ${job.receipt} has its original already`,
    });
    return;
  }
  if (turn.queue.length + turn.waiting.length >= MAX_JOBS) {
    turn.effects.push({ kind: 'held', job, why: 'queue-full' });
    return;
  }
  const ids = job.copy === 'original' ? [job.id, original] : [job.id];
  turn.known = [...turn.known, ...ids].slice(-REMEMBERED_IDS);
  const entry: Entry = { job, insisted: false, told: false };
  if (turn.waiting.length > 0 || (turn.troubled && job.copy === 'reprint')) holdBack(turn, [entry], 'waiting');
  else if (!turn.link) holdBack(turn, [entry], 'offline');
  else turn.queue = [...turn.queue, entry];
}

export function resume(turn: Turn): void {
  turn.troubled = false;
  const [first, ...others] = turn.waiting;
  if (first === undefined) return;
  if (!turn.link) {
    turn.effects.push({ kind: 'held', job: first.job, why: 'offline' });
    return;
  }
  turn.queue = [...turn.queue, ...[first, ...others].map((entry) => ({ ...entry, insisted: true }))];
  turn.waiting = [];
}

export function drop(turn: Turn, id: string): void {
  const others = (entry: Entry): boolean => entry.job.id !== id;
  turn.queue = turn.queue.filter(others);
  turn.waiting = turn.waiting.filter(others);
  if (turn.waiting.length === 0) turn.troubled = false;
  const { phase } = turn;
  // Not a byte of it has gone out: the questions go on, but nothing will be sent after them.
  if (phase.kind === 'asking' && phase.purpose.kind === 'before' && !others(phase.purpose.entry)) {
    turn.phase = { ...phase, purpose: { kind: 'look' } };
  }
}

export type HeldWhy = Extract<PrinterEffect, { kind: 'held' }>['why'];

/** The first is held for this reason, the others because they stand behind it. Each is reported once, the first always. */
export function holdBack(turn: Turn, entries: readonly Entry[], why: HeldWhy): void {
  entries.forEach((entry, index) => {
    if (index === 0) turn.effects.push({ kind: 'held', job: entry.job, why });
    else if (!entry.told) turn.effects.push({ kind: 'held', job: entry.job, why: 'waiting' });
  });
  const held = entries.map((entry) => ({ ...entry, insisted: false, told: true }));
  // A job that was tried stands before those that were only waiting.
  turn.waiting = why === 'waiting' ? [...turn.waiting, ...held] : [...held, ...turn.waiting];
}

/** This job can't be begun now, so neither can those behind it. */
export function holdAll(turn: Turn, entry: Entry, why: HeldWhy): void {
  const entries = [entry, ...turn.queue];
  turn.queue = [];
  holdBack(turn, entries, why);
}
