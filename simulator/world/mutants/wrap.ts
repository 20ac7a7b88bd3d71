/** Wrappers that change one thing of a port and hand on the rest. */
import type { ReaderDriver, ReaderEffect, ReaderInput } from '#device/drivers/readers/reader.js';
import type { Journal } from '#device/ports/journal.js';
import type { Ledger, RecordsOp } from '#gateway/ports/ledger.js';
import type { Machine } from '#protocol/kernel/machine.js';
import type { JournalRecord } from '#protocol/records/record.js';

/** `head` and `acknowledged` are looked up each time: a copy of the object would freeze them. */
export const journalWith = (
  journal: Journal,
  changed: Partial<Pick<Journal, 'append' | 'read' | 'acknowledge'>>,
): Journal => ({
  get head() {
    return journal.head;
  },
  get acknowledged() {
    return journal.acknowledged;
  },
  append: changed.append ?? ((records, done) => journal.append(records, done)),
  acknowledge: changed.acknowledge ?? ((head) => journal.acknowledge(head)),
  read: changed.read ?? ((after, limit, done) => journal.read(after, limit, done)),
  close: (done) => journal.close(done),
});

/** `input` and `effect` give what goes on instead; `answers` are effects that nobody else caused. */
export const readerWith = (
  driver: ReaderDriver,
  changed: {
    readonly input?: (input: ReaderInput) => ReaderInput;
    readonly effect?: (effect: ReaderEffect) => ReaderEffect;
    readonly answers?: (input: ReaderInput) => readonly ReaderEffect[];
  },
): ReaderDriver => ({
  ...driver,
  create(options): Machine<unknown, ReaderInput, ReaderEffect> {
    const machine: Machine<unknown, ReaderInput, ReaderEffect> = driver.create(options);
    return {
      initial: machine.initial,
      wakeAt: (state) => machine.wakeAt(state),
      step(state, input, at) {
        const step = machine.step(state, changed.input?.(input) ?? input, at);
        const effects = step.effects.map((effect) => changed.effect?.(effect) ?? effect);
        return { state: step.state, effects: [...effects, ...(changed.answers?.(input) ?? [])] };
      },
    };
  },
});

/** Changes records on their way into the book, behind the back of the chain. */
export const recordsChanged = (
  ledger: Ledger,
  change: (record: JournalRecord, op: RecordsOp) => JournalRecord | undefined,
): Ledger => ({
  ...ledger,
  commit: (ops, now, done) =>
    ledger.commit(
      ops.map((op) =>
        op.kind === 'records'
          ? { ...op, records: op.records.map((record) => (record === undefined ? undefined : change(record, op))) }
          : op,
      ),
      now,
      done,
    ),
});
