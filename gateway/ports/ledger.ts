/**
 * The book of record. Operations are data; a batch of them is one transaction; its outcomes are released only once they are
 * durable. Every implementation passes `test/contract/ledger-contract.ts`.
 */
import type { Campaign, Identifier, PresentationMode } from '#protocol/campaign/schema.js';
import type { PaymentNumber } from '#protocol/codes/payment-code.js';
import type { ErrorCode } from '#protocol/faults/errors.js';
import type { ReasonCode } from '#protocol/faults/reasons.js';
import type { CouponSerial, DeviceId, HolderId, MerchantId, OrderNo, SaleId } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { Allowance } from '#protocol/messages/allowance.js';
import type { AuthoriseAnswer } from '#protocol/messages/down.js';
import type { ChainHead } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { ReadPaymentCode } from '../core/payment-codes.js';
import type { Act, ActRefusal, ActResult } from '../ledger/book/acts.js';
import type { Coupon, Evidence, Holder, Identity, SaleEntry } from '../ledger/book/book.js';
import type { Case } from '../ledger/report/cases.js';
import type { Finding } from '../ledger/report/findings.js';
import type { Verdict } from './verifier.js';

/** The customer's presentation, after its signatures were checked. */
export type CheckedPresentation =
  | {
      readonly kind: 'opaque';
      /** The whole code, only to recognise a fixed code of the earlier release. */
      readonly code: string;
      readonly readCode: ReadPaymentCode;
    }
  | {
      readonly kind: 'verified';
      readonly holder: HolderId;
      readonly nonce: number;
      /** The presentation's text. */
      readonly evidence: string;
    }
  | { readonly kind: 'refused'; readonly reason: ReasonCode };

export interface AuthoriseOp {
  readonly kind: 'authorise';
  readonly device: DeviceId;
  readonly id: string;
  readonly sale: SaleId;
  readonly order: OrderNo;
  readonly merchant: MerchantId;
  readonly amountFen: Fen;
  readonly mode: PresentationMode;
  readonly presented: CheckedPresentation;
  /** Idempotency key: equal for equal requests, whatever their id. */
  readonly request: string;
}

export interface RecordsOp {
  readonly kind: 'records';
  readonly device: DeviceId;
  readonly id: string;
  readonly from: number;
  readonly prev: string;
  readonly bodies: readonly string[];
  /** The parsed bodies; undefined where this version can't read one. */
  readonly records: readonly (JournalRecord | undefined)[];
  /** Verdicts on the presentations in these records, by the presentation's text. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

export interface HelloOp {
  readonly kind: 'hello';
  readonly device: DeviceId;
  readonly id: string;
  readonly head: ChainHead;
}

export interface ClaimOp {
  readonly kind: 'claim';
  readonly holder: HolderId;
  readonly identity: Identity;
  /** The identifiers proved to be the claimant's. */
  readonly proved: readonly Identifier[];
  readonly tiers: readonly string[];
  /** Candidates for a new holder's number: the first free one is used. */
  readonly numbers: readonly PaymentNumber[];
}

export interface ActOp {
  readonly kind: 'act';
  /** The operator's id of the act, its idempotency key. */
  readonly id: string;
  /** Who and why, for the audit. */
  readonly by: string;
  readonly why: string;
  readonly act: Act;
}

export type Op = AuthoriseOp | RecordsOp | HelloOp | ClaimOp | ActOp;

export interface ClaimedTier {
  readonly tier: string;
  readonly serial: CouponSerial | null;
  readonly reason: ReasonCode | null;
}

export type RejectionCode =
  /** The sale is past asking, or the name stands for another sale. */
  | 'SALE_DIFFERS'
  /** The device has sent a newer request since. */
  | 'REQUEST_OVERTAKEN'
  /** No journal can have the head that the device reports. */
  | 'HEAD_IMPOSSIBLE';

export type Outcome =
  | { readonly kind: 'authorised'; readonly sale: SaleId; readonly answer: AuthoriseAnswer }
  | { readonly kind: 'rejected'; readonly code: RejectionCode; readonly what: string }
  /** `unreadable`: new records that this version can't read, so that nothing of them is booked. */
  | { readonly kind: 'have'; readonly head: ChainHead; readonly unreadable?: readonly number[] }
  /** Answers a hello. `isInSync`: the gateway has every record of the device. */
  | {
      readonly kind: 'welcome';
      readonly head: ChainHead;
      readonly isInSync: boolean;
      /** Recorded in the ledger: to be signed and sent. */
      readonly allowance?: Allowance;
    }
  | { readonly kind: 'forked'; readonly seq: number; readonly mine: string }
  | { readonly kind: 'acted'; readonly id: string; readonly again: boolean; readonly result: ActResult }
  | { readonly kind: 'act-refused'; readonly code: ActRefusal; readonly what: string }
  | {
      readonly kind: 'claimed';
      readonly holder: HolderId | null;
      readonly number: PaymentNumber | null;
      readonly tiers: readonly ClaimedTier[];
      /** All coupons issued to the holder, in the campaign's order of tiers. */
      readonly serials: readonly CouponSerial[];
    };

export interface LedgerFault {
  readonly code: string;
  readonly message: string;
}

export type Answer<Value> = (fault: LedgerFault | undefined, value: Value) => void;

export interface Reconciliation {
  readonly redeemed: number;
  /** The sponsors' share: net of refunds to them. */
  readonly redeemedFen: number;
  /** The sponsors' share before refunds. */
  readonly grossFen: number;
  readonly refunded: number;
  readonly conflicts: number;
  /** Posted from the conflict accounts. */
  readonly conflictFen: number;
  readonly disputed: number;
  /** Total of the suspense accounts. */
  readonly disputedFen: number;
  readonly settledSales: number;
  /** Card payments and refunds as counters report them: nobody is paid by these. */
  readonly reportedNetFen: number;
  readonly reportedRefundedFen: number;
  readonly held: number;
  readonly reserved: number;
  readonly used: number;
  /** Zero, or the book is broken. */
  readonly postingsFen: number;
  readonly accounts: Readonly<Record<string, number>>;
  /** Number of settled sales per flag, for a person to examine. */
  readonly flags: Readonly<Record<string, number>>;
  readonly merchants: Readonly<Record<string, MerchantSums>>;
  /** Counters with disputed sales: their number, and the total of their suspense accounts. */
  readonly devices: Readonly<Record<string, { readonly disputed: number; readonly disputedFen: number }>>;
}

export interface MerchantSums {
  readonly redeemed: number;
  /** The merchant's due: the sum of all postings to its account, after refunds. */
  readonly redeemedFen: number;
  /** Gross and refunds: `redeemedFen` is the difference. */
  readonly grossFen: number;
  readonly refundedFen: number;
  /** The part of `redeemedFen` whose card payments the acquirer confirms: this may be paid out. */
  readonly confirmedFen: number;
  /**
   * The part of `confirmedFen` that the acquirer confirms without naming the merchant; only a counter's word ties it to
   * this one.
   */
  readonly unboundFen: number;
}

/** The result of a batch. */
export interface Committed {
  /** In the order of the operations. */
  readonly outcomes: readonly Outcome[];
  /** Coupons that the batch used up, and those that refunds gave back. */
  readonly spent: readonly CouponSerial[];
  readonly restored: readonly CouponSerial[];
  /** Alerts for a person; raised once the batch is durable. */
  readonly alerts: readonly LedgerAlert[];
  /** Sales for a person to examine. */
  readonly findings: readonly Finding[];
}

export interface LedgerAlert {
  /** A code of the error registry. */
  readonly code: ErrorCode;
  readonly what: string;
  readonly device: DeviceId | undefined;
}

export const NOTHING_COMMITTED: Committed = { outcomes: [], spent: [], restored: [], alerts: [], findings: [] };

/** A document that was in force from `since` until `until`. */
export interface EarlierDocument {
  /** As it was kept, perhaps by another version of this program. */
  readonly campaign: unknown;
  readonly since: number;
  readonly until: number;
}

export interface Ledger {
  /** One batch at a time: the caller waits for `done` before the next. */
  commit(ops: readonly Op[], now: WallMs, done: Answer<Committed>): void;
  /** Serials of coupons that are used or not back yet, and the number of commits so far. */
  spent(now: WallMs, done: Answer<{ readonly serials: readonly CouponSerial[]; readonly commits: number }>): void;
  holder(
    id: HolderId,
    done: Answer<{ readonly holder: Holder; readonly coupons: readonly Coupon[] } | undefined>,
  ): void;
  sale(device: DeviceId, sale: SaleId, done: Answer<SaleEntry | undefined>): void;
  evidence(done: Answer<readonly Evidence[]>): void;
  reconciliation(done: Answer<Reconciliation>): void;
  /** Open cases, oldest first; at most the first thousand of each kind. */
  cases(now: WallMs, done: Answer<readonly Case[]>): void;
  /**
   * Keeps the campaign's document unless it is the newest kept one, and returns the other kept documents, newest first:
   * counters may have sold under any of them. Runs at the start, before counters get the document.
   */
  keepDocument(campaign: Campaign, now: WallMs, done: Answer<readonly EarlierDocument[]>): void;
  /** The time of the newest commit; undefined in a new ledger. */
  newestCommit(done: Answer<WallMs | undefined>): void;
  /** Walks the audit chain from its start: true if every hash agrees. */
  auditIntact(done: Answer<boolean>): void;
  close(done: () => void): void;
}
