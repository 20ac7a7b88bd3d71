/**
 * The counter's Prometheus metrics, read at the moment of the scrape.
 *
 * Written out here in the text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats), because the client
 * library would cost the agent a tenth of its start time and memory for these sixteen lines.
 */
import type { Counter, SaleState, SaleView } from '../ports/till.js';

/** States in which a sale (or its refund) has ended, or needs a person. */
const OUTCOMES: ReadonlySet<SaleState> = new Set<SaleState>([
  'settled',
  'not-charged',
  'abandoned',
  'unknown',
  'refunded',
  'refund-unknown',
]);

/** Only the newest sales change; older ones need no memory of their count. */
const REMEMBERED_SALES = 1_000;

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Label values come from closed lists: no quote, backslash or line end to escape. */
interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export function tillMetrics(counter: Counter): { text(): string; stop(): void } {
  const sales = new Map<string, { readonly labels: Readonly<Record<string, string>>; value: number }>();
  let savedFen = 0;
  const counted = new Map<string, SaleState>();
  const stop = counter.watch((sale: SaleView) => {
    if (counted.get(sale.sale) === sale.state) return;
    counted.delete(sale.sale);
    counted.set(sale.sale, sale.state);
    const [oldest] = counted.keys();
    if (counted.size > REMEMBERED_SALES && oldest !== undefined) counted.delete(oldest);
    if (!OUTCOMES.has(sale.state)) return;
    const coupon = sale.coupon === null ? 'no' : 'yes';
    const key = `${sale.state} ${coupon}`;
    const entry = sales.get(key) ?? { labels: { outcome: sale.state, coupon }, value: 0 };
    entry.value += 1;
    sales.set(key, entry);
    if (sale.state === 'settled' && sale.coupon !== null) savedFen += sale.coupon.faceFen;
  });
  const text = (): string => {
    const { online, journal, unsent, jobsWaiting, salesInPersonsHands, ports, offline } = counter.health();
    const states = Object.entries(ports).filter(([, state]) => state !== 'none');
    return [
      gauge('codeplate_online', '1 while the gateway can be reached', online ? 1 : 0),
      gauge('codeplate_journal_ok', '0 once the journal has failed', journal === 'ok' ? 1 : 0),
      gauge('codeplate_unsent_records', 'Journal records not yet acknowledged', unsent.records),
      gauge('codeplate_unsent_fen', 'Money in unsent records, in fen', unsent.fen),
      gauge('codeplate_unsent_oldest_seconds', 'Age of the oldest unsent record', (unsent.oldestMs ?? 0) / 1_000),
      gauge(
        'codeplate_offline_permitted',
        '1 while coupons could be taken without a line',
        offline.reason === null ? 1 : 0,
      ),
      gauge('codeplate_offline_coupons_left', 'Coupons that could still be taken offline', offline.couponsLeft),
      gauge('codeplate_offline_face_fen_left', 'Their face value at most, in fen', offline.faceFenLeft),
      gauge(
        'codeplate_offline_until_seconds',
        'When that ends, in seconds since the epoch; 0 where nothing may be taken',
        (offline.until ?? 0) / 1_000,
      ),
      gauge('codeplate_print_jobs_waiting', 'Receipts waiting for the printer', jobsWaiting),
      gauge('codeplate_sales_in_persons_hands', 'Payments and refunds with an unknown outcome', salesInPersonsHands),
      gauge('codeplate_resident_memory_bytes', 'Memory of the agent', process.memoryUsage.rss()),
      family(
        'gauge',
        'codeplate_port_state',
        '1 open, 0 lost or opening; ports that are not configured are left out',
        states.map(([port, state]) => ({ labels: { port }, value: state === 'open' ? 1 : 0 })),
      ),
      family('counter', 'codeplate_sales_total', 'Sales and refunds by outcome since the agent started', [
        ...sales.values(),
      ]),
      family(
        'counter',
        'codeplate_coupon_face_fen_total',
        'Coupon value taken off settled sales since the agent started, in fen',
        [{ value: savedFen }],
      ),
    ].join('\n');
  };
  return { text, stop };
}

const gauge = (name: string, help: string, value: number): string => family('gauge', name, help, [{ value }]);

function family(type: 'gauge' | 'counter', name: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(({ labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
