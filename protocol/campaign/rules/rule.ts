/**
 * The interface of a rule.
 *
 * A payment rule takes the tiers still possible for a payment and returns those that remain, or the reason why none does. A
 * claim rule returns the reason for a refusal, or nothing.
 *
 * Examples are rows of a day at the counter; `rules.test.ts` runs them against the example campaign.
 */
import type { ReasonCode } from '../../faults/reasons.js';
import type { CouponSerial, MerchantId } from '../../kernel/ids.js';
import type { Fen } from '../../kernel/money.js';
import type { Interval, WallMs } from '../../kernel/time.js';
import type { CompiledCampaign } from '../compiled.js';
import type { Campaign, Identifier, PresentationMode } from '../schema.js';
import type { TierSet } from '../tiers.js';

/** A coupon that the holder has, as far as it is known. Where two tiers have the same face, the face means the first. */
export type Hold =
  | { readonly serial: CouponSerial }
  | { readonly tier: string; readonly serial?: CouponSerial }
  | { readonly faceFen: Fen; readonly serial?: CouponSerial };

/**
 * The time of the payment. `any-time` skips the opening hours, for planning. undefined means an unknown time, and then no
 * coupon is taken.
 */
export type When = Interval | 'any-time' | undefined;

export interface PaymentAsk {
  /** The final amount, after the merchant's own discounts. */
  readonly amountFen: Fen;
  readonly holds: readonly Hold[];
  /** undefined: any merchant of the campaign. */
  readonly merchant?: MerchantId | undefined;
  readonly mode: PresentationMode;
  readonly at: When;
  /** What this customer has paid on static plates since midnight, without coupons. */
  readonly plateSpentTodayFen?: Fen | undefined;
  /** Times of this holder's earlier payments at this merchant, as far back as the splitting guard looks. */
  readonly recentPayments?: readonly WallMs[] | undefined;
}

export interface PaymentRule {
  readonly id: string;
  evaluate(campaign: CompiledCampaign, ask: PaymentAsk, left: TierSet): TierSet | ReasonCode;
  readonly examples: readonly PaymentExample[];
}

/** A person's identifiers, as given in a claim. */
export interface Person {
  readonly phone: string;
  readonly idCard: string;
  readonly device: string;
}

/** WGS 84, degrees. */
export interface Position {
  readonly longitude: number;
  readonly latitude: number;
}

export interface ClaimAsk {
  readonly tier: string;
  readonly at: When;
  readonly person: Person;
  /** null: the phone gave none. */
  readonly position: Position | null;
  /** One entry per earlier claim of this tier that shares an identifier with this person: the identifiers that match. */
  readonly earlier: readonly (readonly Identifier[])[];
}

export interface ClaimRule {
  readonly id: string;
  evaluate(campaign: CompiledCampaign, ask: ClaimAsk): ReasonCode | null;
  readonly examples: readonly ClaimExample[];
}

/** The campaign's local time, or a range where the clock is uncertain: `2023-03-28 09:00:00`. */
export type ExampleTime = string | readonly [from: string, to: string] | 'any-time' | undefined;

export interface PaymentExample {
  /** The sale in plain words. */
  readonly sale: string;
  /** Fields that differ from the example campaign. */
  readonly campaign?: Partial<Campaign>;
  /** Fields that differ from the example: 259.90 yuan, shown as a code, at noon of the second day. */
  readonly ask?: Partial<Omit<PaymentAsk, 'at' | 'recentPayments'>>;
  readonly at?: ExampleTime;
  readonly recentPayments?: readonly string[];
  /** Faces, in yuan, of the tiers possible so far; all three if left out. */
  readonly left?: readonly number[];
  readonly gives: readonly number[] | ReasonCode;
}

export interface ClaimExample {
  /** The claim in plain words. */
  readonly claim: string;
  readonly campaign?: { readonly [Key in 'claim']?: Partial<Campaign['claim']> };
  readonly ask?: Partial<Omit<ClaimAsk, 'at'>>;
  readonly at?: ExampleTime;
  readonly gives: ReasonCode | null;
}
