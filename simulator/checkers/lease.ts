import { saleKey } from '#gateway/core/book.js';
import type { SaleId } from '#protocol/ids.js';
import type { Checker } from './books.js';

/** At the moment at which the money moves, the ledger must still hold the coupon for this sale. */
export const leaseHolds: Checker = {
  name: 'lease',
  promise: 'no charge is made with a coupon after the end of its lease',
  watch(books) {
    return {
      seen(event) {
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
        // A counter that was off line may have redeemed it meanwhile; that is a conflict, and booked as one.
        if (coupon?.state === 'used' || (coupon?.state === 'held' && coupon.usableFrom > 0)) return undefined;
        const holds = coupon?.state === 'reserved' && coupon.sale === key;
        if (holds && (coupon.leaseEnds === null || coupon.leaseEnds > books.now())) return undefined;
        const how = coupon?.state === 'reserved' && !holds ? `reserved for ${coupon.sale}` : 'no longer reserved';
        return `${key} was charged with coupon ${record.coupon.serial} off, which is ${holds ? 'past its lease' : how}`;
      },
    };
  },
};
