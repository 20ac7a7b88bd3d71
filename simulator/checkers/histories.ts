/**
 * Each coupon's history, written down on the wire and at the ledger's door: when a counter asked, when it had its answer,
 * and what the answer was. What was asked and never answered counts only where the ledger shows that it happened.
 */
import { type Changes, type SaleEntry, type SaleKey, saleKey } from '#gateway/ledger/book/book.js';
import type { CouponSerial, DeviceId } from '#protocol/kernel/ids.js';
import type { JournalRecord } from '#protocol/records/record.js';
import { type CouponOp, linearizable } from './linearizability.js';

interface Batch {
  readonly asked: number;
  readonly from: number;
  readonly bodies: readonly string[];
}

interface Recorded {
  asked: number;
  answered: number;
  readonly record: JournalRecord;
}

export class CouponHistories {
  static readonly promise =
    'claim, reserve, hold, redeem and release of each coupon could have happened one after another';

  readonly #now: () => number;
  readonly #asks = new Map<string, { readonly sale: SaleKey; readonly asked: number }>();
  readonly #ops = new Map<CouponSerial, CouponOp[]>();
  readonly #claimed = new Set<CouponSerial>();
  /** What a counter has sent up, by device and seq. */
  readonly #records = new Map<string, Recorded>();
  /** Coupons that a sale was ever told are reserved for it. */
  readonly #reserved = new Map<SaleKey, Set<CouponSerial>>();
  readonly #sales = new Map<SaleKey, SaleEntry>();
  /** Sales whose refund gave the coupon back. */
  readonly #restored = new Map<SaleKey, CouponSerial>();
  readonly #touched = new Set<CouponSerial>();
  readonly #coupons = new Map<CouponSerial, { readonly state: string; readonly sale?: SaleKey | undefined }>();

  /** Devices whose word explains nothing: coupons that they name are left out. */
  readonly #liars: ReadonlySet<string>;

  constructor(now: () => number, liars: ReadonlySet<string> = new Set()) {
    this.#now = now;
    this.#liars = liars;
  }

  sent(device: DeviceId, direction: 'up' | 'down', payload: string): void {
    if (direction !== 'up' || this.#liars.has(device)) return;
    if (payload.startsWith('{"v":1,"type":"authorise"')) {
      const { id, sale } = JSON.parse(payload);
      const asked = this.#now();
      const key = saleKey(device, sale);
      this.#asks.set(`${device} ${id}`, { sale: key, asked });
      for (const serial of this.#reserved.get(key) ?? [])
        this.#add(serial, { kind: 'release', sale: key, asked, answered: Number.POSITIVE_INFINITY, perhaps: true });
    } else if (payload.startsWith('{"v":1,"type":"records"')) {
      this.#sentRecords(device, { asked: this.#now(), ...JSON.parse(payload) });
    }
  }

  arrived(device: DeviceId, direction: 'up' | 'down', payload: string): void {
    if (direction !== 'down' || this.#liars.has(device)) return;
    if (payload.startsWith('{"v":1,"type":"authorised"')) {
      const { re, answer } = JSON.parse(payload);
      const ask = this.#asks.get(`${device} ${re}`);
      this.#asks.delete(`${device} ${re}`);
      if (ask === undefined || answer.kind !== 'reserved') return;
      const lapses = ask.asked + answer.leaseMs;
      this.#reserved.set(ask.sale, (this.#reserved.get(ask.sale) ?? new Set()).add(answer.serial));
      this.#add(answer.serial, { kind: 'reserve', ...ask, answered: this.#now(), lapses });
    } else if (payload.startsWith('{"v":1,"type":"have"')) {
      const { seq } = JSON.parse(payload);
      for (let at = seq; at > 0; at--) {
        const recorded = this.#records.get(`${device} ${at}`);
        if (recorded === undefined || recorded.answered !== Number.POSITIVE_INFINITY) break;
        recorded.answered = this.#now();
      }
    }
  }

  booked(changes: Changes): void {
    for (const coupon of changes.coupons) {
      const { serial, holder, sale } = coupon;
      if (sale !== undefined && this.#liars.has(sale.slice(0, sale.indexOf('/')))) this.#touched.add(serial);
      if (!this.#claimed.has(serial)) {
        this.#claimed.add(serial);
        this.#add(serial, { kind: 'claim', holder, sale: holder, asked: this.#now(), answered: this.#now() });
      }
      this.#coupons.set(serial, coupon);
    }
    for (const sale of changes.sales) {
      this.#sales.set(sale.key, sale);
      if (sale.state !== 'refunded' || sale.serial === null || sale.booking !== 'kept') continue;
      const coupon = this.#coupons.get(sale.serial);
      if (coupon?.state !== 'used' || coupon.sale !== sale.key) this.#restored.set(sale.key, sale.serial);
    }
  }

  check(): string | undefined {
    const couponOf = new Map<SaleKey, CouponSerial>();
    for (const [name, { asked, answered, record }] of this.#records) {
      const device = name.slice(0, name.indexOf(' ')) as DeviceId;
      if (record.kind === 'opened' || record.kind === 'printed') continue;
      const sale = saleKey(device, record.sale);
      const span = { sale, asked, answered };
      const charged = record.kind === 'charging' ? record.coupon?.serial : couponOf.get(sale);
      if (record.kind === 'charging' || record.kind === 'not-charged' || record.kind === 'abandoned') {
        const isOver = record.kind !== 'charging';
        const freed = [...(this.#reserved.get(sale) ?? []), ...(charged === undefined ? [] : [charged])];
        for (const serial of new Set(freed))
          if (isOver || serial !== charged) this.#add(serial, { kind: 'release', ...span });
      }
      if (charged === undefined) continue;
      couponOf.set(sale, charged);
      const { booking, flags } = this.#sales.get(sale) ?? {};
      // By a presentation that another sale had: the ledger holds and uses no coupon for it.
      if (flags?.includes('showing-used-before')) continue;
      if (record.kind === 'charging') this.#add(charged, { kind: 'hold', ...span });
      else if (record.kind === 'settled' && (booking === 'kept' || booking === 'conflict'))
        this.#add(charged, { kind: 'redeem', kept: booking === 'kept', ...span });
      else if (record.kind === 'refunded' && this.#restored.has(sale)) this.#add(charged, { kind: 'restore', ...span });
    }
    for (const [serial, ops] of this.#ops) {
      if (this.#touched.has(serial)) continue;
      const wrong = linearizable({ serial, ops });
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  #sentRecords(device: DeviceId, { asked, from, bodies }: Batch): void {
    for (const [index, body] of bodies.entries()) {
      const name = `${device} ${from + index}`;
      if (this.#records.has(name)) continue;
      // What was not written by the product's own schema another checker has found by now.
      this.#records.set(name, { asked, answered: Number.POSITIVE_INFINITY, record: JSON.parse(body) });
    }
  }

  #add(serial: CouponSerial, op: CouponOp): void {
    const ops = this.#ops.get(serial);
    if (ops === undefined) this.#ops.set(serial, [op]);
    else ops.push(op);
  }
}
