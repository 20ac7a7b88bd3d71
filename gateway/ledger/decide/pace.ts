/**
 * How fast one counter, and one merchant, may take coupons. A counter that invents sales with coupons of people who
 * play along, or who do not exist, is as fast as its line; an honest one is as fast as a cashier. Over the limit the answer
 * is a reason, somebody is told, and the sale goes on at full price.
 *
 * A coupon that was taken offline is never refused for this: its customer has had it. It counts in the hour and on the day in
 * which it was taken, so that a counter that comes back after a week is not over any limit. One over its limit is given no
 * further allowance: its line, cut and mended again and again, would be a way around.
 *
 * A sale counts once, at its first reservation, also where it is declined later: a limit that counted only what was paid
 * would let a counter hold any number of coupons first.
 */
import type { ReasonCode } from '#protocol/faults/reasons.js';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { AuthoriseOp } from '../../ports/ledger.js';
import type { BatchOverlay } from '../book/batch-overlay.js';
import type { SaleEntry } from '../book/book.js';
import {
  couponsAt,
  couponsOf,
  oneMore,
  oneMoreAt,
  type PaceLimit,
  reached,
  type Tally,
  tallyAt,
} from '../book/tally.js';
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
  const counted = talliesOf(overlay, pace, op, local);
  if (counted.some(({ tally, limit }) => reached(tally, limit) !== undefined)) return 'counter-over-limit';
  for (const { tally, limit, whose } of counted) take(overlay, op.device, oneMore(tally), limit, whose);
  return undefined;
}

/** For a coupon that was taken offline and is believed; `before`: the sale as it was, which may have been counted. */
export function countOffline(
  overlay: BatchOverlay,
  rules: Rules,
  taking: {
    readonly device: DeviceId;
    readonly merchant: MerchantId;
    readonly before: SaleEntry;
    readonly takenAt: WallMs;
    readonly now: WallMs;
  },
): void {
  const { pace } = rules;
  const { before, takenAt, now } = taking;
  if (pace === undefined || hadCoupon(before) || before.offline !== undefined) return;
  const { zone } = rules.compiled;
  for (const { tally, limit, whose } of talliesOf(overlay, pace, taking, zone.local(now))) {
    const more = oneMoreAt(tally, zone.local(takenAt));
    const isNews = reached(tally, limit) === undefined;
    if (isNews) take(overlay, taking.device, more, limit, whose);
    else overlay.putTally(more);
  }
}

/** Whether this counter has taken as many as it may, so that it waits for a further allowance. */
export function isOverPace(overlay: BatchOverlay, { pace, compiled }: Rules, device: DeviceId, now: WallMs): boolean {
  if (pace === undefined) return false;
  const name = couponsAt(device);
  return reached(tallyAt(overlay.tally(name), name, compiled.zone.local(now)), pace.device) !== undefined;
}

const talliesOf = (
  overlay: BatchOverlay,
  pace: PaceLimits,
  { device, merchant }: { readonly device: DeviceId; readonly merchant: MerchantId },
  local: number,
) =>
  [
    { name: couponsAt(device), limit: pace.device, whose: 'this counter' },
    { name: couponsOf(merchant), limit: pace.merchant, whose: `merchant ${merchant}` },
  ].map(({ name, ...rest }) => ({ tally: tallyAt(overlay.tally(name), name, local), ...rest }));

/** It was counted then. */
const hadCoupon = (before: SaleEntry | undefined): boolean =>
  before?.answer?.kind === 'reserved' || (before?.reservedBefore?.length ?? 0) > 0;

function take(overlay: BatchOverlay, device: DeviceId, tally: Tally, limit: PaceLimit, whose: string): void {
  overlay.putTally(tally);
  const over = reached(tally, limit);
  if (over === undefined) return;
  const what = `${whose} has taken ${tally.inHour} coupons in this hour and ${tally.inDay} today; no more until the ${over} is over`;
  overlay.alert({ code: 'COUNTER_TOO_FAST', what, device });
}
