/**
 * The till's interface: the shop's own software hands in amounts over loopback HTTP or a serial ECR line.
 *
 * Every request is idempotent by the till's order number; every answer is the sale's current state.
 */
import type { UplinkFaultCode } from '#protocol/faults/errors/line.js';
import type { ReasonCode } from '#protocol/faults/reasons.js';
import type { OrderNo, ReceiptNo, SaleId } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { CardSlip, RecordOf } from '#protocol/records/record.js';

export type TillRequest =
  /**
   * Opens a sale. The same order with the same amount is the same sale; with another amount it is refused (ORDER_DIFFERS).
   * A number of another business day is a new sale, unless the configuration has `till.orders: forever`.
   */
  | { readonly kind: 'open'; readonly order: OrderNo; readonly amountFen: Fen }
  /** The customer shows no code: charges the full price now. */
  | { readonly kind: 'charge'; readonly order: OrderNo }
  /** Before the charge: ends the sale. During it: asks the reader to cancel; the reader's result decides. */
  | { readonly kind: 'cancel'; readonly order: OrderNo }
  /** Refunds the amount paid of a settled sale. */
  | { readonly kind: 'refund'; readonly order: OrderNo }
  /** Prints the receipt once more, marked 补打. */
  | { readonly kind: 'reprint'; readonly order: OrderNo }
  /** For a sale or refund with an unknown outcome: queries the reader again. There is no "force done". */
  | { readonly kind: 'ask-again'; readonly order: OrderNo }
  | { readonly kind: 'look'; readonly order: OrderNo };

export type SaleState =
  | 'opened'
  | 'authorising'
  | 'charging'
  | 'checking' // the reader fell silent; it is being queried
  | 'unknown' // the outcome is unknown: a person must act
  | 'settled'
  | 'not-charged'
  | 'abandoned'
  | 'refunding'
  | 'refund-unknown'
  | 'refunded';

/** A sale as shown to the till and on the counter's screen. */
export interface SaleView {
  readonly order: OrderNo;
  readonly sale: SaleId;
  readonly state: SaleState;
  readonly amountFen: Fen;
  readonly netFen: Fen;
  readonly coupon: { readonly faceFen: Fen; readonly thresholdFen: Fen; readonly offline: boolean } | null;
  /** Why a presentation brought no coupon. */
  readonly reason: ReasonCode | null;
  /** Below a threshold: the amount missing to the holder's next tier. */
  readonly next: { readonly faceFen: Fen; readonly missingFen: Fen } | null;
  readonly receipt: ReceiptNo | null;
  readonly card: CardSlip | null;
  /** Why the newest charge (`not-charged`) or refund (`settled` still) moved no money, by the reader's report. */
  readonly outcome: RecordOf<'not-charged'>['outcome'] | null;
  /** The bank's or the reader's own code for that. */
  readonly code: string | null;
  /** null without a trusted clock. */
  readonly openedAt: WallMs | null;
  /** The time of payment. */
  readonly settledAt: WallMs | null;
  /** One line for the cashier, Chinese first. */
  readonly line: { readonly zh: string; readonly en: string };
}

export type TillFault =
  | 'ORDER_DIFFERS' // the same order number with another amount
  | 'ORDER_UNKNOWN'
  | 'ORDER_DAY_UNKNOWN' // already paid, and it is uncertain whether that was today
  | 'COUNTER_BUSY' // another sale is at the counter
  | 'NOT_IN_THIS_STATE'
  | 'READER_AWAY'
  | 'PRINTER_AWAY'
  | 'JOURNAL_FAILED';

export type TillReply =
  /** `again`: the request's work was already done, and nothing new happened. */
  | { readonly ok: true; readonly sale: SaleView; readonly again: boolean }
  | {
      readonly ok: false;
      readonly fault: TillFault;
      readonly line: { readonly zh: string; readonly en: string };
      readonly sale: SaleView | null;
    };

/** The counter's interface for the till adapters. A reply comes once its content is durable. */
export interface Counter {
  request(request: TillRequest, reply: (reply: TillReply) => void): void;
  /** Reports every change of a sale; the returned function unsubscribes. */
  watch(listener: (sale: SaleView) => void): () => void;
  /** The printer has paper again: prints the held jobs. */
  resumePrinting(): void;
  health(): CounterHealth;
  /** Local time at the counter at this instant, in local milliseconds, and its offset from UTC. */
  wallClock(at: WallMs): LocalTime;
}

export interface LocalTime {
  /** `20230327090511` */
  readonly compact: string;
  /** `2023-03-27T09:05:11+08:00` */
  readonly iso: string;
}

/** A trouble and its remedy. `code` is stable, for programs. */
export interface Trouble {
  readonly code: TroubleCode;
  readonly zh: string;
  readonly en: string;
}

export type TroubleCode =
  | 'journal-failed'
  | 'forked'
  | 'payment-unknown'
  | 'reader-away'
  | 'scanner-away'
  | 'printer-away'
  | 'paper-out'
  | 'receipts-waiting'
  | 'line-never-up'
  | 'line-down'
  | 'spent-set-old'
  | 'unsent-old'
  | 'paper-near-end'
  | 'voice-away'
  | 'display-away';

export interface CounterHealth {
  readonly device: string;
  readonly agent: string;
  readonly merchant: string;
  readonly online: boolean;
  /** The cause and duration of an outage, with the log's code. Null online, and until the first attempt has failed. */
  readonly uplinkFault: { readonly code: UplinkFaultCode; readonly what: string; readonly sinceMs: number } | null;
  readonly journal: 'ok' | 'failed';
  readonly unsent: { readonly records: number; readonly fen: number; readonly oldestMs: number | null };
  readonly ports: Readonly<Record<string, 'opening' | 'open' | 'lost' | 'none'>>;
  readonly paper: 'ok' | 'near-end' | 'out' | 'unknown';
  readonly jobsWaiting: number;
  readonly salesInPersonsHands: number;
  /** Unresolved sales, oldest first: look them up at the terminal and query again. */
  readonly unresolved: readonly Pick<SaleView, 'order' | 'sale' | 'state' | 'netFen'>[];
  /** Until when and for how much coupons can still be taken offline; `reason` says why not. */
  readonly offline: {
    readonly reason: ReasonCode | null;
    readonly couponsLeft: number;
    readonly faceFenLeft: number;
    /** The same under the name in the gateway's `/v1/devices`. */
    readonly faceLeftFen: number;
    readonly until: number | null;
    /** The same for the cashier, with the last moment in the campaign's local time. */
    readonly line: { readonly zh: string; readonly en: string };
  };
  /** The worst trouble with its remedy, or what the counter waits for, or that all is well. */
  readonly line: { readonly zh: string; readonly en: string };
  /** All troubles, worst first. */
  readonly troubles: readonly Trouble[];
}
