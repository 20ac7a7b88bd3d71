/**
 * The till's HTTP, and the counter's screen. On 127.0.0.1 only, and only for who asks for this very host: a web page in
 * the till's browser must not be able to charge anybody (cross-site requests, DNS rebinding). Everything is idempotent by
 * the till's order number, and every answer is the sale as it stands now.
 */

import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Log } from '#device/ports/log.js';
import type { Counter, SaleState, SaleView, TillFault, TillReply, TillRequest } from '#device/ports/till.js';
import type { CodeOf } from '#protocol/faults/errors.js';
import { ORDER_NO, type OrderNo } from '#protocol/ids.js';
import { type AmountFault, parseFen } from '#protocol/money.js';
import { type Language, screenPage, screenTexts } from './screen.js';
import { tillMetrics } from './till-metrics.js';

/** Twenty times the longest request there is. */
const MAX_BODY_BYTES = 4 * 1024;
/** An order of 64 characters, each escaped. */
const MAX_PARAM_CHARS = 192;
/** Below the 30 s after which most HTTP clients give up by themselves. */
export const MAX_WAIT_S = 25;
/** The counter answers in milliseconds, a coupon check in three seconds; beyond this it is not coming. */
const REPLY_TIMEOUT_MS = 15_000;
/** The screen shows what changes by itself (line, paper, age of the unsent) within this. */
const SCREEN_REFRESH_MS = 1_000;
/** Screens, tills and curious engineers; a page that leaks connections stops here. */
const MAX_STREAMS = 16;

export interface TillHttp {
  readonly port: number;
  stop(): Promise<void>;
}

export interface TillHttpOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly counter: Counter;
  readonly language: Language;
  readonly log: Log;
}

/** Rejects when the port is taken. */
export async function startTillHttp(options: TillHttpOptions): Promise<TillHttp> {
  const { counter } = options;
  const metrics = tillMetrics(counter);
  const screens = new Map<ServerResponse, { readonly language: Language; last: string }>();
  const waiters = new Waiters(counter);
  let newest: SaleView | undefined;
  const unwatch = counter.watch((sale) => {
    newest = sale;
    refresh();
  });
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: MAX_PARAM_CHARS },
    // An address that cannot be decoded comes to no handler of ours otherwise, and would be answered with fastify's own code.
    frameworkErrors: (_error, _request, reply) => {
      refuse(reply, 400, 'REQUEST_MALFORMED');
    },
  });
  guard(app, options.log);
  saleRoutes(app, counter, waiters);

  app.post('/v1/printer/resume', (_, reply) => {
    counter.resumePrinting();
    return reply.code(202).send({ ok: true });
  });
  app.get('/v1/health', () => counter.health());
  app.get('/metrics', async (_, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );

  app.get('/', (request, reply) => {
    const nonce = randomBytes(16).toString('base64');
    return reply
      .header(
        'content-security-policy',
        `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; img-src data:; frame-ancestors 'none'`,
      )
      .type('text/html; charset=utf-8')
      .send(screenPage(languageOf(request, options.language), nonce));
  });
  app.get('/v1/events', (request, reply) => {
    if (screens.size >= MAX_STREAMS) return refuse(reply, 503, 'TOO_MANY_REQUESTS');
    reply.hijack();
    const stream = reply.raw;
    stream.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    screens.set(stream, { language: languageOf(request, options.language), last: '' });
    stream.on('close', () => screens.delete(stream));
    refresh();
    return reply;
  });
  const refresh = (): void => {
    if (screens.size === 0) return;
    const health = counter.health();
    for (const [stream, screen] of screens) {
      const texts = JSON.stringify(screenTexts(health, newest, screen.language));
      if (texts === screen.last) continue;
      screen.last = texts;
      stream.write(`data: ${texts}\n\n`);
    }
  };
  const timer = setInterval(refresh, SCREEN_REFRESH_MS);

  const stop = async (): Promise<void> => {
    clearInterval(timer);
    unwatch();
    metrics.stop();
    waiters.stop();
    for (const stream of screens.keys()) stream.end();
    await app.close();
  };
  try {
    await app.listen({ host: '127.0.0.1', port: options.port });
  } catch (error) {
    await stop();
    throw error;
  }
  return { port: (app.server.address() as AddressInfo).port, stop };
}

// -- sales

const openSchema = z.strictObject({ order: z.unknown(), amountFen: z.unknown() });

const ACTIONS: ReadonlyMap<string, Exclude<TillRequest['kind'], 'open' | 'look'>> = new Map(
  (['charge', 'cancel', 'refund', 'reprint', 'ask-again'] as const).map((action) => [action, action]),
);

function saleRoutes(app: FastifyInstance, counter: Counter, waiters: Waiters): void {
  app.post('/v1/sales', async (request, reply) => {
    const body = openSchema.safeParse(request.body);
    if (!body.success) return refuse(reply, 400, 'REQUEST_MALFORMED');
    const order = orderNo(body.data.order);
    if (order === undefined) return refuse(reply, 400, 'ORDER_MALFORMED');
    // A till that writes amounts as text is one that may write yuan: numbers only.
    const amount = typeof body.data.amountFen === 'number' ? parseFen(body.data.amountFen) : undefined;
    if (amount === undefined || !amount.ok) return refuse(reply, 400, amount?.fault ?? 'AMOUNT_NOT_A_WHOLE_NUMBER');
    const known = await ask(counter, { kind: 'look', order });
    return answer(reply, await ask(counter, { kind: 'open', order, amountFen: amount.value }), known?.ok ? 200 : 201);
  });

  app.get<{ Params: { order: string }; Querystring: { wait?: string; after?: string } }>(
    '/v1/sales/:order',
    async (request, reply) => {
      const order = orderNo(request.params.order);
      if (order === undefined) return refuse(reply, 400, 'ORDER_MALFORMED');
      const { wait = '0', after } = request.query;
      if (!/^\d{1,2}$/.test(wait) || Number(wait) > MAX_WAIT_S) return refuse(reply, 400, 'REQUEST_MALFORMED');
      const now = await ask(counter, { kind: 'look', order });
      if (now?.ok !== true || Number(wait) === 0) return answer(reply, now, 200);
      // Without `after`, a sale that has come to rest is worth no wait.
      const still = after ?? (RESTING.has(now.sale.state) ? undefined : now.sale.state);
      if (now.sale.state !== still) return answer(reply, now, 200);
      const aborted = new Promise<void>((resolve) => reply.raw.once('close', resolve));
      const sale = await waiters.change(order, still, Number(wait) * 1_000, aborted);
      return answer(reply, sale === undefined ? await ask(counter, { kind: 'look', order }) : { ok: true, sale }, 200);
    },
  );

  app.post<{ Params: { order: string; action: string } }>('/v1/sales/:order/:action', async (request, reply) => {
    const order = orderNo(request.params.order);
    const kind = ACTIONS.get(request.params.action);
    if (order === undefined) return refuse(reply, 400, 'ORDER_MALFORMED');
    if (kind === undefined) return refuse(reply, 404, 'NO_SUCH_ADDRESS');
    return answer(reply, await ask(counter, { kind, order }), 200);
  });
}

/** Nothing more will happen to these by themselves. */
const RESTING: ReadonlySet<SaleState> = new Set<SaleState>([
  'settled',
  'not-charged',
  'abandoned',
  'unknown',
  'refunded',
  'refund-unknown',
]);

const orderNo = (value: unknown): OrderNo | undefined =>
  typeof value === 'string' && isOrderNo(value) ? value : undefined;
const isOrderNo = (text: string): text is OrderNo => ORDER_NO.test(text);

/** undefined: the counter did not answer in time. */
function ask(counter: Counter, request: TillRequest): Promise<TillReply | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), REPLY_TIMEOUT_MS);
    counter.request(request, (reply) => {
      clearTimeout(timer);
      resolve(reply);
    });
  });
}

/** Long polls: each waits for its sale to leave a state. */
class Waiters {
  readonly #waiting = new Set<{ order: OrderNo; still: string; done: (sale: SaleView | undefined) => void }>();
  readonly #unwatch: () => void;

  constructor(counter: Counter) {
    this.#unwatch = counter.watch((sale) => {
      for (const waiter of this.#waiting) {
        if (waiter.order === sale.order && waiter.still !== sale.state) waiter.done(sale);
      }
    });
  }

  change(order: OrderNo, still: string, ms: number, aborted: Promise<void>): Promise<SaleView | undefined> {
    return new Promise((resolve) => {
      const done = (sale: SaleView | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
        resolve(sale);
      };
      const waiter = { order, still, done };
      const timer = setTimeout(() => done(undefined), ms);
      this.#waiting.add(waiter);
      void aborted.then(() => done(undefined));
    });
  }

  stop(): void {
    this.#unwatch();
    for (const waiter of this.#waiting) waiter.done(undefined);
  }
}

// -- the door

const STATUS: Readonly<Record<TillFault, number>> = {
  ORDER_DIFFERS: 409,
  ORDER_UNKNOWN: 404,
  COUNTER_BUSY: 409,
  NOT_IN_THIS_STATE: 409,
  READER_AWAY: 503,
  JOURNAL_FAILED: 503,
};

function answer(reply: FastifyReply, answered: TillReply | undefined, status: number): FastifyReply {
  if (answered === undefined) return refuse(reply, 504, 'COUNTER_SILENT');
  if (answered.ok) return reply.code(status).send(answered.sale);
  const { fault, line, sale } = answered;
  return reply.code(STATUS[fault]).send({ code: fault, zh: line.zh, en: line.en, sale });
}

type Refusal = AmountFault | keyof typeof REFUSALS;

const REFUSALS = {
  AMOUNT_NOT_A_WHOLE_NUMBER: [
    '金额必须是整数（单位：分）',
    'amountFen must be a whole number of fen, as a JSON number',
  ],
  AMOUNT_NOT_POSITIVE: ['金额必须大于零', 'amountFen must be 1 or more'],
  AMOUNT_TOO_LARGE: ['金额超过上限', 'amountFen must be 99999999 or less'],
  COUNTER_SILENT: ['本机程序没有回答，请查询该订单', 'The counter did not answer; ask how this order stands'],
  HOST_NOT_ALLOWED: ['只能从本机访问', 'Only for this machine: ask 127.0.0.1 or localhost'],
  MESSAGE_NOT_JSON: ['请求必须是 application/json', 'Send one JSON object, as application/json'],
  NO_SUCH_ADDRESS: ['没有这个地址', 'There is nothing at this address'],
  ORDER_MALFORMED: ['订单号必须是 1 至 64 个可见 ASCII 字符', 'order must be 1 to 64 printable ASCII characters'],
  ORIGIN_NOT_ALLOWED: ['不接受其他网页的请求', 'Requests from other web pages are not taken'],
  REQUEST_MALFORMED: [
    '请求格式不正确',
    `POST {"order": "...", "amountFen": 5100} and nothing else; wait is 0 to ${MAX_WAIT_S} seconds`,
  ],
  REQUEST_TOO_LARGE: ['请求过长', `The body must have ${MAX_BODY_BYTES} bytes or less`],
  TILL_FAILED: ['本机程序出错，请查询该订单', 'Something is wrong in the agent; ask how this order stands'],
  TOO_MANY_REQUESTS: ['打开的页面太多', `No more than ${MAX_STREAMS} screens at a time`],
} as const satisfies Partial<Record<CodeOf<'ProtocolError'>, readonly [zh: string, en: string]>>;

function refuse(reply: FastifyReply, status: number, code: Refusal): FastifyReply {
  const [zh, en] = REFUSALS[code];
  return reply.code(status).send({ code, zh, en });
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
const hostName = (host: string): string => host.replace(/:\d{1,5}$/, '').toLowerCase();

function guard(app: FastifyInstance, log: Log): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!LOOPBACK.has(hostName(request.headers.host ?? ''))) {
      log('warn', 'HOST_NOT_ALLOWED', { from: request.ip });
      return refuse(reply, 421, 'HOST_NOT_ALLOWED');
    }
    // Browsers name the page that a request comes from; tills send no such header.
    const { origin, 'sec-fetch-site': site } = request.headers;
    const foreign = origin !== undefined && origin !== `http://${request.headers.host}`;
    if (foreign || site === 'cross-site' || site === 'same-site') {
      log('warn', 'ORIGIN_NOT_ALLOWED', { from: request.ip });
      return refuse(reply, 403, 'ORIGIN_NOT_ALLOWED');
    }
    return undefined;
  });
  app.addHook('onSend', async (_, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
  });
  // Only JSON: a form of some web page can send text/plain without asking anybody.
  app.removeContentTypeParser('text/plain');
  app.setNotFoundHandler((_, reply) => refuse(reply, 404, 'NO_SUCH_ADDRESS'));
  app.setErrorHandler((error: unknown, request, reply) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
    if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return refuse(reply, 413, 'REQUEST_TOO_LARGE');
    if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return refuse(reply, 415, 'MESSAGE_NOT_JSON');
    if (status < 500) return refuse(reply, 400, 'MESSAGE_NOT_JSON');
    log('error', 'TILL_FAILED', {
      what: error instanceof Error ? error.message : String(error),
      url: request.url,
    });
    return refuse(reply, 500, 'TILL_FAILED');
  });
}

function languageOf(request: FastifyRequest, otherwise: Language): Language {
  const { query } = request;
  const lang = typeof query === 'object' && query !== null && 'lang' in query ? query.lang : undefined;
  return lang === 'en' || lang === 'zh' ? lang : otherwise;
}
