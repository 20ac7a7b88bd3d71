/**
 * The till's HTTP, and the counter's screen: what stands at each address. Everything is idempotent by the till's order
 * number, and every answer is the sale as it stands now. Who may ask, and how, is the door's business.
 */

import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Log } from '#device/ports/log.js';
import type { Counter, SaleState, SaleView, TillFault, TillReply, TillRequest } from '#device/ports/till.js';
import { maskWithin } from '#protocol/codes/mask.js';
import { ORDER_NO, type OrderNo } from '#protocol/ids.js';
import { parseFen } from '#protocol/money.js';
import { type Language, screenTexts } from './screen.js';
import { screenPage } from './screen-page.js';
import { type Answer, type Asked, MAX_STREAMS, MAX_WAIT_S, openDoor, refuse } from './till-door.js';
import { METRICS_TYPE, tillMetrics } from './till-metrics.js';

/** The counter answers in milliseconds, a coupon check in three seconds; beyond this it is not coming. */
const REPLY_TIMEOUT_MS = 15_000;
/** The screen shows what changes by itself (line, paper, age of the unsent) within this. */
const SCREEN_REFRESH_MS = 1_000;
/** How long the end of a sale stays on it: long enough to put a purse away, short enough for the next in the queue. */
const RESULT_SHOWN_MS = 20_000;
/** What needs a person stays until that person has seen to it. */
const OVER: ReadonlySet<SaleState> = new Set(['settled', 'not-charged', 'abandoned', 'refunded']);

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
  const { counter, log } = options;
  const metrics = tillMetrics(counter);
  const waiters = new Waiters(counter);
  const screens = new Screens(counter);
  const route = (asked: Asked): Answer | Promise<Answer> => {
    const { method, segments, query } = asked;
    const [version, what, order, action] = segments;
    // HEAD is a GET of which Node keeps the body back.
    const verb = method === 'HEAD' ? 'GET' : method;
    const language = languageOf(query, options.language);
    switch (`${verb} /${[version, what].filter((part) => part !== undefined).join('/')} ${segments.length}`) {
      case 'GET / 1':
        return screen(language);
      case 'GET /metrics 1':
        return { kind: 'text', status: 200, body: metrics.text(), headers: { 'content-type': METRICS_TYPE } };
      case 'GET /v1/health 2':
        return json(200, counter.health());
      case 'GET /v1/events 2':
        return method === 'HEAD' ? refuse(404, 'NO_SUCH_ADDRESS') : screens.open(asked.response, language);
      case 'POST /v1/printer 3':
        if (order !== 'resume') break;
        if (whatBodySays(asked.body) !== undefined) return refuse(400, 'REQUEST_MALFORMED', 'resume takes no body');
        counter.resumePrinting();
        return json(202, { ok: true });
      case 'POST /v1/sales 2':
        return open(counter, asked.body);
      case 'GET /v1/sales 3':
        return look(counter, waiters, order, asked);
      case 'POST /v1/sales 4':
        return act(counter, order, action, asked.body);
      default:
        break;
    }
    return refuse(404, 'NO_SUCH_ADDRESS');
  };
  const stopParts = (): void => {
    metrics.stop();
    waiters.stop();
    screens.stop();
  };
  try {
    const door = await openDoor({ port: options.port, route, log });
    return {
      port: door.port,
      stop: async () => {
        stopParts();
        await door.close();
      },
    };
  } catch (error) {
    stopParts();
    throw error;
  }
}

const json = (status: number, body: unknown): Answer => ({ kind: 'json', status, body });

// -- the screen

function screen(language: Language): Answer {
  const nonce = randomBytes(16).toString('base64');
  return {
    kind: 'text',
    status: 200,
    body: screenPage(language, nonce),
    headers: {
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; img-src data:; frame-ancestors 'none'`,
      'content-type': 'text/html; charset=utf-8',
    },
  };
}

/** Every open screen gets what has changed on it, as server-sent events. */
class Screens {
  readonly #counter: Counter;
  readonly #screens = new Map<ServerResponse, { readonly language: Language; last: string }>();
  readonly #unwatch: () => void;
  readonly #timer: NodeJS.Timeout;
  #newest: { readonly sale: SaleView; readonly since: number } | undefined;
  #before: SaleView | undefined;

  constructor(counter: Counter) {
    this.#counter = counter;
    this.#unwatch = counter.watch((sale) => {
      const shown = this.#newest?.sale;
      const isAnother = shown !== undefined && shown.sale !== sale.sale;
      // One that comes out of a person's hands doesn't take the screen from the customer who is at the counter.
      if (isAnother && !RESTING.has(shown.state) && sale.state !== 'opened') this.#before = sale;
      else {
        if (isAnother) this.#before = shown;
        this.#newest = { sale, since: performance.now() };
      }
      this.#refresh();
    });
    this.#timer = setInterval(() => this.#refresh(), SCREEN_REFRESH_MS);
  }

  open(stream: ServerResponse, language: Language): Answer {
    if (this.#screens.size >= MAX_STREAMS) return refuse(503, 'TOO_MANY_REQUESTS');
    stream.writeHead(200, { 'content-type': 'text/event-stream' });
    this.#screens.set(stream, { language, last: '' });
    stream.on('close', () => this.#screens.delete(stream));
    this.#refresh();
    return { kind: 'stream' };
  }

  #refresh(): void {
    if (this.#screens.size === 0) return;
    const health = this.#counter.health();
    const { sale, since } = this.#newest ?? { sale: undefined, since: 0 };
    // The next customer must not take the last one's "paid" for their own.
    const isOver = sale !== undefined && OVER.has(sale.state) && performance.now() - since >= RESULT_SHOWN_MS;
    for (const [stream, shown] of this.#screens) {
      const texts = JSON.stringify(
        isOver
          ? screenTexts(health, undefined, shown.language, sale)
          : screenTexts(health, sale, shown.language, this.#before),
      );
      if (texts === shown.last) continue;
      shown.last = texts;
      stream.write(`data: ${texts}\n\n`);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#unwatch();
    for (const stream of this.#screens.keys()) stream.end();
  }
}

// -- sales

const openSchema = z.strictObject({ order: z.unknown(), amountFen: z.unknown() });

async function open(counter: Counter, asked: unknown): Promise<Answer> {
  const body = openSchema.safeParse(asked);
  if (!body.success) return refuse(400, 'REQUEST_MALFORMED');
  const order = orderNo(body.data.order);
  if (order === undefined) return refuse(400, 'ORDER_MALFORMED');
  // A till that writes amounts as text is one that may write yuan: numbers only.
  const amount = typeof body.data.amountFen === 'number' ? parseFen(body.data.amountFen) : undefined;
  if (amount === undefined || !amount.ok) return refuse(400, amount?.fault ?? 'AMOUNT_NOT_A_WHOLE_NUMBER');
  const known = await ask(counter, { kind: 'look', order });
  const opened = await ask(counter, { kind: 'open', order, amountFen: amount.value });
  const wasThere = known?.ok === true && opened?.ok === true && known.sale.sale === opened.sale.sale;
  return answer(opened, wasThere ? 200 : 201);
}

async function look(counter: Counter, waiters: Waiters, named: string | undefined, asked: Asked): Promise<Answer> {
  const { query, response } = asked;
  const order = orderNo(named);
  if (order === undefined) return refuse(400, 'ORDER_MALFORMED');
  const [wait = '0', ...more] = query.getAll('wait');
  if (more.length > 0 || !/^\d{1,2}$/.test(wait) || Number(wait) > MAX_WAIT_S) return refuse(400, 'REQUEST_MALFORMED');
  const now = await ask(counter, { kind: 'look', order });
  if (now?.ok !== true || Number(wait) === 0) return answer(now, 200);
  // Without `after`, a sale that has come to rest is worth no wait.
  const still = query.get('after') ?? (RESTING.has(now.sale.state) ? undefined : now.sale.state);
  if (now.sale.state !== still) return answer(now, 200);
  const aborted = new Promise<void>((resolve) => response.once('close', resolve));
  const sale = await waiters.change(order, still, Number(wait) * 1_000, aborted);
  return answer(sale === undefined ? await ask(counter, { kind: 'look', order }) : { ok: true, sale }, 200);
}

const ACTIONS: ReadonlyMap<string, Exclude<TillRequest['kind'], 'open' | 'look'>> = new Map(
  (['charge', 'cancel', 'refund', 'reprint', 'ask-again'] as const).map((action) => [action, action]),
);

async function act(
  counter: Counter,
  named: string | undefined,
  action: string | undefined,
  body: unknown,
): Promise<Answer> {
  const order = orderNo(named);
  const kind = ACTIONS.get(action ?? '');
  if (order === undefined) return refuse(400, 'ORDER_MALFORMED');
  if (kind === undefined) return refuse(404, 'NO_SUCH_ADDRESS');
  const unknown = whatBodySays(body);
  if (unknown !== undefined) return refuse(400, 'REQUEST_MALFORMED', `${action} ${unknown}`);
  return answer(await ask(counter, { kind, order }), 200);
}

/**
 * No action has a parameter yet. A body that says more was written for something else: a till that asks for 0.50 back must not
 * have the whole sale refunded. Undefined: it says nothing, as `{}` does.
 */
function whatBodySays(body: unknown): string | undefined {
  if (body === undefined) return undefined;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'takes {} or no body at all';
  const names = Object.keys(body);
  if (names.length === 0) return undefined;
  return 'amountFen' in body
    ? 'is of the whole sale: it takes no amountFen; nothing was done'
    : `takes no ${maskWithin(names.join(', ').slice(0, 80))}; nothing was done`;
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

// -- answers

const STATUS: Readonly<Record<TillFault, number>> = {
  ORDER_DIFFERS: 409,
  ORDER_UNKNOWN: 404,
  COUNTER_BUSY: 409,
  NOT_IN_THIS_STATE: 409,
  READER_AWAY: 503,
  JOURNAL_FAILED: 503,
};

function answer(answered: TillReply | undefined, status: number): Answer {
  if (answered === undefined) return refuse(504, 'COUNTER_SILENT');
  if (answered.ok) return json(status, answered.sale);
  const { fault, line, sale } = answered;
  return json(STATUS[fault], { code: fault, zh: line.zh, en: line.en, sale });
}

/** What is said twice is said by nobody. */
function languageOf(query: URLSearchParams, otherwise: Language): Language {
  const [lang, ...more] = query.getAll('lang');
  return more.length === 0 && (lang === 'en' || lang === 'zh') ? lang : otherwise;
}
