/**
 * What a rule is. A payment rule is handed the tiers that are still possible for this payment and hands back those that
 * it leaves, or the reason why there are none. A claim rule says why a claim is refused, or nothing.
 *
 * Examples are written as rows of the counter's day and are run by `rules.test.ts` against the example campaign.
 */
import type { ReasonCode } from '../../faults/reasons.js';
import type { CouponSerial, MerchantId } from '../../kernel/ids.js';
import type { Fen } from '../../kernel/money.js';
import type { Interval, WallMs } from '../../kernel/time.js';
import type { CompiledCampaign } from '../compiled.js';
import type { Campaign, Identifier, PresentationMode } from '../schema.js';
import type { TierSet } from '../tiers.js';

/** A coupon that the holder has, by what is known of it. Where two tiers have one face, the face means the first. */
export type Hold =
  | { readonly serial: CouponSerial }
  | { readonly tier: string; readonly serial?: CouponSerial }
  | { readonly faceFen: Fen; readonly serial?: CouponSerial };

/**
 * When it happens. `any-time` leaves the hours out of it, for planning; undefined means that nobody knows the time,
 * and then no coupon is taken.
 */
export type When = Interval | 'any-time' | undefined;

export interface PaymentAsk {
  /** The final amount, after every discount of the merchant's own. */
  readonly amountFen: Fen;
  readonly holds: readonly Hold[];
  /** undefined: whichever merchant of the campaign. */
  readonly merchant?: MerchantId | undefined;
  readonly mode: PresentationMode;
  readonly at: When;
  /** What this customer has paid on static plates since midnight, coupons not counted. */
  readonly plateSpentTodayFen?: Fen | undefined;
  /** When this holder paid at this merchant before, as far back as the splitting guard looks. */
  readonly recentPayments?: readonly WallMs[] | undefined;
}

export interface PaymentRule {
  readonly id: string;
  evaluate(campaign: CompiledCampaign, ask: PaymentAsk, left: TierSet): TierSet | ReasonCode;
  readonly examples: readonly PaymentExample[];
}

/** A person as they name themselves to a claim. */
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
  /** Each earlier claim of this tier in which something agrees with this person: what agrees. */
  readonly earlier: readonly (readonly Identifier[])[];
}

export interface ClaimRule {
  readonly id: string;
  evaluate(campaign: CompiledCampaign, ask: ClaimAsk): ReasonCode | null;
  readonly examples: readonly ClaimExample[];
}

/** Local time of the campaign, or from one time to another where the clock isn't sure: `2023-03-28 09:00:00`. */
export type ExampleTime = string | readonly [from: string, to: string] | 'any-time' | undefined;

export interface PaymentExample {
  /** The sale, as one would tell it. */
  readonly sale: string;
  /** What differs from the example campaign. */
  readonly campaign?: Partial<Campaign>;
  /** What differs from the example: 259.90 yuan, shown as a code, at noon of the second day. */
  readonly ask?: Partial<Omit<PaymentAsk, 'at' | 'recentPayments'>>;
  readonly at?: ExampleTime;
  readonly recentPayments?: readonly string[];
  /** Faces in yuan of the tiers that are possible so far; all three where left out. */
  readonly left?: readonly number[];
  readonly gives: readonly number[] | ReasonCode;
}

export interface ClaimExample {
  /** The claim, as one would tell it. */
  readonly claim: string;
  readonly campaign?: { readonly [Key in 'claim']?: Partial<Campaign['claim']> };
  readonly ask?: Partial<Omit<ClaimAsk, 'at'>>;
  readonly at?: ExampleTime;
  readonly gives: ReasonCode | null;
}
