/**
 * Decides whether the device takes a coupon by itself while it is offline.
 *
 * A verifiable presentation proves which coupon the holder has. The spent set lists the coupons that are used, as far as
 * the gateway knew. The signed allowance bounds the cost of a mistake. The device can't know what other counters take in
 * the same hour. The ledger arbitrates that later; the worst case is the sum of the allowances.
 *
 * Reasons in order of precedence: not verifiable, program too old, no campaign data, not permitted, no trusted time, last
 * sync too old, the presentation's own faults, shown before, already used, the campaign's rules, the holder's limit, the
 * allowance.
 */
import type { CompiledCampaign } from '#protocol/campaign/compiled.js';
import { quote } from '#protocol/campaign/quote.js';
import type { PresentationMode } from '#protocol/campaign/schema.js';
import { tierOfSerial } from '#protocol/campaign/tiers.js';
import { checkPresentation, decodePresentation, holderIdOf } from '#protocol/codes/presentation.js';
import type { ReasonCode } from '#protocol/faults/reasons.js';
import type { Es256Verifier } from '#protocol/kernel/crypto.js';
import type { CouponSerial, HolderId, SaleId } from '#protocol/kernel/ids.js';
import type { Instant } from '#protocol/kernel/time.js';
import type { Allowance } from '#protocol/messages/allowance.js';
import { isSpent, type SpentSet } from '#protocol/messages/spent.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { OfflineVerdict, Presentation, SaleFacts, Shortfall } from './sale/sale.js';

/** The gateway's signed documents that the device keeps, each checked on arrival. */
export interface OfflineKnowledge {
  readonly campaign: CompiledCampaign | undefined;
  /** Abilities that the newest campaign needs and this version lacks; left out if it has them all. */
  readonly lacks?: readonly string[];
  readonly issuerKeys: ReadonlyMap<number, Uint8Array>;
  readonly spent: SpentSet | undefined;
  readonly allowance: Allowance | undefined;
}

interface Taken {
  readonly allowance: string;
  readonly serial: CouponSerial;
  readonly faceFen: number;
  readonly holder: HolderId;
}

/** Number of holders whose newest online presentation is remembered: more than a counter serves in a minute. */
const MAX_ASKED = 256;

/** Coupons taken offline, counted from the journal's records and from nothing else. */
export class OfflineCount {
  readonly #taken = new Map<SaleId, Taken>();
  readonly #counters = new Map<HolderId, number>();
  /**
   * Serials that this counter has used or is about to use, each with its record: the gateway and the spent set learn of
   * them only with the next sync.
   */
  readonly #serials = new Map<CouponSerial, number>();
  /** Coupons of charges with an open outcome. */
  readonly #open = new Map<SaleId, CouponSerial>();

  /**
   * The newest presentation of each holder that the gateway was asked about, and the sale that asked first. In memory only: it
   * is fresh for a minute, and a box that has just booted trusts no clock by itself.
   */
  readonly #asked = new Map<HolderId, { readonly nonce: number; readonly sale: SaleId }>();

  /**
   * The gateway is asked about it: another sale of this counter takes nothing by the same presentation, or by an older one,
   * while the line is down. The sale that asked first keeps it, however often the customer shows it again.
   */
  asked(sale: SaleId, code: string): void {
    const decoded = decodePresentation(code);
    if (!decoded.ok) return;
    const { nonce } = decoded.value;
    const holder = holderIdOf(decoded.value.grant.holderKey);
    const before = this.#asked.get(holder);
    this.#asked.delete(holder);
    this.#asked.set(holder, before !== undefined && before.nonce >= nonce ? before : { nonce, sale });
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > MAX_ASKED && oldest !== undefined) this.#asked.delete(oldest);
  }

  wasAskedElsewhere(holder: HolderId, nonce: number, sale: SaleId): boolean {
    const asked = this.#asked.get(holder);
    return asked !== undefined && asked.nonce >= nonce && asked.sale !== sale;
  }

  /** `seq`: the record's place in the journal. */
  record(record: JournalRecord, seq: number): void {
    switch (record.kind) {
      case 'charging': {
        const { coupon, sale } = record;
        if (coupon === null) return;
        this.#serials.set(coupon.serial, seq);
        this.#open.set(sale, coupon.serial);
        if (coupon.by.kind !== 'offline') return;
        const decoded = decodePresentation(coupon.by.presentation);
        if (!decoded.ok) return;
        const holder = holderIdOf(decoded.value.grant.holderKey);
        this.#counters.set(holder, Math.max(decoded.value.nonce, this.#counters.get(holder) ?? -1));
        this.#taken.set(sale, {
          allowance: coupon.by.allowance,
          serial: coupon.serial,
          faceFen: coupon.faceFen,
          holder,
        });
        return;
      }
      case 'not-charged': {
        // The reader confirms that nothing was charged: coupon and allowance return to their earlier state.
        const serial = this.#open.get(record.sale);
        if (serial !== undefined) this.#serials.delete(serial);
        this.#open.delete(record.sale);
        this.#taken.delete(record.sale);
        return;
      }
      case 'settled':
        this.#open.delete(record.sale);
        return;
      default:
        return;
    }
  }

  wasTakenHere(serial: CouponSerial): boolean {
    return this.#serials.has(serial);
  }

  /** True if the coupon was taken by a record after the first `known` ones. */
  wasTakenAfter(serial: CouponSerial, known: number): boolean {
    return (this.#serials.get(serial) ?? 0) > known;
  }

  highestCounter(holder: HolderId): number {
    return this.#counters.get(holder) ?? -1;
  }

  /** The use of an allowance: coupons, face total in fen, and coupons of one holder. */
  used(
    allowance: string,
    holder?: HolderId,
  ): { readonly coupons: number; readonly faceFen: number; readonly ofHolder: number } {
    let coupons = 0;
    let faceFen = 0;
    let ofHolder = 0;
    for (const taken of this.#taken.values()) {
      if (taken.allowance !== allowance) continue;
      coupons += 1;
      faceFen += taken.faceFen;
      if (taken.holder === holder) ofHolder += 1;
    }
    return { coupons, faceFen, ofHolder };
  }

  /** The gateway has every record under older allowances: they need no counting any more. */
  forgetAllBut(allowance: string): void {
    for (const [sale, taken] of this.#taken) if (taken.allowance !== allowance) this.#taken.delete(sale);
  }
}

export interface OfflineQuestion {
  readonly facts: SaleFacts;
  readonly presentation: Presentation & { kind: 'opaque' | 'verifiable' };
  readonly mode: PresentationMode;
  readonly at: Instant;
  readonly knowledge: OfflineKnowledge;
  readonly count: OfflineCount;
  readonly verifier: Es256Verifier;
}

export function judgeOffline({
  facts,
  presentation,
  mode,
  at,
  knowledge,
  count,
  verifier,
}: OfflineQuestion): OfflineVerdict {
  if (presentation.kind === 'opaque') return refuse('gateway-unreachable');
  const status = standingOf(knowledge, at);
  if (status.kind === 'refused') return refuse(status.reason);
  const { campaign, spent, allowance, wall } = status;
  const checked = checkPresentation({
    code: presentation.code,
    campaign: campaign.campaign.id,
    issuerKeys: knowledge.issuerKeys,
    at: wall,
    verifier,
  });
  if (!checked.ok) return refuse(checked.fault);
  const { holder, serials, nonce } = checked.value;
  if (nonce <= count.highestCounter(holder)) return refuse('presentation-replayed');
  if (count.wasAskedElsewhere(holder, nonce, facts.sale)) return refuse('presentation-replayed');

  const unspent = serials.filter((serial) => !isSpent(spent, serial) && !count.wasTakenHere(serial));
  const holds = unspent.flatMap((serial) => {
    const tier = tierOfSerial(campaign.campaign, serial);
    return tier === undefined ? [] : [{ tier: tier.id, serial }];
  });
  if (serials.length > 0 && holds.length === 0) return refuse('already-used');
  const offer = quote(campaign, { amountFen: facts.amountFen, holds, merchant: facts.merchant, mode, at: wall });
  const next: Shortfall = offer.next;
  const { coupon } = offer;
  if (coupon === null || coupon.serial === null) return refuse(offer.reason ?? 'no-coupon-held', next);

  const used = count.used(allowance.id, holder);
  if (used.ofHolder >= allowance.maxPerHolder) return refuse('offline-holder-limit', next);
  if (used.coupons >= allowance.maxCoupons || used.faceFen + coupon.faceFen > allowance.maxFaceFen)
    return refuse('offline-allowance-spent', next);
  return {
    kind: 'taken',
    next,
    coupon: {
      serial: coupon.serial,
      tier: coupon.tier,
      faceFen: coupon.faceFen,
      thresholdFen: coupon.thresholdFen,
      by: { kind: 'offline', presentation: presentation.code, allowance: allowance.id },
    },
  };
}

/** The rest of the offline permission, for screen, state and metrics. */
export interface OfflineStatus {
  readonly reason: ReasonCode | null;
  readonly couponsLeft: number;
  readonly faceFenLeft: number;
  /** Wall time in ms after which no coupon is taken offline. */
  readonly until: number | null;
}

export function offlineStatus(knowledge: OfflineKnowledge, count: OfflineCount, at: Instant): OfflineStatus {
  const status = standingOf(knowledge, at);
  if (status.kind === 'refused') return { reason: status.reason, couponsLeft: 0, faceFenLeft: 0, until: null };
  const { allowance } = status;
  const used = count.used(allowance.id);
  const couponsLeft = Math.max(0, allowance.maxCoupons - used.coupons);
  const faceFenLeft = Math.max(0, allowance.maxFaceFen - used.faceFen);
  return {
    reason: couponsLeft === 0 || faceFenLeft === 0 ? 'offline-allowance-spent' : null,
    couponsLeft,
    faceFenLeft,
    until: Math.min(allowance.expiresAt, allowance.issuedAt + allowance.maxSyncAgeMs),
  };
}

type Standing =
  | { readonly kind: 'refused'; readonly reason: ReasonCode }
  | {
      readonly kind: 'may';
      readonly campaign: CompiledCampaign;
      readonly spent: SpentSet;
      readonly allowance: Allowance;
      readonly wall: NonNullable<Instant['wall']>;
    };

function standingOf({ campaign, lacks = [], spent, allowance }: OfflineKnowledge, { wall }: Instant): Standing {
  if (lacks.length > 0) return { kind: 'refused', reason: 'offline-needs-update' };
  if (campaign === undefined) return { kind: 'refused', reason: 'offline-bundle-missing' };
  if (!campaign.campaign.offline.permitted) return { kind: 'refused', reason: 'offline-not-permitted' };
  if (spent === undefined || allowance === undefined) return { kind: 'refused', reason: 'offline-bundle-missing' };
  if (wall === undefined) return { kind: 'refused', reason: 'no-trusted-time' };
  if (wall.latest >= allowance.expiresAt || wall.latest - allowance.issuedAt > allowance.maxSyncAgeMs)
    return { kind: 'refused', reason: 'offline-sync-too-old' };
  return { kind: 'may', campaign, spent, allowance, wall };
}

const refuse = (reason: ReasonCode, next: Shortfall = null): OfflineVerdict => ({ kind: 'refused', reason, next });
