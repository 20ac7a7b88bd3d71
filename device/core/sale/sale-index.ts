/**
 * The counter's index of sales: by order number, the one at the counter, and those with an unknown outcome.
 *
 * Every start rebuilds it from the journal; it holds nothing that the journal doesn't.
 */
import type { DeviceId, MerchantId, OrderNo, ReceiptNo, SaleId } from '#protocol/kernel/ids.js';
import type { Instant, MonoMs, WallMs } from '#protocol/kernel/time.js';
import type { JournalRecord } from '#protocol/records/record.js';
import { SALES_REMEMBERED } from '../limits.js';
import { type BusinessDays, type Happened, type OrderDay, orderDay } from './business-day.js';
import { resume } from './reader-transaction.js';
import { isFinal, openSale, receiptNo, type Sale, type SaleEffect, stepSale } from './sale.js';

/** A numbered receipt without a record of its printing. */
export interface Unprinted {
  readonly sale: SaleId;
  readonly receipt: ReceiptNo;
  readonly of: 'sale' | 'refund';
}

export class SaleIndex {
  readonly #device: DeviceId;
  readonly #merchant: MerchantId;
  readonly #sales = new Map<SaleId, Sale>();
  readonly #byOrder = new Map<OrderNo, SaleId>();
  /** A refund's own reference -> the sale that it refunds. */
  readonly #byRefund = new Map<SaleId, SaleId>();
  readonly #unprinted = new Map<ReceiptNo, Unprinted>();
  /** In order of their beginning; every step of any sale scans it. */
  readonly #busy = new Map<SaleId, Sale>();
  /** Times on the monotonic clock, within this run of the agent. */
  readonly #counted = new Map<SaleId, { readonly opened: MonoMs | null; readonly ended: MonoMs | null }>();
  /** Sales opened without a trusted clock, with an upper bound: the time of the next record in the journal that has one. */
  readonly #openedBy = new Map<SaleId, WallMs>();
  #undated: SaleId[] = [];
  /** Number of sales and refunds ever numbered here; the next one gets the next number. */
  #numbered = 0;

  constructor(device: DeviceId, merchant: MerchantId) {
    this.#device = device;
    this.#merchant = merchant;
  }

  get numbered(): number {
    return this.#numbered;
  }

  /** Every sale that hasn't ended, `unknown` ones included. */
  busy(): readonly Sale[] {
    return this.#busy.size === 0 ? NONE : [...this.#busy.values()];
  }

  get(id: SaleId): Sale | undefined {
    return this.#sales.get(this.#byRefund.get(id) ?? id);
  }

  ofOrder(order: OrderNo): Sale | undefined {
    const id = this.#byOrder.get(order);
    return id === undefined ? undefined : this.#sales.get(id);
  }

  unprinted(): readonly Unprinted[] {
    return [...this.#unprinted.values()];
  }

  /** `s` or `r`, a rising number, and randomness, because a reader's store may outlive this journal. */
  number(kind: 's' | 'r', randomHex: string): SaleId {
    this.#numbered += 1;
    return `${kind}${String(this.#numbered).padStart(6, '0')}-${randomHex}` as SaleId;
  }

  /** The sale's business day relative to now, which decides about a repeated order number. */
  orderDay(sale: Sale, now: Instant, days: BusinessDays): OrderDay {
    const { facts } = sale;
    const counted = this.#counted.get(facts.sale);
    const opened: Happened = {
      at: facts.openedAt ?? null,
      mono: counted?.opened ?? null,
      notAfter: this.#openedBy.get(facts.sale) ?? null,
    };
    const ended: Happened = { at: endOf(sale), mono: counted?.ended ?? null, notAfter: null };
    return orderDay({ opened, ended: isFinal(sale) ? ended : null }, now, days);
  }

  /** Stores a sale's new state. `now`: left out during replay. */
  put(sale: Sale, now?: Instant): void {
    const { facts } = sale;
    if (now !== undefined) this.#count(sale, now.mono);
    // The order number means its newest sale; the reader may still repeat the result of an earlier one.
    if (!this.#sales.has(facts.sale)) this.#byOrder.set(facts.order, facts.sale);
    this.#sales.set(facts.sale, sale);
    if (sale.at === 'refunding' || sale.at === 'refunded') this.#byRefund.set(sale.refund, facts.sale);
    if (isFinal(sale)) {
      this.#busy.delete(facts.sale);
      this.#forgetOldest();
    } else {
      this.#busy.set(facts.sale, sale);
    }
  }

  /** Updates the receipts from a record; called for every record, live or at boot. */
  record(record: JournalRecord): void {
    if (record.at !== null) {
      for (const sale of this.#undated) this.#openedBy.set(sale, record.at.latest);
      this.#undated = [];
    } else if (record.kind === 'opened') this.#undated.push(record.sale);
    switch (record.kind) {
      case 'opened':
      case 'refunding':
        this.#numbered = Math.max(this.#numbered, numberOf(record.kind === 'opened' ? record.sale : record.refund));
        break;
      case 'settled':
        this.#unprinted.set(record.receipt, { sale: record.sale, receipt: record.receipt, of: 'sale' });
        break;
      case 'refunded':
        this.#unprinted.set(record.receipt, { sale: record.sale, receipt: record.receipt, of: 'refund' });
        break;
      case 'printed':
        this.#unprinted.delete(record.receipt);
        break;
      default:
        break;
    }
  }

  /** Replays one record, in the journal's order. */
  replay(record: JournalRecord, at: Instant): void {
    this.record(record);
    if (record.kind === 'printed') return;
    if (record.kind === 'opened') {
      const { sale, order, amountFen } = record;
      const { facts } = openSale({ sale, order, amountFen, device: this.#device, merchant: this.#merchant }, at).state;
      const opening: Sale = { at: 'opening', facts: { ...facts, openedAt: record.at } };
      this.put(stepSale(opening, { kind: 'journalled' }, at).state);
      return;
    }
    const before = this.#sales.get(record.sale);
    const after = before === undefined ? undefined : replayed(before, record, at);
    if (after !== undefined) this.put(after);
  }

  /**
   * Recovers from a power cut: a sale that never reached its charge is abandoned; one that may have is queried from its
   * `checking` state as usual. Returns the first effects.
   */
  recover(at: Instant): readonly { readonly sale: Sale; readonly effects: readonly SaleEffect[] }[] {
    const steps: { sale: Sale; effects: readonly SaleEffect[] }[] = [];
    for (const sale of this.busy()) {
      if (sale.at !== 'opened') continue;
      const record: JournalRecord = { kind: 'abandoned', sale: sale.facts.sale, why: 'power-cut', at: at.wall ?? null };
      const abandoning: Sale = { at: 'abandoning', facts: sale.facts, why: 'power-cut' };
      this.put(abandoning);
      steps.push({ sale: abandoning, effects: [{ kind: 'journal', record }] });
    }
    return steps;
  }

  #count(sale: Sale, now: MonoMs): void {
    const id = sale.facts.sale;
    const before = this.#sales.get(id);
    const counted = this.#counted.get(id) ?? { opened: before === undefined ? now : null, ended: null };
    const ended = isFinal(sale) ? (before?.at === sale.at ? counted.ended : now) : null;
    this.#counted.set(id, { ...counted, ended });
  }

  #forgetOldest(): void {
    if (this.#sales.size <= SALES_REMEMBERED) return;
    for (const [id, sale] of this.#sales) {
      if (!isFinal(sale)) continue;
      this.#sales.delete(id);
      this.#counted.delete(id);
      this.#openedBy.delete(id);
      if (this.#byOrder.get(sale.facts.order) === id) this.#byOrder.delete(sale.facts.order);
      if (sale.at === 'refunded') this.#byRefund.delete(sale.refund);
      // A forgotten sale can't be printed. A counter without a printer would otherwise collect receipts for ever.
      if (sale.at === 'settled' || sale.at === 'refunded') this.#unprinted.delete(sale.settlement.receipt);
      if (sale.at === 'refunded') this.#unprinted.delete(sale.receipt);
      return;
    }
  }
}

const numberOf = (id: SaleId): number => Number(/^[sr](\d{1,15})-/.exec(id)?.[1] ?? 0);

/** The sale after one of its records, in the state that the live machine would have left. */
function replayed(sale: Sale, record: JournalRecord, at: Instant): Sale | undefined {
  const { facts } = sale;
  switch (record.kind) {
    case 'charging': {
      const { merchant, netFen, coupon, reason, readerMark } = record;
      return {
        at: 'charging',
        // The merchant at that time: the plate may have been moved to another since.
        facts: { ...facts, merchant },
        charge: { netFen, coupon, reason, next: null, readerMark },
        transaction: resume(at),
        settledAt: null,
      };
    }
    case 'unknown':
      return sale.at === 'charging' ? { ...sale, transaction: { at: 'unknown', why: record.why } } : undefined;
    case 'settled':
      if (sale.at !== 'charging') return undefined;
      return {
        at: 'settled',
        facts,
        settlement: { charge: sale.charge, slip: record.card, receipt: record.receipt, settledAt: record.at },
        refundFailed: null,
      };
    case 'not-charged':
      return sale.at === 'charging'
        ? { at: 'not-charged', facts, charge: sale.charge, outcome: record.outcome, code: record.code }
        : undefined;
    case 'abandoned':
      return { at: 'abandoned', facts, why: record.why };
    case 'refunding': {
      if (sale.at !== 'settled') return undefined;
      const { refund, readerMark } = record;
      return {
        at: 'refunding',
        facts,
        settlement: sale.settlement,
        refund,
        readerMark,
        transaction: resume(at),
        refundedAt: null,
      };
    }
    case 'refund-unknown':
      return sale.at === 'refunding' ? { ...sale, transaction: { at: 'unknown', why: record.why } } : undefined;
    case 'refund-failed':
      return sale.at === 'refunding'
        ? {
            at: 'settled',
            facts,
            settlement: sale.settlement,
            refundFailed: { outcome: record.outcome, code: record.code },
          }
        : undefined;
    case 'refunded': {
      if (sale.at !== 'refunding') return undefined;
      const { settlement, refund } = sale;
      return {
        at: 'refunded',
        facts,
        settlement,
        refund,
        slip: record.card,
        receipt: receiptNo(facts.device, refund),
        refundedAt: record.at,
      };
    }
    case 'opened':
    case 'printed':
      return undefined;
    default:
      return undefined;
  }
}

/** Its end as journalled. */
const endOf = (sale: Sale): JournalRecord['at'] =>
  sale.at === 'settled' ? sale.settlement.settledAt : sale.at === 'refunded' ? sale.refundedAt : null;

const NONE: readonly Sale[] = [];
