/** Operations on a sale in the book while its device's records are applied: find, flag, post. */
import type { DeviceId, SaleId } from '#protocol/kernel/ids.js';
import { ZERO_FEN } from '#protocol/kernel/money.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { Verdict } from '../../ports/verifier.js';
import { sumOf } from '../decide/postings.js';
import type { Rules } from '../decide/rules.js';
import type { BatchOverlay } from './batch-overlay.js';
import { type Leg, type PostingSet, type SaleEntry, saleKey } from './book.js';
import type { Doubt } from './doubts.js';

export interface RecordContext {
  readonly overlay: BatchOverlay;
  readonly rules: Rules;
  readonly now: WallMs;
  readonly device: DeviceId;
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** The newest time in the device's earlier records; undefined: none. */
  readonly newestAt: number | undefined;
}

/** The sale's entry, or a new one for its first record. */
export function entryOf({ overlay, rules, now, device }: RecordContext, sale: SaleId): SaleEntry {
  const key = saleKey(device, sale);
  return (
    overlay.sale(key) ?? {
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

export const flagged = <Entry extends SaleEntry>(entry: Entry, doubts: readonly Doubt[]): Entry =>
  doubts.length === 0 ? entry : { ...entry, flags: [...new Set([...entry.flags, ...doubts])] };

export function post(
  { overlay }: RecordContext,
  entry: SaleEntry,
  kind: PostingSet['kind'],
  legs: readonly Leg[],
): void {
  if (sumOf(legs) !== 0) throw new Error(`postings of ${entry.key} do not sum to zero`);
  overlay.putSale(kind === 'refund' ? entry : { ...entry, legs });
  if (legs.length > 0) overlay.addPostings({ kind, sale: entry.key, legs });
}

/** Records that a record contradicts the device's earlier ones, and does nothing else. */
export function contradict({ overlay, device }: RecordContext, before: SaleEntry, doubt: Doubt): void {
  overlay.record({ what: 'contradiction', device, sale: before.sale, detail: doubt.replaceAll('-', ' ') });
  overlay.putSale(flagged(before, [doubt]));
}
