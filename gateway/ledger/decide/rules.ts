/** The campaign as arbitration needs it, compiled once. */
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
  /** The holder's other sales, loaded only if a rule needs them. */
  history(): readonly SaleEntry[];
}

export interface Rules {
  readonly campaign: Campaign;
  readonly compiled: CompiledCampaign;
  readonly sha256: Sha256;
  readonly leaseMs: Millis;
  /** Whether a rule reads a holder's other sales. */
  readonly needsHistory: boolean;
  tierOf(serial: CouponSerial): Tier | undefined;
  tierIndexOf(serial: CouponSerial): number;
  isListed(merchant: MerchantId): boolean;
  /** The merchant where the bank installed the device; undefined: not given. */
  merchantOf(device: DeviceId): MerchantId | undefined;
  /** Limits on the pace of coupons; undefined: none. */
  readonly pace: PaceLimits | undefined;
  /** Whether the device may connect; a removed one sends no more records. */
  isEnrolled(device: DeviceId): boolean;
  claimRefusal(now: WallMs): ReasonCode | undefined;
  choose(asked: PaymentAsked): Choice;
  /** Earlier documents of this campaign; an offline counter goes by the one that it has. */
  earlier(): readonly EarlierRules[];
}

/** A document that is no longer in force. */
export interface EarlierRules {
  readonly rules: Pick<Rules, 'campaign' | 'compiled' | 'tierOf' | 'isListed'>;
  /** The period in which a counter could get it from this gateway. */
  readonly since: number;
  readonly until: number;
}

/**
 * The lease of a reservation: long enough for a customer to find the card and the PIN, short enough that a counter's lost
 * connection doesn't block a coupon for the afternoon. Once the charge has begun, the device reports it and the lease ends.
 */
export const DEFAULT_LEASE_MS: Millis = 120_000;

export function compileRules(options: {
  readonly campaign: Campaign;
  readonly sha256: Sha256;
  readonly leaseMs?: Millis;
  readonly merchantOf?: (device: DeviceId) => MerchantId | undefined;
  readonly pace?: PaceLimits | undefined;
  /** Default: all are. */
  readonly isEnrolled?: (device: DeviceId) => boolean;
  /** Default: none. */
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

/** Everything that follows from a document alone. */
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
