/**
 * Rows as they stand in the tables, and as the book has them: read and written here and nowhere else. What is read becomes a
 * union whose states can't be wrong, or is refused by name: nothing is decided by a row that no gateway can have written.
 *
 * A document has its version as `v`. To change what a row says, raise `DOCUMENT_VERSION`, write the new form here, and read the
 * older ones in `rowsOf`; rows are rewritten as sales go on, so old ones stay for the whole campaign.
 *
 * | v | written by |
 * |---|---|
 * | none | release 0.1.0 |
 * | 1 | this release: the same fields |
 */
import { LedgerError } from '#protocol/faults/errors.js';
import type { CouponSerial, HolderId } from '#protocol/kernel/ids.js';
import type { Confirmation } from '../book/acts.js';
import type { Coupon, SaleEntry, SaleKey } from '../book/book.js';
import type { LoadedRows } from '../book/ledger-cache.js';

const DOCUMENT_VERSION = 1;

/** An entity as its table keeps it. */
export const documentOf = (entity: object): string => `{"v":${DOCUMENT_VERSION},${JSON.stringify(entity).slice(1)}`;
/** The same, where the statement makes the text. */
export const versioned = <Entity extends object>(entity: Entity) => ({ v: DOCUMENT_VERSION, ...entity });

type Document = object & { readonly v?: number };

/** What the table `coupon` holds. */
export interface CouponRow {
  readonly serial: number;
  readonly holder: string;
  readonly state: string;
  readonly sale: string | null;
  readonly leaseEnds: number | null;
  readonly usableFrom: number;
  readonly version: number;
}

export const couponRowOf = (coupon: Coupon): readonly unknown[] => [
  coupon.serial,
  coupon.holder,
  coupon.state,
  coupon.sale ?? null,
  coupon.leaseEnds ?? null,
  coupon.usableFrom,
  coupon.version,
];

export function couponOf(row: CouponRow): Coupon {
  const { usableFrom, version, state, leaseEnds } = row;
  const ofHolder = { serial: row.serial as CouponSerial, holder: row.holder as HolderId, usableFrom, version };
  const sale = row.sale as SaleKey | null;
  switch (state) {
    case 'held':
      return { ...ofHolder, state };
    case 'reserved':
      if (sale === null) throw impossible(`coupon ${row.serial}`, 'it is reserved for no sale');
      return { ...ofHolder, state, sale, leaseEnds };
    case 'used':
      if (sale === null) throw impossible(`coupon ${row.serial}`, 'it is used by no sale');
      return { ...ofHolder, state, sale };
    default:
      throw impossible(`coupon ${row.serial}`, `it is ${state}`);
  }
}

/** A row of another kind, whose form hasn't changed since release 0.1.0 but for optional fields. */
export function entityOf<Entity extends object>(name: string, document: Entity & Document): Entity {
  const { v, ...entity } = document;
  if (v === undefined) return document;
  if (v > DOCUMENT_VERSION)
    throw new LedgerError('LEDGER_OTHER_VERSION', {
      detail: `The row of ${name} has version ${v}; this gateway reads versions up to ${DOCUMENT_VERSION}.`,
    });
  return entity as Entity;
}

export const saleOf = (document: SaleEntry & Document): SaleEntry => entityOf(`sale ${document.key}`, document);
export const confirmationOf = (document: Confirmation & Document): Confirmation =>
  entityOf(`the confirmation of ${document.rrn}`, document);

type Stored = Omit<LoadedRows, 'coupons'> & { readonly coupons: readonly CouponRow[] };

/** The answer of `loadSql` or `WHOLE_SQL`. Throws a `LedgerError` for a row that can't be. */
export function rowsOf(text: string): LoadedRows {
  const { totals, audit, ...rows } = JSON.parse(text) as Stored;
  return {
    totals: totals === null ? null : entityOf('the totals', totals),
    audit,
    devices: rows.devices.map((row) => entityOf(`device ${row.device}`, row)),
    chunks: rows.chunks.map((row) => entityOf(`journal ${row.device}, record ${row.last}`, row)),
    holders: rows.holders.map((row) => entityOf(`holder ${row.id}`, row)),
    coupons: rows.coupons.map(couponOf),
    sales: rows.sales.map(saleOf),
    tallies: rows.tallies.map((row) => entityOf(`tally ${row.name}`, row)),
    acts: rows.acts.map((row) => entityOf(`act ${row.id}`, row)),
    confirmations: rows.confirmations.map(confirmationOf),
  };
}

const impossible = (name: string, why: string): LedgerError =>
  new LedgerError('LEDGER_ROW_IMPOSSIBLE', { detail: `The row of ${name} can't be: ${why}.` });
