/** The till's own software, as the counter sees it: requests over loopback HTTP, a connection each, as simple tills do. */
import { request } from 'node:http';
import { z } from 'zod';
import { pause, TooLate } from '../processes/waiting.js';

/** A counter that is up answers in milliseconds; one on a machine that does twenty other things takes longer. */
const ANSWER_MS = 20_000;
const LONG_POLL_S = 5;
const LOOK_AGAIN_MS = 25;

const saleSchema = z.object({
  order: z.string(),
  sale: z.string(),
  state: z.enum([
    'opened',
    'authorising',
    'charging',
    'checking',
    'unknown',
    'settled',
    'not-charged',
    'abandoned',
    'refunding',
    'refund-unknown',
    'refunded',
  ]),
  amountFen: z.int(),
  netFen: z.int(),
  coupon: z.object({ faceFen: z.int(), thresholdFen: z.int(), offline: z.boolean() }).nullable(),
  reason: z.string().nullable(),
  next: z.object({ faceFen: z.int(), missingFen: z.int() }).nullable(),
  receipt: z.string().nullable(),
  line: z.object({ zh: z.string(), en: z.string() }),
});
/** A sale as the till is told of it. */
export type SaleSeen = z.infer<typeof saleSchema>;
export type SaleSeenState = SaleSeen['state'];
export const SALE_STATES = saleSchema.shape.state.options;

const healthSchema = z.object({
  online: z.boolean(),
  journal: z.enum(['ok', 'failed']),
  unsent: z.object({ records: z.int(), fen: z.int() }),
  ports: z.record(z.string(), z.string()),
  paper: z.string(),
  jobsWaiting: z.int(),
  salesInPersonsHands: z.int(),
  line: z.object({ zh: z.string(), en: z.string() }),
  troubles: z.array(z.object({ code: z.string(), zh: z.string(), en: z.string() })),
});
export type CounterSeen = z.infer<typeof healthSchema>;

const refusalSchema = z.object({
  code: z.string(),
  zh: z.string(),
  en: z.string(),
  sale: saleSchema.nullable().optional(),
});

export type TillSaid =
  | { readonly ok: true; readonly sale: SaleSeen }
  | { readonly ok: false; readonly code: string; readonly line: { readonly zh: string; readonly en: string } };

export type TillAction = 'charge' | 'cancel' | 'refund' | 'reprint' | 'ask-again';

/** What stays as it is until somebody does something. */
export const AT_REST: ReadonlySet<SaleSeenState> = new Set<SaleSeenState>([
  'settled',
  'not-charged',
  'abandoned',
  'unknown',
  'refunded',
  'refund-unknown',
]);

/** What nothing leads out of: only the same order handed in anew begins another sale. */
const FINAL: ReadonlySet<SaleSeenState> = new Set<SaleSeenState>(['not-charged', 'abandoned', 'refunded']);

export class TillClient {
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  /** For requests that no till's software would send. */
  get port(): number {
    return this.#port;
  }

  async open(order: string, amountFen: number): Promise<TillSaid> {
    return said(await this.#ask('POST', '/v1/sales', { order, amountFen }));
  }

  async press(order: string, action: TillAction): Promise<TillSaid> {
    return said(await this.#ask('POST', `/v1/sales/${encodeURIComponent(order)}/${action}`, {}));
  }

  async look(order: string): Promise<SaleSeen | undefined> {
    const answer = said(await this.#ask('GET', `/v1/sales/${encodeURIComponent(order)}`));
    return answer.ok ? answer.sale : undefined;
  }

  async resumePrinting(): Promise<void> {
    await this.#ask('POST', '/v1/printer/resume', {});
  }

  /** undefined while the agent is down. */
  async health(): Promise<CounterSeen | undefined> {
    const answer = await this.#ask('GET', '/v1/health');
    return answer.status === 200 ? healthSchema.parse(answer.body) : undefined;
  }

  /** Follows the sale until the predicate takes it, over restarts of the agent too. Every state that shows is told. */
  async follow(
    order: string,
    takes: (sale: SaleSeen) => boolean,
    options: {
      readonly withinMs: number;
      readonly what: string;
      readonly onState?: ((sale: SaleSeen) => void) | undefined;
      /** Waits for more than a state: a reason that comes within one is announced by nothing, so it is looked for. */
      readonly looking?: boolean | undefined;
      /** Nobody acts meanwhile: a sale that has ended otherwise is not waited for any longer. */
      readonly alone?: boolean | undefined;
    },
  ): Promise<SaleSeen> {
    const end = performance.now() + options.withinMs;
    let last: SaleSeen | undefined;
    let path = '';
    for (;;) {
      const answer = said(await this.#ask('GET', `/v1/sales/${encodeURIComponent(order)}${path}`));
      const sale = answer.ok ? answer.sale : undefined;
      if (sale !== undefined) {
        if (sale.state !== last?.state) options.onState?.(sale);
        last = sale;
        if (takes(sale)) return sale;
        if (options.alone === true && FINAL.has(sale.state))
          throw new TooLate(`order ${order} ${options.what}: it has ended otherwise (${standing(sale)})`);
      }
      const left = end - performance.now();
      if (left <= 0)
        throw new TooLate(`order ${order} ${options.what}: not within ${options.withinMs} ms (${standing(last)})`);
      const wait = Math.max(1, Math.min(LONG_POLL_S, Math.ceil(left / 1000)));
      const polls = sale !== undefined && options.looking !== true && left >= 1000;
      path = polls ? `?wait=${wait}&after=${sale.state}` : '';
      if (!polls) await pause(LOOK_AGAIN_MS);
    }
  }

  #ask(method: 'GET' | 'POST', path: string, body?: object): Promise<{ status: number; body: unknown }> {
    return new Promise((resolve) => {
      const nobody = (): void => resolve({ status: 0, body: undefined });
      const text = body === undefined ? undefined : JSON.stringify(body);
      const asked = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          method,
          path,
          agent: false,
          timeout: ANSWER_MS,
          headers: {
            connection: 'close',
            ...(text !== undefined && {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(text),
            }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', nobody);
          response.on('end', () => {
            try {
              resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
            } catch {
              nobody();
            }
          });
        },
      );
      asked.on('error', nobody);
      asked.on('timeout', () => asked.destroy());
      asked.end(text);
    });
  }
}

/** With the amount: where a scenario gives a range, the seed has chosen it. */
const standing = (sale: SaleSeen | undefined): string =>
  sale === undefined ? 'nobody knows this order' : `${sale.state}, ${yuan(sale.amountFen)}: ${sale.line.en}`;

/** `239.90 yuan` */
export const yuan = (fen: number): string => `${(fen / 100).toFixed(2)} yuan`;

function said(answer: { readonly status: number; readonly body: unknown }): TillSaid {
  if (answer.status === 200 || answer.status === 201) return { ok: true, sale: saleSchema.parse(answer.body) };
  const refusal = refusalSchema.safeParse(answer.body);
  if (refusal.success) return { ok: false, code: refusal.data.code, line: refusal.data };
  return { ok: false, code: 'NO_ANSWER', line: { zh: '本机没有回答', en: 'the counter did not answer' } };
}
