/** What a batch changes, as the parameters of the one statement that writes it (`BATCH_TRIGGER`). */
import { type Changes, IDENTIFIERS } from '../core/book.js';

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
  of(changes: Changes): readonly (string | number | Buffer)[] {
    this.#length = 0;
    if (this.#docs.length > KEPT_BYTES) this.#docs = Buffer.allocUnsafe(FIRST_BYTES);
    const { audit } = changes;
    const granted = changes.coupons.filter(({ was }) => was === 0);
    const updated = changes.coupons.filter(({ was }) => was > 0);
    const names = changes.holders.flatMap(({ id, identities }) =>
      identities.flatMap((identity) => IDENTIFIERS.map((kind) => [`${kind} ${identity[kind]}`, id])),
    );
    const legs = changes.postings.flatMap((set) =>
      set.legs.map((leg) => [set.id, set.kind, set.sale, leg.account, leg.fen]),
    );
    const rows = [
      json(audit === null ? [] : [[audit.seq, audit.at, audit.hash, ...this.#place(audit.body)]]),
      json(changes.devices.map((row) => [row.device, row.seq, ...this.#place(json(row))])),
      json(changes.chunks.map((row) => [row.device, row.last, ...this.#place(json(row))])),
      json(changes.holders.map((row) => [row.id, row.paymentCode, ...this.#place(json(row))])),
      json(names),
      json(granted.map(coupon)),
      json(updated.map(coupon)),
      updated.length,
      json(changes.sales.map((row) => [row.key, row.holder, row.serial, ...this.#place(json(row))])),
      json(legs),
      json(changes.evidence.map((row) => [row.id, ...this.#place(json(row))])),
      json(changes.totals === null ? [] : [changes.totals]),
    ];
    return [this.#docs.subarray(0, this.#length), ...rows];
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
  c.was,
];

const json = (value: unknown): string => JSON.stringify(value);
