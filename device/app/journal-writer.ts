/**
 * The journal writer: appends a record, waits until it is durable, and only then lets its sale go on.
 *
 * A failed append is final (fail-stop). After it no coupon is taken, because nothing that needs a record may happen.
 * Running sales keep their state and are queried after the restart. They no longer prevent sales at full price without a
 * record, where the campaign permits those.
 */
import type { SaleId } from '#protocol/kernel/ids.js';
import type { ChainHead } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { Journal, JournalFault } from '../ports/journal.js';
import type { EventQueue } from '../runtime/event-queue.js';

export interface JournalWriterOptions {
  readonly journal: Journal;
  readonly queue: EventQueue;
  readonly underWay: () => readonly SaleId[];
  /** The record is durable. */
  readonly onRecorded: (record: JournalRecord, head: ChainHead) => void;
  /** The sale may go on: its record is durable, or it needs none. */
  readonly onGoOn: (sale: SaleId) => void;
  /** Called once. */
  readonly onFailed: (fault: JournalFault) => void;
}

export class JournalWriter {
  readonly #options: JournalWriterOptions;
  #fault: JournalFault | undefined;
  #stopped = false;
  /** Sales in progress when the journal failed: the restart handles them. */
  readonly #stranded = new Set<SaleId>();
  /** Sales at full price begun after the failure. */
  readonly #unrecorded = new Set<SaleId>();

  constructor(options: JournalWriterOptions) {
    this.#options = options;
  }

  get fault(): JournalFault | undefined {
    return this.#fault;
  }

  /** True if the sale can't go on, because it would need a record. */
  blocks(sale: SaleId): boolean {
    return this.#fault !== undefined && !this.#unrecorded.has(sale);
  }

  isStranded(sale: SaleId): boolean {
    return this.#stranded.has(sale);
  }

  /** Registers a new sale: without a journal it runs without records. */
  begins(sale: SaleId): void {
    if (this.#fault !== undefined) this.#unrecorded.add(sale);
  }

  /** `sale`: the sale that waits for this record. */
  append(record: JournalRecord, sale: SaleId | undefined): void {
    const { journal, queue, onRecorded, onGoOn } = this.#options;
    if (this.#fault !== undefined) {
      if (sale !== undefined && this.#unrecorded.has(sale)) onGoOn(sale);
      return;
    }
    journal.append([record], (fault, head) =>
      queue.enqueue(() => {
        if (this.#stopped) return;
        if (fault !== undefined) {
          this.failed(fault);
          return;
        }
        onRecorded(record, head);
        if (sale !== undefined) onGoOn(sale);
      }),
    );
  }

  failed(fault: JournalFault): void {
    if (this.#fault !== undefined) return;
    this.#fault = fault;
    for (const sale of this.#options.underWay()) this.#stranded.add(sale);
    this.#options.onFailed(fault);
  }

  stop(): void {
    this.#stopped = true;
  }
}
