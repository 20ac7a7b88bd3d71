/** What arbitration needs of a campaign, compiled once. */
import { DAY_MS } from '#protocol/campaign/calendar.js';
import { type CompiledCampaign, compileCampaign, quote } from '#protocol/campaign/quote.js';
import { claimOpeningRule } from '#protocol/campaign/rules/claim-opening.js';
import type { Campaign, PresentationMode, Tier } from '#protocol/campaign/schema.js';
import type { ReasonCode } from '#protocol/faults/reasons.js';
import type { Sha256 } from '#protocol/kernel/crypto.js';
import type { CouponSerial, DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import { type Fen, fen } from '#protocol/kernel/money.js';
import { exactly, type Millis, type WallMs } from '#protocol/kernel/time.js';
import type { AuthoriseAnswer } from '#protocol/messages/down.js';
import type { SaleEntry } from '../book/book.js';
import type { PaceLimits } from './pace.js';

type Reserved = Extract<AuthoriseAnswer, { kind: 'reserved' }>;
type Refused = Extract<AuthoriseAnswer, { kind: 'refused' }>;

export type Choice =
  | { readonly kind: 'chosen'; readonly chosen: Omit<Reserved, 'kind' | 'leaseMs'> }
  | { readonly kind: 'none'; readonly reason: ReasonCode; readonly next: Refused['next'] };

export interface PaymentAsked {
  readonly serials: readonly CouponSerial[];
  readonly amountFen: Fen;
  readonly merchant: MerchantId;
  readonly mode: PresentationMode;
  readonly now: WallMs;
  /** The holder's other sales, asked for only where a rule needs them. */
  history(): readonly SaleEntry[];
}

export interface Rules {
  readonly campaign: Campaign;
  readonly compiled: CompiledCampaign;
  readonly sha256: Sha256;
  readonly leaseMs: Millis;
  /** Whether a rule looks at a holder's other sales. */
  readonly needsHistory: boolean;
  tierOf(serial: CouponSerial): Tier | undefined;
  tierIndexOf(serial: CouponSerial): number;
  isListed(merchant: MerchantId): boolean;
  /** Where the bank put the device; undefined: not said. */
  merchantOf(device: DeviceId): MerchantId | undefined;
  /** How fast coupons may be taken; undefined: as fast as anybody asks. */
  readonly pace: PaceLimits | undefined;
  /** Whether the device may connect; one that may not has said its last. */
  isEnrolled(device: DeviceId): boolean;
  claimRefusal(now: WallMs): ReasonCode | undefined;
  choose(asked: PaymentAsked): Choice;
  /** Documents of this campaign that were in force before; a counter without a line goes on by the one that it has. */
  earlier(): readonly EarlierRules[];
}

/** A document that is in force no more. */
export interface EarlierRules {
  readonly rules: Pick<Rules, 'campaign' | 'compiled' | 'tierOf' | 'isListed'>;
  /** From when until when a counter could hear it from this gateway. */
  readonly since: number;
  readonly until: number;
}

/**
 * How long a reservation stands when the device says nothing: long enough for a customer to find the card and the PIN,
 * short enough that a coupon isn't lost for the afternoon when a counter loses its line. Once the charge has begun, the
 * device says so and there is no lease any more.
 */
export const DEFAULT_LEASE_MS: Millis = 120_000;

export function compileRules(options: {
  readonly campaign: Campaign;
  readonly sha256: Sha256;
  readonly leaseMs?: Millis;
  readonly merchantOf?: (device: DeviceId) => MerchantId | undefined;
  readonly pace?: PaceLimits | undefined;
  /** All are, unless given. */
  readonly isEnrolled?: (device: DeviceId) => boolean;
  /** None, unless given. */
  readonly earlier?: () => readonly EarlierRules[];
}): Rules {
  const {
    campaign,
    sha256,
    leaseMs = DEFAULT_LEASE_MS,
    merchantOf = () => undefined,
    isEnrolled = () => true,
    earlier = () => [],
    pace,
  } = options;
  const document = compileDocument(campaign);
  const { compiled } = document;
  return {
    ...document,
    sha256,
    leaseMs,
    needsHistory: campaign.plateCapFen !== null || campaign.splitGuard !== null,
    merchantOf,
    isEnrolled,
    pace,
    claimRefusal(now) {
      const ask = { tier: '', at: exactly(now), person: NOBODY, position: null, earlier: [] };
      return claimOpeningRule.evaluate(compiled, ask) ?? undefined;
    },
    choose: (asked) => choose(compiled, asked),
    earlier,
  };
}

/** What a document alone says. */
export function compileDocument(campaign: Campaign) {
  const compiled = compileCampaign(campaign);
  const tierIndexOf = (serial: CouponSerial): number =>
    compiled.tiers.findIndex(({ serials }) => serials.first <= serial && serial <= serials.last);
  return {
    campaign,
    compiled,
    tierIndexOf,
    tierOf: (serial: CouponSerial): Tier | undefined => campaign.tiers[tierIndexOf(serial)],
    isListed: (merchant: MerchantId): boolean => compiled.merchants.has(merchant),
  };
}

const NOBODY = { phone: '', idCard: '', device: '' };

function choose(compiled: CompiledCampaign, asked: PaymentAsked): Choice {
  const { serials, amountFen, merchant, mode, now } = asked;
  const quoted = quote(compiled, {
    amountFen,
    holds: serials.map((serial) => ({ serial })),
    merchant,
    mode,
    at: exactly(now),
    ...plateSpent(compiled, asked),
    ...recentPayments(compiled, asked),
  });
  const { coupon, netFen, next } = quoted;
  if (coupon === null || coupon.serial === null) {
    return { kind: 'none', reason: quoted.reason ?? 'no-coupon-held', next };
  }
  const { serial, tier, faceFen, thresholdFen } = coupon;
  return { kind: 'chosen', chosen: { serial, tier, faceFen, thresholdFen, netFen } };
}

function plateSpent({ campaign, zone }: CompiledCampaign, { mode, now, history }: PaymentAsked) {
  if (campaign.plateCapFen === null || mode !== 'plate') return {};
  const day = (at: number): number => Math.floor(zone.local(at as WallMs) / DAY_MS);
  const today = history().filter((sale) => sale.mode === 'plate' && isPayment(sale) && day(sale.at) === day(now));
  return { plateSpentTodayFen: fen(today.reduce((sum, sale) => sum + sale.netFen, 0)) };
}

function recentPayments({ campaign }: CompiledCampaign, { merchant, history }: PaymentAsked) {
  if (campaign.splitGuard === null) return {};
  const here = history().filter((sale) => sale.merchant === merchant && isPayment(sale));
  return { recentPayments: here.map((sale) => sale.at as WallMs) };
}

/** Paid, or on the way to it with a coupon reserved. */
function isPayment({ state, answer }: SaleEntry): boolean {
  if (state === 'asked') return answer?.kind === 'reserved';
  return state === 'charging' || state === 'unknown' || state === 'settled';
}
