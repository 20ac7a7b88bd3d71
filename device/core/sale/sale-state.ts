/** The states, inputs and effects of a sale. The machine is in `sale.ts`. */
import type { ReasonCode } from '#protocol/faults/reasons.js';
import type { DeviceId, MerchantId, OrderNo, ReceiptNo, SaleId } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';
import type { MonoMs } from '#protocol/kernel/time.js';
import type { AuthoriseAnswer } from '#protocol/messages/down.js';
import type { CardSlip, JournalledCoupon, JournalRecord, RecordOf } from '#protocol/records/record.js';
import { type ReaderTransaction, type ReaderTransactionInput, readerTransactionWakeAt } from './reader-transaction.js';

/** The constant facts of a sale. */
export interface SaleFacts {
  readonly sale: SaleId;
  readonly order: OrderNo;
  readonly amountFen: Fen;
  readonly device: DeviceId;
  readonly merchant: MerchantId;
  /** As journalled; null or left out without a trusted clock. */
  readonly openedAt?: JournalRecord['at'];
}

/** The customer's code, after classification. */
export type Presentation =
  | { readonly kind: 'opaque'; readonly code: string }
  | { readonly kind: 'verifiable'; readonly code: string }
  | { readonly kind: 'other'; readonly reason: ReasonCode };

export type Shortfall = { readonly faceFen: Fen; readonly missingFen: Fen } | null;

/** The amount to charge, and its derivation. */
export interface Charge {
  readonly netFen: Fen;
  readonly coupon: JournalledCoupon | null;
  readonly reason: ReasonCode | null;
  readonly next: Shortfall;
  readonly readerMark: string | null;
}

/** Why no money moved: the reader's outcome, and its or the bank's code. */
export interface NotMovedWhy {
  readonly outcome: RecordOf<'not-charged'>['outcome'];
  readonly code: string;
}

export interface Settlement {
  readonly charge: Charge;
  readonly slip: CardSlip;
  readonly receipt: ReceiptNo;
  /** Wall time as journalled, for the receipt; null without a trusted clock. */
  readonly settledAt: JournalRecord['at'];
}

export type Sale =
  | { readonly at: 'opening'; readonly facts: SaleFacts }
  | {
      readonly at: 'opened';
      readonly facts: SaleFacts;
      readonly reason: ReasonCode | null;
      readonly next: Shortfall;
      readonly idleAt: MonoMs;
    }
  | {
      readonly at: 'authorising';
      readonly facts: SaleFacts;
      readonly presentation: Presentation & { kind: 'opaque' | 'verifiable' };
      readonly sentAt: MonoMs;
      readonly until: MonoMs;
    }
  | {
      readonly at: 'charging';
      readonly facts: SaleFacts;
      readonly charge: Charge;
      readonly transaction: ReaderTransaction;
      readonly settledAt: JournalRecord['at'];
    }
  | { readonly at: 'abandoning'; readonly facts: SaleFacts; readonly why: RecordOf<'abandoned'>['why'] }
  | { readonly at: 'abandoned'; readonly facts: SaleFacts; readonly why: RecordOf<'abandoned'>['why'] }
  | {
      readonly at: 'not-charged';
      readonly facts: SaleFacts;
      readonly charge: Charge;
      readonly outcome: RecordOf<'not-charged'>['outcome'];
      readonly code: string;
    }
  | {
      readonly at: 'settled';
      readonly facts: SaleFacts;
      readonly settlement: Settlement;
      readonly refundFailed: NotMovedWhy | null;
    }
  | {
      readonly at: 'refunding';
      readonly facts: SaleFacts;
      readonly settlement: Settlement;
      readonly refund: SaleId;
      readonly readerMark: string | null;
      readonly transaction: ReaderTransaction;
      readonly refundedAt: JournalRecord['at'];
    }
  | {
      readonly at: 'refunded';
      readonly facts: SaleFacts;
      readonly settlement: Settlement;
      readonly refund: SaleId;
      /** The reader's slip of the refund; the sale's slip is in its settlement. */
      readonly slip: CardSlip;
      readonly receipt: ReceiptNo;
      readonly refundedAt: JournalRecord['at'];
    };

/** The device's own verdict on a presentation, when the gateway can't be reached. */
export type OfflineVerdict =
  | { readonly kind: 'taken'; readonly coupon: JournalledCoupon; readonly next: Shortfall }
  | { readonly kind: 'refused'; readonly reason: ReasonCode; readonly next: Shortfall };

export type SaleInput =
  | { readonly kind: 'journalled' }
  | { readonly kind: 'presented'; readonly presentation: Presentation }
  | { readonly kind: 'authorised'; readonly answer: AuthoriseAnswer; readonly readerMark: string | null }
  | { readonly kind: 'offline'; readonly verdict: OfflineVerdict; readonly readerMark: string | null }
  /** The cashier's decision: no code, charge the full price. */
  | { readonly kind: 'charge'; readonly readerMark: string | null }
  | { readonly kind: 'cancel'; readonly by: 'cashier' | 'till' }
  | { readonly kind: 'refund'; readonly refund: SaleId; readonly readerMark: string | null }
  | { readonly kind: 'reader'; readonly ref: SaleId; readonly word: ReaderTransactionInput }
  | { readonly kind: 'reader-ready' }
  | { readonly kind: 'ask-again' }
  | { readonly kind: 'wake'; readonly readerMark: string | null };

export type SaleEffect =
  | { readonly kind: 'journal'; readonly record: JournalRecord }
  | {
      readonly kind: 'authorise';
      readonly facts: SaleFacts;
      readonly presentation: Presentation & { kind: 'opaque' | 'verifiable' };
    }
  /** The gateway didn't answer in time: judge the presentation locally. An `undeliverable` input brings the verdict. */
  | {
      readonly kind: 'judge-offline';
      readonly facts: SaleFacts;
      readonly presentation: Presentation & { kind: 'opaque' | 'verifiable' };
    }
  | { readonly kind: 'charge'; readonly ref: SaleId; readonly netFen: Fen }
  | {
      readonly kind: 'void';
      readonly ref: SaleId;
      readonly original: SaleId;
      readonly netFen: Fen;
      readonly slip: CardSlip;
    }
  | { readonly kind: 'ask'; readonly ref: SaleId; readonly netFen: Fen; readonly mark: string | null }
  | { readonly kind: 'cancel-charge'; readonly ref: SaleId }
  | { readonly kind: 'stored'; readonly ref: SaleId }
  | {
      readonly kind: 'receipt';
      readonly facts: SaleFacts;
      readonly settlement: Settlement;
      readonly of: 'sale' | 'refund';
      readonly receipt: ReceiptNo;
      /** The reader's slip of this very transaction: to find a refund at the bank a person needs the refund's reference. */
      readonly slip: CardSlip;
      readonly when: JournalRecord['at'];
    }
  | {
      readonly kind: 'announce';
      readonly facts: SaleFacts;
      readonly settlement: Settlement;
      readonly of: 'sale' | 'refund';
    };

/**
 * A slip for a customer who wants it in writing that nothing was charged. It isn't a receipt: the journal has no number for
 * it.
 */
export interface AttemptSlip {
  readonly kind: 'attempt';
  readonly facts: SaleFacts;
  readonly charge: Charge;
  readonly why: NotMovedWhy;
  readonly receipt: ReceiptNo;
  readonly when: JournalRecord['at'];
}

export function attemptSlip(sale: Sale): AttemptSlip | undefined {
  if (sale.at !== 'not-charged') return undefined;
  const { facts, charge, outcome, code } = sale;
  const receipt = receiptNo(facts.device, facts.sale);
  return { kind: 'attempt', facts, charge, why: { outcome, code }, receipt, when: facts.openedAt ?? null };
}

export const receiptNo = (device: DeviceId, transaction: SaleId): ReceiptNo => `${device}-${transaction}` as ReceiptNo;

/** Nothing more happens without a person: the counter is free for the next customer. */
export const isFinal = (sale: Sale): boolean =>
  sale.at === 'settled' || sale.at === 'refunded' || sale.at === 'not-charged' || sale.at === 'abandoned';

/** The outcome is unknown. The till is told before the record is durable, so that the counter needn't wait. */
export const isUnknown = (sale: Sale): boolean =>
  (sale.at === 'charging' || sale.at === 'refunding') &&
  (sale.transaction.at === 'unknown' || sale.transaction.at === 'recording-unknown');

export function saleWakeAt(sale: Sale): MonoMs | undefined {
  switch (sale.at) {
    case 'opened':
      return sale.idleAt;
    case 'authorising':
      return sale.until;
    case 'charging':
    case 'refunding':
      return readerTransactionWakeAt(sale.transaction);
    default:
      return undefined;
  }
}

/** The data of this sale's receipt, for printing or reprinting: the refund's if there is one, otherwise the sale's. */
export function receiptOf(
  sale: Sale,
  of: 'sale' | 'refund' = sale.at === 'refunded' ? 'refund' : 'sale',
): Extract<SaleEffect, { kind: 'receipt' }> | undefined {
  if (sale.at !== 'settled' && sale.at !== 'refunding' && sale.at !== 'refunded') return undefined;
  const { facts, settlement } = sale;
  if (of === 'sale') {
    const { receipt, slip, settledAt: when } = settlement;
    return { kind: 'receipt', facts, settlement, of, receipt, slip, when };
  }
  if (sale.at !== 'refunded') return undefined;
  const { receipt, slip, refundedAt: when } = sale;
  return { kind: 'receipt', facts, settlement, of, receipt, slip, when };
}
