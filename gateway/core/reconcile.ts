/** Sums over the whole book, for the bank's morning and for the demo's last table. */
import type { Reconciliation } from '../ports/ledger.js';
import type { Coupon, SaleEntry } from './book.js';

type SaleSums = Pick<
  SaleEntry,
  'key' | 'merchant' | 'state' | 'booking' | 'faceFen' | 'netFen' | 'flags' | 'reference'
>;

export function reconcile(book: {
  readonly sales: Iterable<SaleSums>;
  readonly coupons: Iterable<Pick<Coupon, 'state'>>;
  readonly accounts: ReadonlyMap<string, number>;
  /** What each sale has brought its merchant. */
  readonly toMerchants: Iterable<MerchantSum>;
  /** Card payments that an acquirer has confirmed, by their reference. */
  readonly confirmed: ReadonlyMap<string, number>;
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
  const merchants: Record<string, { redeemed: number; redeemedFen: number; confirmedFen: number }> = {};
  const payable = payableSales(book);
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
      confirmedFen: 0,
    };
  }
  for (const [key, merchant, fen] of book.toMerchants) {
    if (!payable.has(key)) continue;
    const known = Object.hasOwn(merchants, merchant) ? merchants[merchant] : undefined;
    const { redeemed = 0, redeemedFen = 0, confirmedFen = 0 } = known ?? {};
    merchants[merchant] = { redeemed, redeemedFen, confirmedFen: confirmedFen + fen };
  }
  const coupons = { held: 0, reserved: 0, used: 0 };
  for (const coupon of book.coupons) coupons[coupon.state] += 1;
  const accounts = sorted(book.accounts);
  const postingsFen = [...book.accounts.values()].reduce((sum, fen) => sum + fen, 0);
  return { ...sums, ...coupons, postingsFen, accounts, merchants, flags: sorted(flags) };
}

/** A sale, its merchant, and the sum of its postings to that merchant. */
export type MerchantSum = readonly [sale: string, merchant: string, fen: number];

/**
 * A counter can make up a sale and its slip, but not a card payment that the acquirer knows. Under a reference that two sales
 * name, one of them is made up, and nobody here can say which.
 */
function payableSales(book: {
  readonly sales: Iterable<SaleSums>;
  readonly confirmed: ReadonlyMap<string, number>;
}): ReadonlySet<string> {
  const byReference = new Map<string, SaleSums | null>();
  for (const sale of book.sales) {
    const { rrn } = sale.reference ?? {};
    if (rrn !== undefined) byReference.set(rrn, byReference.has(rrn) ? null : sale);
  }
  const payable = new Set<string>();
  for (const [rrn, sale] of byReference) {
    if (sale !== null && book.confirmed.get(rrn) === sale.netFen) payable.add(sale.key);
  }
  return payable;
}

const sorted = (sums: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
