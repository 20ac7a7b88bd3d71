/**
 * Builds the ledger's evidence documents. Each is complete, so that a person with the document needs no database;
 * `protocol/evidence` reads it and says what it proves.
 */
import { decodePresentation } from '#protocol/codes/presentation.js';
import type { EvidenceSide } from '#protocol/evidence/document.js';
import type { CouponSerial } from '#protocol/kernel/ids.js';
import { exactly, type WallMs } from '#protocol/kernel/time.js';
import type { Coupon, Evidence, SaleEntry } from '../book/book.js';
import type { RecordContext } from '../book/entries.js';

/** Two sales with one coupon, or with one presentation. */
export function doubleSpendEvidence(
  { overlay, device, now }: RecordContext,
  coupon: Coupon,
  second: SaleEntry,
): Omit<Evidence, 'id'> {
  const { serial, holder } = coupon;
  const firstKey = coupon.state === 'used' ? coupon.sale : second.offline?.earlier;
  const first = firstKey == null ? undefined : overlay.sale(firstKey);
  const detail = { serial, holder, first: first === undefined ? null : sideOf(first), second: sideOf(second) };
  return { kind: 'double-spend', format: 2, device, at: now, detail };
}

/** An unproven sale, its doubts, and the earlier sale with the same presentation if there is one. */
export function disputedEvidence(
  { overlay, device, now }: RecordContext,
  entry: SaleEntry,
  serial: CouponSerial,
): Omit<Evidence, 'id'> {
  const key = entry.offline?.earlier;
  const earlier = key === undefined ? undefined : overlay.sale(key);
  const detail = {
    sale: entry.key,
    serial,
    doubts: entry.flags,
    claim: sideOf(entry),
    earlier: earlier === undefined ? null : sideOf(earlier),
  };
  return { kind: 'disputed', format: 2, device, at: now, detail };
}

function sideOf({ key, device, merchant, serial, presented, answer, offline, at }: SaleEntry): EvidenceSide {
  const decoded = presented === null ? undefined : decodePresentation(presented);
  const shownAt = decoded?.ok === true ? decoded.value.shownAt : null;
  const common = { sale: key, device, merchant, serial, presented, shownAt };
  if (offline !== undefined) return { ...common, by: 'counter', at: offline.at };
  const wasReserved = answer?.kind === 'reserved' && answer.serial === serial;
  // For an offline sale from release 0.1 the ledger lacks the counter's recorded time.
  return wasReserved ? { ...common, by: 'gateway', at: exactly(at as WallMs) } : { ...common, by: 'counter', at: null };
}
