/**
 * The gateway believes a counter about what a customer has shown and what it was allowed: one check left out at a time, as in
 * `dishonest.ts`.
 */

import { deviceOf, type SaleKey, saleKey } from '#gateway/ledger/book/book.js';
import type { Op } from '#gateway/ports/ledger.js';
import { decodePresentation, verifiedPresentation } from '#protocol/codes/presentation.js';
import type { DeviceId, HolderId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import type { MemoryLedger } from '../../doubles/memory-ledger.js';
import type { Sabotage } from '../sabotage.js';
import { isCharged, mutant, opsSeen, verdictsSeen } from './believing.js';
import type { Mutant } from './mutant.js';

export const proofMutants: readonly Mutant[] = [
  verdictsSeen('serial-believed', 'takes any true code for any coupon', (verdict, charge, { record }) => {
    const { serial } = charge.coupon;
    const owner = record.book.coupon(serial)?.holder;
    if (!verdict.ok || verdict.serials.includes(serial) || owner === undefined) return verdict;
    return { ...verdict, serials: [...verdict.serials, serial], holder: owner };
  }),
  verdictsSeen(
    'signature-believed',
    'takes what anybody has signed, or nobody, for the holder’s word',
    (verdict, charge) => {
      if (verdict.ok || verdict.reason !== 'presentation-forged' || charge.coupon.by.kind !== 'offline') return verdict;
      const decoded = decodePresentation(charge.coupon.by.presentation);
      if (!decoded.ok) return verdict;
      return { ok: true, ...verifiedPresentation(decoded.value), expiresAt: decoded.value.grant.expiresAt };
    },
  ),

  mutant('allowance-invented', 'takes a sale under an allowance that nobody gave', () =>
    allowancesKnown((id, known) => !known.has(id)),
  ),
  mutant('allowance-of-another', 'takes a sale under an allowance that another device was given', () =>
    allowancesKnown((id, known, device) => known.has(id) && known.get(id)?.has(device) !== true),
  ),
  mutant('allowance-uncounted', 'does not count what a device takes under its allowance', () => ({
    ledger: (ledger, _, { book }) => ({
      ...ledger,
      commit(ops, now, done) {
        for (const op of ops) {
          const chain = op.kind === 'records' ? book.device(op.device) : undefined;
          if (chain === undefined) continue;
          const allowances = chain.allowances?.map((issued) => ({
            ...issued,
            coupons: 0,
            faceFen: fen(0),
            holders: [],
          }));
          if (allowances !== undefined) book.devices.set(chain.device, { ...chain, allowances });
        }
        forgetHolders(book);
        // One record after another, so that no count grows within a batch either.
        ledger.commit(ops, now, done);
      },
    }),
  })),
  mutant('holders-uncounted', 'does not count how many coupons of one holder a device takes', () => ({
    ledger: (ledger, _, { book }) => ({
      ...ledger,
      commit(ops, now, done) {
        for (const op of ops) {
          const chain = op.kind === 'records' ? book.device(op.device) : undefined;
          const allowances = chain?.allowances?.map((issued) => ({ ...issued, holders: [] }));
          if (chain !== undefined && allowances !== undefined) book.devices.set(chain.device, { ...chain, allowances });
        }
        forgetHolders(book);
        ledger.commit(ops, now, done);
      },
    }),
  })),

  showingsForgotten(
    'showing-taken-twice-there',
    'lets a second counter keep a coupon by a showing that another one has used',
    ({ sale }, device) => deviceOf(sale) !== device,
  ),
  showingsForgotten(
    'showing-taken-twice-here',
    'lets one counter live on a single look at a phone: it takes one showing for several sales',
    ({ sale, isOnLine }, device) => deviceOf(sale) === device && !isOnLine,
  ),
  showingsForgotten(
    'showing-used-on-line',
    'takes a showing off line that a sale was asked about on line with',
    ({ isOnLine }) => isOnLine,
  ),
];

/** A use of a presentation: its sale, and whether it was asked about online. */
interface Use {
  readonly sale: SaleKey;
  readonly isOnLine: boolean;
}

/**
 * Showings made new where the check would know them again. A new number lies between two real ones, so that none of the
 * holder's later presentations looks older than it.
 */
function showingsForgotten(id: string, words: string, isForgotten: (before: Use, device: DeviceId) => boolean): Mutant {
  return mutant(id, words, () => {
    const uses = new Map<string, Use[]>();
    const used = ({ holder, nonce }: { readonly holder: HolderId; readonly nonce: number }, use: Use): Use[] => {
      const name = `${holder} ${nonce}`;
      const before = uses.get(name) ?? [];
      uses.set(name, [...before, use]);
      return before.filter(({ sale }) => sale !== use.sale);
    };
    return {
      ledger: opsSeen((op) => {
        if (op.kind === 'authorise' && op.presented.kind === 'verified')
          used(op.presented, { sale: saleKey(op.device, op.sale), isOnLine: true });
        if (op.kind !== 'records') return op;
        const verdicts = new Map(op.verdicts);
        const records = op.records.map((record) => {
          if (!isCharged(record) || record.coupon.by.kind !== 'offline') return record;
          const { presentation } = record.coupon.by;
          const verdict = op.verdicts.get(presentation);
          if (verdict?.ok !== true) return record;
          const before = used(verdict, { sale: saleKey(op.device, record.sale), isOnLine: false });
          if (!before.some((use) => isForgotten(use, op.device))) return record;
          // A text of its own: one message may name the same presentation in several sales.
          const alias = `${presentation}#${before.length}`;
          verdicts.set(alias, { ...verdict, nonce: verdict.nonce + before.length / MANY_USES });
          return { ...record, coupon: { ...record.coupon, by: { ...record.coupon.by, presentation: alias } } };
        });
        return { ...op, records, verdicts };
      }),
    };
  });
}
const MANY_USES = 10_000;

/** How many coupons of each holder count on allowances. */
function forgetHolders(book: MemoryLedger['book']): void {
  for (const [id, holder] of book.holders) book.holders.set(id, { ...holder, takenUnder: [] });
}

/** Where a device names an allowance of the given kind, it counts on the newest of its own. */
function allowancesKnown(
  isTaken: (id: string, known: ReadonlyMap<string, ReadonlySet<DeviceId>>, device: DeviceId) => boolean,
): Sabotage {
  const known = new Map<string, Set<DeviceId>>();
  const newest = new Map<DeviceId, string>();
  return {
    ledger: (ledger, _, { book }) => ({
      ...ledger,
      commit(ops, now, done) {
        const seen = ops.map((op): Op => {
          if (op.kind !== 'records') return op;
          const records = op.records.map((record) => {
            if (!isCharged(record) || record.coupon.by.kind !== 'offline') return record;
            const own = newest.get(op.device);
            if (own === undefined || !isTaken(record.coupon.by.allowance, known, op.device)) return record;
            return { ...record, coupon: { ...record.coupon, by: { ...record.coupon.by, allowance: own } } };
          });
          return { ...op, records };
        });
        ledger.commit(seen, now, (fault, committed) => {
          for (const { device, allowances = [] } of book.devices.values())
            for (const { id } of allowances) {
              known.set(id, (known.get(id) ?? new Set()).add(device));
              newest.set(device, id);
            }
          done(fault, committed);
        });
      },
    }),
  };
}
