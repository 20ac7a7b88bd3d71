/**
 * What came out of a counter's printer, read as a person reads it: which receipt it is, whether it is a copy, what it says
 * was paid. Nothing here knows what the agent meant to print.
 */
import { linesOfText, type PaperDocument } from '../hardware/printer/index.js';

export interface PrintedCopy {
  /** By its QR code; null where the paper ended before it. */
  readonly receipt: string | null;
  readonly copy: 'original' | 'reprint';
  readonly of: 'sale' | 'refund';
  /** What it says was paid, or given back; null where that is not on the paper. */
  readonly netFen: number | null;
  /** What it says the coupon took off. */
  readonly savedFen: number;
  readonly lines: readonly string[];
  /** More than one where the paper ran out in the middle. */
  readonly pieces: readonly PaperDocument[];
}

export class Paper {
  readonly #pieces: PaperDocument[][] = [];
  readonly #listeners = new Set<(copy: PrintedCopy) => void>();

  take(document: PaperDocument): void {
    const last = this.#pieces.at(-1);
    const goesOn = document.continued && last !== undefined && last.at(-1)?.end === 'paper-out';
    if (goesOn) last.push(document);
    else this.#pieces.push([document]);
    const copy = copyOf(goesOn ? last : [document]);
    for (const listener of [...this.#listeners]) listener(copy);
  }

  /** Every piece of paper that says anything, in the order in which it came. */
  get copies(): readonly PrintedCopy[] {
    return this.#pieces.map(copyOf).filter(({ lines }) => lines.some((line) => line.trim() !== ''));
  }

  ofReceipt(receipt: string): readonly PrintedCopy[] {
    return this.copies.filter((copy) => copy.receipt === receipt);
  }

  onCopy(listener: (copy: PrintedCopy) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

const PAID = /^(?:实付|Paid)\s+￥(\d+)\.(\d\d)$/;
const REFUNDED = /^(?:退款金额|Refunded)\s+￥(\d+)\.(\d\d)$/;
const SAVED = /^(?:本单已为您节省|You saved)\s+(\d+)\.(\d\d)\s/;

function copyOf(pieces: readonly PaperDocument[]): PrintedCopy {
  const lines = pieces.flatMap(linesOfText);
  const codes = pieces.flatMap(({ items }) => items.flatMap((item) => (item.kind === 'qr' ? [item.text] : [])));
  const amount = (pattern: RegExp): number | null => {
    for (const line of lines) {
      const found = pattern.exec(line.trim());
      if (found !== null) return Number(found[1]) * 100 + Number(found[2]);
    }
    return null;
  };
  const refunded = amount(REFUNDED);
  return {
    receipt: codes.find((code) => code.startsWith('CPR:'))?.slice('CPR:'.length) ?? null,
    copy: lines.some((line) => line.includes('补打')) ? 'reprint' : 'original',
    of: refunded === null && !lines.some((line) => /退款凭证|REFUND$/.test(line)) ? 'sale' : 'refund',
    netFen: refunded ?? amount(PAID),
    savedFen: amount(SAVED) ?? 0,
    lines,
    pieces,
  };
}
