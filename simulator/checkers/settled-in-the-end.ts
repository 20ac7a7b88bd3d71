import type { Checker, CounterBooks } from './books.js';

/** Nothing hangs: each charge ends, or a person has it; each reservation ends with its sale or its lease. */
export const settledInTheEnd: Checker = {
  name: 'settled in the end',
  promise: 'at quiet every charge has an end or is in a person’s hands, and no reservation hangs',
  watch(books) {
    return {
      atQuiet() {
        for (const counter of books.counters) {
          const open = counter.isForged ? undefined : openMovement(counter);
          if (open !== undefined) return `${counter.device}/${open} was permitted, and nobody says how it ended`;
        }
        for (const coupon of books.ledger.coupons.values()) {
          if (coupon.state !== 'reserved') continue;
          if (coupon.leaseEnds !== null && coupon.leaseEnds <= books.now()) continue;
          const sale = books.ledger.sale(coupon.sale);
          const counter = books.counters.find(({ device }) => device === sale?.device);
          if (sale?.state === 'unknown' || counter?.isForged === true) continue;
          // A liar may say that it charges and then nothing: an operator frees that, and the auditor counts it.
          if (sale !== undefined && books.street.liars.has(sale.device)) continue;
          return `coupon ${coupon.serial} is reserved for ${coupon.sale}, which is ${sale?.state ?? 'unknown'}`;
        }
        return undefined;
      },
    };
  },
};

function openMovement({ tape }: CounterBooks): string | undefined {
  const open = new Set<string>();
  for (const { record } of tape) {
    switch (record.kind) {
      case 'opened':
      case 'charging':
        open.add(record.sale);
        break;
      case 'settled':
      case 'not-charged':
      case 'unknown':
      case 'abandoned':
        open.delete(record.sale);
        break;
      case 'refunding':
        open.add(record.refund);
        break;
      case 'refunded':
      case 'refund-failed':
      case 'refund-unknown':
        open.delete(record.refund);
        break;
      case 'printed':
        break;
    }
  }
  return open.values().next().value;
}
