/** Renders a receiptline document into the complete byte stream of one print job, from initialisation to cut. */
import { transform } from 'receiptline';
import { escposCommands } from './escpos-commands.js';
import type { PrinterModel } from './printer.js';

export interface Rendered {
  readonly bytes: Uint8Array;
  /**
   * Number of characters missing from the printer's font, printed as □: a warning for the log, never a reason not to print.
   */
  readonly replaced: number;
}

export function renderReceipt(document: string, model: PrinterModel): Rendered {
  const command = escposCommands(model);
  // receiptline gives its printer a copy of the command object; the counters live in closures and stay shared.
  const binary = transform(document, { command, encoding: 'gb18030', cpl: model.columns, spacing: true });
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return { bytes, replaced: command.replaced() };
}

/**
 * Renders a whole receipt at the start. A process's first rendering takes a hundred times as long as the next ones (encoder
 * tables, compilation), and the first customer shouldn't wait for it.
 */
export function warmUp(model: PrinterModel, document: string): void {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) renderReceipt(document, model);
}

/** After some five renderings the time no longer falls. */
export const WARM_UP_ROUNDS = 5;

/** The document as plain text, for a log or a terminal: line for line as on paper, without the QR code. */
export const receiptText = (document: string, columns: number): string =>
  transform(document, { command: 'text', encoding: 'gb18030', cpl: columns });
