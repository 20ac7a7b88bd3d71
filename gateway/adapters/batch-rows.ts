/** What a batch changes, as the parameters of the one statement that writes it (`BATCH_TRIGGER`). */
import type { Changes } from '../core/book.js';

/** A batch of a few hundred sales. */
const FIRST_BYTES = 256 * 1024;
/** Beyond it they were made for counters that came back after a week, which is no reason to keep so much for good. */
const KEPT_BYTES = 4 * 1024 * 1024;
/** UTF-8 of one UTF-16 code unit. */
const MOST_BYTES_A_UNIT = 3;

/** Where an entity's JSON begins, counted from 1, and how many bytes it has. */
type Place = readonly [begins: number, bytes: number];

export class BatchRows {
  /** Kept from batch to batch: the statement copies what it is given before it returns. */
  #docs = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  /** In the order of the view's columns. */
  of(changes: Changes): readonly (string | number | Buffer | null)[] {
    this.#length = 0;
    if (this.#docs.length > KEPT_BYTES) this.#docs = Buffer.allocUnsafe(FIRST_BYTES);
    const { audit } = changes;
    const legs = changes.postings.flatMap((set) =>
      set.legs.map((leg) => [set.id, set.kind, set.sale, leg.account, leg.fen]),
    );
    const columns = [
      rows(audit === null ? [] : [[audit.seq, audit.at, audit.hash, ...this.#place(audit.body)]]),
      rows(changes.devices.map((row) => [row.device, row.seq, ...this.#place(JSON.stringify(row))])),
      rows(changes.chunks.map((row) => [row.device, row.last, ...this.#place(JSON.stringify(row))])),
      rows(changes.holders.map((row) => [row.id, row.paymentCode, ...this.#place(JSON.stringify(row))])),
      rows(changes.identified),
      rows(changes.coupons.map(coupon)),
      changes.coupons.length,
      rows(changes.sales.map((row) => [row.key, row.holder, row.serial, ...this.#place(JSON.stringify(row))])),
      rows(legs),
      rows(changes.evidence.map((row) => [row.id, ...this.#place(JSON.stringify(row))])),
      rows(changes.totals === null ? [] : [changes.totals]),
    ];
    return [this.#docs.subarray(0, this.#length), ...columns];
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

const coupon = (c: Changes['coupons'][number]) => [
  c.serial,
  c.holder,
  c.state,
  c.sale,
  c.leaseEnds,
  c.usableFrom,
  c.version,
];

const rows = (list: readonly unknown[]): string | null => (list.length === 0 ? null : JSON.stringify(list));
