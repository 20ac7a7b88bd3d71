/**
 * The till's HTTP routes, and the counter's screen.
 *
 * Everything is idempotent by the till's order number, and every answer is the sale's current state. `http-server.ts`
 * decides who may ask, and how.
 */

import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { maskWithin } from '#protocol/codes/mask.js';
import { ORDER_NO, type OrderNo } from '#protocol/kernel/ids.js';
import { parseFen } from '#protocol/kernel/money.js';
import type { Log } from '../ports/log.js';
import type { Counter, SaleView, TillFault, TillReply, TillRequest } from '../ports/till.js';
import { RESTING } from '../screen/resting.js';
import type { Language } from '../screen/screen.js';
import { screenPage } from '../screen/screen-page.js';
import { Screens } from '../screen/screens.js';
import { type Answer, type Asked, MAX_WAIT_S, openHttpServer, refuse } from './http-server.js';
import { METRICS_TYPE, tillMetrics } from './till-metrics.js';

/** The counter answers in milliseconds, a coupon check in three seconds; after this an answer won't come. */
const REPLY_TIMEOUT_MS = 15_000;
/** The version of this interface; within one version fields are only added. */
const TILL_API = 'till/1';

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

/** Rejects if the port is taken. */
export async function startTillHttp(options: TillHttpOptions): Promise<TillHttp> {
  const { counter, log } = options;
  const metrics = tillMetrics(counter);
  const waiters = new Waiters(counter);
  const screens = new Screens(counter);
  const route = (asked: Asked): Answer | Promise<Answer> => {
    const { method, segments, query } = asked;
    const [version, what, order, action] = segments;
    // HEAD is a GET whose body Node suppresses.
    const verb = method === 'HEAD' ? 'GET' : method;
    const language = languageOf(query, options.language);
    switch (`${verb} /${[version, what].filter((part) => part !== undefined).join('/')} ${segments.length}`) {
      case 'GET / 1':
        return screen(language);
      case 'GET /metrics 1':
        return { kind: 'text', status: 200, body: metrics.text(), headers: { 'content-type': METRICS_TYPE } };
      case 'GET /v1/health 2':
        return json(200, counter.health());
      case 'GET /v1/hello 2':
        return json(200, hello(counter));
      case 'GET /v1/events 2':
        if (method === 'HEAD') break;
        screens.open(asked.response, language);
        return { kind: 'stream' };
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
    const door = await openHttpServer({ port: options.port, route, log });
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

/** Identifies the agent. It says nothing of the counter's health: that is `/v1/health`. */
function hello(counter: Counter): object {
  const { device, agent } = counter.health();
  return { api: TILL_API, agent, device };
}

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

// -- sales

const openSchema = z.strictObject({ order: z.unknown(), amountFen: z.unknown() });

async function open(counter: Counter, asked: unknown): Promise<Answer> {
  const body = openSchema.safeParse(asked);
  if (!body.success) return refuse(400, 'REQUEST_MALFORMED');
  const order = orderNo(body.data.order);
  if (order === undefined) return refuse(400, 'ORDER_MALFORMED');
  // Numbers only: a till that sends amounts as text may send yuan.
  const amount = typeof body.data.amountFen === 'number' ? parseFen(body.data.amountFen) : undefined;
  if (amount === undefined || !amount.ok) return refuse(400, amount?.fault ?? 'AMOUNT_NOT_A_WHOLE_NUMBER');
  const known = await ask(counter, { kind: 'look', order });
  const opened = await ask(counter, { kind: 'open', order, amountFen: amount.value });
  const wasThere = known?.ok === true && opened?.ok === true && known.sale.sale === opened.sale.sale;
  return answer(counter, opened, wasThere ? 200 : 201);
}

async function look(counter: Counter, waiters: Waiters, named: string | undefined, asked: Asked): Promise<Answer> {
  const { query, response } = asked;
  const order = orderNo(named);
  if (order === undefined) return refuse(400, 'ORDER_MALFORMED');
  const [wait = '0', ...more] = query.getAll('wait');
  if (more.length > 0 || !/^\d{1,2}$/.test(wait) || Number(wait) > MAX_WAIT_S) return refuse(400, 'REQUEST_MALFORMED');
  const now = await ask(counter, { kind: 'look', order });
  if (now?.ok !== true || Number(wait) === 0) return answer(counter, now, 200);
  // Without `after`, a finished sale needs no wait.
  const still = query.get('after') ?? (RESTING.has(now.sale.state) ? undefined : now.sale.state);
  if (now.sale.state !== still) return answer(counter, now, 200);
  const aborted = new Promise<void>((resolve) => response.once('close', resolve));
  const sale = await waiters.change(order, still, Number(wait) * 1_000, aborted);
  const then: TillReply | undefined =
    sale === undefined ? await ask(counter, { kind: 'look', order }) : { ok: true, sale, again: false };
  return answer(counter, then, 200);
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
  return answer(counter, await ask(counter, { kind, order }), 200);
}

/**
 * No action has a parameter yet. A body with more was meant for something else: a till that asks for 0.50 back must not
 * have the whole sale refunded. Undefined: an empty body, such as `{}`.
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
        const isIt = waiter.order === sale.order || waiter.order === String(sale.sale);
        if (isIt && waiter.still !== sale.state) waiter.done(sale);
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
  ORDER_DAY_UNKNOWN: 409,
  COUNTER_BUSY: 409,
  NOT_IN_THIS_STATE: 409,
  READER_AWAY: 503,
  PRINTER_AWAY: 503,
  JOURNAL_FAILED: 503,
};

function answer(counter: Counter, answered: TillReply | undefined, status: number): Answer {
  if (answered === undefined) return refuse(504, 'COUNTER_SILENT');
  if (answered.ok) return json(status, { ...written(counter, answered.sale), again: answered.again });
  const { fault, line, sale } = answered;
  return json(STATUS[fault], {
    code: fault,
    zh: line.zh,
    en: line.en,
    sale: sale === null ? null : { ...written(counter, sale), again: true },
  });
}

/** Times as people and programs read them: `2026-11-24T08:32:49+08:00`. */
function written(counter: Counter, sale: SaleView): object {
  const { openedAt, settledAt } = sale;
  return {
    ...sale,
    openedAt: openedAt === null ? null : counter.wallClock(openedAt).iso,
    settledAt: settledAt === null ? null : counter.wallClock(settledAt).iso,
  };
}

/** A duplicate parameter counts as none. */
function languageOf(query: URLSearchParams, otherwise: Language): Language {
  const [lang, ...more] = query.getAll('lang');
  return more.length === 0 && (lang === 'en' || lang === 'zh') ? lang : otherwise;
}
