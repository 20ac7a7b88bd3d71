/**
 * Prints receipts: a numbered receipt becomes a job, and a job's end becomes a record.
 *
 * Printing is never on the payment's path. At most one original of a receipt is ever started; any copy after a broken one
 * is marked 补打.
 */
import type { ReceiptNo } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import { REPRINTS_UNASKED_AT_BOOT } from '../core/limits.js';
import { type AttemptSlip, attemptSlip, receiptOf, type Sale, type SaleEffect } from '../core/sale/sale.js';
import type { SaleIndex } from '../core/sale/sale-index.js';
import type { PaperState, PrinterEffect, PrintJob } from '../drivers/printers/printer.js';
import type { Log } from '../ports/log.js';
import type { LinkState } from '../ports/serial-link.js';
import type { Peripherals } from './peripherals.js';

type ReceiptEffect = Extract<SaleEffect, { kind: 'receipt' }>;
export type Printable = ReceiptEffect | AttemptSlip;

/** Typesets a receipt for the configured printer. */
export type ReceiptTypesetter = (receipt: Printable, copy: PrintJob['copy']) => Uint8Array;

export interface PrintingOptions {
  readonly peripherals: Peripherals;
  readonly typeset: ReceiptTypesetter;
  readonly onPrinted: (receipt: ReceiptNo, copy: PrintJob['copy'], outcome: 'printed' | 'unconfirmed') => void;
  readonly log: Log;
}

export class Printing {
  readonly #options: PrintingOptions;
  /** Jobs at the printer that aren't done yet, with the data for another copy. */
  readonly #waiting = new Map<string, { readonly job: PrintJob; readonly effect: Printable }>();
  /** Receipts from before the start that aren't submitted yet. */
  readonly #owed: ReceiptEffect[] = [];
  /** Jobs that won't print without an action. */
  readonly #held = new Set<string>();
  #copies = 0;
  paper: PaperState = 'unknown';

  constructor(options: PrintingOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.size + this.#owed.length;
  }

  /** The held jobs that need a person. */
  get held(): number {
    return this.#held.size + this.#owed.length;
  }

  print(effect: Printable, copy: PrintJob['copy']): void {
    const { peripherals, typeset } = this.#options;
    if (!peripherals.hasPrinter) return;
    this.#copies += 1;
    const { receipt } = effect;
    const job: PrintJob = {
      id: copy === 'original' ? receipt : `${receipt}.${this.#copies}`,
      receipt,
      copy,
      bytes: typeset(effect, copy),
    };
    if (this.#waiting.has(job.id)) return;
    this.#waiting.set(job.id, { job, effect });
    peripherals.printer({ kind: 'print', job });
  }

  /** A receipt may be due within seconds: query the printer while the customer looks for the card. */
  expectReceipt(): void {
    this.#options.peripherals.printer({ kind: 'look' });
  }

  /**
   * 补打: the sale's newest receipt once more. False if a copy of it already waits, so that a key pressed twice prints once.
   */
  again(sale: Sale): boolean {
    const effect = receiptOf(sale) ?? attemptSlip(sale);
    if (effect === undefined) return false;
    for (const { job } of this.#waiting.values())
      if (job.copy === 'reprint' && job.receipt === effect.receipt) return false;
    this.print(effect, 'reprint');
    return true;
  }

  /** Numbered, but never confirmed as printed: perhaps on paper, perhaps not, so the copy says 补打. */
  afterPowerCut(saleIndex: SaleIndex): void {
    if (!this.#options.peripherals.hasPrinter) return;
    const unprinted = saleIndex.unprinted();
    if (unprinted.length > REPRINTS_UNASKED_AT_BOOT)
      this.#options.log('warn', 'RECEIPTS_UNPRINTED', { receipts: unprinted.length });
    for (const { sale: id, of } of unprinted.slice(-REPRINTS_UNASKED_AT_BOOT)) {
      const sale = saleIndex.get(id);
      const effect = sale === undefined ? undefined : receiptOf(sale, of);
      if (effect !== undefined) this.#owed.push(effect);
    }
  }

  /**
   * Submits the owed receipts once the port has opened. Earlier, a job would be held until a person acts, and every later
   * one behind it. Without a printer a person has to request them.
   */
  portIs(state: LinkState): void {
    if (state === 'opening') return;
    for (const effect of this.#owed.splice(0)) this.print(effect, 'reprint');
  }

  resume(): void {
    // Jobs that still can't print are reported as held again.
    this.#held.clear();
    this.#options.peripherals.printer({ kind: 'resume' });
  }

  #done({ job, outcome }: Extract<PrinterEffect, { kind: 'done' }>): void {
    const isReceipt = this.#waiting.get(job.id)?.effect.kind !== 'attempt';
    this.#waiting.delete(job.id);
    this.#held.delete(job.id);
    if (isReceipt) this.#options.onPrinted(job.receipt, job.copy, outcome);
  }

  heard(effect: Exclude<PrinterEffect, { kind: 'write' | 'noise' }>): void {
    switch (effect.kind) {
      case 'done':
        this.#done(effect);
        return;
      case 'held':
        // The printer's queue refused it: the journal still knows that it was never printed, and the next start offers it.
        if (effect.why === 'queue-full') this.#waiting.delete(effect.job.id);
        else this.#held.add(effect.job.id);
        this.#options.log('warn', 'PRINTER_HOLDS', { receipt: effect.job.receipt, why: effect.why });
        return;
      case 'broken': {
        const waiting = this.#waiting.get(effect.job.id);
        this.#waiting.delete(effect.job.id);
        this.#held.delete(effect.job.id);
        this.#options.log('warn', 'PRINT_BROKEN', { receipt: effect.job.receipt, why: effect.why });
        if (waiting !== undefined) this.print(waiting.effect, 'reprint');
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
