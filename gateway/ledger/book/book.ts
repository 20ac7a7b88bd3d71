/**
 * What the gateway knows: coupons, holders, sales, device chains and what they add up to. Plain data. A ledger keeps it,
 * arbitration reads it through `View` and answers with `Changes`; so every database, and the one in memory, decides alike.
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
/** The device in a sale's name: no device has a slash in its own. */
export const deviceOf = (key: SaleKey): DeviceId => key.slice(0, key.indexOf('/')) as DeviceId;

export interface Coupon {
  readonly serial: CouponSerial;
  readonly holder: HolderId;
  readonly state: 'held' | 'reserved' | 'used';
  /** Who has it reserved, or has used it. */
  readonly sale: SaleKey | null;
  /** Gateway time at which a reservation lapses; null: not before the device says how the charge ended. */
  readonly leaseEnds: number | null;
  /** Gateway time before which it isn't taken again (refund rule `restored-next-day`). */
  readonly usableFrom: number;
  /** Rises with each change: the compare in compare-and-set. */
  readonly version: number;
}

/** Keyed hashes; the plain numbers never come this far. */
export interface Identity {
  readonly phone: string;
  readonly idCard: string;
  readonly device: string;
}

export const IDENTIFIERS = ['phone', 'idCard', 'device'] as const satisfies readonly (keyof Identity)[];

export interface Holder {
  /** The phone's key itself (`holderIdOf`). */
  readonly id: HolderId;
  /** What their payment codes begin with; left out of the release before, until the phone asks again. */
  readonly number?: PaymentNumber;
  /** The fixed code of the release before: known again, and no longer taken. */
  readonly paymentCode?: string;
  /** Time step of the newest payment code taken, and the sale that it was shown to; left out where there is none. */
  readonly codeShown?: { readonly step: number; readonly sale: SaleKey };
  /** Who claimed with this key; more than one only where people share a phone. */
  readonly identities: readonly Identity[];
  /** Of the newest presentation shown online, and the sale that it was shown to: online they must rise strictly. */
  readonly counter: number;
  readonly counterSale: SaleKey | null;
  /** The presentations that sales have taken a coupon by, each good for one sale (`presentation-uses.ts`). */
  readonly showings?: readonly PresentationUse[];
  /** Coupons of the holder that count on allowances; left out where there are none (`allowances.ts`). */
  readonly takenUnder?: readonly TakenUnder[];
  /** Coupons that a conflict account has paid a counter for: no counter is paid twice for one. */
  readonly borne?: readonly (readonly [serial: CouponSerial, device: DeviceId])[];
  /** Release 0.1 kept only the newest one that each counter took offline. */
  readonly takenOffline?: readonly { readonly device: DeviceId; readonly counter: number; readonly sale: SaleKey }[];
}

/** What a holder's payment codes are found by. */
export const codeNameOf = ({ id, number, paymentCode }: Holder): string => number ?? paymentCode ?? id;

export interface PresentationUse {
  /** The presentation's number: with its holder, a nonce. */
  readonly counter: number;
  readonly sale: SaleKey;
  /** By the records of a counter without a line. */
  readonly offline?: true;
}

export type TakenUnder = readonly [device: DeviceId, allowance: string, coupons: number];

export interface Leg {
  readonly account: Account;
  readonly fen: number;
}

export type Booking = 'none' | 'kept' | 'conflict' | 'disputed';

/** The card payment, as the counter says that its reader printed it. */
export interface CardReference {
  readonly rrn: string;
  readonly auth: string;
  readonly last4: string;
  /** A person's word on whose payment it is; left out where nobody had to say. */
  readonly ruling?: Ruling;
}

export interface Ruling {
  readonly kind: 'assigned' | 'disowned';
  readonly act: string;
  readonly by: string;
  readonly why: string;
  readonly at: number;
}

/** What has gone back of a sale so far, in one refund or several. */
export interface Refunds {
  /** By the counter's names of them: each counts once. */
  readonly ids: readonly string[];
  /** Of the card payment, as the counter says. */
  readonly netFen: Fen;
  /** What they have moved, one leg an account; since a person's decision, if there was one. */
  readonly legs: readonly Leg[];
  /** How much of it was back when a person decided who pays for the rest; left out where nobody did. */
  readonly decidedNetFen?: Fen;
}

/** What a person decided about a sale, and whether a later record of its device contradicted that. */
export interface Decision {
  readonly act: string;
  readonly kind: 'release' | 'free' | 'decide' | 'close';
  readonly verdict?: PaymentVerdict;
  readonly by: string;
  readonly why: string;
  readonly at: number;
  readonly contradicted?: true;
}

/** Whether a conflict account has paid this counter for the coupon: it is paid once for one. */
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
  /** Fingerprint and id of the request that `answer` answers. */
  readonly request: string | null;
  readonly requestId: string | null;
  readonly answer: AuthoriseAnswer | null;
  /** What earlier answers to this sale had reserved; left out where there is none. Release 0.1 kept the serials only. */
  readonly reservedBefore?: readonly (Offer | CouponSerial)[];
  /** For a coupon that was taken offline: what its counter says of it. */
  readonly offline?: OfflineTaking;
  /** The presentation as shown, kept as evidence. */
  readonly presented: string | null;
  readonly state: 'asked' | 'charging' | 'unknown' | 'settled' | 'not-charged' | 'abandoned' | 'refunded';
  readonly booking: Booking;
  /** What its redemption moved, or its dispute holds in suspense: a refund starts from there. */
  readonly legs: readonly Leg[];
  /** What did not agree; a person looks at sales that have any. An older ledger's may have other texts (`weightOf`). */
  readonly flags: readonly Doubt[];
  readonly at: number;
  /** Left out where the reader named none, and in ledgers of release 0.1. */
  readonly reference?: CardReference;
  /** Left out before the first refund, and in ledgers of release 0.1. */
  readonly refunds?: Refunds;
  /** The newest last; left out where nobody decided anything. */
  readonly decisions?: readonly Decision[];
}

/** What the gateway has offered to a sale: the coupon, the amounts and the merchant that it may be charged for. */
export interface Offer {
  readonly serial: CouponSerial;
  readonly tier: string;
  readonly faceFen: Fen;
  readonly thresholdFen: Fen;
  readonly netFen: Fen;
  readonly merchant: MerchantId | null;
}

export interface OfflineTaking {
  readonly allowance: string;
  /** Its charge, by the counter's clock; null: it trusted none. */
  readonly at: Interval | null;
  /** What the counter has counted on its allowance; left out where the gateway doesn't believe it. */
  readonly counted?: { readonly holder: HolderId; readonly faceFen: Fen };
  /** The sale that had taken a coupon by the same presentation. */
  readonly earlier?: SaleKey;
}

/** An allowance as the gateway has issued it to one device, and what has been counted on it since. */
export interface IssuedAllowance {
  readonly id: string;
  /** When its id was first issued; renewals leave it. */
  readonly issuedAt: number;
  readonly renewedAt: number;
  readonly expiresAt: number;
  readonly maxCoupons: number;
  readonly maxFaceFen: number;
  readonly maxPerHolder: number;
  readonly coupons: number;
  readonly faceFen: number;
  /** Of holders whom the ledger has no row of; ledgers written before have all holders of the allowance here. */
  readonly holders: readonly (readonly [holder: HolderId, coupons: number])[];
}

export interface DeviceChain {
  readonly device: DeviceId;
  readonly seq: number;
  readonly hash: string;
  /** Where its journal and ours disagree: the device is stopped. */
  readonly fork: ChainHead | null;
  /** Copies of conflicting records kept so far. */
  readonly forkEvidence: number;
  /** When the fork was found; left out in ledgers of release 0.1. */
  readonly forkedAt?: number;
  /** How often its journal was begun anew from `base`: the copies of before stay, each under a name of its own. */
  readonly journals?: number;
  readonly base?: ChainHead;
  /** The newest time in its records (`record-time.ts`); left out where none had any. */
  readonly newestAt?: number;
  /** Issued to it and perhaps still in use (`allowances.ts`); left out where there is none. */
  readonly allowances?: readonly IssuedAllowance[];
}

/** Under which name the ledger keeps the device's journal. */
export const journalOf = ({ device, journals = 0 }: Pick<DeviceChain, 'device' | 'journals'>): string =>
  journals === 0 ? device : `${device}~${journals}`;

/** Some records as they came, in one piece: the gateway's copy of a stretch of a device's journal. */
export interface JournalChunk {
  /** The journal's name (`journalOf`), mostly the device's own. */
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
  /** Of the document; left out: 1, as release 0.1 wrote it. */
  readonly format?: 2;
  readonly device: DeviceId;
  readonly at: number;
  readonly detail: unknown;
}

/** Running sums of the whole book, in one row. */
export interface Totals {
  readonly holders: number;
  readonly postingSets: number;
  readonly evidence: number;
  /** Face of every coupon handed out: never more than the budget, so redemptions can't be either. */
  readonly claimedFen: number;
  /** Booked to the sponsor beyond that, for double spends. */
  readonly conflictFen: number;
  /** How many of each tier are handed out, in the campaign's order. */
  readonly handedOut: readonly number[];
  /**
   * Since when every allowance issued is in the ledger, by the gateway's clock; 0: always. Left out in a ledger of release
   * 0.1, whose gateway kept none, until the first commit of this one.
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

/** One line of the audit table. */
export interface AuditEvent {
  readonly what: string;
  readonly device?: DeviceId;
  readonly sale?: SaleId;
  readonly serial?: CouponSerial;
  readonly holder?: HolderId;
  readonly detail?: string | number;
  /** The operator whose act it was. */
  readonly by?: string;
}

/** The events of one commit, chained to the commit before: hash = SHA-256(prev, body). */
export interface AuditRow {
  readonly seq: number;
  readonly at: number;
  readonly hash: string;
  readonly body: string;
}

/** What arbitration may ask. Everything the operations of a batch touch must be there. */
export interface View {
  readonly totals: Totals;
  readonly audit: ChainHead;
  device(id: DeviceId): DeviceChain | undefined;
  sale(key: SaleKey): SaleEntry | undefined;
  coupon(serial: CouponSerial): Coupon | undefined;
  holder(id: HolderId): Holder | undefined;
  /** `name`: a payment number, or a fixed code of the release before. */
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

/** Everything a batch changes, to be written in one transaction or not at all. Whole rows, newest state. */
export interface Changes {
  readonly audit: AuditRow | null;
  readonly devices: readonly DeviceChain[];
  readonly chunks: readonly JournalChunk[];
  readonly holders: readonly Holder[];
  /** Whom an identifier (`<kind> <hash>`) is now also one of. */
  readonly identified: readonly (readonly [name: string, holder: HolderId])[];
  /** Each decided on the version before its own; a coupon of version 1 didn't exist. */
  readonly coupons: readonly Coupon[];
  readonly sales: readonly SaleEntry[];
  readonly postings: readonly PostingSet[];
  readonly evidence: readonly Evidence[];
  readonly tallies: readonly Tally[];
  readonly acts: readonly ActRow[];
  readonly confirmations: readonly Confirmation[];
  readonly totals: Totals | null;
}
