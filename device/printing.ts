/**
 * Receipts at work: a numbered receipt becomes a job, a job's end becomes a record. Never on the payment's path. At most
 * one original of a receipt is ever begun; whatever comes after a broken one is marked 补打.
 */
import type { ReceiptNo } from '#protocol/ids.js';
import { unreachable } from '#protocol/machine.js';
import type { PaperState, PrinterEffect, PrintJob } from './drivers/printers/printer.js';
import type { Peripherals } from './peripherals.js';
import type { Log } from './ports/log.js';

export interface PrintingEvents {
  onPrinted(receipt: ReceiptNo, copy: PrintJob['copy'], outcome: 'printed' | 'unconfirmed'): void;
}

/** Makes the bytes of a receipt's copy. */
export type Typeset = (copy: PrintJob['copy']) => Uint8Array;

export class Printing {
  readonly #peripherals: Peripherals;
  readonly #events: PrintingEvents;
  readonly #log: Log;
  /** Jobs handed to the printer and not yet done, with what makes another copy of them. */
  readonly #waiting = new Map<string, { readonly job: PrintJob; readonly typeset: Typeset }>();
  #copies = 0;
  paper: PaperState = 'unknown';

  constructor(peripherals: Peripherals, events: PrintingEvents, log: Log) {
    this.#peripherals = peripherals;
    this.#events = events;
    this.#log = log;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  print(receipt: ReceiptNo, copy: PrintJob['copy'], typeset: Typeset): void {
    if (!this.#peripherals.hasPrinter) return;
    this.#copies += 1;
    const job: PrintJob = {
      id: copy === 'original' ? receipt : `${receipt}.${this.#copies}`,
      receipt,
      copy,
      bytes: typeset(copy),
    };
    if (this.#waiting.has(job.id)) return;
    this.#waiting.set(job.id, { job, typeset });
    this.#peripherals.printer({ kind: 'print', job });
  }

  resume(): void {
    this.#peripherals.printer({ kind: 'resume' });
  }

  heard(effect: Exclude<PrinterEffect, { kind: 'write' | 'noise' }>): void {
    switch (effect.kind) {
      case 'done':
        this.#waiting.delete(effect.job.id);
        this.#events.onPrinted(effect.job.receipt, effect.job.copy, effect.outcome);
        return;
      case 'held':
        // Not kept by the printer's queue: the journal still knows that it was never printed, and the next start offers it.
        if (effect.why === 'queue-full') this.#waiting.delete(effect.job.id);
        this.#log('warn', 'PRINTER_HOLDS', { receipt: effect.job.receipt, why: effect.why });
        return;
      case 'broken': {
        const waiting = this.#waiting.get(effect.job.id);
        this.#waiting.delete(effect.job.id);
        this.#log('warn', 'PRINT_BROKEN', { receipt: effect.job.receipt, why: effect.why });
        if (waiting !== undefined) this.print(effect.job.receipt, 'reprint', waiting.typeset);
        return;
      }
      case 'paper':
        this.paper = effect.paper;
        return;
      default:
        unreachable(effect);
    }
  }
}
