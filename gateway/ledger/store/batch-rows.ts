/** Serialises a batch's changes into the parameters of the statement that writes it (`BATCH_TRIGGER`). */
import { type Changes, codeNameOf } from '../book/book.js';
import { ROW_COLUMNS } from './ledger-sql.js';
import { couponRowOf, documentOf, versioned } from './row-documents.js';

/** A batch of a few hundred sales. */
const FIRST_BYTES = 256 * 1024;
/** A larger buffer was made for counters that returned after a week, and isn't kept. */
const KEPT_BYTES = 4 * 1024 * 1024;
/** UTF-8 bytes of one UTF-16 code unit. */
const MOST_BYTES_A_UNIT = 3;

/** undefined: none. */
type Rows = readonly unknown[] | undefined;
/** The offset of an entity's JSON, counted from 1, and its length in bytes. */
type Place = readonly [begins: number, bytes: number];

export class BatchRows {
  /** Reused from batch to batch: the statement copies its parameters before it returns. */
  #docs = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  /** In the order of the view's columns. */
  of(changes: Changes): readonly [Buffer, ...(string | null)[]] {
    const tables = this.#tables(changes);
    const columns = ROW_COLUMNS.map((column) => {
      const rows = tables[column];
      return rows === undefined ? null : JSON.stringify(rows);
    });
    return [this.#docs.subarray(0, this.#length), ...columns];
  }

  #tables(changes: Changes): Readonly<Record<(typeof ROW_COLUMNS)[number], Rows>> {
    this.#length = 0;
    if (this.#docs.length > KEPT_BYTES) this.#docs = Buffer.allocUnsafe(FIRST_BYTES);
    const { audit } = changes;
    const placed = (entity: object): Place => this.#place(documentOf(entity));
    return {
      audit: audit === null ? undefined : [[audit.seq, audit.at, audit.hash, ...this.#place(audit.body)]],
      devices: some(changes.devices, (row) => [row.device, row.seq, ...placed(row)]),
      chunks: some(changes.chunks, (row) => [row.device, row.last, ...placed(row)]),
      holders: some(changes.holders, (row) => [row.id, codeNameOf(row), ...placed(row)]),
      identified: some(changes.identified, (row) => row),
      coupons: some(changes.coupons, couponRowOf),
      sales: some(changes.sales, (row) => [row.key, row.holder, row.serial, ...placed(row)]),
      postings: some(changes.postings.flatMap(legs), (row) => row),
      evidence: some(changes.evidence, (row) => [row.id, ...this.#place(JSON.stringify(row))]),
      tallies: some(changes.tallies, (row) => [row.name, versioned(row)]),
      acts: some(changes.acts, (row) => [row.id, row.about, ...placed(row)]),
      confirmations: some(changes.confirmations, (row) => [row.rrn, ...placed(row)]),
      totals: changes.totals === null ? undefined : [versioned(changes.totals)],
    };
  }

  #place(text: string): Place {
    const most = this.#length + text.length * MOST_BYTES_A_UNIT;
    if (most > this.#docs.length) {
      const larger = Buffer.allocUnsafe(2 * most);
      this.#docs.copy(larger, 0, 0, this.#length);
      this.#docs = larger;
    }
    const begins = this.#length;
    const bytes = this.#docs.write(text, begins);
    this.#length += bytes;
    return [begins + 1, bytes];
  }
}

const legs = (set: Changes['postings'][number]) =>
  set.legs.map((leg) => [set.id, set.kind, set.sale, leg.account, leg.fen]);

function some<Item>(items: readonly Item[], row: (item: Item) => readonly unknown[]): Rows {
  return items.length === 0 ? undefined : items.map(row);
}
