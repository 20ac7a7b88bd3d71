/** The counter's figures for Prometheus, read at the moment they are asked for. */

import { Counter as Count, Gauge, Registry } from 'prom-client';
import type { Counter, SaleState, SaleView } from '#device/ports/till.js';

/** States in which a sale (or its refund) has come to its end, or to a person. */
const OUTCOMES: ReadonlySet<SaleState> = new Set<SaleState>([
  'settled',
  'not-charged',
  'abandoned',
  'unknown',
  'refunded',
  'refund-unknown',
]);

/** Only the newest sales change; older ones need no memory of what was counted. */
const REMEMBERED_SALES = 1_000;

export function tillMetrics(counter: Counter): { readonly registry: Registry; stop(): void } {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge('codeplate_online', '1 while the gateway can be reached', () => (counter.health().online ? 1 : 0));
  gauge('codeplate_journal_ok', '0 once the journal has failed', () => (counter.health().journal === 'ok' ? 1 : 0));
  gauge('codeplate_unsent_records', 'Journal records not yet acknowledged', () => counter.health().unsent.records);
  gauge('codeplate_unsent_fen', 'Money in unsent records, in fen', () => counter.health().unsent.fen);
  gauge(
    'codeplate_unsent_oldest_seconds',
    'Age of the oldest unsent record',
    () => (counter.health().unsent.oldestMs ?? 0) / 1_000,
  );
  gauge('codeplate_print_jobs_waiting', 'Receipts that wait for the printer', () => counter.health().jobsWaiting);
  gauge(
    'codeplate_sales_in_persons_hands',
    'Payments nobody could clear up',
    () => counter.health().salesInPersonsHands,
  );
  gauge('codeplate_resident_memory_bytes', 'Memory of the agent', () => process.memoryUsage.rss());
  new Gauge({
    name: 'codeplate_port_state',
    help: '1 open, 0 lost or opening; ports that are not configured are left out',
    labelNames: ['port'],
    registers,
    collect() {
      this.reset();
      for (const [port, state] of Object.entries(counter.health().ports)) {
        if (state !== 'none') this.set({ port }, state === 'open' ? 1 : 0);
      }
    },
  });
  const sales = new Count({
    name: 'codeplate_sales_total',
    help: 'Sales and refunds by outcome since the agent started',
    labelNames: ['outcome', 'coupon'],
    registers,
  });
  const saved = new Count({
    name: 'codeplate_coupon_face_fen_total',
    help: 'Coupon value taken off settled sales since the agent started, in fen',
    registers,
  });
  const counted = new Map<string, SaleState>();
  const stop = counter.watch((sale: SaleView) => {
    if (counted.get(sale.sale) === sale.state) return;
    counted.delete(sale.sale);
    counted.set(sale.sale, sale.state);
    const [oldest] = counted.keys();
    if (counted.size > REMEMBERED_SALES && oldest !== undefined) counted.delete(oldest);
    if (!OUTCOMES.has(sale.state)) return;
    sales.inc({ outcome: sale.state, coupon: sale.coupon === null ? 'no' : 'yes' });
    if (sale.state === 'settled' && sale.coupon !== null) saved.inc(sale.coupon.faceFen);
  });
  return { registry, stop };
}
