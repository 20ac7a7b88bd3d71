/**
 * Totals over the whole book, for the bank's morning and for the demo's last table.
 *
 * Money is summed from postings and from nothing else; sales are counted. Figures that only counters report, because the
 * money went through their card readers, are named `reported`.
 *
 * `redeemedFen` is net, for the sponsors as for each merchant: their accounts after refunds. `grossFen` is the same before
 * refunds.
 */
import type { Reconciliation } from '../../ports/ledger.js';
import { type AccountOwner, ownerOf } from '../book/accounts.js';
import type { Confirmation } from '../book/acts.js';
import type { Coupon, PostingSet, SaleEntry } from '../book/book.js';
import { isBound, payerOf } from './card-payments.js';

type SaleSums = Pick<
  SaleEntry,
  'key' | 'device' | 'merchant' | 'state' | 'booking' | 'netFen' | 'flags' | 'reference' | 'refunds'
>;
/** The sum of all legs of one kind of set on one account. */
export type PostedSum = readonly [kind: PostingSet['kind'], account: string, fen: number];

export function reconcile(book: {
  readonly sales: Iterable<SaleSums>;
  readonly coupons: Iterable<Pick<Coupon, 'state'>>;
  readonly posted: readonly PostedSum[];
  /** The amount that each sale has credited to its merchant. */
  readonly toMerchants: readonly MerchantSum[];
  /** Card payments that an acquirer has confirmed. */
  readonly confirmed: readonly Confirmation[];
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
  const merchants = new Map<string, MerchantTotals>();
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
      sums.reportedRefundedFen += sale.refunds?.netFen ?? sale.netFen;
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
    if (owner?.kind === 'merchant') {
      const of = merchantIn(merchants, owner.id);
      of.redeemedFen += fen;
      if (kind === 'refund') of.refundedFen -= fen;
      else of.grossFen += fen;
    }
    if (owner?.kind === 'suspense') deviceIn(devices, owner.id).disputedFen += fen;
  }
  for (const [key, merchant, fen] of book.toMerchants) {
    const by = payable.get(key);
    if (by === undefined) continue;
    const of = merchantIn(merchants, merchant);
    of.confirmedFen += fen;
    if (!isBound(by)) of.unboundFen += fen;
  }
  const coupons = { held: 0, reserved: 0, used: 0 };
  for (const coupon of book.coupons) coupons[coupon.state] += 1;
  return {
    ...sums,
    ...coupons,
    redeemedFen: 0 - sumWhere(book.posted, () => true, isSponsor),
    grossFen: 0 - sumWhere(book.posted, (kind) => kind !== 'refund', isSponsor),
    // A person's decision books what the records couldn't.
    conflictFen: 0 - sumWhere(book.posted, (kind) => kind === 'conflict' || kind === 'decision', isConflictAccount),
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

/** By sale: the acquirer's confirmation that makes it payable. */
function payableSales(book: {
  readonly sales: Iterable<SaleSums>;
  readonly toMerchants: readonly MerchantSum[];
  readonly confirmed: readonly Confirmation[];
}): ReadonlyMap<string, Confirmation> {
  const credited = new Set<string>(book.toMerchants.flatMap(([sale, , fen]) => (fen > 0 ? [sale] : [])));
  const claimants = new Map<string, SaleSums[]>();
  for (const sale of book.sales) {
    const { rrn } = sale.reference ?? {};
    // A sale that credited nobody can't take the reference from the sale that the acquirer means.
    if (rrn === undefined || !credited.has(sale.key)) continue;
    const others = claimants.get(rrn);
    if (others === undefined) claimants.set(rrn, [sale]);
    else others.push(sale);
  }
  const payable = new Map<string, Confirmation>();
  for (const confirmation of book.confirmed) {
    const payer = payerOf(claimants.get(confirmation.rrn) ?? [], confirmation);
    if (payer !== undefined) payable.set(payer.key, confirmation);
  }
  return payable;
}

const CONFLICTS: ReadonlySet<AccountOwner['kind']> = new Set<AccountOwner['kind']>([
  'conflict-sponsor',
  'conflict-bank',
  'conflict-merchant',
  'beyond-budget',
]);

const isSponsor = ({ kind }: AccountOwner): boolean => kind === 'sponsor';
const isConflictAccount = ({ kind }: AccountOwner): boolean => CONFLICTS.has(kind);

const sumWhere = (
  posted: readonly PostedSum[],
  isKind: (kind: PostingSet['kind']) => boolean,
  isMeant: (owner: AccountOwner) => boolean,
): number =>
  posted.reduce((sum, [kind, account, fen]) => {
    const owner = isKind(kind) ? ownerOf(account) : undefined;
    return owner !== undefined && isMeant(owner) ? sum + fen : sum;
  }, 0);

interface MerchantTotals {
  redeemed: number;
  redeemedFen: number;
  grossFen: number;
  refundedFen: number;
  confirmedFen: number;
  unboundFen: number;
}
function merchantIn(map: Map<string, MerchantTotals>, name: string): MerchantTotals {
  const none = { redeemed: 0, redeemedFen: 0, grossFen: 0, refundedFen: 0, confirmedFen: 0, unboundFen: 0 };
  const known = map.get(name) ?? none;
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
