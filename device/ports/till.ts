/**
 * The till's side of the counter: its own software hands amounts in over loopback HTTP or a serial ECR line. Every
 * request is idempotent by the till's order number; every answer is the sale as it stands now.
 */
import type { LineFaultCode } from '#protocol/faults/errors/line.js';
import type { ReasonCode } from '#protocol/faults/reasons.js';
import type { OrderNo, ReceiptNo, SaleId } from '#protocol/ids.js';
import type { Fen } from '#protocol/money.js';
import type { CardSlip } from '#protocol/records/record.js';

export type TillRequest =
  /** Open a sale. The same order with the same amount is the same sale; with another amount it is refused (ORDER_DIFFERS). */
  | { readonly kind: 'open'; readonly order: OrderNo; readonly amountFen: Fen }
  /** The customer shows no code: charge the full price now. */
  | { readonly kind: 'charge'; readonly order: OrderNo }
  /** Before the charge: ends the sale. During it: asks the reader to cancel; what counts is the reader's result. */
  | { readonly kind: 'cancel'; readonly order: OrderNo }
  /** Refund what was paid of a settled sale. */
  | { readonly kind: 'refund'; readonly order: OrderNo }
  /** Print the receipt once more, marked 补打. */
  | { readonly kind: 'reprint'; readonly order: OrderNo }
  /** Of a sale (or refund) in a person's hands: ask the reader once more. There is no "force done". */
  | { readonly kind: 'ask-again'; readonly order: OrderNo }
  | { readonly kind: 'look'; readonly order: OrderNo };

export type SaleState =
  | 'opened'
  | 'authorising'
  | 'charging'
  | 'checking' // the reader fell silent; it is being asked
  | 'unknown' // in a person's hands
  | 'settled'
  | 'not-charged'
  | 'abandoned'
  | 'refunding'
  | 'refund-unknown'
  | 'refunded';

/** What the till and the counter's screen are told of a sale. */
export interface SaleView {
  readonly order: OrderNo;
  readonly sale: SaleId;
  readonly state: SaleState;
  readonly amountFen: Fen;
  readonly netFen: Fen;
  readonly coupon: { readonly faceFen: Fen; readonly thresholdFen: Fen; readonly offline: boolean } | null;
  /** Why no coupon came off, where one was shown. */
  readonly reason: ReasonCode | null;
  /** Below a threshold: what is missing to the next tier that the holder has. */
  readonly next: { readonly faceFen: Fen; readonly missingFen: Fen } | null;
  readonly receipt: ReceiptNo | null;
  readonly card: CardSlip | null;
  /** One line for the cashier, Chinese first. */
  readonly line: { readonly zh: string; readonly en: string };
}

export type TillFault =
  | 'ORDER_DIFFERS' // the same order number with another amount
  | 'ORDER_UNKNOWN'
  | 'COUNTER_BUSY' // another sale is at the counter
  | 'NOT_IN_THIS_STATE'
  | 'READER_AWAY'
  | 'JOURNAL_FAILED';

export type TillReply =
  | { readonly ok: true; readonly sale: SaleView }
  | {
      readonly ok: false;
      readonly fault: TillFault;
      readonly line: { readonly zh: string; readonly en: string };
      readonly sale: SaleView | null;
    };

/** What the loop offers the till adapters. Replies come once what they promise is durable. */
export interface Counter {
  request(request: TillRequest, reply: (reply: TillReply) => void): void;
  /** Tells of every change of a sale; returns how to stop listening. */
  watch(listener: (sale: SaleView) => void): () => void;
  /** The printer has paper again: print what waits. */
  resumePrinting(): void;
  health(): CounterHealth;
}

export interface CounterHealth {
  readonly device: string;
  readonly merchant: string;
  readonly online: boolean;
  /** Why there is no line, as the log says it too, and for how long there has been none. Null on line, and until the first attempt has failed. */
  readonly uplinkFault: { readonly code: LineFaultCode; readonly what: string; readonly sinceMs: number } | null;
  readonly journal: 'ok' | 'failed';
  readonly unsent: { readonly records: number; readonly fen: number; readonly oldestMs: number | null };
  readonly ports: Readonly<Record<string, 'opening' | 'open' | 'lost' | 'none'>>;
  readonly paper: 'ok' | 'near-end' | 'out' | 'unknown';
  readonly jobsWaiting: number;
  readonly salesInPersonsHands: number;
  /** Until when and for how much coupons could still be taken without a line; `reason` says why not. */
  readonly offline: {
    readonly reason: ReasonCode | null;
    readonly couponsLeft: number;
    readonly faceFenLeft: number;
    readonly until: number | null;
    /** The same for the cashier, the last moment by a clock on the campaign's wall. */
    readonly line: { readonly zh: string; readonly en: string };
  };
  readonly line: { readonly zh: string; readonly en: string };
}
