/**
 * Applies a device's records to coupons and accounts.
 *
 * No report of a device is dropped: one that contradicts the book is booked where the campaign says, flagged, and kept with
 * its evidence.
 *
 * | record | coupon of the sale |
 * |---|---|
 * | `charging` with a coupon | held until the device reports the charge's outcome: no lease any more |
 * | `charging` without, `abandoned`, `not-charged` | free again |
 * | `unknown` | held |
 * | `settled` with a coupon | used: by this sale if no other was first, else a conflict |
 * | `refunded` | as the campaign's refund rule says (`refunding.ts`) |
 *
 * A late redemption (long after the lease, or offline) takes the coupon even from a sale that has it reserved. The first in
 * the ledger keeps it; if the other one charges too, that one is the conflict. An unproven redemption (`proof.ts`,
 * `offline-proof.ts`) takes no coupon, and its claim waits in the counter's suspense account.
 */
import type { CouponSerial } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import { fen, ZERO_FEN } from '#protocol/kernel/money.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { CardSlip, JournalledCoupon, JournalRecord, RecordOf } from '#protocol/records/record.js';
import type { Verdict } from '../../ports/verifier.js';
import type { BatchOverlay } from '../book/batch-overlay.js';
import type { Coupon, Decision, DeviceChain, OfflineTaking, SaleEntry, SaleKey } from '../book/book.js';
import { freeCoupon, reserveCoupon, useCoupon } from '../book/coupons.js';
import { type Doubt, isConflict, isDistrusted } from '../book/doubts.js';
import { contradict, entryOf, flagged, post, type RecordContext } from '../book/entries.js';
import { decisionOn } from '../report/cases.js';
import { disputedEvidence, doubleSpendEvidence } from '../report/evidence-kept.js';
import { countTaking, uncountTaking } from './allowances.js';
import { countOffline } from './pace.js';
import { rememberBorne, wasTakenHere } from './paid-once.js';
import { conflictAccount, conflictLegs, disputedLegs, redemptionLegs } from './postings.js';
import { offlineDoubts } from './proof/offline-proof.js';
import {
  forgetPresentationUses,
  recordPresentationUse,
  saleOfPresentation,
  usedSinceDoubts,
} from './proof/presentation-uses.js';
import { merchantDoubts, offerOf, reservationDoubts, settlementDoubts, when } from './proof/proof.js';
import { refunded } from './refunding.js';

export function applyRecord(context: RecordContext, record: JournalRecord): void {
  switch (record.kind) {
    case 'charging':
      charging(context, entryOf(context, record.sale), record);
      break;
    case 'settled':
      settled(context, entryOf(context, record.sale), record);
      break;
    case 'not-charged':
    case 'abandoned':
      ended(context, entryOf(context, record.sale), record);
      break;
    case 'unknown':
      unknown(context, entryOf(context, record.sale));
      break;
    case 'refunded':
      refunded(context, entryOf(context, record.sale), record);
      break;
    case 'opened':
    case 'refunding':
    case 'refund-failed':
    case 'refund-unknown':
    case 'printed':
      break; // no part of the book depends on these; the journal's copy has them
    default:
      unreachable(record);
  }
}

function charging(context: RecordContext, known: SaleEntry, record: RecordOf<'charging'>): void {
  const { overlay, rules, device } = context;
  if (isOver(known)) {
    contradict(context, known, `charging-after-${known.state}`);
    return;
  }
  if (decisionOn(known) !== undefined) {
    contradict(context, known, 'charging-after-decision');
    return;
  }
  const { coupon: taken } = record;
  uncountTaking(overlay, chainOf(context), known);
  const { offline: _counted, ...before } = known;
  if (taken === null || before.serial !== taken.serial) freeCoupon(overlay, before, 'not-taken');
  if (taken === null) forgetPresentationUses(overlay, before.holder, before.key);
  const entry: SaleEntry = {
    ...before,
    order: record.order,
    // A sale stays with the merchant of its request: a different one in the record is doubted.
    merchant: before.answer === null ? record.merchant : before.merchant,
    amountFen: record.amountFen,
    netFen: record.netFen,
    faceFen: taken?.faceFen ?? ZERO_FEN,
    serial: taken?.serial ?? null,
    state: 'charging',
  };
  const order = overDoubts('charging', known);
  if (taken === null) {
    overlay.putSale(flagged(entry, [...order, ...merchantDoubts(rules, device, record.merchant)]));
    return;
  }
  const { by } = taken;
  switch (by.kind) {
    case 'reservation': {
      const sale = showingBack(
        context,
        flagged(entry, [...order, ...reservationDoubts({ rules, device, known, record, taken })]),
        taken.serial,
      );
      const isItsOwn = holdCoupon(context, sale, taken.serial);
      overlay.putSale(flagged(sale, when(!isItsOwn, 'charged-without-reservation')));
      return;
    }
    case 'offline':
      takenOffline(context, { entry, known, record, taken, by, order });
      return;
    default:
      unreachable(by);
  }
}

function takenOffline(
  context: RecordContext,
  options: {
    readonly entry: SaleEntry;
    readonly known: SaleEntry;
    readonly record: RecordOf<'charging'>;
    readonly taken: JournalledCoupon;
    readonly by: JournalledCoupon['by'] & { readonly kind: 'offline' };
    readonly order: readonly Doubt[];
  },
): void {
  const { overlay, rules, now, device, newestAt } = context;
  const { entry, known, record, taken, by, order } = options;
  const { presentation, allowance } = by;
  const verdict = context.verdicts.get(presentation);
  const chain = chainOf(context);
  const doubts = [
    ...order,
    ...offlineDoubts({ overlay, rules, now, device, chain, newestAt, known, record, taken, by, verdict }),
  ];
  overlay.record({ what: 'taken-offline', device, sale: record.sale, serial: taken.serial, detail: allowance });
  const isBelieved = verdict?.ok === true && !isDistrusted([...entry.flags, ...doubts]);
  const earlier = verdict?.ok === true ? earlierSale(overlay, verdict, known.key) : null;
  const taking: OfflineTaking = { allowance, at: record.at, ...(earlier !== null && { earlier }) };
  const sale: SaleEntry = flagged(
    {
      ...entry,
      // Perhaps paid days ago: rules about a day's or an hour's payments use this time.
      at: paidAt(now, record),
      holder: verdict?.ok === true ? verdict.holder : entry.holder,
      presented: presentation,
      offline: taking,
    },
    doubts,
  );
  if (!isBelieved) {
    overlay.putSale(sale);
    return;
  }
  const { holder, nonce: counter } = verdict;
  const { faceFen } = taken;
  if (known.holder !== holder) forgetPresentationUses(overlay, known.holder, sale.key);
  recordPresentationUse(overlay, holder, { counter, sale: sale.key, offline: true });
  countTaking(overlay, { chain, rules, id: allowance, holder, faceFen });
  countOffline(overlay, rules, { device, merchant: record.merchant, before: known, takenAt: paidAt(now, record), now });
  holdCoupon(context, sale, taken.serial);
  overlay.putSale({ ...sale, offline: { ...taking, counted: { holder, faceFen } } });
}

/**
 * A sale at which first one, then another showed a code, and that is charged for by either answer: the showing of the one
 * whose coupon it is belongs to it, and the other's goes back.
 */
function showingBack({ overlay, rules }: RecordContext, entry: SaleEntry, serial: CouponSerial): SaleEntry {
  const coupon = overlay.coupon(serial);
  const offer = offerOf(rules, entry, serial);
  if (coupon === undefined || offer === undefined || isDistrusted(entry.flags)) return entry;
  const { key } = entry;
  if (entry.holder !== coupon.holder) forgetPresentationUses(overlay, entry.holder, key);
  const sale = { ...entry, holder: coupon.holder };
  const holder = overlay.holder(coupon.holder);
  if (holder === undefined || offer.shown === undefined) return sale;
  const showing = { counter: offer.shown, sale: key };
  recordPresentationUse(overlay, coupon.holder, showing);
  return flagged(sale, usedSinceDoubts(holder, showing));
}

function earlierSale(
  overlay: BatchOverlay,
  { holder: id, nonce: counter }: Extract<Verdict, { ok: true }>,
  sale: SaleKey,
): SaleKey | null {
  const holder = overlay.holder(id);
  return holder === undefined ? null : saleOfPresentation(holder, counter, sale);
}

/** Holds the coupon of a charge that has begun, if it is available and undoubted. True: it was reserved for this charge. */
function holdCoupon({ overlay, now }: RecordContext, entry: SaleEntry, serial: CouponSerial): boolean {
  const coupon = overlay.coupon(serial);
  if (coupon === undefined) return false;
  const isItsOwn = coupon.state === 'reserved' && coupon.sale === entry.key;
  const isFree = coupon.state === 'held' || (coupon.state === 'reserved' && hasLapsed(coupon, now));
  const isGood = !isDistrusted(entry.flags) && !isConflict(entry.flags);
  if (isGood && (isItsOwn || isFree)) reserveCoupon(overlay, coupon, entry, null);
  return isItsOwn;
}

function ended(
  context: RecordContext,
  before: SaleEntry,
  record: RecordOf<'not-charged'> | RecordOf<'abandoned'>,
): void {
  const { overlay } = context;
  if (isOver(before)) {
    contradict(context, before, `${record.kind}-after-${before.state}`);
    return;
  }
  freeCoupon(overlay, before, record.kind);
  forgetPresentationUses(overlay, before.holder, before.key);
  uncountTaking(overlay, chainOf(context), before);
  overlay.putSale({ ...uncounted(before), state: record.kind });
}

function unknown(context: RecordContext, before: SaleEntry): void {
  if (isOver(before)) {
    contradict(context, before, `unknown-after-${before.state}`);
    return;
  }
  const coupon = before.serial === null ? undefined : context.overlay.coupon(before.serial);
  if (coupon?.state === 'reserved' && coupon.sale === before.key) reserveCoupon(context.overlay, coupon, before, null);
  context.overlay.putSale({ ...before, state: 'unknown' });
}

function settled(context: RecordContext, before: SaleEntry, record: RecordOf<'settled'>): void {
  const decision = decisionOn(before);
  if (isOver(before)) {
    if (decision !== undefined && isSamePayment(before, record)) agree(context, before, record, decision);
    else contradict(context, before, `settled-after-${before.state}`);
    return;
  }
  if (before.serial !== record.serial) freeCoupon(context.overlay, before, 'not-taken');
  const entry: SaleEntry = flagged(
    {
      ...before,
      order: record.order,
      amountFen: record.amountFen,
      netFen: record.netFen,
      faceFen: record.faceFen,
      serial: record.serial,
      state: 'settled',
      ...referenceOf(record.card),
      ...(before.decisions !== undefined && {
        decisions: before.decisions.map((made) => ({ ...made, contradicted: true })),
      }),
    },
    [...settlementDoubts(context.rules, before, record), ...when(decision !== undefined, 'settled-after-decision')],
  );
  if (record.serial === null) context.overlay.putSale(entry);
  else redeem(context, before.state === 'asked' ? showingBack(context, entry, record.serial) : entry, record.serial);
}

/** A person has decided the same already: the device's report only adds the card's reference. */
function agree(
  { overlay, device }: RecordContext,
  before: SaleEntry,
  record: RecordOf<'settled'>,
  { act }: Decision,
): void {
  overlay.record({ what: 'agrees-with-act', device, sale: before.sale, detail: act });
  const { reference } = referenceOf(record.card);
  if (reference === undefined || reference.rrn === before.reference?.rrn) return;
  overlay.putSale({ ...before, reference });
}

const isSamePayment = ({ serial, netFen }: SaleEntry, record: RecordOf<'settled'>): boolean =>
  serial === record.serial && netFen === record.netFen;

/** Some readers print zeros where they have none. */
const referenceOf = ({ rrn, auth, last4 }: CardSlip): Pick<SaleEntry, 'reference'> =>
  /^0*$/.test(rrn) ? {} : { reference: { rrn, auth, last4 } };

/** The first in the ledger keeps the coupon. */
function redeem(context: RecordContext, entry: SaleEntry, serial: CouponSerial): void {
  const { overlay, rules, device } = context;
  const coupon = overlay.coupon(serial);
  const tier = rules.tierOf(serial);
  const merchant = entry.merchant ?? rules.merchantOf(device);
  if (coupon === undefined || tier === undefined) {
    dispute(context, flagged(entry, ['coupon-never-handed-out']), { serial, worth: tier?.faceFen ?? 0 });
    return;
  }
  if (merchant === undefined) {
    dispute(context, flagged(entry, ['merchant-not-listed']), { serial, worth: tier.faceFen });
    return;
  }
  const sale: SaleEntry & { merchant: typeof merchant } = { ...entry, merchant };
  if (isDistrusted(sale.flags)) {
    dispute(context, sale, { serial, worth: tier.faceFen });
    return;
  }
  if (wasTakenHere(overlay, coupon, device)) {
    dispute(context, flagged(sale, ['coupon-taken-here-before']), { serial, worth: tier.faceFen });
    return;
  }
  if (coupon.state === 'used' || isConflict(sale.flags)) {
    conflict(context, sale, coupon, tier.faceFen);
    return;
  }
  const kept = flagged(sale, when(coupon.sale !== entry.key, 'redeemed-without-reservation'));
  useCoupon(overlay, coupon, entry);
  const legs = redemptionLegs(rules.campaign, merchant, tier.faceFen, entry.faceFen);
  post(context, { ...kept, holder: coupon.holder, booking: 'kept' }, 'redemption', legs);
}

/** Unproven. `worth`: the coupon's face, if it is one; an invented coupon fills no account. */
function dispute(
  context: RecordContext,
  entry: SaleEntry,
  { serial, worth }: { readonly serial: CouponSerial; readonly worth: number },
): void {
  const { overlay, device } = context;
  // An earlier charge may have proved and held it: nothing else would ever free it, and it belongs to the holder.
  freeCoupon(overlay, entry, 'disputed');
  uncountTaking(overlay, chainOf(context), entry);
  const claimed = fen(Math.min(worth, entry.faceFen));
  post(context, { ...uncounted(entry), booking: 'disputed' }, 'disputed', disputedLegs(device, claimed));
  overlay.addEvidence(disputedEvidence(context, entry, serial));
}

/** Proven, but second: another sale used its coupon or its presentation before. */
function conflict(
  context: RecordContext,
  entry: SaleEntry & { readonly merchant: NonNullable<SaleEntry['merchant']> },
  coupon: Coupon,
  faceFen: number,
): void {
  const { overlay, rules, device } = context;
  const { merchant } = entry;
  // Nobody has agreed to bear more for a double spend than the coupon's face.
  const borne = fen(Math.min(faceFen, entry.faceFen));
  const committedFen = overlay.totals.claimedFen + overlay.totals.conflictFen;
  const account = conflictAccount({ campaign: rules.campaign, merchant, borne, committedFen });
  if (account === 'conflict:sponsor') overlay.putTotals({ conflictFen: fen(overlay.totals.conflictFen + borne) });
  freeCoupon(overlay, entry, 'conflict');
  const sale = flagged(entry, when(coupon.state === 'used', 'coupon-already-used'));
  post(context, { ...sale, booking: 'conflict' }, 'conflict', conflictLegs(merchant, borne, account));
  overlay.record({ what: 'conflict', serial: coupon.serial, device, sale: entry.sale, detail: account });
  overlay.addEvidence(doubleSpendEvidence(context, coupon, sale));
  rememberBorne(overlay, coupon, device);
  const first = coupon.state === 'used' ? overlay.sale(coupon.sale) : undefined;
  // The other sale used this coupon too, so it had its value whatever happens to the goods of the first one.
  if (first !== undefined) overlay.putSale(flagged(first, ['coupon-used-again']));
}

function uncounted(entry: SaleEntry): SaleEntry {
  if (entry.offline === undefined) return entry;
  const { counted: _counted, ...offline } = entry.offline;
  return { ...entry, offline };
}

/** A failed sale doesn't begin again; `settlementDoubts` reports its settlement. */
const overDoubts = (kind: 'charging', { state }: SaleEntry): readonly Doubt[] =>
  state === 'not-charged' || state === 'abandoned' ? [`${kind}-after-${state}`] : [];

const chainOf = ({ overlay, device }: RecordContext): DeviceChain => {
  const chain = overlay.device(device);
  if (chain === undefined) throw new Error(`no chain of ${device}, whose records are being applied`);
  return chain;
};

const isOver = (entry: SaleEntry): entry is SaleEntry & { state: 'settled' | 'refunded' } =>
  entry.state === 'settled' || entry.state === 'refunded';
const hasLapsed = ({ leaseEnds }: Extract<Coupon, { state: 'reserved' }>, now: WallMs): boolean =>
  leaseEnds !== null && leaseEnds <= now;

const paidAt = (now: WallMs, { at }: RecordOf<'charging'>): WallMs =>
  at === null || at.latest > now ? now : at.latest;
