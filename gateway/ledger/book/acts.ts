/** An operator's acts as data. An act has an id of the operator's making, its idempotency key. */
import type { DeviceId, MerchantId, SaleId } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';

export const VERDICTS = ['paid', 'not-paid', 'write-off'] as const;
/**
 * `paid`: the sponsors pay the coupon's face. `not-paid`: nobody pays. `write-off`: the bank pays, the coupon stays the
 * holder's.
 */
export type PaymentVerdict = (typeof VERDICTS)[number];

export interface Release {
  /** A person confirms that nothing was charged: the coupon returns to the holder. */
  readonly kind: 'release';
  readonly device: DeviceId;
  readonly sale: SaleId;
}

export interface Free {
  /** The charge's outcome will never be known: the coupon returns to the holder, and the sale stays as it is. */
  readonly kind: 'free';
  readonly device: DeviceId;
  readonly sale: SaleId;
}

export interface Decide {
  readonly kind: 'decide';
  readonly device: DeviceId;
  readonly sale: SaleId;
  readonly verdict: PaymentVerdict;
  /** From the acquirer's statement, where the counter gave none. */
  readonly rrn?: string;
}

export interface Unfork {
  /** Restarts the device's journal at a place where both copies agree; by default at the end of ours. */
  readonly kind: 'unfork';
  readonly device: DeviceId;
  readonly seq?: number;
  /** Our hash at `seq`: identifies the copy. */
  readonly hash?: string;
}

export interface Close {
  /** Nothing needs doing. */
  readonly kind: 'close';
  readonly about: string;
}

export interface Confirm {
  /** The acquirer confirms these payments. */
  readonly kind: 'confirm';
  readonly references: readonly ConfirmedPayment[];
}

export interface ConfirmedPayment {
  readonly rrn: string;
  readonly netFen: Fen;
  /**
   * The payment's merchant, if the acquirer's file names it. Without it any sale with this reference may claim the payment.
   */
  readonly merchant?: MerchantId;
  /** The device's name in the device list. */
  readonly device?: DeviceId;
}

export interface Assign {
  /** Assigns a card payment to this sale: one that several sales name, or that differs from the acquirer's file. */
  readonly kind: 'assign';
  readonly device: DeviceId;
  readonly sale: SaleId;
}

export interface Disown {
  /** The card payment that the sale names isn't its own. */
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
      /** Confirmed before with another amount, merchant or device: these stay unchanged. */
      readonly differs: readonly string[];
    };

export type ActRefusal = 'ACT_DIFFERS' | 'CASE_UNKNOWN' | 'ACT_NOT_ALLOWED' | 'ACT_BEYOND_BUDGET';

/** An act's permanent record: who, why, when, and its result. */
export interface ActRow {
  readonly id: string;
  readonly at: number;
  readonly by: string;
  readonly why: string;
  /** The case; null: none. */
  readonly about: string | null;
  readonly act: Act['kind'];
  /** Hash of the whole request: the same id with other content is a different act. */
  readonly fingerprint: string;
  readonly result: ActResult;
}

/** The acquirer's confirmation of a payment. */
export interface Confirmation {
  readonly rrn: string;
  readonly netFen: number;
  /** Left out if its file had none, and by release 0.1. */
  readonly merchant?: MerchantId;
  readonly device?: DeviceId;
  readonly act: string;
}
