import { CHARGE_WORST_MS } from '#device/core/limits.js';
import { saleKey } from '#gateway/ledger/book/book.js';
import type { SaleId } from '#protocol/kernel/ids.js';
import type { BookEvent, Books, Checker } from './books.js';

/** At the moment at which the money moves, the ledger must still hold the coupon for this sale. */
export const leaseHolds: Checker = {
  name: 'lease',
  promise: 'no charge is made with a coupon after the end of its lease, nor begun when it may end first',
  watch(books) {
    /** When each sale last asked: the counter has to count its lease from there. */
    const asked = new Map<string, number>();
    return {
      seen(event) {
        if (event.kind === 'asked') asked.set(saleKey(event.counter.device, event.sale as SaleId), books.now());
        if (event.kind === 'commanded') return beganInTime(books, asked, event);
        if (event.kind !== 'moved' || event.entry.kind !== 'sale') return undefined;
        const { counter, entry } = event;
        const permitted = counter.tape.findLast(
          ({ record }) => record.kind === 'charging' && record.sale === entry.ref,
        );
        const record = permitted?.record;
        if (record?.kind !== 'charging' || record.coupon?.by.kind !== 'reservation' || counter.isForged)
          return undefined;
        const coupon = books.ledger.coupon(record.coupon.serial);
        const key = saleKey(counter.device, entry.ref as SaleId);
        // A counter that was offline may have redeemed it meanwhile; that is a conflict, and booked as one.
        if (coupon?.state === 'used' || (coupon?.state === 'held' && coupon.usableFrom > 0)) return undefined;
        const holds = coupon?.state === 'reserved' && coupon.sale === key;
        if (holds && (coupon.leaseEnds === null || coupon.leaseEnds > books.now())) return undefined;
        const how = coupon?.state === 'reserved' && !holds ? `reserved for ${coupon.sale}` : 'no longer reserved';
        return `${key} was charged with coupon ${record.coupon.serial} off, which is ${holds ? 'past its lease' : how}`;
      },
    };
  },
};

/** The question can have left before it was written down here, never after; and the command takes this long to the reader. */
const COMMAND_MS = 500;

/** A charge takes so long at the worst: the counter may begin one only where its lease lasts until then. */
function beganInTime(
  books: Books,
  asked: ReadonlyMap<string, number>,
  { counter, ref }: Extract<BookEvent, { kind: 'commanded' }>,
): string | undefined {
  const key = saleKey(counter.device, ref as SaleId);
  const since = asked.get(key);
  const charging = counter.tape.findLast(({ record }) => record.kind === 'charging' && record.sale === ref)?.record;
  if (since === undefined || charging?.kind !== 'charging' || charging.coupon?.by.kind !== 'reservation')
    return undefined;
  if (counter.isForged) return undefined;
  const latest = since + books.street.leaseMs - CHARGE_WORST_MS + COMMAND_MS;
  if (books.now() <= latest) return undefined;
  return `${key} began to charge ${books.now() - since} ms after it had asked, with a lease of ${books.street.leaseMs}`;
}
