import type { SaleEntry } from '#gateway/ledger/book/book.js';
import { saleKey } from '#gateway/ledger/book/book.js';
import type { SaleId } from '#protocol/kernel/ids.js';
import type { Books, Checker, CounterBooks } from './books.js';

/** Judged by the reader's own book: what the agent, the line and the ledger believe counts for nothing here. */
export const chargedIffConsumed: Checker = {
  name: 'charged iff consumed',
  promise: 'the net amount is charged if and only if the sale is settled and its coupon is used',
  watch(books) {
    return {
      seen(event) {
        if (event.kind === 'booked') {
          for (const sale of event.changes.sales) {
            const wrong = agrees(books, sale);
            if (wrong !== undefined) return wrong;
          }
        }
        if (event.kind === 'moved' && event.entry.kind === 'sale') {
          const sale = books.ledger.sale(saleKey(event.counter.device, event.entry.ref as SaleId));
          if (sale?.state === 'not-charged' || sale?.state === 'abandoned')
            return `${sale.key} is ${sale.state} in the ledger, and now its money has moved`;
        }
        return undefined;
      },
      atQuiet() {
        for (const counter of books.counters) {
          if (counter.isForged) continue;
          const wrong = allBooked(books, counter);
          if (wrong !== undefined) return wrong;
        }
        return undefined;
      },
    };
  },
};

function agrees(books: Books, sale: SaleEntry): string | undefined {
  const counter = books.counters.find(({ device }) => device === sale.device);
  if (counter === undefined) return undefined;
  const moved = counter.moved.get(sale.sale);
  switch (sale.state) {
    case 'settled':
    case 'refunded': {
      if (moved === undefined)
        return `${sale.key} is ${sale.state} in the ledger, and the reader has moved nothing for it`;
      if (moved.amountFen !== sale.netFen)
        return `${sale.key} is settled with ${sale.netFen} fen, and the reader has moved ${moved.amountFen}`;
      if (sale.amountFen - sale.faceFen !== sale.netFen) return `${sale.key}: amount less coupon is not the net`;
      const back = counter.takenBack.has(sale.sale);
      return sale.state === 'refunded' && !back ? `${sale.key} is refunded, and no money went back` : undefined;
    }
    case 'not-charged':
    case 'abandoned':
      return moved === undefined ? undefined : `${sale.key} is ${sale.state} in the ledger, and its money has moved`;
    default:
      return undefined;
  }
}

function allBooked(books: Books, counter: CounterBooks): string | undefined {
  const recorded = new Set<string>();
  for (const { record } of counter.tape) if (record.kind === 'charging') recorded.add(record.sale);
  for (const entry of counter.bank()) {
    if (entry.state !== 'moved' || entry.kind !== 'sale' || !recorded.has(entry.ref)) continue;
    const sale = books.ledger.sale(saleKey(counter.device, entry.ref as SaleId));
    const known = sale?.state === 'settled' || sale?.state === 'refunded' || sale?.state === 'unknown';
    if (!known)
      return `${counter.device}/${entry.ref}: money moved, and the ledger has it as ${sale?.state ?? 'nothing'}`;
    const coupon = sale.serial === null ? undefined : books.ledger.coupon(sale.serial);
    if (sale.state === 'settled' && sale.booking === 'kept' && (coupon?.state !== 'used' || coupon.sale !== sale.key))
      return `${sale.key} was charged with coupon ${sale.serial} off, and the coupon is ${coupon?.state ?? 'unknown'}`;
  }
  for (const coupon of books.ledger.coupons.values()) {
    if (coupon.state !== 'used') continue;
    const sale = books.ledger.sale(coupon.sale);
    if (sale?.state !== 'settled' && sale?.state !== 'refunded')
      return `coupon ${coupon.serial} is used by ${coupon.sale}, which is ${sale?.state ?? 'unknown'}`;
  }
  return undefined;
}
