import type { Coupon, SaleEntry, SaleKey } from '#gateway/ledger/book/book.js';
import { saleKey } from '#gateway/ledger/book/book.js';
import type { CouponSerial } from '#protocol/kernel/ids.js';
import type { Books, Checker } from './books.js';

/**
 * One redemption keeps the coupon. A second one is a conflict, and only a counter that was offline can cause one: it took
 * the coupon on its own word, or it lost its line with a reservation in hand, and the ledger heard of the charge only
 * after the lease was over and the coupon free for another.
 */
export const oncePerCoupon: Checker = {
  name: 'once per coupon',
  promise: 'no coupon is redeemed twice in the ledger outside the conflict account',
  watch(books) {
    const keeper = new Map<CouponSerial, SaleKey>();
    const leases = new Leases();
    return {
      seen(event) {
        if (event.kind !== 'booked') return undefined;
        for (const coupon of event.changes.coupons) leases.note(coupon, books.now());
        for (const sale of event.changes.sales) {
          const wrong = look(books, { keeper, leases }, sale);
          if (wrong !== undefined) return wrong;
        }
        return undefined;
      },
    };
  },
};

/** When each sale's lease on a coupon ended, and when the ledger heard that it charges, or has charged, with it. */
class Leases {
  readonly #ends = new Map<string, number>();
  readonly #heard = new Map<string, number>();

  note({ serial, sale, state, leaseEnds }: Coupon, now: number): void {
    if (sale === undefined) return;
    const name = `${serial} ${sale}`;
    if (state === 'reserved' && leaseEnds != null) this.#ends.set(name, leaseEnds);
    else if (!this.#heard.has(name)) this.#heard.set(name, now);
  }

  /** It had a reservation, and nothing came of it before its end. */
  ranOut(serial: CouponSerial, sale: SaleKey): boolean {
    const ends = this.#ends.get(`${serial} ${sale}`);
    const heard = this.#heard.get(`${serial} ${sale}`);
    return ends !== undefined && (heard === undefined || heard > ends);
  }
}

interface Kept {
  readonly keeper: Map<CouponSerial, SaleKey>;
  readonly leases: Leases;
}

function look(books: Books, { keeper, leases }: Kept, sale: SaleEntry): string | undefined {
  const { serial, booking, key } = sale;
  if (serial === null || sale.state !== 'settled') return undefined;
  const counter = books.counters.find(({ device }) => device === sale.device);
  const isLiars = books.street.liars.has(sale.device);
  if (booking === 'disputed' && isLiars) return undefined;
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
  // What liars are paid for twice, and by how many of them, the auditor of `honest-money.ts` looks at.
  if (counter?.isForged === true || first === undefined || isLiars) return undefined;
  if (first.device === sale.device && first.state !== 'refunded')
    return `counter ${sale.device} took coupon ${serial} twice by itself: ${before} and ${key}`;
  const wasOnLine = (one: SaleEntry): boolean =>
    !books.street.liars.has(one.device) && !wasOffline(books, one) && !leases.ranOut(serial, one.key);
  if (wasOnLine(sale) && wasOnLine(first)) return `coupon ${serial} was charged for online by ${before} and by ${key}`;
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
