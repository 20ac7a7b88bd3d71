/**
 * The till's side of the counter: its own software hands amounts in over loopback HTTP or a serial ECR line. Every
 * request is idempotent by the till's order number; every answer is the sale as it stands now.
 */
import type { UplinkFaultCode } from '#protocol/faults/errors/line.js';
import type { ReasonCode } from '#protocol/faults/reasons.js';
import type { OrderNo, ReceiptNo, SaleId } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { CardSlip, RecordOf } from '#protocol/records/record.js';

export type TillRequest =
  /**
   * Open a sale. The same order with the same amount is the same sale; with another amount it is refused (ORDER_DIFFERS). A
   * number of another business day is a new sale, unless the configuration says `till.orders: forever`.
   */
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
  /** Why the newest charge (`not-charged`) or refund (`settled` still) moved no money, as the reader says it. */
  readonly outcome: RecordOf<'not-charged'>['outcome'] | null;
  /** The bank's or the reader's own code for that. */
  readonly code: string | null;
  /** null where no clock was trusted. */
  readonly openedAt: WallMs | null;
  /** When it was paid. */
  readonly settledAt: WallMs | null;
  /** One line for the cashier, Chinese first. */
  readonly line: { readonly zh: string; readonly en: string };
}

export type TillFault =
  | 'ORDER_DIFFERS' // the same order number with another amount
  | 'ORDER_UNKNOWN'
  | 'ORDER_DAY_UNKNOWN' // paid already, and nobody can say whether that was today
  | 'COUNTER_BUSY' // another sale is at the counter
  | 'NOT_IN_THIS_STATE'
  | 'READER_AWAY'
  | 'PRINTER_AWAY'
  | 'JOURNAL_FAILED';

export type TillReply =
  /** `again`: what was asked for was so already, and nothing new was opened or done. */
  | { readonly ok: true; readonly sale: SaleView; readonly again: boolean }
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
  /** What a wall clock at the counter shows at this instant, in local milliseconds, and how far it is from UTC. */
  wallClock(at: WallMs): LocalTime;
}

export interface LocalTime {
  /** `20230327090511` */
  readonly compact: string;
  /** `2023-03-27T09:05:11+08:00` */
  readonly iso: string;
}

/** Something that isn't as it should be, and what to do about it. `code` is stable, for programs. */
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
  /** Why there is no line, as the log says it too, and for how long there has been none. Null online, and until the first attempt has failed. */
  readonly uplinkFault: { readonly code: UplinkFaultCode; readonly what: string; readonly sinceMs: number } | null;
  readonly journal: 'ok' | 'failed';
  readonly unsent: { readonly records: number; readonly fen: number; readonly oldestMs: number | null };
  readonly ports: Readonly<Record<string, 'opening' | 'open' | 'lost' | 'none'>>;
  readonly paper: 'ok' | 'near-end' | 'out' | 'unknown';
  readonly jobsWaiting: number;
  readonly salesInPersonsHands: number;
  /** Those, the oldest first: to be looked up at the terminal, and asked about once more. */
  readonly unresolved: readonly Pick<SaleView, 'order' | 'sale' | 'state' | 'netFen'>[];
  /** Until when and for how much coupons could still be taken without a line; `reason` says why not. */
  readonly offline: {
    readonly reason: ReasonCode | null;
    readonly couponsLeft: number;
    readonly faceFenLeft: number;
    /** The same under the name that the gateway's `/v1/devices` gives it. */
    readonly faceLeftFen: number;
    readonly until: number | null;
    /** The same for the cashier, the last moment by a clock on the campaign's wall. */
    readonly line: { readonly zh: string; readonly en: string };
  };
  /** The worst of the troubles, with what to do; or what the counter waits for; or that all is well. */
  readonly line: { readonly zh: string; readonly en: string };
  /** Everything that isn't as it should be, the worst first. */
  readonly troubles: readonly Trouble[];
}
