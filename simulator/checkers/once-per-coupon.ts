import type { SaleEntry, SaleKey } from '#gateway/core/book.js';
import { saleKey } from '#gateway/core/book.js';
import type { CouponSerial } from '#protocol/ids.js';
import type { Books, Checker } from './books.js';

/** One redemption keeps the coupon. A second one is a conflict, and only a counter that was off line can cause one. */
export const oncePerCoupon: Checker = {
  name: 'once per coupon',
  promise: 'no coupon is redeemed twice in the ledger outside the conflict account',
  watch(books) {
    const keeper = new Map<CouponSerial, SaleKey>();
    return {
      seen(event) {
        if (event.kind !== 'booked') return undefined;
        for (const sale of event.changes.sales) {
          const wrong = look(books, keeper, sale);
          if (wrong !== undefined) return wrong;
        }
        return undefined;
      },
    };
  },
};

function look(books: Books, keeper: Map<CouponSerial, SaleKey>, sale: SaleEntry): string | undefined {
  const { serial, booking, key } = sale;
  if (serial === null || sale.state !== 'settled') return undefined;
  const counter = books.counters.find(({ device }) => device === sale.device);
  if (booking === 'disputed')
    return counter?.isForged === true
      ? undefined
      : `${key} took coupon ${serial} without a presentation that proves it`;
  const before = keeper.get(serial);
  if (booking === 'kept') {
    if (before !== undefined && before !== key && books.ledger.sale(before)?.state !== 'refunded')
      return `coupon ${serial} was kept by ${before} and is kept by ${key} too`;
    keeper.set(serial, key);
    return undefined;
  }
  if (booking !== 'conflict' || before === undefined || before === key) return undefined;
  const first = books.ledger.sale(before);
  if (counter?.isForged === true || first === undefined) return undefined;
  if (first.device === sale.device && first.state !== 'refunded')
    return `counter ${sale.device} took coupon ${serial} twice by itself: ${before} and ${key}`;
  if (!wasOffline(books, sale) && !wasOffline(books, first))
    return `coupon ${serial} was charged for on line by ${before} and by ${key}`;
  return undefined;
}

function wasOffline(books: Books, sale: SaleEntry): boolean {
  const counter = books.counters.find(({ device }) => device === sale.device);
  return (
    counter?.tape.some(
      ({ record }) =>
        record.kind === 'charging' &&
        saleKey(sale.device, record.sale) === sale.key &&
        record.coupon?.by.kind === 'offline',
    ) ?? false
  );
}
