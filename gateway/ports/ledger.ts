/**
 * The book of record. Operations are data; a batch of them is one transaction; its outcomes are handed out only once
 * they are durable. Every implementation passes `test/contract/ledger-contract.ts`.
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

/** What the customer showed, after its signatures were looked at. */
export type CheckedPresentation =
  | {
      readonly kind: 'opaque';
      /** Whole, only to know a fixed code of the release before again. */
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
  /** Equal for equal requests, whatever their id: what makes a repeat a repeat. */
  readonly request: string;
}

export interface RecordsOp {
  readonly kind: 'records';
  readonly device: DeviceId;
  readonly id: string;
  readonly from: number;
  readonly prev: string;
  readonly bodies: readonly string[];
  /** The bodies read; undefined where this version can't. */
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
  /** Which of them are shown to be the claimant's. */
  readonly proved: readonly Identifier[];
  readonly tiers: readonly string[];
  /** For a holder who has none yet: the first that nobody has. */
  readonly numbers: readonly PaymentNumber[];
}

export interface ActOp {
  readonly kind: 'act';
  /** Of the operator's making: the same act again is done once. */
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
  /** The sale is past asking, or another one under the same name. */
  | 'SALE_DIFFERS'
  /** It has asked again since. */
  | 'REQUEST_OVERTAKEN'
  /** No journal can stand where the device says that its own does. */
  | 'HEAD_IMPOSSIBLE';

export type Outcome =
  | { readonly kind: 'authorised'; readonly sale: SaleId; readonly answer: AuthoriseAnswer }
  | { readonly kind: 'rejected'; readonly code: RejectionCode; readonly what: string }
  /** `unreadable`: which of its records are new and say nothing to this version, so that nothing of them is booked. */
  | { readonly kind: 'have'; readonly head: ChainHead; readonly unreadable?: readonly number[] }
  /** Answers a hello. `isInSync`: the device has nothing that we haven't. */
  | {
      readonly kind: 'welcome';
      readonly head: ChainHead;
      readonly isInSync: boolean;
      /** In the ledger by now: to be signed and sent. */
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
      /** All that the holder has been given, in the campaign's order of tiers. */
      readonly serials: readonly CouponSerial[];
    };

export interface LedgerFault {
  readonly code: string;
  readonly message: string;
}

export type Answer<Value> = (fault: LedgerFault | undefined, value: Value) => void;

export interface Reconciliation {
  readonly redeemed: number;
  /** What the sponsors pay: net of what refunds gave back to them. */
  readonly redeemedFen: number;
  /** What they paid before refunds. */
  readonly grossFen: number;
  readonly refunded: number;
  readonly conflicts: number;
  /** Posted from the conflict accounts. */
  readonly conflictFen: number;
  readonly disputed: number;
  /** What stands in the suspense accounts. */
  readonly disputedFen: number;
  readonly settledSales: number;
  /** What counters say that their card readers took, and gave back: nobody is paid by these. */
  readonly reportedNetFen: number;
  readonly reportedRefundedFen: number;
  readonly held: number;
  readonly reserved: number;
  readonly used: number;
  /** Zero, or the book is broken. */
  readonly postingsFen: number;
  readonly accounts: Readonly<Record<string, number>>;
  /** How many settled sales have each flag: a person looks at those. */
  readonly flags: Readonly<Record<string, number>>;
  readonly merchants: Readonly<Record<string, MerchantSums>>;
  /** Counters with disputed sales: how many, and what stands in their suspense accounts. */
  readonly devices: Readonly<Record<string, { readonly disputed: number; readonly disputedFen: number }>>;
}

export interface MerchantSums {
  readonly redeemed: number;
  /** What it has to get: the sum of all postings to its account, refunds taken off. */
  readonly redeemedFen: number;
  /** Of these, before refunds, and what refunds took: `redeemedFen` is the difference. */
  readonly grossFen: number;
  readonly refundedFen: number;
  /** The part of `redeemedFen` whose card payments the acquirer confirms: this may be paid out. */
  readonly confirmedFen: number;
  /** Of `confirmedFen`: what the acquirer confirms without saying whose it was. A counter's word alone binds it. */
  readonly unboundFen: number;
}

/** What a batch came to. */
export interface Committed {
  /** In the order of the operations. */
  readonly outcomes: readonly Outcome[];
  /** Coupons that it used up, and that refunds gave back. */
  readonly spent: readonly CouponSerial[];
  readonly restored: readonly CouponSerial[];
  /** What a person should look at; raised once the batch is durable. */
  readonly alerts: readonly LedgerAlert[];
  /** Sales that a person has to look at. */
  readonly findings: readonly Finding[];
}

export interface LedgerAlert {
  /** Of the registry of errors. */
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
  /** Serials of coupons that are used or not back yet, and how many commits there have been. */
  spent(now: WallMs, done: Answer<{ readonly serials: readonly CouponSerial[]; readonly commits: number }>): void;
  holder(
    id: HolderId,
    done: Answer<{ readonly holder: Holder; readonly coupons: readonly Coupon[] } | undefined>,
  ): void;
  sale(device: DeviceId, sale: SaleId, done: Answer<SaleEntry | undefined>): void;
  evidence(done: Answer<readonly Evidence[]>): void;
  reconciliation(done: Answer<Reconciliation>): void;
  /** What needs a person, the oldest first; the first thousand of each kind. */
  cases(now: WallMs, done: Answer<readonly Case[]>): void;
  /**
   * Keeps the campaign's document where it isn't the newest one kept, and gives the others that are kept, the newest first:
   * what counters may have gone by. At the start, before counters hear of it.
   */
  keepDocument(campaign: Campaign, now: WallMs, done: Answer<readonly EarlierDocument[]>): void;
  /** When the newest commit was made; undefined in a new ledger. */
  newestCommit(done: Answer<WallMs | undefined>): void;
  /** Walks the audit chain from its start: true where every hash agrees. */
  auditIntact(done: Answer<boolean>): void;
  close(done: () => void): void;
}
