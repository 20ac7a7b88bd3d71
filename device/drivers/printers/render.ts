/** A receiptline document becomes the complete byte stream of one print job, initialisation to cut. */
import { transform } from 'receiptline';
import { escposCommands } from './escpos-commands.js';
import type { PrinterModel } from './printer.js';

export interface Rendered {
  readonly bytes: Uint8Array;
  /** Characters that the printer's font lacks and that are □ on paper: a warning to be logged, never a reason not to print. */
  readonly replaced: number;
}

export function renderReceipt(document: string, model: PrinterModel): Rendered {
  const command = escposCommands(model);
  // receiptline hands its printer a copy of the command object; the counters live in closures, so they are shared.
  const binary = transform(document, { command, encoding: 'gb18030', cpl: model.columns, spacing: true });
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return { bytes, replaced: command.replaced() };
}

/**
 * The first rendering of a process takes a hundred times as long as the next ones (the encoder's tables are built, the
 * code is compiled). Called at start with a whole receipt, so that the first customer's isn't the one that waits.
 */
export function warmUp(model: PrinterModel, document: string): void {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) renderReceipt(document, model);
}

/** After some five the time no longer falls. */
export const WARM_UP_ROUNDS = 5;

/** The same document as plain text, for a log or a terminal: line for line as on paper, without the QR code. */
export const receiptText = (document: string, columns: number): string =>
  transform(document, { command: 'text', encoding: 'gb18030', cpl: columns });
