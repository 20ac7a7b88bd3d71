/**
 * Books refunds. A refund moves only what the sale's own postings moved, so that no refund creates money:
 *
 * | the sale was | its refund |
 * |---|---|
 * | kept | as the campaign's refund rule says |
 * | a conflict, or written off | back to its bearer; the coupon is another sale's, or its holder's |
 * | disputed | gives its claim up, and moves no merchant's money |
 * | settled without a coupon | nothing: no money of ours was in it |
 * | never settled, or already refunded in full | nothing, flagged |
 *
 * A sale may be refunded in several parts. Each time their total is judged, and the difference to the earlier parts is
 * booked: two halves equal the whole, to the fen.
 *
 * A counter that reports refunds beyond the amount paid isn't believed: its sale is disputed, the merchant loses its rest
 * of the face, and that waits in suspense.
 */
import { comingBack } from '#protocol/campaign/coming-back.js';
import { refundOutcome } from '#protocol/campaign/rules/refund.js';
import { type Fen, fen } from '#protocol/kernel/money.js';
import type { RecordOf } from '#protocol/records/record.js';
import { isOf } from '../book/accounts.js';
import type { Leg, Refunds, SaleEntry } from '../book/book.js';
import { restoreCoupon } from '../book/coupons.js';
import type { Doubt } from '../book/doubts.js';
import { contradict, flagged, post, type RecordContext } from '../book/entries.js';
import { merged, refundLegs, reversed, sumOf, suspendedLegs } from './postings.js';
import type { Rules } from './rules.js';

/** Refunds per sale. A basket has fewer goods; a counter that invents more gets no longer row. */
const MAX_REFUNDS = 64;
const NONE: Refunds = { ids: [], netFen: fen(0), legs: [] };

export function refunded(context: RecordContext, before: SaleEntry, record: RecordOf<'refunded'>): void {
  const { overlay } = context;
  if (before.state !== 'settled' && !isGoingBack(before, record)) {
    contradict(context, before, `refunded-after-${before.state}`);
    return;
  }
  const { ids, netFen, legs: moved } = before.refunds ?? NONE;
  const sumFen = fen(Math.min(netFen + record.netFen, MOST_FEN));
  const refunds = { ...before.refunds, ids: [...ids, record.refund], netFen: sumFen, legs: moved };
  const doubts = refundDoubts(sumFen, before.netFen, ids.length + 1);
  const entry: SaleEntry = flagged({ ...before, state: 'refunded' as const, refunds }, doubts);
  switch (before.booking) {
    case 'none':
      if (before.legs.length > 0) break;
      overlay.putSale(entry);
      return;
    case 'disputed':
      // Part of it stays in suspense with the rest: a person decides.
      post(context, entry, 'refund', sumFen === before.netFen ? reversed(before.legs) : []);
      return;
    case 'kept':
    case 'conflict':
      break;
  }
  const { merchant } = before;
  if (merchant === null || before.serial === null)
    throw new Error(`${before.key} was booked without merchant or coupon`);
  const paidFen = fen(sumOf(before.legs.filter((leg) => isOf(leg.account, 'merchant') && leg.fen > 0)));
  if (doubts.some((doubt) => doubt !== 'refund-in-part')) {
    const leftFen = fen(paidFen + sumOf(moved.filter((leg) => isOf(leg.account, 'merchant'))));
    const suspended = suspendedLegs(context.device, merchant, leftFen);
    // Its legs are everything that stands booked, for a person to decide about.
    const standing = merged([...before.legs, ...moved, ...suspended]);
    post(context, contradicted({ ...entry, booking: 'disputed', legs: standing }), 'refund', suspended);
    return;
  }
  const together = giveBack(context, { before, refundedNetFen: sumFen, paidFen });
  const back = merged([...together, ...reversed(moved)]);
  const freedFen = sumOf(back.filter(({ account }) => isOf(account, 'conflict-sponsor')));
  if (freedFen !== 0) overlay.putTotals({ conflictFen: fen(overlay.totals.conflictFen - freedFen) });
  post(context, { ...entry, refunds: { ...refunds, legs: together } }, 'refund', back);
}

/** Sums stay within `Fen`, whatever a counter reports. */
const MOST_FEN = 99_999_999;

/** A case again: what a person has decided no longer holds. */
const contradicted = ({ decisions, ...sale }: SaleEntry): SaleEntry =>
  decisions === undefined ? sale : { ...sale, decisions: decisions.map((made) => ({ ...made, contradicted: true })) };

/** Another part of a sale that has gone back in part. Of a sale that release 0.1 saw going back nobody knows how much did. */
function isGoingBack(sale: SaleEntry, { refund }: RecordOf<'refunded'>): boolean {
  const { state, refunds, netFen } = sale;
  if (state !== 'refunded' || refunds === undefined || refunds.ids.includes(refund)) return false;
  return refunds.netFen < netFen;
}

/** The postings of a believed refund of this total, and the coupon if it returns. */
function giveBack(
  { overlay, rules, now }: RecordContext,
  options: { readonly before: SaleEntry; readonly refundedNetFen: Fen; readonly paidFen: Fen },
): readonly Leg[] {
  const { before, refundedNetFen, paidFen } = options;
  const { merchant, serial, netFen, legs: redeemed } = before;
  if (merchant === null || serial === null) return [];
  const { campaign } = rules;
  const { usableFrom, inTime } = comingBack(rules.compiled, now);
  const usableAgain = inTime && !before.flags.includes('coupon-used-again');
  const outcome = refundOutcome(campaign.refund, {
    ...sinceDecision({ netFen, refundedNetFen, refunds: before.refunds }),
    ...{ faceFen: paidFen, usableAgain },
  });
  const isKept = before.booking === 'kept';
  const moves = isKept ? outcome : { ...outcome, faceTo: 'sponsors' as const };
  const legs = refundLegs({ campaign, merchant, redeemed, taken: paidFen, outcome: moves });
  const coupon = overlay.coupon(serial);
  const isBack = isKept && (outcome.coupon === 'held' || outcome.coupon === 'held-next-day');
  if (isBack && coupon?.sale === before.key) restoreCoupon(overlay, coupon, before, usableFrom);
  return legs;
}

/** For a person's decision: of goods that went back nobody pays the face. */
export function faceLeft({ campaign }: Rules, { netFen, refunds }: SaleEntry, faceFen: Fen): Fen {
  if (refunds === undefined) return faceFen;
  const back = sinceDecision({ netFen, refundedNetFen: refunds.netFen, refunds });
  return fen(faceFen - refundOutcome(campaign.refund, { ...back, faceFen, usableAgain: false }).faceBackFen);
}

/** From a decision on, parts go back of what was decided then. */
export const decidedInPart = ({ netFen, refunds }: SaleEntry): Pick<SaleEntry, 'refunds'> =>
  refunds === undefined
    ? {}
    : { refunds: { ...refunds, legs: [], decidedNetFen: fen(Math.min(refunds.netFen, netFen)) } };

/** Of what a person has decided about: the goods that were not back then, and how many of those are now. */
function sinceDecision(of: {
  readonly netFen: Fen;
  readonly refundedNetFen: Fen;
  readonly refunds: Refunds | undefined;
}): { readonly netFen: Fen; readonly refundedNetFen: Fen } {
  const { decidedNetFen = 0 } = of.refunds ?? {};
  return { netFen: fen(of.netFen - decidedNetFen), refundedNetFen: fen(of.refundedNetFen - decidedNetFen) };
}

function refundDoubts(backFen: Fen, paidFen: Fen, refunds: number): Doubt[] {
  if (backFen > paidFen) return ['refund-beyond-paid'];
  if (refunds > MAX_REFUNDS) return ['too-many-refunds'];
  return backFen < paidFen ? ['refund-in-part'] : [];
}
