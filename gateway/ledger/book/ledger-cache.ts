/**
 * The ledger cache: all rows if they fit into memory, so that a batch needs no read before its decision; otherwise the rows
 * of recent batches, because the next one mostly needs the same.
 *
 * Another gateway's commit invalidates it. The next commit detects that: each takes the next place in the audit chain, and
 * only one can.
 */
import type { DeviceId } from '#protocol/kernel/ids.js';
import type { Op } from '../../ports/ledger.js';
import type { ActRow, Confirmation } from './acts.js';
import {
  type Changes,
  type Coupon,
  codeNameOf,
  type DeviceChain,
  type Holder,
  type JournalChunk,
  journalOf,
  type SaleEntry,
  type Totals,
} from './book.js';
import { MemoryBook } from './memory-book.js';
import { probesOf, type ReadSet, readSetOf } from './read-set.js';
import type { Tally } from './tally.js';

/** Rows as a database returns them for a `ReadSet`. */
export interface LoadedRows {
  readonly totals: Totals | null;
  readonly audit: { readonly seq: number; readonly hash: string } | null;
  readonly devices: readonly DeviceChain[];
  readonly chunks: readonly JournalChunk[];
  readonly holders: readonly Holder[];
  readonly coupons: readonly Coupon[];
  readonly sales: readonly SaleEntry[];
  readonly tallies: readonly Tally[];
  readonly acts: readonly ActRow[];
  readonly confirmations: readonly Confirmation[];
}

/**
 * Limit for sales, coupons and holders together, some half a KiB each: 150 MiB. Beyond it the cache is cleared and rows
 * load on demand.
 */
const MAX_ROWS = 300_000;
/** Limit of the preload at a start: a second or two. */
export const MAX_ROWS_AT_START = 150_000;

type Keys = (typeof KINDS)[number];

export class LedgerCache {
  readonly #tiers: number;
  #book: MemoryBook;
  #isLoaded = false;
  /** The cache has every row of the database except the journals. */
  #isWhole = false;
  /** Keys read before, whether a row existed or not. */
  #known: Readonly<Record<Keys, Set<string | number>>>;

  constructor(tiers: number) {
    this.#tiers = tiers;
    this.#book = new MemoryBook(tiers);
    this.#known = nothingKnown();
  }

  get book(): MemoryBook {
    return this.#book;
  }

  forget(): void {
    this.#book = new MemoryBook(this.#tiers);
    this.#known = nothingKnown();
    this.#isLoaded = false;
    this.#isWhole = false;
  }

  /** The rows to read before deciding these operations; undefined: none. */
  missing(ops: readonly Op[]): ReadSet | undefined {
    const { sales, coupons, holders } = this.#book;
    if (sales.size + coupons.size + holders.size > MAX_ROWS) this.forget();
    if (this.#isWhole) {
      const probes = probesOf(ops).filter(({ device, seq }) => this.#lacksChunk(device, seq));
      return probes.length === 0 ? undefined : { ...NO_NEEDS, probes };
    }
    const needs = readSetOf(ops);
    const unknown = <Key extends string | number>(kind: Keys, keys: readonly Key[]): readonly Key[] =>
      keys.filter((key) => !this.#known[kind].has(key));
    const left: ReadSet = {
      devices: unknown('devices', needs.devices),
      sales: unknown('sales', needs.sales),
      serials: unknown('serials', needs.serials),
      holders: unknown('holders', needs.holders),
      codes: unknown('codes', needs.codes),
      identities: unknown('identities', needs.identities),
      tallies: unknown('tallies', needs.tallies),
      acts: unknown('acts', needs.acts),
      references: unknown('references', needs.references),
      showings: unknown('showings', needs.showings),
      probes: needs.probes.filter(({ device, seq }) => this.#lacksChunk(device, seq)),
    };
    const isAll = this.#isLoaded && Object.values(left).every((keys: readonly unknown[]) => keys.length === 0);
    return isAll ? undefined : left;
  }

  #lacksChunk(device: DeviceId, seq: number): boolean {
    if (!this.#isWhole && !this.#known.devices.has(device)) return true;
    const known = this.#book.device(device);
    return (
      known !== undefined && seq > 0 && seq <= known.seq && this.#book.chunkAt(journalOf(known), seq) === undefined
    );
  }

  /**
   * Keeps rows that are already cached: a newer one could only come from another gateway, and then the whole cache is
   * cleared.
   */
  add(asked: ReadSet, rows: LoadedRows): void {
    const book = this.#book;
    if (!this.#isLoaded) {
      if (rows.totals !== null) book.totals = rows.totals;
      if (rows.audit !== null) book.audit = rows.audit;
      this.#isLoaded = true;
    }
    for (const row of rows.devices) if (book.device(row.device) === undefined) book.devices.set(row.device, row);
    for (const row of rows.holders) if (book.holder(row.id) === undefined) book.putHolder(row);
    for (const row of rows.coupons) if (book.coupon(row.serial) === undefined) book.putCoupon(row, 0);
    for (const row of rows.tallies) if (book.tally(row.name) === undefined) book.tallies.set(row.name, row);
    for (const row of rows.sales) if (book.sale(row.key) === undefined) book.putSale(row);
    book.apply({ ...NO_CHANGES, chunks: rows.chunks, acts: rows.acts, confirmations: rows.confirmations });
    for (const kind of KINDS) for (const key of asked[kind]) this.#known[kind].add(key);
    for (const holder of rows.holders) {
      this.#known.holders.add(holder.id);
      this.#known.codes.add(codeNameOf(holder));
    }
  }

  /** Preloads every row except journal chunks, which load on demand. */
  addWhole(rows: LoadedRows): void {
    this.add(NO_NEEDS, rows);
    this.#isWhole = true;
  }

  /** Applies a commit that has begun; a failed one is followed by `forget`. */
  apply(changes: Changes): void {
    this.#book.forgetChunks();
    this.#book.apply({ ...changes, chunks: [] });
    if (changes.totals !== null) this.#book.totals = changes.totals;
    if (changes.audit !== null) this.#book.audit = { seq: changes.audit.seq, hash: changes.audit.hash };
  }
}

const KINDS = [
  ...([
    'devices',
    'sales',
    'serials',
    'holders',
    'codes',
    'identities',
    'tallies',
    'acts',
    'references',
    'showings',
  ] as const),
];
const NO_CHANGES = {
  devices: [],
  chunks: [],
  holders: [],
  coupons: [],
  sales: [],
  tallies: [],
  acts: [],
  confirmations: [],
};
const NO_NEEDS: ReadSet = readSetOf([]);

const nothingKnown = (): Readonly<Record<Keys, Set<string | number>>> => ({
  devices: new Set(),
  sales: new Set(),
  serials: new Set(),
  holders: new Set(),
  codes: new Set(),
  identities: new Set(),
  tallies: new Set(),
  acts: new Set(),
  references: new Set(),
  showings: new Set(),
});
