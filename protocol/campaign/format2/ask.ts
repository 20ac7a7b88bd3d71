/** What a quote over several campaigns is asked, and what is known of earlier uses. */
import type { CampaignId } from '../../kernel/ids.js';
import type { Fen } from '../../kernel/money.js';
import type { WallMs } from '../../kernel/time.js';
import type { When } from '../rules/rule.js';
import type { PresentationMode } from '../schema.js';
import type { MerchantPlace } from './parts.js';
import type { CodeKind } from './schema.js';

export interface HeldCoupon {
  readonly campaign: CampaignId;
  readonly tier: string;
  /** null: a tier that nobody claims. */
  readonly serial: number | null;
  /** The last instant of its life; null: the campaign's. */
  readonly endsAt: WallMs | null;
  /** What the gateway drew, for a random benefit. */
  readonly drawnFen: Fen | null;
}

/** Earlier uses and what they cost. A limit of which nothing is known refuses the coupon. */
export interface Counters {
  readonly campaign: CampaignId;
  readonly merchantCouponsToday: number;
  readonly spentTodayFen: Fen;
  readonly spentByMerchantFen: Fen;
  readonly spentByCategoryFen: Fen;
  readonly tiers: readonly TierCounters[];
}

export interface TierCounters {
  readonly tier: string;
  readonly today: number;
  readonly personToday: number;
  readonly personAtMerchant: number;
}

export interface AskV2 {
  /** The final amount, after every discount of the merchant's own. */
  readonly amountFen: Fen;
  /** The part of it that coupons don't count: tobacco, alcohol, gift cards. */
  readonly excludedFen: Fen;
  readonly coupons: readonly HeldCoupon[];
  /** Places in `coupons` that the customer chose, for campaigns in which the customer chooses. */
  readonly picked?: readonly number[] | undefined;
  /** undefined: whichever merchant. */
  readonly merchant?: MerchantPlace | undefined;
  readonly mode: PresentationMode;
  /** undefined: whichever kind of code. */
  readonly code?: CodeKind | undefined;
  readonly wallet?: string | undefined;
  /** First digits of the card, as the reader or the acquirer tells them. */
  readonly issuerBin?: string | undefined;
  /** Keyed hash of the person, as `barred` lists them. */
  readonly person?: string | undefined;
  readonly at: When;
  readonly offline?: boolean | undefined;
  readonly plateSpentTodayFen?: Fen | undefined;
  readonly recentPayments?: readonly WallMs[] | undefined;
  readonly counters?: readonly Counters[] | undefined;
}
