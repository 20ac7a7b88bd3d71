/**
 * A cashier and the till's software: enters amounts, looks at the sale's state, and does what cashiers do. Retries with
 * the same order number when nothing comes back, presses the same key twice, cancels, refunds, reprints, asks again.
 * What it does depends on the counter's answers only, never on the counter's insides.
 */
import type { SaleView, TillReply, TillRequest } from '#device/ports/till.js';
import type { OrderNo } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import type { Wallet } from '../wallets/wallet.js';
import type { Chance } from '../world/parts/random.js';
import type { Scheduler } from '../world/parts/scheduler.js';
import type { VirtualDevice } from '../world/parts/virtual-device.js';
import type { Crowd } from './customers.js';
import { drawPayment } from './payments.js';

export interface TillHabits {
  /** Pause between two customers, in ms, around this. */
  readonly visitEveryMs: number;
  /** 0 everybody pays and nobody changes their mind, 1 a usual street. */
  readonly trouble: number;
  readonly smallestFen: number;
  readonly largestFen: number;
  /** How often the cashier looks at the sale, in ms. */
  readonly look: { readonly from: number; readonly to: number };
  /** No customers outside these hours of the day, as ms since the campaign's midnight; undefined: all day. */
  readonly hours: { readonly midnight: number; readonly from: number; readonly to: number } | undefined;
  /** Share of customers with a code that needs the gateway. */
  readonly opaque: number;
  /** Share of customers who show no code at all. */
  readonly codeless: number;
}

interface Visit {
  readonly order: OrderNo;
  readonly amountFen: number;
  readonly shows: 'verifiable' | 'opaque' | 'nothing';
  shown: number;
  looks: number;
  cancelled: boolean;
  retried: boolean;
  refunding: boolean;
  customer: Wallet | undefined;
}

/** A till whose request stays without an answer thinks it lost. */
const NO_ANSWER_MS = 8_000;
/** After so many looks the cashier gives this one up for now. */
const PATIENCE = 200;
const DAY_MS = 86_400_000;

export class Till {
  readonly #name: string;
  readonly #box: VirtualDevice;
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #crowd: Crowd;
  readonly #habits: TillHabits;
  readonly #settled: OrderNo[] = [];
  /** In a person's hands: the back office asks again from time to time, and less often with each answer of no use. */
  readonly #parked = new Map<OrderNo, { askAt: number; waitMs: number }>();
  #orders = 0;
  #closed = false;
  visits = 0;

  constructor(options: {
    readonly name: string;
    readonly box: VirtualDevice;
    readonly scheduler: Scheduler;
    readonly chance: Chance;
    readonly crowd: Crowd;
    readonly habits: TillHabits;
  }) {
    this.#name = options.name;
    this.#box = options.box;
    this.#scheduler = options.scheduler;
    this.#chance = options.chance;
    this.#crowd = options.crowd;
    this.#habits = options.habits;
  }

  start(): void {
    this.#nextVisit();
    this.#backOffice();
  }

  /** The door is shut: who is inside is served, nobody else comes in. */
  close(): void {
    this.#closed = true;
  }

  #nextVisit(): void {
    if (this.#closed) return;
    this.#scheduler.after(this.#untilNext(), () => {
      if (!this.#closed) this.#visit();
    });
  }

  #untilNext(): number {
    const wait = this.#chance.around(this.#habits.visitEveryMs);
    const { hours } = this.#habits;
    if (hours === undefined) return wait;
    const at = this.#scheduler.now + wait;
    const ofDay = (at - hours.midnight) % DAY_MS;
    if (ofDay < hours.from) return wait + hours.from - ofDay;
    if (ofDay > hours.to) return wait + DAY_MS - ofDay + hours.from;
    return wait;
  }

  #visit(): void {
    const { trouble, opaque, codeless, smallestFen, largestFen } = this.#habits;
    const chance = this.#chance;
    this.visits += 1;
    const old = chance.any(this.#settled);
    if (old !== undefined && chance.happens(0.05 * trouble)) {
      this.#go(newVisit(old, 0, 'nothing', true));
      return;
    }
    this.#orders += 1;
    const order = `${this.#name}-${this.#orders}` as OrderNo;
    const small = smallestFen <= 2_000 && chance.happens(0.1);
    const amountFen = small ? chance.between(2, 2_000) : chance.between(smallestFen, largestFen);
    this.#box.peripherals.reader.input({ kind: 'usually', payment: drawPayment(chance, trouble) });
    const shows = chance.happens(codeless) ? 'nothing' : chance.happens(opaque) ? 'opaque' : 'verifiable';
    this.#go(newVisit(order, amountFen, shows, false));
  }

  #go(visit: Visit): void {
    if (visit.refunding) this.#ask({ kind: 'refund', order: visit.order }, () => this.#lookSoon(visit));
    else this.#open(visit);
  }

  #open(visit: Visit): void {
    this.#ask({ kind: 'open', order: visit.order, amountFen: fen(visit.amountFen) }, (reply) =>
      this.#heard(visit, reply),
    );
  }

  #lookSoon(visit: Visit, from: number = this.#habits.look.from, to: number = this.#habits.look.to): void {
    this.#scheduler.after(this.#chance.between(from, to), () => {
      visit.looks += 1;
      if (visit.looks > PATIENCE) this.#end();
      else this.#ask({ kind: 'look', order: visit.order }, (reply) => this.#heard(visit, reply));
    });
  }

  /** `undefined` where nothing came back: the agent is down, or died over it. */
  #ask(request: TillRequest, then: (reply: TillReply | undefined) => void): void {
    let open = true;
    let giveUp: (() => void) | undefined;
    const once = (reply: TillReply | undefined): void => {
      if (!open) return;
      open = false;
      giveUp?.();
      // Behind the counter's own turn: the till is another program.
      this.#scheduler.after(1, () => then(reply));
    };
    if (!this.#box.request(request, once)) {
      this.#scheduler.after(this.#chance.around(3_000), () => once(undefined));
      return;
    }
    if (open) giveUp = this.#scheduler.after(NO_ANSWER_MS, () => once(undefined));
  }

  #heard(visit: Visit, reply: TillReply | undefined): void {
    this.#reaction(visit, reply)();
  }

  /** What the cashier does about an answer. */
  #reaction(visit: Visit, reply: TillReply | undefined): () => void {
    if (reply === undefined) return () => this.#lookSoon(visit, 1_000, 5_000);
    if (reply.ok) return this.#stands(visit, reply.sale);
    switch (reply.fault) {
      case 'ORDER_UNKNOWN':
        if (visit.refunding) return () => this.#end();
        return () => this.#open(visit);
      case 'COUNTER_BUSY': {
        const inTheWay = reply.sale?.order;
        // Somebody has to deal with what stands in the way: the cashier cancels it, or waits until it is over.
        if (inTheWay !== undefined && inTheWay !== visit.order && this.#chance.happens(0.3))
          return () => this.#ask({ kind: 'cancel', order: inTheWay }, () => this.#lookSoon(visit, 1_000, 8_000));
        return () => this.#lookSoon(visit, 1_000, 8_000);
      }
      case 'READER_AWAY':
        if (visit.looks > 60 && !visit.refunding) return () => this.#cancel(visit);
        return () => this.#lookSoon(visit, 1_000, 5_000);
      case 'NOT_IN_THIS_STATE':
      // Paid already, on a day that nobody can name: the answer to a look says how the old sale stands.
      case 'ORDER_DAY_UNKNOWN':
        return () => this.#lookSoon(visit);
      case 'PRINTER_AWAY':
      case 'JOURNAL_FAILED':
      case 'ORDER_DIFFERS':
        return () => this.#end();
    }
  }

  #stands(visit: Visit, sale: SaleView): () => void {
    const chance = this.#chance;
    const { trouble } = this.#habits;
    switch (sale.state) {
      case 'opened':
        return () => this.#opened(visit);
      case 'authorising':
      case 'charging':
      case 'checking':
        if (chance.happens(0.02 * trouble) && !visit.cancelled) return () => this.#cancel(visit);
        // The same key once more, because nothing seems to happen.
        if (chance.happens(0.05 * trouble)) return () => this.#open(visit);
        return () => this.#lookSoon(visit);
      case 'unknown':
      case 'refund-unknown':
        this.#park(visit.order);
        return () => this.#end();
      case 'refunding':
        return () => this.#lookSoon(visit);
      case 'not-charged':
      case 'abandoned':
        if (!visit.retried && !visit.refunding && chance.happens(0.4)) {
          visit.retried = true;
          visit.shown = 0;
          this.#box.peripherals.reader.input({ kind: 'usually', payment: drawPayment(chance, trouble) });
          return () => this.#open(visit);
        }
        return () => this.#end();
      case 'settled':
      case 'refunded':
        if (visit.customer !== undefined && sale.coupon !== null) this.#crowd.redeemed(visit.customer);
        return () => this.#over(visit);
    }
  }

  #opened(visit: Visit): void {
    const chance = this.#chance;
    if (chance.happens(0.01 * this.#habits.trouble)) {
      this.#cancel(visit);
      return;
    }
    const shown = visit.shows === 'nothing' || visit.shown >= 3 ? undefined : this.#crowd.show(visit.shows);
    if (shown === undefined) {
      this.#ask({ kind: 'charge', order: visit.order }, (reply) => {
        if (reply?.ok === false && reply.fault === 'READER_AWAY') this.#heard(visit, reply);
        else this.#lookSoon(visit);
      });
      return;
    }
    visit.shown += 1;
    visit.customer = shown.customer;
    this.#scheduler.after(chance.between(500, 6_000), () => {
      const times = chance.happens(0.1) ? 2 : 1;
      this.#box.peripherals.scanner.input({ kind: 'scan', text: shown.code, times });
      this.#lookSoon(visit, 400, 3_000);
    });
  }

  #over(visit: Visit): void {
    const chance = this.#chance;
    const { trouble } = this.#habits;
    if (!visit.refunding) {
      this.#settled.push(visit.order);
      if (this.#settled.length > 200) this.#settled.shift();
    }
    // The till crashed and sends what it has in its own list: the same order, long over.
    if (chance.happens(0.1 * trouble) && !visit.refunding) {
      this.#ask({ kind: 'open', order: visit.order, amountFen: fen(visit.amountFen) }, () => this.#end());
      return;
    }
    if (chance.happens(0.04 * trouble)) this.#ask({ kind: 'reprint', order: visit.order }, () => this.#end());
    else this.#end();
  }

  #cancel(visit: Visit): void {
    visit.cancelled = true;
    this.#ask({ kind: 'cancel', order: visit.order }, () => this.#lookSoon(visit));
  }

  #end(): void {
    this.#nextVisit();
  }

  #park(order: OrderNo): void {
    if (!this.#parked.has(order)) this.#parked.set(order, { askAt: this.#scheduler.now, waitMs: BACK_OFFICE_MS / 2 });
  }

  #backOffice(): void {
    this.#scheduler.after(this.#chance.around(BACK_OFFICE_MS), () => {
      for (const [order, patience] of this.#parked) {
        if (patience.askAt > this.#scheduler.now) continue;
        patience.waitMs = Math.min(2 * patience.waitMs, PARKED_LONGEST_MS);
        patience.askAt = this.#scheduler.now + patience.waitMs;
        this.#ask({ kind: 'ask-again', order }, (reply) => {
          if (reply?.ok === true && !reply.sale.state.endsWith('unknown') && reply.sale.state !== 'checking')
            this.#parked.delete(order);
        });
      }
      this.#box.resumePrinting();
      this.#backOffice();
    });
  }
}

/** How often the back office looks at its list … */
const BACK_OFFICE_MS = 180_000;
/** … and how long it leaves a sale alone at the most that the reader can't say anything about: each question is 30 of its own. */
const PARKED_LONGEST_MS = 4 * 3_600_000;

const newVisit = (order: OrderNo, amountFen: number, shows: Visit['shows'], refunding: boolean): Visit => ({
  order,
  amountFen,
  shows,
  shown: 0,
  looks: 0,
  cancelled: false,
  retried: false,
  refunding,
  customer: undefined,
});
