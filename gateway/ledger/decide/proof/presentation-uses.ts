/**
 * A presentation (a holder and a nonce) is valid for one sale over all counters, online and offline. Without this rule a
 * counter could take one coupon after another from a single presentation.
 *
 * | the presentation was used before by | the later sale |
 * |---|---|
 * | the same sale | is a repeat of the same sale |
 * | another sale of the same counter | distrusted: an honest counter takes no presentation twice, and offline no older one after a newer |
 * | a sale of another counter | a conflict: offline neither could know |
 *
 * A sale that fails releases its presentation, as it does its coupon.
 */
import type { HolderId } from '#protocol/kernel/ids.js';
import type { BatchOverlay } from '../../book/batch-overlay.js';
import { deviceOf, type Holder, type PresentationUse, type SaleKey } from '../../book/book.js';
import type { Doubt } from '../../book/doubts.js';

/**
 * The newest are kept, some 50 bytes each: a holder has a handful of coupons, and uses the phone for some sales a day. Only
 * the holder's own key makes presentations, so only the holder can evict one, and gains only another use of an own coupon.
 */
const MAX_USES = 64;

export function presentationUseDoubts(
  holder: Holder,
  { counter, sale }: Pick<PresentationUse, 'counter' | 'sale'>,
): Doubt[] {
  const device = deviceOf(sale);
  const others = usesOf(holder).filter((use) => use.sale !== sale);
  const here = others.filter((use) => deviceOf(use.sale) === device);
  const isReplay = here.some(
    (before) => before.counter === counter || (before.offline === true && before.counter > counter),
  );
  if (isReplay) return ['presentation-replayed'];
  return others.some((use) => use.counter === counter) ? ['showing-used-before'] : [];
}

/**
 * A sale that was asked again gave its showing back. Where it is charged for by the answer that was overtaken, the showing is
 * its own again, unless another sale has taken a coupon by it since.
 */
export function usedSinceDoubts(holder: Holder, { counter, sale }: Pick<PresentationUse, 'counter' | 'sale'>): Doubt[] {
  const hasItStill = usesOf(holder).some((use) => use.counter === counter && use.sale === sale);
  const since = hasItStill ? null : saleOfPresentation(holder, counter, sale);
  if (since === null) return [];
  return [deviceOf(since) === deviceOf(sale) ? 'presentation-replayed' : 'showing-used-before'];
}

/** The other sale that took a coupon by this presentation; null: none did. */
export const saleOfPresentation = (holder: Holder, counter: number, sale: SaleKey): SaleKey | null =>
  usesOf(holder).find((use) => use.counter === counter && use.sale !== sale)?.sale ?? null;

/**
 * The holder after a code was shown online. The uses are written out first: in a row that has none yet they derive from
 * `counter` and `counterSale`, which this presentation overwrites.
 */
export const shownOnline = (holder: Holder, { counter, sale }: Pick<PresentationUse, 'counter' | 'sale'>): Holder => ({
  ...withUses(holder, usesOf(holder)),
  counter,
  counterSale: sale,
});

export function recordPresentationUse(overlay: BatchOverlay, id: HolderId, use: PresentationUse): void {
  const holder = overlay.holder(id);
  if (holder === undefined) return;
  const before = usesOf(holder);
  if (before.some(({ counter, sale }) => counter === use.counter && sale === use.sale)) return;
  const newest = [...before, use].sort((a, b) => a.counter - b.counter).slice(-MAX_USES);
  overlay.putHolder(withUses(holder, newest));
}

export function forgetPresentationUses(overlay: BatchOverlay, id: HolderId | null, sale: SaleKey): void {
  const holder = id === null ? undefined : overlay.holder(id);
  if (holder === undefined) return;
  const before = usesOf(holder);
  const left = before.filter((use) => use.sale !== sale);
  if (left.length < before.length) overlay.putHolder(withUses(holder, left));
}

function withUses({ takenOffline: _older, ...holder }: Holder, showings: readonly PresentationUse[]): Holder {
  return { ...holder, showings };
}

/** Release 0.1's form: the newest shown online, and the newest that each counter took offline. */
function usesOf({ showings, takenOffline = [], counter, counterSale }: Holder): readonly PresentationUse[] {
  if (showings !== undefined) return showings;
  return [
    ...takenOffline.map((taken): PresentationUse => ({ counter: taken.counter, sale: taken.sale, offline: true })),
    ...(counterSale === null ? [] : [{ counter, sale: counterSale }]),
  ];
}
