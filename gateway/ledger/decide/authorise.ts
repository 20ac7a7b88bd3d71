/**
 * Decides a device's request for a coupon: the gateway chooses among the holder's coupons and answers with a reservation
 * and its lease, or with a reason.
 *
 * Precedence: device stopped or at another merchant, repeated request, presentation, coupons held, the campaign's rules.
 *
 * The same request again gets the same answer and a fresh lease, because the device counts its lease from its last
 * transmission. Another request for the same sale frees the first reservation, unless a charge has begun. A request sent
 * earlier that arrives late doesn't, because its coupon may be part of a charge by now.
 */
import type { ReasonCode } from '#protocol/faults/reasons.js';
import { ZERO_FEN } from '#protocol/kernel/money.js';
import { err, ok, type Result } from '#protocol/kernel/result.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { AuthoriseAnswer } from '#protocol/messages/down.js';
import { isOlderRequest } from '#protocol/messages/request-id.js';
import type { AuthoriseOp, Outcome } from '../../ports/ledger.js';
import type { BatchOverlay } from '../book/batch-overlay.js';
import {
  type Coupon,
  type Holder,
  isBorneAt,
  type Offer,
  type SaleEntry,
  type SaleKey,
  saleKey,
} from '../book/book.js';
import { freeCoupon, reserveCoupon } from '../book/coupons.js';
import { paceRefusal } from './pace.js';
import { type Asking, holderOfCode } from './payment-code-holder.js';
import {
  forgetPresentationUses,
  recordPresentationUse,
  saleOfPresentation,
  shownOnline,
} from './proof/presentation-uses.js';
import type { Rules } from './rules.js';

export function authorise(overlay: BatchOverlay, rules: Rules, op: AuthoriseOp, now: WallMs): Outcome {
  const key = saleKey(op.device, op.sale);
  if (overlay.device(op.device)?.fork != null) return authorised(op, refused('device-not-admitted'));
  if (isElsewhere(rules, op)) return authorised(op, refused('device-of-another-merchant'));
  const before = overlay.sale(key);
  if (before !== undefined) {
    const repeated = repeatAnswer(overlay, rules, before, op, now);
    if (repeated !== undefined) return authorised(op, repeated);
    if (before.state !== 'asked') {
      return { kind: 'rejected', code: 'SALE_DIFFERS', what: `sale ${op.sale} is already ${before.state}` };
    }
    if (before.requestId !== null && isOlderRequest(op.id, before.requestId)) {
      return { kind: 'rejected', code: 'REQUEST_OVERTAKEN', what: `sale ${op.sale} has sent a newer request` };
    }
    freeCoupon(overlay, before, 'asked-again');
    // As the coupon goes back, so does the showing: that phone may pay elsewhere with it.
    forgetPresentationUses(overlay, before.holder, key);
  }
  const decision = decide(overlay, rules, op, key, now);
  overlay.putSale({
    key,
    device: op.device,
    sale: op.sale,
    order: op.order,
    merchant: op.merchant,
    amountFen: op.amountFen,
    netFen: decision.answer.kind === 'reserved' ? decision.answer.netFen : op.amountFen,
    faceFen: decision.answer.kind === 'reserved' ? decision.answer.faceFen : ZERO_FEN,
    mode: op.mode,
    holder: decision.holder?.id ?? null,
    serial: decision.answer.kind === 'reserved' ? decision.answer.serial : null,
    request: op.request,
    requestId: op.id,
    answer: decision.answer,
    ...(decision.shown !== undefined && { shown: decision.shown }),
    ...reservedBefore(before),
    presented: op.presented.kind === 'verified' ? op.presented.evidence : null,
    state: 'asked',
    booking: 'none',
    legs: [],
    flags: [],
    at: now,
  });
  return authorised(op, decision.answer);
}

/** A counter sells only for the merchant where the bank installed it, so it can't lend its place on the list to anybody. */
function isElsewhere(rules: Rules, { device, merchant }: AuthoriseOp): boolean {
  const registered = rules.merchantOf(device);
  return registered !== undefined && registered !== merchant;
}

/** undefined: decide again. A refusal is repeated only for the very same message; a new request may find a new situation. */
function repeatAnswer(
  overlay: BatchOverlay,
  rules: Rules,
  before: SaleEntry,
  op: AuthoriseOp,
  now: WallMs,
): AuthoriseAnswer | undefined {
  const { answer } = before;
  if (answer === null || before.request !== op.request) return undefined;
  if (answer.kind === 'refused') return before.requestId === op.id ? answer : undefined;
  if (before.state !== 'asked') return answer;
  const coupon = overlay.coupon(answer.serial);
  if (coupon === undefined || !isFree(coupon, before.key, now)) return undefined;
  reserveCoupon(overlay, coupon, before, now + rules.leaseMs + LEASE_MARGIN_MS);
  return answer;
}

/** The device may charge under a superseded answer: its reservation is remembered, so that such a charge is still valid. */
function reservedBefore(before: SaleEntry | undefined): Pick<SaleEntry, 'reservedBefore'> {
  if (before === undefined) return {};
  const { answer, merchant, at, shown, reservedBefore: earlier = [] } = before;
  if (answer?.kind !== 'reserved') return earlier.length === 0 ? {} : { reservedBefore: earlier };
  const { kind: _kind, leaseMs: _leaseMs, ...offered } = answer;
  const offer: Offer = { ...offered, merchant, ...(shown !== undefined && { shown }), at };
  const same = earlier.find((one) => typeof one !== 'number' && isSameOffer(one, offer));
  const first = typeof same === 'object' ? (same.at ?? 0) : at;
  const others = earlier.filter((one) => one !== same);
  return { reservedBefore: [...others, { ...offer, at: Math.min(first, at) }].slice(-MAX_OFFERS) };
}

/** A cashier rescans a few times; a counter that keeps asking may charge only under its newest answers. */
const MAX_OFFERS = 16;

const isSameOffer = (a: Offer, b: Offer): boolean =>
  a.serial === b.serial && a.netFen === b.netFen && a.thresholdFen === b.thresholdFen && a.merchant === b.merchant;

/**
 * The gateway holds a little longer than the device counts: their clocks may differ by some 1 in 1,000 at worst, and a
 * lease lasts minutes at most.
 */
export const LEASE_MARGIN_MS = 2_000;

interface Decision {
  readonly answer: AuthoriseAnswer;
  /** The number of the presentation that it reserves by. */
  readonly shown?: number;
  readonly holder: Holder | undefined;
}

function decide(overlay: BatchOverlay, rules: Rules, op: AuthoriseOp, key: SaleKey, now: WallMs): Decision {
  const presentation = holderOf(overlay, rules, { op, key, now });
  if (!presentation.ok) return { answer: refused(presentation.fault), holder: undefined };
  const holder = presentation.value;
  const coupons = overlay.couponsOf(holder.id).flatMap((serial) => overlay.coupon(serial) ?? []);
  // A counter that a conflict account has paid for a coupon isn't paid for it again, so it isn't offered there.
  const free = coupons.filter((coupon) => isFree(coupon, key, now) && !isBorneAt(holder, coupon.serial, op.device));
  const choice = rules.choose({
    serials: free.map((coupon) => coupon.serial),
    amountFen: op.amountFen,
    merchant: op.merchant,
    mode: op.mode,
    now,
    history: () => otherSalesOf(overlay, holder.id, key).filter((sale) => mayBePaid(overlay, sale, now)),
  });
  if (choice.kind === 'none') {
    const reason = choice.reason === 'no-coupon-held' ? whyNone(coupons, now) : choice.reason;
    return { answer: { kind: 'refused', reason, next: choice.next }, holder };
  }
  const { chosen } = choice;
  const coupon = free.find((candidate) => candidate.serial === chosen.serial);
  if (coupon === undefined) return { answer: refused('no-coupon-held'), holder };
  const tooFast = paceRefusal(overlay, rules, { op, before: overlay.sale(key), now });
  if (tooFast !== undefined) return { answer: refused(tooFast), holder };
  reserveCoupon(overlay, coupon, { key, device: op.device, sale: op.sale }, now + rules.leaseMs + LEASE_MARGIN_MS);
  const answer: AuthoriseAnswer = { kind: 'reserved', ...chosen, leaseMs: rules.leaseMs };
  if (op.presented.kind !== 'verified') return { answer, holder };
  const { nonce } = op.presented;
  recordPresentationUse(overlay, holder.id, { counter: nonce, sale: key });
  return { answer, holder, shown: nonce };
}

/** If two people showed a code at one sale, it counts for the last one only. */
function otherSalesOf(overlay: BatchOverlay, holder: Holder['id'], key: SaleKey): SaleEntry[] {
  const sales = [...new Set(overlay.salesOf(holder))].flatMap((sale) => overlay.sale(sale) ?? []);
  return sales.filter((sale) => sale.holder === holder && sale.key !== key);
}

/** An authorised sale is no payment any more once its reservation has lapsed or belongs to another sale. */
function mayBePaid(overlay: BatchOverlay, { key, state, answer }: SaleEntry, now: WallMs): boolean {
  if (state !== 'asked' || answer?.kind !== 'reserved') return true;
  const coupon = overlay.coupon(answer.serial);
  return coupon?.state === 'reserved' && coupon.sale === key && (coupon.leaseEnds === null || coupon.leaseEnds > now);
}

function holderOf(overlay: BatchOverlay, rules: Rules, asking: Asking): Result<Holder, ReasonCode> {
  const { key } = asking;
  const { presented } = asking.op;
  switch (presented.kind) {
    case 'refused':
      return err(presented.reason);
    case 'opaque':
      return holderOfCode(overlay, rules, asking, presented);
    case 'verified': {
      const holder = overlay.holder(presented.holder);
      if (holder === undefined) return err('no-coupon-held');
      const isRepeat = presented.nonce === holder.counter && holder.counterSale === key;
      const isUsed = saleOfPresentation(holder, presented.nonce, key) !== null;
      if (isUsed || (presented.nonce <= holder.counter && !isRepeat)) return err('presentation-replayed');
      const presentation = shownOnline(holder, { counter: presented.nonce, sale: key });
      overlay.putHolder(presentation);
      return ok(presentation);
    }
  }
}

/** Available to this sale: held, lapsed, or already its own. */
function isFree(coupon: Coupon, key: SaleKey, now: WallMs): boolean {
  switch (coupon.state) {
    case 'held':
      return coupon.usableFrom <= now;
    case 'reserved':
      return coupon.sale === key || (coupon.leaseEnds !== null && coupon.leaseEnds <= now);
    case 'used':
      return false;
  }
}

function whyNone(coupons: readonly Coupon[], now: WallMs): ReasonCode {
  if (coupons.some((coupon) => coupon.state === 'reserved')) return 'coupon-reserved';
  if (coupons.some((coupon) => coupon.state === 'held' && coupon.usableFrom > now)) return 'usable-later';
  // Used, or held and already paid for at this counter.
  return coupons.length > 0 ? 'already-used' : 'no-coupon-held';
}

const refused = (reason: ReasonCode): AuthoriseAnswer => ({ kind: 'refused', reason, next: null });
const authorised = ({ sale }: AuthoriseOp, answer: AuthoriseAnswer): Outcome => ({ kind: 'authorised', sale, answer });
