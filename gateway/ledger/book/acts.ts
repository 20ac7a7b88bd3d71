/** What an operator can decide, as data. An act has an id of the operator's making: the same one again does nothing twice. */
import type { DeviceId, MerchantId, SaleId } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';

export const VERDICTS = ['paid', 'not-paid', 'write-off'] as const;
/** `paid`: the sponsors pay the coupon's face. `not-paid`: nobody pays. `write-off`: the bank pays, the coupon stays the holder's. */
export type PaymentVerdict = (typeof VERDICTS)[number];

export interface Release {
  /** A person says that nothing was charged: the coupon is the holder's again. */
  readonly kind: 'release';
  readonly device: DeviceId;
  readonly sale: SaleId;
}

export interface Free {
  /** Nobody will ever say how the charge ended: the coupon is the holder's again, and the sale stays as it is. */
  readonly kind: 'free';
  readonly device: DeviceId;
  readonly sale: SaleId;
}

export interface Decide {
  readonly kind: 'decide';
  readonly device: DeviceId;
  readonly sale: SaleId;
  readonly verdict: PaymentVerdict;
  /** Of the acquirer's statement, where the counter named none. */
  readonly rrn?: string;
}

export interface Unfork {
  /** The device's journal counts again, from a place where both copies agree on; without one, from the end of ours. */
  readonly kind: 'unfork';
  readonly device: DeviceId;
  readonly seq?: number;
  /** Ours at `seq`: names the copy that is meant. */
  readonly hash?: string;
}

export interface Close {
  /** There is nothing to do. */
  readonly kind: 'close';
  readonly about: string;
}

export interface Confirm {
  /** The acquirer says that these payments were made. */
  readonly kind: 'confirm';
  readonly references: readonly ConfirmedPayment[];
}

export interface ConfirmedPayment {
  readonly rrn: string;
  readonly netFen: Fen;
  /** Where the acquirer's file says so: whose payment it was. Without it any sale may claim it that names it. */
  readonly merchant?: MerchantId;
  /** By its name in the device list. */
  readonly device?: DeviceId;
}

export interface Assign {
  /** A card payment that several sales name, or that differs from the acquirer's word, is this sale's. */
  readonly kind: 'assign';
  readonly device: DeviceId;
  readonly sale: SaleId;
}

export interface Disown {
  /** The card payment that the sale names is not its own. */
  readonly kind: 'disown';
  readonly device: DeviceId;
  readonly sale: SaleId;
}

export type Act = Release | Free | Decide | Unfork | Close | Confirm | Assign | Disown;

export type ActResult =
  | { readonly kind: 'coupon-freed'; readonly serial: number }
  | { readonly kind: 'decided'; readonly verdict: PaymentVerdict; readonly movedFen: number; readonly booking: string }
  | { readonly kind: 'unforked'; readonly seq: number; readonly hash: string }
  | { readonly kind: 'closed' }
  | { readonly kind: 'assigned' | 'disowned'; readonly rrn: string }
  | {
      readonly kind: 'confirmed';
      readonly confirmed: number;
      readonly already: number;
      /** Confirmed before with another amount, merchant or device: these stay as they were. */
      readonly differs: readonly string[];
    };

export type ActRefusal = 'ACT_DIFFERS' | 'CASE_UNKNOWN' | 'ACT_NOT_ALLOWED' | 'ACT_BEYOND_BUDGET';

/** What an act made of a case, kept for ever: who, why, when. */
export interface ActRow {
  readonly id: string;
  readonly at: number;
  readonly by: string;
  readonly why: string;
  /** The case; null: of none. */
  readonly about: string | null;
  readonly act: Act['kind'];
  /** Hash of all that was asked for: the same id with other content is another act. */
  readonly fingerprint: string;
  readonly result: ActResult;
}

/** The acquirer's word on a payment. */
export interface Confirmation {
  readonly rrn: string;
  readonly netFen: number;
  /** Left out where its file didn't say, and by release 0.1. */
  readonly merchant?: MerchantId;
  readonly device?: DeviceId;
  readonly act: string;
}
