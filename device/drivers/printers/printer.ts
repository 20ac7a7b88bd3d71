/** The interface of a receipt printer driver: numbered jobs in, bytes and honest outcomes out. */

import type { ReceiptNo } from '#protocol/kernel/ids.js';
import type { Machine } from '#protocol/kernel/machine.js';

export type PaperState = 'ok' | 'near-end' | 'out' | 'unknown';

export type PrinterInput =
  | { readonly kind: 'link-up' }
  | { readonly kind: 'link-lost'; readonly why: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'written'; readonly fault: string | undefined }
  /** A job may come soon: query the printer now, so that the job needn't wait for it. */
  | { readonly kind: 'look' }
  | { readonly kind: 'print'; readonly job: PrintJob }
  /** A person's decision: print the held jobs (paper is back), or drop them. */
  | { readonly kind: 'resume' }
  | { readonly kind: 'drop'; readonly job: string }
  | { readonly kind: 'wake' };

export interface PrintJob {
  /** Unique; the same id twice is one job. */
  readonly id: string;
  readonly receipt: ReceiptNo;
  readonly copy: 'original' | 'reprint';
  /** The complete ESC/POS stream, from initialisation to cut. */
  readonly bytes: Uint8Array;
}

export type PrinterEffect =
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  /** printed: the printer confirmed. unconfirmed: sent, but the printer never answers, or not in time. */
  | { readonly kind: 'done'; readonly job: PrintJob; readonly outcome: 'printed' | 'unconfirmed' }
  /**
   * Held before its first byte: nothing of it is on paper. `queue-full`: not even kept; submit it again, under the same id,
   * when others have been printed or dropped.
   */
  | {
      readonly kind: 'held';
      readonly job: PrintJob;
      readonly why: 'paper-out' | 'offline' | 'cover' | 'waiting' | 'queue-full';
    }
  /** Broken off after its first byte: a later copy must be marked as a reprint. */
  | { readonly kind: 'broken'; readonly job: PrintJob; readonly why: string }
  | { readonly kind: 'paper'; readonly paper: PaperState }
  | { readonly kind: 'noise'; readonly code: string; readonly what: string };

/** A printer model is data (hardware.md section 5). */
export interface PrinterModel {
  readonly name: string;
  readonly charset: 'gb2312' | 'gbk' | 'gb18030';
  /** Half-width columns: 32 on 58 mm paper, 48 on 80 mm. */
  readonly columns: 32 | 48;
  readonly qr: 'native' | 'raster';
  readonly status: 'none' | 'dle-eot' | 'asb';
  readonly baudRate: number;
  /** Dots to feed before the cut, so that the last line clears the blade. */
  readonly cutFeedDots: number;
  readonly cutter: boolean;
  /** Width of the printable line in dots, for raster images: 384 on 58 mm, 576 on 80 mm. */
  readonly dots: number;
}

export type PrinterMachine<State = unknown> = Machine<State, PrinterInput, PrinterEffect>;
