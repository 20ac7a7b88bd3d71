/**
 * Goods that came back. A refund moves only what the sale's own postings moved, so that no refund makes money:
 *
 * | the sale was | its refund |
 * |---|---|
 * | kept | as the campaign's refund rule says |
 * | a conflict | back to its bearer; the coupon is another sale's |
 * | disputed | gives its claim up, and moves no merchant's money |
 * | settled without a coupon | nothing: no money of ours was in it |
 * | never settled, or refunded already | nothing, flagged |
 *
 * A counter that says it gave back more than was paid is not believed: the merchant loses the face, and it waits in suspense.
 */
import { comingBack } from '#protocol/campaign/coming-back.js';
import { refundOutcome } from '#protocol/campaign/rules/refund.js';
import { type Fen, fen } from '#protocol/money.js';
import type { RecordOf } from '#protocol/records/record.js';
import { isOf } from './accounts.js';
import type { Leg, SaleEntry } from './book.js';
import { restoreCoupon } from './coupons.js';
import type { Doubt } from './doubts.js';
import { contradict, flagged, post, type RecordContext } from './entries.js';
import { refundLegs, reversed, sumOf, suspendedLegs } from './postings.js';

export function refunded(context: RecordContext, before: SaleEntry, record: RecordOf<'refunded'>): void {
  const { draft } = context;
  const { state } = before;
  if (state !== 'settled') {
    contradict(context, before, `refunded-after-${state}`);
    return;
  }
  const entry = flagged({ ...before, state: 'refunded' as const }, refundDoubts(record.netFen, before.netFen));
  const { merchant, serial, legs: redeemed } = before;
  switch (before.booking) {
    case 'none':
      draft.putSale(entry);
      return;
    case 'disputed':
      // A part of it waits on with the rest: a person decides.
      post(context, entry, 'refund', record.netFen === before.netFen ? reversed(redeemed) : []);
      return;
    case 'kept':
    case 'conflict':
      break;
  }
  if (merchant === null || serial === null) throw new Error(`${before.key} was booked without merchant or coupon`);
  const paidFen = fen(sumOf(redeemed.filter((leg) => isOf(leg.account, 'merchant') && leg.fen > 0)));
  if (record.netFen > before.netFen) {
    post(context, entry, 'refund', suspendedLegs(context.device, merchant, paidFen));
    return;
  }
  const legs = giveBack(context, { before, refundedNetFen: record.netFen, paidFen });
  post(context, entry, 'refund', legs);
}

/** The legs of a refund that is believed; its coupon and the sponsors' part of the budget go with them. */
function giveBack(
  { draft, rules, now }: RecordContext,
  options: { readonly before: SaleEntry; readonly refundedNetFen: Fen; readonly paidFen: Fen },
): readonly Leg[] {
  const { before, refundedNetFen, paidFen } = options;
  const { merchant, serial, netFen, legs: redeemed } = before;
  if (merchant === null || serial === null) return [];
  const { campaign } = rules;
  const { usableFrom, inTime } = comingBack(rules.compiled, now);
  const usableAgain = inTime && !before.flags.includes('coupon-used-again');
  const outcome = refundOutcome(campaign.refund, { netFen, faceFen: paidFen, refundedNetFen, usableAgain });
  const isKept = before.booking === 'kept';
  const moves = isKept ? outcome : { ...outcome, faceTo: 'sponsors' as const };
  const legs = refundLegs({ campaign, merchant, redeemed, taken: paidFen, outcome: moves });
  const freedFen = sumOf(legs.filter(({ account }) => isOf(account, 'conflict-sponsor')));
  if (freedFen > 0) draft.putTotals({ conflictFen: fen(draft.totals.conflictFen - freedFen) });
  const coupon = draft.coupon(serial);
  const isBack = isKept && (outcome.coupon === 'held' || outcome.coupon === 'held-next-day');
  if (isBack && coupon?.sale === before.key) restoreCoupon(draft, coupon, before, usableFrom);
  return legs;
}

function refundDoubts(backFen: Fen, paidFen: Fen): Doubt[] {
  if (backFen === paidFen) return [];
  return [backFen < paidFen ? 'refund-in-part' : 'refund-beyond-paid'];
}
