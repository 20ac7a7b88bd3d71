/** For the tests of the till's adapters: a counter that does what it is told, and a sale to show. */

import { localTime } from '#device/core/receipt/local-time.js';
import type { Counter, CounterHealth, SaleState, SaleView, TillFault, TillRequest } from '#device/ports/till.js';
import { fixedZone } from '#protocol/campaign/calendar.js';
import type { OrderNo, ReceiptNo, SaleId } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';

export interface FakeCounter extends Counter {
  readonly requests: TillRequest[];
  /** The next request is answered with this fault. */
  refuseNext(fault: TillFault): void;
  /** From now on requests get no answer. */
  fallSilent(): void;
  /** The sale of this order is now so. */
  change(order: string, change: Partial<SaleView>): void;
  readonly printerResumed: () => number;
  readonly watchers: () => number;
  readonly now: { health: CounterHealth };
}

export function fakeCounter(): FakeCounter {
  const sales = new Map<string, SaleView>();
  const listeners = new Set<(sale: SaleView) => void>();
  const requests: TillRequest[] = [];
  let refusal: TillFault | undefined;
  let silent = false;
  let resumed = 0;
  const now = { health: wholeHealth };
  const set = (sale: SaleView): SaleView => {
    sales.set(sale.order, sale);
    for (const listener of listeners) listener(sale);
    return sale;
  };
  const next: Readonly<Record<Exclude<TillRequest['kind'], 'open' | 'look'>, SaleState | undefined>> = {
    charge: 'charging',
    cancel: 'abandoned',
    refund: 'refunding',
    reprint: undefined,
    'ask-again': 'checking',
  };
  return {
    requests,
    now,
    refuseNext: (fault) => {
      refusal = fault;
    },
    fallSilent: () => {
      silent = true;
    },
    change(order, change) {
      const sale = sales.get(order);
      if (sale !== undefined) set({ ...sale, ...change });
    },
    printerResumed: () => resumed,
    watchers: () => listeners.size,
    request(request, reply) {
      requests.push(request);
      if (silent) return;
      const sale = sales.get(request.order);
      const refuse = (fault: TillFault): void =>
        reply({ ok: false, fault, line: { zh: '不行', en: 'no' }, sale: sale ?? null });
      if (refusal !== undefined) {
        const fault = refusal;
        refusal = undefined;
        refuse(fault);
      } else if (request.kind === 'open') {
        if (sale?.state === 'abandoned') {
          const anew = openedSale(request.order, request.amountFen);
          reply({ ok: true, sale: set({ ...anew, sale: `${sale.sale}-2` as SaleId }), again: false });
        } else if (sale !== undefined && sale.amountFen !== request.amountFen) refuse('ORDER_DIFFERS');
        else {
          const opened = sale ?? set(openedSale(request.order, request.amountFen));
          reply({ ok: true, sale: opened, again: sale !== undefined });
        }
      } else if (sale === undefined) refuse('ORDER_UNKNOWN');
      else {
        const state = request.kind === 'look' ? undefined : next[request.kind];
        reply({ ok: true, sale: state === undefined ? sale : set({ ...sale, state }), again: false });
      }
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    resumePrinting: () => {
      resumed += 1;
    },
    health: () => now.health,
    wallClock: (at) => localTime(fixedZone(8 * 3_600_000), at),
  };
}

export const openedSale = (order: OrderNo, amountFen: Fen): SaleView => ({
  order,
  sale: `S-${order.replace(/[^A-Za-z0-9-]/g, '')}` as SaleId,
  state: 'opened',
  amountFen,
  netFen: amountFen,
  coupon: null,
  reason: null,
  next: null,
  receipt: null,
  card: null,
  outcome: null,
  code: null,
  openedAt: null,
  settledAt: null,
  line: { zh: '请顾客出示付款码', en: 'Ask the customer for the code' },
});

export const settledWithCoupon: Partial<SaleView> = {
  state: 'settled',
  netFen: 21_990 as Fen,
  coupon: { faceFen: 4_000 as Fen, thresholdFen: 20_000 as Fen, offline: false },
  receipt: 'R-1' as ReceiptNo,
  line: { zh: '收款成功', en: 'Paid' },
};

export const wholeHealth: CounterHealth = {
  device: 'plate-001',
  agent: 'codeplate-test',
  merchant: 'liangyou',
  online: true,
  uplinkFault: null,
  journal: 'ok',
  unsent: { records: 0, fen: 0, oldestMs: null },
  ports: { scanner: 'open', reader: 'open', printer: 'open', voice: 'none', display: 'none' },
  paper: 'ok',
  jobsWaiting: 0,
  salesInPersonsHands: 0,
  unresolved: [],
  offline: {
    reason: 'offline-bundle-missing',
    couponsLeft: 0,
    faceFenLeft: 0,
    faceLeftFen: 0,
    until: null,
    line: { zh: '不可离线用券', en: 'No coupons offline' },
  },
  line: { zh: '可以收款', en: 'Ready' },
  troubles: [],
};
