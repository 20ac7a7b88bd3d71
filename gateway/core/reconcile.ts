/**
 * Sums over the whole book, for the bank's morning and for the demo's last table. Money is summed from postings and from
 * nothing else; sales are counted. What only counters say, because the money went by their card readers, is named `reported`.
 */
import type { Reconciliation } from '../ports/ledger.js';
import { type AccountOwner, ownerOf } from './accounts.js';
import type { Coupon, PostingSet, SaleEntry } from './book.js';

type SaleSums = Pick<SaleEntry, 'key' | 'device' | 'merchant' | 'state' | 'booking' | 'netFen' | 'flags' | 'reference'>;
/** All legs of one kind of set on one account, summed. */
export type PostedSum = readonly [kind: PostingSet['kind'], account: string, fen: number];

export function reconcile(book: {
  readonly sales: Iterable<SaleSums>;
  readonly coupons: Iterable<Pick<Coupon, 'state'>>;
  readonly posted: readonly PostedSum[];
  /** What each sale has brought its merchant. */
  readonly toMerchants: readonly MerchantSum[];
  /** Card payments that an acquirer has confirmed, by their reference. */
  readonly confirmed: ReadonlyMap<string, number>;
}): Reconciliation {
  const sums = {
    redeemed: 0,
    refunded: 0,
    conflicts: 0,
    disputed: 0,
    settledSales: 0,
    reportedNetFen: 0,
    reportedRefundedFen: 0,
  };
  const merchants = new Map<string, { redeemed: number; redeemedFen: number; confirmedFen: number }>();
  const devices = new Map<string, { disputed: number; disputedFen: number }>();
  const payable = payableSales(book);
  const flags = new Map<string, number>();
  for (const sale of book.sales) {
    if (sale.state !== 'settled' && sale.state !== 'refunded') continue;
    for (const flag of sale.flags) flags.set(flag, (flags.get(flag) ?? 0) + 1);
    sums.settledSales += 1;
    sums.reportedNetFen += sale.netFen;
    if (sale.state === 'refunded') {
      sums.refunded += 1;
      sums.reportedRefundedFen += sale.netFen;
    }
    switch (sale.booking) {
      case 'kept':
        sums.redeemed += 1;
        if (sale.merchant !== null) merchantIn(merchants, sale.merchant).redeemed += 1;
        break;
      case 'conflict':
        sums.conflicts += 1;
        break;
      case 'disputed':
        sums.disputed += 1;
        deviceIn(devices, sale.device).disputed += 1;
        break;
      case 'none':
        break;
    }
  }
  const accounts = new Map<string, number>();
  for (const [kind, account, fen] of book.posted) {
    accounts.set(account, (accounts.get(account) ?? 0) + fen);
    const owner = ownerOf(account);
    if (owner?.kind === 'merchant' && (kind === 'redemption' || kind === 'decision'))
      merchantIn(merchants, owner.id).redeemedFen += fen;
    if (owner?.kind === 'suspense') deviceIn(devices, owner.id).disputedFen += fen;
  }
  for (const [key, merchant, fen] of book.toMerchants) {
    if (payable.has(key)) merchantIn(merchants, merchant).confirmedFen += fen;
  }
  const coupons = { held: 0, reserved: 0, used: 0 };
  for (const coupon of book.coupons) coupons[coupon.state] += 1;
  return {
    ...sums,
    ...coupons,
    redeemedFen: 0 - sumWhere(book.posted, 'redemption', ({ kind }) => kind === 'sponsor'),
    conflictFen: 0 - sumWhere(book.posted, 'conflict', ({ kind }) => CONFLICTS.has(kind)),
    disputedFen: [...devices.values()].reduce((sum, { disputedFen }) => sum + disputedFen, 0),
    postingsFen: [...accounts.values()].reduce((sum, fen) => sum + fen, 0),
    accounts: sorted(accounts),
    merchants: sorted(merchants),
    devices: sorted(devices),
    flags: sorted(flags),
  };
}

/** A sale, its merchant, and the sum of its postings to that merchant. */
export type MerchantSum = readonly [sale: string, merchant: string, fen: number];

/**
 * A counter can make up a sale and its slip, but not a card payment that the acquirer knows. Under a reference that two sales
 * name, one of them is made up, and nobody here can say which.
 */
function payableSales(book: {
  readonly sales: Iterable<SaleSums>;
  readonly toMerchants: readonly MerchantSum[];
  readonly confirmed: ReadonlyMap<string, number>;
}): ReadonlySet<string> {
  const credited = new Set<string>(book.toMerchants.flatMap(([sale, , fen]) => (fen > 0 ? [sale] : [])));
  const byReference = new Map<string, SaleSums | null>();
  for (const sale of book.sales) {
    const { rrn } = sale.reference ?? {};
    // A sale that brought nobody anything, or another amount, takes no reference from the one that the acquirer means.
    if (rrn === undefined || !credited.has(sale.key) || book.confirmed.get(rrn) !== sale.netFen) continue;
    byReference.set(rrn, byReference.has(rrn) ? null : sale);
  }
  const payable = new Set<string>();
  for (const sale of byReference.values()) {
    if (sale !== null) payable.add(sale.key);
  }
  return payable;
}

const CONFLICTS: ReadonlySet<AccountOwner['kind']> = new Set<AccountOwner['kind']>([
  'conflict-sponsor',
  'conflict-bank',
  'conflict-merchant',
  'beyond-budget',
]);

const sumWhere = (
  posted: readonly PostedSum[],
  kind: PostingSet['kind'],
  isMeant: (owner: AccountOwner) => boolean,
): number =>
  posted.reduce((sum, [of, account, fen]) => {
    // A person's decision books what the records couldn't.
    const owner = of === kind || of === 'decision' ? ownerOf(account) : undefined;
    return owner !== undefined && isMeant(owner) ? sum + fen : sum;
  }, 0);

function merchantIn(map: Map<string, { redeemed: number; redeemedFen: number; confirmedFen: number }>, name: string) {
  const known = map.get(name) ?? { redeemed: 0, redeemedFen: 0, confirmedFen: 0 };
  map.set(name, known);
  return known;
}
function deviceIn(map: Map<string, { disputed: number; disputedFen: number }>, name: string) {
  const known = map.get(name) ?? { disputed: 0, disputedFen: 0 };
  map.set(name, known);
  return known;
}

const sorted = <Value>(sums: ReadonlyMap<string, Value>): Record<string, Value> =>
  Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
