/**
 * The book's data: coupons, holders, sales, device chains and their totals.
 *
 * A ledger stores it; arbitration reads it through `View` and returns `Changes`. So every database, and the one in memory,
 * decides alike.
 */
import type { PresentationMode } from '#protocol/campaign/schema.js';
import type { PaymentNumber } from '#protocol/codes/payment-code.js';
import type { CouponSerial, DeviceId, HolderId, MerchantId, OrderNo, SaleId } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';
import type { Interval } from '#protocol/kernel/time.js';
import type { AuthoriseAnswer } from '#protocol/messages/down.js';
import type { ChainHead } from '#protocol/records/chain.js';
import type { Account } from './accounts.js';
import type { ActRow, Confirmation, PaymentVerdict } from './acts.js';
import type { Doubt } from './doubts.js';
import type { Tally, TallyName } from './tally.js';

/** A sale's name across all devices: `<device>/<sale>`. */
export type SaleKey = string & { readonly __id: 'sale-key' };
export const saleKey = (device: DeviceId, sale: SaleId): SaleKey => `${device}/${sale}` as SaleKey;
/** The device in a sale's name: device names contain no slash. */
export const deviceOf = (key: SaleKey): DeviceId => key.slice(0, key.indexOf('/')) as DeviceId;

interface CouponOfHolder {
  readonly serial: CouponSerial;
  readonly holder: HolderId;
  /** Gateway time from which it may be used again (refund rule `restored-next-day`). */
  readonly usableFrom: number;
  /** Rises with each change, for compare-and-set. */
  readonly version: number;
}

/** What each state has, and nothing of another one: `undefined` keeps a spread from carrying an old state's sale along. */
export type CouponState =
  | { readonly state: 'held'; readonly sale?: undefined; readonly leaseEnds?: undefined }
  | {
      readonly state: 'reserved';
      readonly sale: SaleKey;
      /** Gateway time at which the reservation lapses; null: only the charge's outcome ends it. */
      readonly leaseEnds: number | null;
    }
  | { readonly state: 'used'; readonly sale: SaleKey; readonly leaseEnds?: undefined };

export type Coupon = CouponOfHolder & CouponState;
/** As a decision gives it to the overlay, which counts its versions. */
export type UnversionedCoupon = Omit<CouponOfHolder, 'version'> & CouponState;

/** Keyed hashes; the plain numbers never get this far. */
export interface Identity {
  readonly phone: string;
  readonly idCard: string;
  readonly device: string;
}

export const IDENTIFIERS = ['phone', 'idCard', 'device'] as const satisfies readonly (keyof Identity)[];

export interface Holder {
  /** The phone's key itself (`holderIdOf`). */
  readonly id: HolderId;
  /** The prefix of their payment codes; holders from the earlier release have none until the phone asks again. */
  readonly number?: PaymentNumber;
  /** The earlier release's fixed code: recognised, but no longer accepted. */
  readonly paymentCode?: string;
  /** Time step of the newest payment code used, and its sale; left out if there is none. */
  readonly codeShown?: { readonly step: number; readonly sale: SaleKey };
  /** Identities that claimed with this key; several only if people share a phone. */
  readonly identities: readonly Identity[];
  /** The nonce of the newest presentation shown online, and its sale: online the nonce must rise strictly. */
  readonly counter: number;
  readonly counterSale: SaleKey | null;
  /** Presentations by which sales took a coupon, each valid for one sale (`presentation-uses.ts`). */
  readonly showings?: readonly PresentationUse[];
  /** The holder's coupons that count on allowances; left out if there are none (`allowances.ts`). */
  readonly takenUnder?: readonly TakenUnder[];
  /** Coupons for which a conflict account has paid a counter: no counter is paid twice for one. */
  readonly borne?: readonly (readonly [serial: CouponSerial, device: DeviceId])[];
  /** Release 0.1 kept only the newest offline presentation of each counter. */
  readonly takenOffline?: readonly { readonly device: DeviceId; readonly counter: number; readonly sale: SaleKey }[];
}

/** The key for looking up a holder's payment codes. */
export const codeNameOf = ({ id, number, paymentCode }: Holder): string => number ?? paymentCode ?? id;

export interface PresentationUse {
  /** The presentation's nonce within its holder. */
  readonly counter: number;
  readonly sale: SaleKey;
  /** By the records of an offline counter. */
  readonly offline?: true;
}

export type TakenUnder = readonly [device: DeviceId, allowance: string, coupons: number];

export interface Leg {
  readonly account: Account;
  readonly fen: number;
}

export type Booking = 'none' | 'kept' | 'conflict' | 'disputed';

/** The card payment, as the counter reports its reader's slip. */
export interface CardReference {
  readonly rrn: string;
  readonly auth: string;
  readonly last4: string;
  /** A person's ruling on the payment's owner; left out if none was needed. */
  readonly ruling?: Ruling;
}

export interface Ruling {
  readonly kind: 'assigned' | 'disowned';
  readonly act: string;
  readonly by: string;
  readonly why: string;
  readonly at: number;
}

/** Refunds of a sale so far. */
export interface Refunds {
  /** By the counter's own ids: each counts once. */
  readonly ids: readonly string[];
  /** Of the card payment, as the counter reports it. */
  readonly netFen: Fen;
  /** What they have moved, one leg an account; since a person's decision, if there was one. */
  readonly legs: readonly Leg[];
  /** How much of it was back when a person decided who pays for the rest; left out where nobody did. */
  readonly decidedNetFen?: Fen;
}

/** A person's decision about a sale, and whether a later record of its device contradicted it. */
export interface Decision {
  readonly act: string;
  readonly kind: 'release' | 'free' | 'decide' | 'close';
  readonly verdict?: PaymentVerdict;
  readonly by: string;
  readonly why: string;
  readonly at: number;
  readonly contradicted?: true;
}

/** Whether a conflict account has paid this counter for the coupon: only once per coupon. */
export const isBorneAt = ({ borne = [] }: Holder, serial: CouponSerial, device: DeviceId): boolean =>
  borne.some(([coupon, by]) => coupon === serial && by === device);

export interface SaleEntry {
  readonly key: SaleKey;
  readonly device: DeviceId;
  readonly sale: SaleId;
  readonly order: OrderNo | null;
  readonly merchant: MerchantId | null;
  readonly amountFen: Fen;
  readonly netFen: Fen;
  readonly faceFen: Fen;
  readonly mode: PresentationMode | null;
  readonly holder: HolderId | null;
  readonly serial: CouponSerial | null;
  /** Fingerprint and id of the request behind `answer`. */
  readonly request: string | null;
  readonly requestId: string | null;
  readonly answer: AuthoriseAnswer | null;
  /** The number of the presentation by which `answer` reserves; left out for a payment code, and in ledgers of release 0.1. */
  readonly shown?: number;
  /** What earlier answers to this sale had reserved; left out where there is none. Release 0.1 kept the serials only. */
  readonly reservedBefore?: readonly (Offer | CouponSerial)[];
  /** For an offline coupon: the counter's report. */
  readonly offline?: OfflineTaking;
  /** The presentation as shown, kept as evidence. */
  readonly presented: string | null;
  readonly state: 'asked' | 'charging' | 'unknown' | 'settled' | 'not-charged' | 'abandoned' | 'refunded';
  readonly booking: Booking;
  /** Postings of its redemption, or its suspense in a dispute: a refund starts from these. */
  readonly legs: readonly Leg[];
  /** Doubts about the sale; a person examines sales that have any. An older ledger may hold other texts (`weightOf`). */
  readonly flags: readonly Doubt[];
  readonly at: number;
  /** Left out if the reader gave none, and in ledgers of release 0.1. */
  readonly reference?: CardReference;
  /** Left out before the first refund, and in ledgers of release 0.1. */
  readonly refunds?: Refunds;
  /** Newest last; left out if there are none. */
  readonly decisions?: readonly Decision[];
}

/** The gateway's offer to a sale: the coupon, the amounts and the merchant that it may be charged for. */
export interface Offer {
  readonly serial: CouponSerial;
  readonly tier: string;
  readonly faceFen: Fen;
  readonly thresholdFen: Fen;
  readonly netFen: Fen;
  readonly merchant: MerchantId | null;
  /** The number of the presentation that it was made for; left out for a payment code, and in ledgers of release 0.1. */
  readonly shown?: number;
  /** When it was first made, by the gateway's clock; left out in ledgers of release 0.1. */
  readonly at?: number;
}

export interface OfflineTaking {
  readonly allowance: string;
  /** The time of its charge by the counter's clock; null: no trusted clock. */
  readonly at: Interval | null;
  /** The use of the counter's allowance; left out if the gateway doesn't believe it. */
  readonly counted?: { readonly holder: HolderId; readonly faceFen: Fen };
  /** The sale that used the same presentation before. */
  readonly earlier?: SaleKey;
}

/** An allowance as issued to one device, and its use so far. */
export interface IssuedAllowance {
  readonly id: string;
  /** The time of its first issue; renewals keep it. */
  readonly issuedAt: number;
  readonly renewedAt: number;
  readonly expiresAt: number;
  readonly maxCoupons: number;
  readonly maxFaceFen: number;
  readonly maxPerHolder: number;
  readonly coupons: number;
  readonly faceFen: number;
  /** Coupons of holders without a row in the ledger; older ledgers keep all holders of the allowance here. */
  readonly holders: readonly (readonly [holder: HolderId, coupons: number])[];
}

export interface DeviceChain {
  readonly device: DeviceId;
  readonly seq: number;
  readonly hash: string;
  /** The place where its journal and ours differ: the device is stopped. */
  readonly fork: ChainHead | null;
  /** Number of conflicting records kept as evidence. */
  readonly forkEvidence: number;
  /** The time at which the fork was found; left out in ledgers of release 0.1. */
  readonly forkedAt?: number;
  /** How often its journal was restarted from `base`: the earlier copies stay, each under its own name. */
  readonly journals?: number;
  readonly base?: ChainHead;
  /** The newest time in its records (`record-time.ts`); left out if they have none. */
  readonly newestAt?: number;
  /** Allowances issued to it that may still be in use (`allowances.ts`); left out if there are none. */
  readonly allowances?: readonly IssuedAllowance[];
}

/** The name under which the ledger keeps the device's journal. */
export const journalOf = ({ device, journals = 0 }: Pick<DeviceChain, 'device' | 'journals'>): string =>
  journals === 0 ? device : `${device}~${journals}`;

/** A stretch of a device's journal: its records as received, in one piece. */
export interface JournalChunk {
  /** The journal's name (`journalOf`), usually the device's own. */
  readonly device: string;
  readonly first: number;
  readonly last: number;
  readonly prev: string;
  readonly hash: string;
  readonly bodies: readonly string[];
}

/** Double entry: the legs sum to zero. */
export interface PostingSet {
  readonly id: number;
  /** `disputed`: into suspense. Release 0.1 called that `conflict`. */
  readonly kind: 'redemption' | 'conflict' | 'refund' | 'disputed' | 'decision';
  readonly sale: SaleKey;
  readonly legs: readonly Leg[];
}

export interface Evidence {
  readonly id: number;
  readonly kind: 'double-spend' | 'fork' | 'disputed';
  /** The document's format; left out: 1, from release 0.1. */
  readonly format?: 2;
  readonly device: DeviceId;
  readonly at: number;
  readonly detail: unknown;
}

/** Running totals of the whole book, in one row. */
export interface Totals {
  readonly holders: number;
  readonly postingSets: number;
  readonly evidence: number;
  /** Total face of all issued coupons: never more than the budget, so redemptions can't exceed it either. */
  readonly claimedFen: number;
  /** Booked to the sponsor beyond that, for double spends. */
  readonly conflictFen: number;
  /** Issued coupons per tier, in the campaign's order. */
  readonly handedOut: readonly number[];
  /**
   * From this gateway time on the ledger has every issued allowance; 0: always. Left out in a ledger of release 0.1, whose
   * gateway kept none, until the first commit of this release.
   */
  readonly allowancesSince?: number;
}

export const emptyTotals = (tiers: number): Totals => ({
  holders: 0,
  postingSets: 0,
  evidence: 0,
  claimedFen: 0,
  conflictFen: 0,
  handedOut: new Array<number>(tiers).fill(0),
  allowancesSince: 0,
});

/** One event of the audit table. */
export interface AuditEvent {
  readonly what: string;
  readonly device?: DeviceId;
  readonly sale?: SaleId;
  readonly serial?: CouponSerial;
  readonly holder?: HolderId;
  readonly detail?: string | number;
  /** The operator of the act. */
  readonly by?: string;
}

/** The events of one commit, chained to the commit before: hash = SHA-256(prev, body). */
export interface AuditRow {
  readonly seq: number;
  readonly at: number;
  readonly hash: string;
  readonly body: string;
}

/** Arbitration's read interface. Every row that a batch's operations touch must be present. */
export interface View {
  readonly totals: Totals;
  readonly audit: ChainHead;
  device(id: DeviceId): DeviceChain | undefined;
  sale(key: SaleKey): SaleEntry | undefined;
  coupon(serial: CouponSerial): Coupon | undefined;
  holder(id: HolderId): Holder | undefined;
  /** `name`: a payment number, or a fixed code of the earlier release. */
  holderByCode(name: string): Holder | undefined;
  tally(name: TallyName): Tally | undefined;
  /** Holders that share the identifier. */
  holdersWith(kind: keyof Identity, hash: string): readonly HolderId[];
  couponsOf(holder: HolderId): readonly CouponSerial[];
  salesOf(holder: HolderId): readonly SaleKey[];
  chunkAt(journal: string, seq: number): JournalChunk | undefined;
  act(id: string): ActRow | undefined;
  confirmation(rrn: string): Confirmation | undefined;
}

/** Everything that a batch changes, written in one transaction or not at all: whole rows in their newest state. */
export interface Changes {
  readonly audit: AuditRow | null;
  readonly devices: readonly DeviceChain[];
  readonly chunks: readonly JournalChunk[];
  readonly holders: readonly Holder[];
  /** New holders of an identifier (`<kind> <hash>`). */
  readonly identified: readonly (readonly [name: string, holder: HolderId])[];
  /** Each was decided on the preceding version; a coupon of version 1 is new. */
  readonly coupons: readonly Coupon[];
  readonly sales: readonly SaleEntry[];
  readonly postings: readonly PostingSet[];
  readonly evidence: readonly Evidence[];
  readonly tallies: readonly Tally[];
  readonly acts: readonly ActRow[];
  readonly confirmations: readonly Confirmation[];
  readonly totals: Totals | null;
}
