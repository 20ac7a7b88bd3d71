/**
 * The cardholder and the bank behind a virtual reader: who pays, who doesn't, and whether money moved. The book here is
 * the judge of every reconciliation: it knows what really happened, whatever the reader, the line and the host make of it.
 */
import type { MonoMs } from '#protocol/kernel/time.js';
import { later } from '#protocol/kernel/time.js';

/** What the cardholder and the bank do with one payment. Times count from the amount's appearing on the reader. */
export type Payment =
  /** Card shown, online, approved. */
  | { readonly kind: 'approve'; readonly cardMs?: number | undefined; readonly bankMs?: number | undefined }
  /** Card shown, online, the bank says no. `code` is the bank's: 51, not enough money. */
  | {
      readonly kind: 'decline';
      readonly cardMs?: number | undefined;
      readonly bankMs?: number | undefined;
      readonly code?: string | undefined;
    }
  /** The red key, before anything is sent online. */
  | { readonly kind: 'cancel'; readonly afterMs?: number | undefined }
  /** No card until the reader gives up: at the host's timeout, or at a shorter one of its own. */
  | { readonly kind: 'walk-away'; readonly afterMs?: number | undefined }
  /** Chip or contactless fault: nothing was sent. */
  | { readonly kind: 'card-error'; readonly afterMs?: number | undefined; readonly code?: string | undefined }
  /**
   * Sent online and no answer: the reader says UNKNOWN after `giveUpMs`. `moved` is what the bank really did.
   * `resolvesAfterMs`: the reader learns it later (it says PENDING until then); never, where undefined.
   */
  | {
      readonly kind: 'bank-silent';
      readonly moved: boolean;
      readonly cardMs?: number | undefined;
      readonly giveUpMs?: number | undefined;
      readonly resolvesAfterMs?: number | undefined;
    };

export const APPROVE: Payment = { kind: 'approve' };
/** Fast but not instant: a scenario of a hundred sales should not wait for its cardholders. */
export const CARD_MS = 40;
export const BANK_MS = 40;
export const GIVE_UP_MS = 200;

export interface ReaderEntry {
  readonly ref: string;
  readonly kind: 'sale' | 'void';
  readonly amountFen: number;
  /** `moved`: from the customer (sale) or back (void). `open`: the bank hasn't decided. */
  readonly state: 'open' | 'moved' | 'not-moved';
  /** Of a void: the sale that it takes back. */
  readonly original: string | null;
}

/** A request that the bank has, and will decide whether or not the reader still lives. */
interface Pending {
  readonly ref: string;
  readonly at: MonoMs;
  readonly moved: boolean;
}

export interface Bank {
  readonly book: readonly ReaderEntry[];
  readonly pending: readonly Pending[];
  /** What the next payments will be, in order; then `usual`. */
  readonly script: readonly Payment[];
  readonly usual: Payment;
}

export const newBank = (usual: Payment = APPROVE): Bank => ({ book: [], pending: [], script: [], usual });

/** The payment that this amount meets. */
export function nextPayment(bank: Bank): { bank: Bank; payment: Payment } {
  const [payment, ...script] = bank.script;
  return payment === undefined ? { bank, payment: bank.usual } : { bank: { ...bank, script }, payment };
}

/** The request has left the reader: from here on the bank decides, and nobody can take it back. */
export function sendOnline(
  bank: Bank,
  request: { ref: string; kind: 'sale' | 'void'; amountFen: number; original: string | null; moved: boolean },
  decidesAt: MonoMs,
): Bank {
  const { ref, kind, amountFen, original, moved } = request;
  return {
    ...bank,
    book: [...bank.book, { ref, kind, amountFen, original, state: 'open' }],
    pending: [...bank.pending, { ref, at: decidesAt, moved }],
  };
}

/** Decides everything whose time has come. */
export function decide(bank: Bank, now: MonoMs): Bank {
  const ready = bank.pending.filter((pending) => pending.at <= now);
  if (ready.length === 0) return bank;
  const book = bank.book.slice();
  for (const { ref, moved } of ready) {
    // From the end: a campaign's book is long, and what is open is new.
    const at = book.findLastIndex((entry) => entry.ref === ref && entry.state === 'open');
    const entry = book[at];
    if (entry !== undefined) book[at] = { ...entry, state: moved ? 'moved' : 'not-moved' };
  }
  return { ...bank, book, pending: bank.pending.filter((pending) => pending.at > now) };
}

/** True when the bank holds the money of this sale: moved, and not taken back. */
export function holdsMoneyOf(bank: Bank, ref: string): boolean {
  const taken = bank.book.some((e) => e.kind === 'sale' && e.ref === ref && e.state === 'moved');
  return taken && !bank.book.some((e) => e.kind === 'void' && e.original === ref && e.state !== 'not-moved');
}

/** What the merchant got on balance, in fen. */
export const balanceFen = (book: readonly ReaderEntry[]): number =>
  book.reduce((sum, e) => (e.state === 'moved' ? sum + (e.kind === 'sale' ? e.amountFen : -e.amountFen) : sum), 0);

export const nextDecision = (bank: Bank): MonoMs | undefined =>
  bank.pending.reduce<MonoMs | undefined>(
    (first, { at }) => (first === undefined || at < first ? at : first),
    undefined,
  );

/** When the stages of a payment come: the card, the request to the bank, its decision, and the reader's last word. */
export interface Stages {
  readonly cardAt: MonoMs | undefined;
  readonly onlineAt: MonoMs | undefined;
  readonly decidedAt: MonoMs | undefined;
  readonly endAt: MonoMs;
  readonly moved: boolean;
}

export function stages(payment: Payment, from: MonoMs, timeoutMs: number): Stages {
  const giveUp = later(from, timeoutMs);
  const nothingSent = (endAt: MonoMs): Stages => ({
    cardAt: undefined,
    onlineAt: undefined,
    decidedAt: undefined,
    endAt: endAt < giveUp ? endAt : giveUp,
    moved: false,
  });
  if (payment.kind === 'walk-away')
    return nothingSent(payment.afterMs === undefined ? giveUp : later(from, payment.afterMs));
  if (payment.kind === 'cancel' || payment.kind === 'card-error')
    return nothingSent(later(from, payment.afterMs ?? CARD_MS));
  const cardAt = later(from, payment.cardMs ?? CARD_MS);
  if (cardAt >= giveUp) return nothingSent(giveUp);
  if (payment.kind === 'bank-silent') {
    const endAt = later(cardAt, payment.giveUpMs ?? GIVE_UP_MS);
    // The bank itself is quick; it is the way back that is broken.
    return { cardAt, onlineAt: cardAt, decidedAt: cardAt, endAt, moved: payment.moved };
  }
  const endAt = later(cardAt, payment.bankMs ?? BANK_MS);
  return { cardAt, onlineAt: cardAt, decidedAt: endAt, endAt, moved: payment.kind === 'approve' };
}
