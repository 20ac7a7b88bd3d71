/**
 * What shows that a counter took a coupon by right: the gateway's own reservation for that sale, or a presentation that its
 * holder signed. A counter's word alone is nobody's coupon: serials are dense, and whoever can make a counter write records
 * could name all that were handed out and have the sponsors pay.
 */
import { insideWindow } from '#protocol/campaign/window.js';
import type { CouponSerial, DeviceId, MerchantId } from '#protocol/ids.js';
import type { JournalledCoupon, RecordOf } from '#protocol/records/record.js';
import type { Verdict } from '../ports/verifier.js';
import type { Holder, SaleEntry, SaleKey } from './book.js';
import type { Doubt } from './doubts.js';
import type { Draft } from './draft.js';
import type { Rules } from './rules.js';

/** What speaks against a charge that takes this coupon; `known`: the sale as it was before. */
export function doubtsOf(options: {
  readonly rules: Rules;
  readonly device: DeviceId;
  readonly known: SaleEntry;
  readonly record: RecordOf<'charging'>;
  readonly taken: JournalledCoupon;
  readonly verdict: Verdict | undefined;
}): Doubt[] {
  const { rules, device, known, record, taken, verdict } = options;
  const { merchant } = record;
  if (taken.by.kind === 'offline') {
    const { serial } = taken;
    return [
      ...merchantDoubts(rules, device, merchant),
      ...presentationDoubts(verdict, serial),
      ...hoursDoubts(rules, record),
    ];
  }
  // A reservation was for a merchant, who was looked at when it was given.
  if (!wasReserved(known, taken.serial)) return [...merchantDoubts(rules, device, merchant), 'never-reserved'];
  return known.merchant === merchant ? [] : merchantDoubts(rules, device, merchant);
}

/** By the newest answer to this sale, or by an earlier one, which may have come through after a later question. */
export const wasReserved = ({ answer, reservedBefore = [] }: SaleEntry, serial: CouponSerial): boolean =>
  (answer?.kind === 'reserved' && answer.serial === serial) || reservedBefore.includes(serial);

export function merchantDoubts(rules: Rules, device: DeviceId, merchant: MerchantId): Doubt[] {
  const registered = rules.merchantOf(device);
  if (registered !== undefined && registered !== merchant) return ['merchant-of-another-device'];
  return rules.isListed(merchant) ? [] : ['merchant-not-listed'];
}

function presentationDoubts(verdict: Verdict | undefined, serial: CouponSerial): Doubt[] {
  if (verdict === undefined) return ['presentation-unchecked'];
  if (!verdict.ok) return [verdict.reason];
  return verdict.serials.includes(serial) ? [] : ['serial-not-in-grant'];
}

/**
 * A counter takes each of a holder's presentations once, and no older one after it: it counts them in its own journal, whose
 * records come here in order. One that didn't could live on a single showing for ever. Where two counters took the same
 * one, neither could know: that is the holder's doing, or the thief's of a picture, and a conflict.
 */
export function noteShowing(
  draft: Draft,
  verdict: Verdict | undefined,
  by: { device: DeviceId; sale: SaleKey },
): Doubt[] {
  const holder = verdict?.ok === true ? draft.holder(verdict.holder) : undefined;
  if (verdict?.ok !== true || holder === undefined) return [];
  const { counter } = verdict;
  const { takenOffline = [] } = holder;
  const before = takenOffline.find(({ device }) => device === by.device);
  if (before !== undefined && counter <= before.counter)
    return before.sale === by.sale ? [] : ['presentation-replayed'];
  const others = takenOffline.filter((showing) => showing !== before);
  const shown: Holder = { ...holder, takenOffline: [...others, { device: by.device, counter, sale: by.sale }] };
  draft.putHolder(shown);
  return [];
}

/** A counter takes a coupon off line only where every time that it may be lies in one opening, and writes that time down. */
function hoursDoubts({ compiled }: Rules, { at }: RecordOf<'charging'>): Doubt[] {
  return at !== null && insideWindow(compiled.openings, at) ? [] : ['outside-hours'];
}
