/** Sums over the whole book, for the bank's morning and for the demo's last table. */
import type { Reconciliation } from '../ports/ledger.js';
import type { Coupon, SaleEntry } from './book.js';

type SaleSums = Pick<SaleEntry, 'merchant' | 'state' | 'booking' | 'faceFen' | 'netFen' | 'flags'>;

export function reconcile(book: {
  readonly sales: Iterable<SaleSums>;
  readonly coupons: Iterable<Pick<Coupon, 'state'>>;
  readonly accounts: ReadonlyMap<string, number>;
}): Reconciliation {
  const sums = {
    redeemed: 0,
    redeemedFen: 0,
    refunded: 0,
    refundedFen: 0,
    conflicts: 0,
    conflictFen: 0,
    disputed: 0,
    settledSales: 0,
    netFen: 0,
  };
  const merchants: Record<string, { redeemed: number; redeemedFen: number }> = {};
  const flags = new Map<string, number>();
  for (const sale of book.sales) {
    if (sale.state !== 'settled' && sale.state !== 'refunded') continue;
    for (const flag of sale.flags) flags.set(flag, (flags.get(flag) ?? 0) + 1);
    sums.settledSales += 1;
    sums.netFen += sale.netFen;
    if (sale.state === 'refunded') {
      sums.refunded += 1;
      sums.refundedFen += sale.netFen;
    }
    if (sale.booking === 'conflict') {
      sums.conflicts += 1;
      sums.conflictFen += sale.faceFen;
    }
    if (sale.booking === 'disputed') sums.disputed += 1;
    if (sale.booking !== 'kept') continue;
    sums.redeemed += 1;
    sums.redeemedFen += sale.faceFen;
    const name = sale.merchant ?? 'unknown';
    const merchant = Object.hasOwn(merchants, name) ? merchants[name] : undefined;
    merchants[name] = {
      redeemed: (merchant?.redeemed ?? 0) + 1,
      redeemedFen: (merchant?.redeemedFen ?? 0) + sale.faceFen,
    };
  }
  const coupons = { held: 0, reserved: 0, used: 0 };
  for (const coupon of book.coupons) coupons[coupon.state] += 1;
  const accounts = sorted(book.accounts);
  const postingsFen = [...book.accounts.values()].reduce((sum, fen) => sum + fen, 0);
  return { ...sums, ...coupons, postingsFen, accounts, merchants, flags: sorted(flags) };
}

const sorted = (sums: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
