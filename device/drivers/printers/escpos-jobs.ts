/** Print jobs before their first byte: accepted once, kept in order, held until a person decides. */
import { type Entry, MAX_JOBS, type PrinterStep, REMEMBERED_IDS } from './escpos-state.js';
import type { PrinterEffect, PrintJob } from './printer.js';

export function enqueueJob(step: PrinterStep, job: PrintJob): void {
  if (step.known.includes(job.id)) return;
  const original = `original of ${job.receipt}`;
  if (job.copy === 'original' && step.known.includes(original)) {
    step.effects.push({
      kind: 'noise',
      code: 'PRINT_ORIGINAL_TWICE',
      what: `job ${job.id}: receipt ${job.receipt} already has its original`,
    });
    return;
  }
  if (step.queue.length + step.waiting.length >= MAX_JOBS) {
    step.effects.push({ kind: 'held', job, why: 'queue-full' });
    return;
  }
  const ids = job.copy === 'original' ? [job.id, original] : [job.id];
  step.known = [...step.known, ...ids].slice(-REMEMBERED_IDS);
  const entry: Entry = { job, insisted: false, told: false };
  if (step.waiting.length > 0 || (step.troubled && job.copy === 'reprint')) holdBack(step, [entry], 'waiting');
  else if (!step.link) holdBack(step, [entry], 'offline');
  else step.queue = [...step.queue, entry];
}

export function resume(step: PrinterStep): void {
  step.troubled = false;
  const [first, ...others] = step.waiting;
  if (first === undefined) return;
  if (!step.link) {
    step.effects.push({ kind: 'held', job: first.job, why: 'offline' });
    return;
  }
  step.queue = [...step.queue, ...[first, ...others].map((entry) => ({ ...entry, insisted: true }))];
  step.waiting = [];
}

export function drop(step: PrinterStep, id: string): void {
  const others = (entry: Entry): boolean => entry.job.id !== id;
  step.queue = step.queue.filter(others);
  step.waiting = step.waiting.filter(others);
  if (step.waiting.length === 0) step.troubled = false;
  const { phase } = step;
  // No byte of it has been sent: the queries go on, but nothing will be sent after them.
  if (phase.kind === 'asking' && phase.purpose.kind === 'before' && !others(phase.purpose.entry)) {
    step.phase = { ...phase, purpose: { kind: 'look' } };
  }
}

export type HeldWhy = Extract<PrinterEffect, { kind: 'held' }>['why'];

/**
 * Holds the first job for this reason and the others because they queue behind it. Reports each once, and the first every
 * time.
 */
export function holdBack(step: PrinterStep, entries: readonly Entry[], why: HeldWhy): void {
  entries.forEach((entry, index) => {
    if (index === 0) step.effects.push({ kind: 'held', job: entry.job, why });
    else if (!entry.told) step.effects.push({ kind: 'held', job: entry.job, why: 'waiting' });
  });
  const held = entries.map((entry) => ({ ...entry, insisted: false, told: true }));
  // A job that was attempted goes before those that only waited.
  step.waiting = why === 'waiting' ? [...step.waiting, ...held] : [...held, ...step.waiting];
}

/** This job can't start now, so neither can those behind it. */
export function holdAll(step: PrinterStep, entry: Entry, why: HeldWhy): void {
  const entries = [entry, ...step.queue];
  step.queue = [];
  holdBack(step, entries, why);
}
