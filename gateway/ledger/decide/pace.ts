/**
 * Limits how fast one counter, and one merchant, may take coupons online.
 *
 * A counter that invents sales with coupons of accomplices, or of people who don't exist, is as fast as its connection; an
 * honest one is as fast as a cashier. Over the limit the answer is a reason, an alert is raised, and the sale goes on at
 * full price.
 *
 * A sale counts once, at its first reservation, even if it is declined later: a limit on paid sales only would let a
 * counter first hold any number of coupons.
 */
import type { ReasonCode } from '#protocol/faults/reasons.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { AuthoriseOp } from '../../ports/ledger.js';
import type { BatchOverlay } from '../book/batch-overlay.js';
import type { SaleEntry } from '../book/book.js';
import { couponsAt, couponsOf, oneMore, type PaceLimit, reached, type Tally, tallyAt } from '../book/tally.js';
import type { Rules } from './rules.js';

export interface PaceLimits {
  readonly device: PaceLimit;
  readonly merchant: PaceLimit;
}

/**
 * A shop writes some 2,000 records a day, which are 500 sales. A cashier who scans, takes the card and prints serves a
 * customer in half a minute at best, and not every customer has a coupon. A merchant has three such counters. The reference
 * campaign has 32 coupons per merchant and day, on average.
 */
export const DEFAULT_PACE: PaceLimits = {
  device: { perHour: 100, perDay: 500 },
  merchant: { perHour: 300, perDay: 1_500 },
};

/** Checks a sale before its reservation. Counts it, unless it is refused. */
export function paceRefusal(
  overlay: BatchOverlay,
  rules: Rules,
  { op, before, now }: { readonly op: AuthoriseOp; readonly before: SaleEntry | undefined; readonly now: WallMs },
): ReasonCode | undefined {
  const { pace } = rules;
  if (pace === undefined || hadCoupon(before)) return undefined;
  const local = rules.compiled.zone.local(now);
  const counted = [
    { name: couponsAt(op.device), limit: pace.device, whose: 'this counter' },
    { name: couponsOf(op.merchant), limit: pace.merchant, whose: `merchant ${op.merchant}` },
  ].map(({ name, ...rest }) => ({ tally: tallyAt(overlay.tally(name), name, local), ...rest }));
  if (counted.some(({ tally, limit }) => reached(tally, limit) !== undefined)) return 'counter-over-limit';
  for (const { tally, limit, whose } of counted) take(overlay, op, oneMore(tally), limit, whose);
  return undefined;
}

/** The sale has been counted before. */
const hadCoupon = (before: SaleEntry | undefined): boolean =>
  before?.answer?.kind === 'reserved' || (before?.reservedBefore?.length ?? 0) > 0;

function take(overlay: BatchOverlay, { device }: AuthoriseOp, tally: Tally, limit: PaceLimit, whose: string): void {
  overlay.putTally(tally);
  const over = reached(tally, limit);
  if (over === undefined) return;
  const what = `${whose} has taken ${tally.inHour} coupons in this hour and ${tally.inDay} today; no more until the ${over} is over`;
  overlay.alert({ code: 'COUNTER_TOO_FAST', what, device });
}
