/**
 * What a device's records do to coupons and accounts. Nothing that a device reports is dropped: what doesn't agree with
 * the book is booked where the campaign says, flagged, and kept with its evidence.
 *
 * | record | coupon of the sale |
 * |---|---|
 * | `charging` with a coupon | held until the device says how the charge ended: no lease any more |
 * | `charging` without, `abandoned`, `not-charged` | free again |
 * | `unknown` | held |
 * | `settled` with a coupon | used: by this sale if no other was first, else a conflict |
 * | `refunded` | as the campaign's refund rule says |
 *
 * A late redemption (lease long over, or taken off line) takes the coupon even from a sale that has it reserved: the
 * first in the ledger keeps it, and if the other one charges too, that one is the conflict. One that nothing proves
 * (`proof.ts`) takes no coupon and goes to `disputed`.
 */
import { comingBack } from '#protocol/campaign/coming-back.js';
import { refundOutcome } from '#protocol/campaign/rules/refund.js';
import type { Tier } from '#protocol/campaign/schema.js';
import type { CouponSerial, DeviceId, MerchantId, SaleId } from '#protocol/ids.js';
import { unreachable } from '#protocol/machine.js';
import { type Fen, fen, ZERO_FEN } from '#protocol/money.js';
import type { CardSlip, JournalRecord, RecordOf } from '#protocol/records/record.js';
import type { WallMs } from '#protocol/time.js';
import type { Verdict } from '../ports/verifier.js';
import { isOf } from './accounts.js';
import { type Coupon, type Decision, type Leg, type PostingSet, type SaleEntry, saleKey } from './book.js';
import { decisionOn } from './cases.js';
import { freeCoupon, reserveCoupon, restoreCoupon, useCoupon } from './coupons.js';
import { type Doubt, isDistrusted } from './doubts.js';
import type { Draft } from './draft.js';
import {
  conflictAccount,
  conflictLegs,
  disputedLegs,
  redemptionLegs,
  refundLegs,
  reversed,
  sumOf,
} from './postings.js';
import { doubtsOf, merchantDoubts, noteShowing, wasReserved } from './proof.js';
import type { Rules } from './rules.js';

export interface RecordContext {
  readonly draft: Draft;
  readonly rules: Rules;
  readonly now: WallMs;
  readonly device: DeviceId;
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

export function applyRecord(context: RecordContext, record: JournalRecord): void {
  switch (record.kind) {
    case 'charging':
      charging(context, record);
      break;
    case 'settled':
      settled(context, record);
      break;
    case 'not-charged':
    case 'abandoned':
      ended(context, record);
      break;
    case 'unknown':
      unknown(context, record);
      break;
    case 'refunded':
      refunded(context, record);
      break;
    case 'opened':
    case 'refunding':
    case 'refund-failed':
    case 'refund-unknown':
    case 'printed':
      break; // nothing of the book hangs on these; the journal's copy has them
    default:
      unreachable(record);
  }
}

function charging(context: RecordContext, record: RecordOf<'charging'>): void {
  const { draft, rules, device } = context;
  const known = entryOf(context, record.sale);
  if (isOver(known)) {
    contradict(context, known, `charging-after-${known.state}`);
    return;
  }
  if (decisionOn(known) !== undefined) {
    contradict(context, known, 'charging-after-decision');
    return;
  }
  const { coupon: taken } = record;
  // Off line it may have been paid days ago: the rules that look back, at a day's or an hour's payments, go by that.
  const before = taken?.by.kind === 'offline' ? { ...known, at: paidAt(context, record) } : known;
  if (taken === null || before.serial !== taken.serial) freeCoupon(draft, before, 'not-taken');
  const entry: SaleEntry = {
    ...before,
    order: record.order,
    merchant: record.merchant,
    amountFen: record.amountFen,
    netFen: record.netFen,
    faceFen: taken?.faceFen ?? ZERO_FEN,
    serial: taken?.serial ?? null,
    state: 'charging',
  };
  if (taken === null) {
    draft.putSale(flagged(entry, merchantDoubts(rules, device, record.merchant)));
    return;
  }
  const verdict = taken.by.kind === 'offline' ? context.verdicts.get(taken.by.presentation) : undefined;
  const doubts = [
    ...doubtsOf({ rules, device, known, record, taken, verdict }),
    ...noteShowing(draft, verdict, { device, sale: known.key }),
  ];
  const coupon = draft.coupon(taken.serial);
  const isItsOwn = coupon?.state === 'reserved' && coupon.sale === entry.key;
  const isFree = coupon?.state === 'held' || (coupon?.state === 'reserved' && hasLapsed(coupon, context.now));
  if (coupon !== undefined && !isDistrusted(doubts) && (isItsOwn || isFree)) reserveCoupon(draft, coupon, entry, null);
  if (taken.by.kind === 'reservation') {
    const flags: Doubt[] = isItsOwn ? doubts : [...doubts, 'charged-without-reservation'];
    draft.putSale(flagged(entry, flags));
    return;
  }
  const { presentation } = taken.by;
  draft.note({ what: 'taken-offline', device, sale: record.sale, serial: taken.serial, detail: taken.by.allowance });
  const holder = verdict?.ok === true ? verdict.holder : entry.holder;
  draft.putSale(flagged({ ...entry, holder, presented: presentation }, doubts));
}

function ended(context: RecordContext, record: RecordOf<'not-charged'> | RecordOf<'abandoned'>): void {
  const before = entryOf(context, record.sale);
  if (isOver(before)) {
    contradict(context, before, `${record.kind}-after-${before.state}`);
    return;
  }
  freeCoupon(context.draft, before, record.kind);
  context.draft.putSale({ ...before, state: record.kind });
}

function unknown(context: RecordContext, record: RecordOf<'unknown'>): void {
  const before = entryOf(context, record.sale);
  if (isOver(before)) {
    contradict(context, before, `unknown-after-${before.state}`);
    return;
  }
  const coupon = before.serial === null ? undefined : context.draft.coupon(before.serial);
  if (coupon?.state === 'reserved' && coupon.sale === before.key) reserveCoupon(context.draft, coupon, before, null);
  context.draft.putSale({ ...before, state: 'unknown' });
}

function settled(context: RecordContext, record: RecordOf<'settled'>): void {
  const before = entryOf(context, record.sale);
  const decision = decisionOn(before);
  if (isOver(before)) {
    if (decision !== undefined && isSamePayment(before, record)) agree(context, before, record, decision);
    else contradict(context, before, `settled-after-${before.state}`);
    return;
  }
  if (before.serial !== record.serial) freeCoupon(context.draft, before, 'not-taken');
  const entry: SaleEntry = {
    ...before,
    order: record.order,
    amountFen: record.amountFen,
    netFen: record.netFen,
    faceFen: record.faceFen,
    serial: record.serial,
    state: 'settled',
    flags: union(before.flags, [
      ...sumFlags(record),
      ...(decision === undefined ? [] : (['settled-after-decision'] as const)),
    ]),
    ...referenceOf(record.card),
    ...(before.decisions !== undefined && {
      decisions: before.decisions.map((made) => ({ ...made, contradicted: true })),
    }),
  };
  if (record.serial !== null) redeem(context, flagged(entry, serialFlags(before, record.serial)), record.serial);
  else context.draft.putSale(flagged(entry, record.faceFen > 0 ? ['face-without-coupon'] : []));
}

/** A person knew already: the device's word brings only the card's reference. */
function agree(
  { draft, device }: RecordContext,
  before: SaleEntry,
  record: RecordOf<'settled'>,
  { act }: Decision,
): void {
  draft.note({ what: 'agrees-with-act', device, sale: before.sale, detail: act });
  draft.putSale({ ...before, ...referenceOf(record.card) });
}

const isSamePayment = ({ serial, netFen }: SaleEntry, record: RecordOf<'settled'>): boolean =>
  serial === record.serial && netFen === record.netFen;

/** Some readers print zeros where they have none. */
const referenceOf = ({ rrn, auth, last4 }: CardSlip): Pick<SaleEntry, 'reference'> =>
  /^0*$/.test(rrn) ? {} : { reference: { rrn, auth, last4 } };

/** Another sale took the coupon of this one off, too: it has had its worth whatever becomes of the goods of this one. */
const USED_AGAIN: Doubt = 'coupon-used-again';

/** First in the ledger keeps the coupon. */
function redeem(context: RecordContext, entry: SaleEntry, serial: CouponSerial): void {
  const { draft, rules, now, device } = context;
  const { campaign } = rules;
  const merchant = entry.merchant ?? rules.merchantOf(device) ?? ('unknown' as MerchantId);
  const coupon = draft.coupon(serial);
  const tier = rules.tierOf(serial);
  const sale = flagged({ ...entry, merchant }, tier === undefined ? [] : tierDoubts(tier, entry));
  if (coupon === undefined || tier === undefined || isDistrusted(sale.flags)) {
    const flags: Doubt[] = coupon === undefined ? ['coupon-never-handed-out'] : [];
    // Held where one of its charges proved what another one didn't: nothing would ever free it, and it is the holder's.
    freeCoupon(draft, sale, 'disputed');
    // No more than the coupon is worth, if it is one: what a counter makes up fills no account.
    const claimed = tier === undefined ? ZERO_FEN : fen(Math.min(tier.faceFen, entry.faceFen));
    post(context, { ...flagged(sale, flags), booking: 'disputed' }, 'disputed', disputedLegs(device, claimed));
    draft.addEvidence({ kind: 'disputed', device, at: now, detail: { sale: entry.key, serial } });
    return;
  }
  if (coupon.state === 'used') {
    // Nobody has agreed to bear more for a double spend than the coupon is worth.
    const borne = fen(Math.min(tier.faceFen, entry.faceFen));
    const committedFen = draft.totals.claimedFen + draft.totals.conflictFen;
    const account = conflictAccount({ campaign, merchant, borne, committedFen });
    if (account === 'conflict:sponsor') draft.putTotals({ conflictFen: fen(draft.totals.conflictFen + borne) });
    post(
      context,
      { ...flagged(sale, ['coupon-already-used']), booking: 'conflict' },
      'conflict',
      conflictLegs(merchant, borne, account),
    );
    draft.note({ what: 'conflict', serial, device, sale: entry.sale, detail: account });
    draft.addEvidence({ kind: 'double-spend', device, at: now, detail: doubleSpend(context, coupon, sale) });
    const first = coupon.sale === null ? undefined : draft.sale(coupon.sale);
    if (first !== undefined) draft.putSale(flagged(first, [USED_AGAIN]));
    return;
  }
  const flags: Doubt[] = coupon.sale === entry.key ? [] : ['redeemed-without-reservation'];
  useCoupon(draft, coupon, entry);
  const legs = redemptionLegs(campaign, merchant, tier.faceFen, entry.faceFen);
  post(context, { ...flagged(sale, flags), holder: coupon.holder, booking: 'kept' }, 'redemption', legs);
}

const tierDoubts = (tier: Tier, { faceFen, amountFen }: SaleEntry): Doubt[] => [
  ...(faceFen === tier.faceFen ? [] : (['face-differs'] as const)),
  ...(amountFen >= tier.thresholdFen ? [] : (['below-threshold'] as const)),
];

/** Both sides of a double spend, each with the presentation that its counter journalled, if it was off line. */
function doubleSpend({ draft }: RecordContext, coupon: Coupon, second: SaleEntry): unknown {
  const first = coupon.sale === null ? undefined : draft.sale(coupon.sale);
  const side = (entry: SaleEntry | undefined) => ({ sale: entry?.key ?? null, presented: entry?.presented ?? null });
  return { serial: coupon.serial, holder: coupon.holder, first: side(first), second: side(second) };
}

function refunded(context: RecordContext, record: RecordOf<'refunded'>): void {
  const { draft, rules } = context;
  const before = entryOf(context, record.sale);
  const { state } = before;
  if (state !== 'settled') {
    contradict(context, before, `refunded-after-${state}`);
    return;
  }
  const entry = flagged({ ...before, state: 'refunded' as const }, refundFlags(record.netFen, before.netFen));
  if (before.serial === null || before.merchant === null) {
    draft.putSale(entry);
    return;
  }
  const { merchant, faceFen: taken, netFen, legs: redeemed } = before;
  const { campaign } = rules;
  const { usableFrom, inTime } = comingBack(rules.compiled, context.now);
  const usableAgain = inTime && !before.flags.includes(USED_AGAIN);
  const ask = { netFen, faceFen: taken, refundedNetFen: record.netFen, usableAgain };
  const outcome = refundOutcome(campaign.refund, ask);
  const isKept = before.booking === 'kept';
  if (before.booking === 'disputed') {
    // No merchant was paid: what is in suspense is given up with the sale, and a part of it waits on with the rest.
    post(context, entry, 'refund', record.netFen === netFen ? reversed(redeemed) : []);
    return;
  }
  // What was no redemption goes back to its bearer, and its coupon is another sale's or still the holder's.
  const moves = isKept ? outcome : { ...outcome, faceTo: 'sponsors' as const };
  const legs = refundLegs({ campaign, merchant, redeemed, taken, outcome: moves });
  post(context, entry, 'refund', legs);
  const freedFen = sumOf(legs.filter(({ account }) => isOf(account, 'conflict-sponsor')));
  if (freedFen > 0) draft.putTotals({ conflictFen: fen(draft.totals.conflictFen - freedFen) });
  const coupon = draft.coupon(before.serial);
  const isBack = isKept && (outcome.coupon === 'held' || outcome.coupon === 'held-next-day');
  if (isBack && coupon?.sale === before.key) restoreCoupon(draft, coupon, before, usableFrom);
}

function post({ draft }: RecordContext, entry: SaleEntry, kind: PostingSet['kind'], legs: readonly Leg[]): void {
  if (sumOf(legs) !== 0) throw new Error(`postings of ${entry.key} do not sum to zero`);
  draft.putSale(kind === 'refund' ? entry : { ...entry, legs });
  if (legs.length > 0) draft.addPostings({ kind, sale: entry.key, legs });
}

function contradict({ draft, device }: RecordContext, before: SaleEntry, doubt: Doubt): void {
  draft.note({ what: 'contradiction', device, sale: before.sale, detail: doubt.replaceAll('-', ' ') });
  draft.putSale(flagged(before, [doubt]));
}

/** The sale as known, or as a first record makes it known. */
function entryOf({ draft, rules, now, device }: RecordContext, sale: SaleId): SaleEntry {
  const key = saleKey(device, sale);
  return (
    draft.sale(key) ?? {
      key,
      device,
      sale,
      order: null,
      merchant: rules.merchantOf(device) ?? null,
      amountFen: ZERO_FEN,
      netFen: ZERO_FEN,
      faceFen: ZERO_FEN,
      mode: null,
      holder: null,
      serial: null,
      request: null,
      requestId: null,
      answer: null,
      presented: null,
      state: 'asked',
      booking: 'none',
      legs: [],
      flags: [],
      at: now,
    }
  );
}

const isOver = (entry: SaleEntry): entry is SaleEntry & { state: 'settled' | 'refunded' } =>
  entry.state === 'settled' || entry.state === 'refunded';
const hasLapsed = ({ leaseEnds }: Coupon, now: WallMs): boolean => leaseEnds !== null && leaseEnds <= now;

const paidAt = ({ now }: RecordContext, { at }: RecordOf<'charging'>): number =>
  at === null ? now : Math.min(at.latest, now);

function refundFlags(backFen: Fen, paidFen: Fen): Doubt[] {
  if (backFen === paidFen) return [];
  return [backFen < paidFen ? 'refund-in-part' : 'refund-beyond-paid'];
}

/** What the charge didn't name, only a reservation can have given. */
const serialFlags = (before: SaleEntry, serial: CouponSerial): Doubt[] =>
  before.serial === serial || wasReserved(before, serial) ? [] : ['never-reserved'];

function sumFlags({ amountFen, netFen, faceFen }: { amountFen: Fen; netFen: Fen; faceFen: Fen }): Doubt[] {
  return amountFen - faceFen === netFen ? [] : ['sums-differ'];
}

const flagged = (entry: SaleEntry, flags: readonly Doubt[]): SaleEntry =>
  flags.length === 0 ? entry : { ...entry, flags: union(entry.flags, flags) };
const union = (a: readonly Doubt[], b: readonly Doubt[]): readonly Doubt[] =>
  b.length === 0 ? a : [...new Set([...a, ...b])];
