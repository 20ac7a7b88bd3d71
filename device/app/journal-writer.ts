/**
 * The journal writer: appends a record, waits until it is durable, and only then lets its sale go on.
 *
 * A failed append is final (fail-stop): no coupon is taken after it, because nothing that needs a record may happen. Sales
 * under way stay as they are, are asked about after the restart, and no longer keep the counter from selling at full price,
 * without a record, where the campaign permits.
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
  /** It is on the disk. */
  readonly onRecorded: (record: JournalRecord, head: ChainHead) => void;
  /** The sale may go on: its record is on the disk, or it does without. */
  readonly onGoOn: (sale: SaleId) => void;
  /** Told once. */
  readonly onFailed: (fault: JournalFault) => void;
}

export class JournalWriter {
  readonly #options: JournalWriterOptions;
  #fault: JournalFault | undefined;
  #stopped = false;
  /** Under way when the journal failed: the restart deals with them. */
  readonly #stranded = new Set<SaleId>();
  /** At full price, begun since. */
  readonly #unrecorded = new Set<SaleId>();

  constructor(options: JournalWriterOptions) {
    this.#options = options;
  }

  get fault(): JournalFault | undefined {
    return this.#fault;
  }

  /** Nothing more can be asked of this sale: it would need a record. */
  blocks(sale: SaleId): boolean {
    return this.#fault !== undefined && !this.#unrecorded.has(sale);
  }

  isStranded(sale: SaleId): boolean {
    return this.#stranded.has(sale);
  }

  /** A sale that begins now: without a journal it goes without records. */
  begins(sale: SaleId): void {
    if (this.#fault !== undefined) this.#unrecorded.add(sale);
  }

  /** `sale`: what waits for this record. */
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
