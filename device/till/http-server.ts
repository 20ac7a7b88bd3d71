/**
 * The counter's HTTP server: admits requests, reads their bodies, writes answers.
 *
 * It listens on 127.0.0.1 only and answers only requests for this very host, because a web page in the till's browser must
 * not be able to charge anybody (cross-site requests, DNS rebinding).
 *
 * It uses Node's own server: there are eight routes, and a framework would cost the agent a fifth of its start time and
 * memory.
 */
import { isUtf8 } from 'node:buffer';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { readJson } from '#protocol/config/strict-json.js';
import type { CodeOf } from '#protocol/faults/errors.js';
import type { AmountFault } from '#protocol/kernel/money.js';
import type { Log } from '../ports/log.js';

/** Twenty times the longest valid request. */
export const MAX_BODY_BYTES = 4 * 1024;
/** Below the 30 s at which most HTTP clients time out. */
export const MAX_WAIT_S = 25;
/**
 * Keep-alive for a till between two customers. Longer than the till's own idle time, or both may close at the same moment.
 */
const KEEP_ALIVE_MS = 72_000;

export interface Asked {
  readonly method: string;
  /** The path's segments, decoded. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  /** The parsed JSON body; undefined if there is none. */
  readonly body: unknown;
  readonly response: ServerResponse;
}

/** `stream`: the route keeps the response for itself. */
export type Answer =
  | {
      readonly kind: 'json' | 'text';
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'stream' };

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface HttpServerOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly route: (asked: Asked) => Answer | Promise<Answer>;
  readonly log: Log;
}

/** Rejects if the port is taken. */
export function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = createServer((request, response) => {
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('cache-control', 'no-store');
    void serve(request, response, options);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: options.port }, () => {
      const address = server.address();
      resolve({ port: typeof address === 'object' && address !== null ? address.port : options.port, close });
    });
  });
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { route, log }: HttpServerOptions,
): Promise<void> {
  let answer: Answer;
  try {
    answer = await answerTo(request, response, route, log);
  } catch (error) {
    log('error', 'TILL_FAILED', { what: error instanceof Error ? error.message : String(error), url: request.url });
    answer = refuse(500, 'TILL_FAILED');
  }
  if (answer.kind === 'stream' || response.destroyed || response.headersSent) return;
  const { kind, status, body, headers = {} } = answer;
  const text = Buffer.from(kind === 'json' ? JSON.stringify(body) : String(body));
  // The rest of an unread body must not be parsed as the next request.
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(status, {
    ...(kind === 'json' && { 'content-type': 'application/json; charset=utf-8' }),
    ...headers,
    'content-length': text.length,
  });
  response.end(text);
}

async function answerTo(
  request: IncomingMessage,
  response: ServerResponse,
  route: HttpServerOptions['route'],
  log: Log,
): Promise<Answer> {
  const stranger = strangerAt(request);
  if (stranger !== undefined) {
    log('warn', stranger, { from: request.socket.remoteAddress });
    return refuse(stranger === 'HOST_NOT_ALLOWED' ? 421 : 403, stranger);
  }
  // RFC 9112 section 3.2: with two Host headers it is unclear which one was checked.
  const { host: hosts = [] } = request.headersDistinct;
  if (hosts.length !== 1) return refuse(400, 'REQUEST_MALFORMED');
  const { method = 'GET', url = '/' } = request;
  const cut = url.indexOf('?');
  const path = cut < 0 ? url : url.slice(0, cut);
  const segments = decoded(path.split('/').slice(1));
  if (segments === undefined) return refuse(400, 'REQUEST_MALFORMED');
  const query = new URLSearchParams(cut < 0 ? '' : url.slice(cut + 1));
  const read = method === 'POST' ? await readBody(request) : { ok: true as const, body: undefined };
  if (!read.ok) return read.answer;
  return route({ method, segments, query, body: read.body, response });
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
const hostName = (host: string): string => host.replace(/:\d{1,5}$/, '').toLowerCase();

function strangerAt({ headers }: IncomingMessage): 'HOST_NOT_ALLOWED' | 'ORIGIN_NOT_ALLOWED' | undefined {
  if (!LOOPBACK.has(hostName(headers.host ?? ''))) return 'HOST_NOT_ALLOWED';
  // Browsers send the Origin of the page; tills send no such header.
  const { origin, 'sec-fetch-site': site } = headers;
  const foreign = origin !== undefined && origin !== `http://${headers.host}`;
  return foreign || site === 'cross-site' || site === 'same-site' ? 'ORIGIN_NOT_ALLOWED' : undefined;
}

function decoded(segments: readonly string[]): readonly string[] | undefined {
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

type ReadBody = { readonly ok: true; readonly body: unknown } | { readonly ok: false; readonly answer: Answer };

async function readBody(request: IncomingMessage): Promise<ReadBody> {
  const { 'content-type': type, 'content-length': length, 'transfer-encoding': chunked } = request.headers;
  if (type === undefined && (length ?? '0') === '0' && chunked === undefined) return { ok: true, body: undefined };
  // JSON only: a form on any web page can send text/plain without a preflight.
  if (!/^application\/json\s*(?:;|$)/i.test(type ?? '')) return { ok: false, answer: refuse(415, 'MESSAGE_NOT_JSON') };
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Read by events: leaving a loop over the stream early would destroy it, and the answer's connection with it.
  const end = await new Promise<'whole' | 'too-long' | 'broken-off'>((resolve) => {
    request.on('data', (chunk: Uint8Array) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) resolve('too-long');
      else chunks.push(chunk);
    });
    request.once('end', () => resolve('whole'));
    request.once('error', () => resolve('broken-off'));
  });
  if (end === 'too-long') return { ok: false, answer: refuse(413, 'REQUEST_TOO_LARGE') };
  // The client is gone, and nothing is wrong here.
  if (end === 'broken-off') return { ok: false, answer: refuse(400, 'REQUEST_MALFORMED') };
  // Some HTTP clients send a content type without a body.
  if (size === 0) return { ok: true, body: undefined };
  const bytes = Buffer.concat(chunks);
  if (!isUtf8(bytes)) return { ok: false, answer: refuse(400, 'MESSAGE_NOT_TEXT') };
  const read = readJson(bytes.toString());
  if (read.ok) return { ok: true, body: read.value };
  const { kind, what } = read.fault;
  return { ok: false, answer: refuse(400, kind === 'not-json' ? 'MESSAGE_NOT_JSON' : 'REQUEST_MALFORMED', what) };
}

// -- refusals

export type Refusal = AmountFault | keyof typeof REFUSALS;

const REFUSALS = {
  AMOUNT_NOT_A_WHOLE_NUMBER: [
    '金额必须是整数（单位：分）',
    'amountFen must be a whole number of fen, as a JSON number',
  ],
  AMOUNT_NOT_POSITIVE: ['金额必须大于零', 'amountFen must be 1 or more'],
  AMOUNT_TOO_LARGE: ['金额超过上限', 'amountFen must be 99999999 or less'],
  COUNTER_SILENT: ['本机程序没有回答，请查询该订单', "The counter did not answer: query this order's state"],
  HOST_NOT_ALLOWED: ['只能从本机访问', 'Only this machine may connect: use 127.0.0.1 or localhost'],
  MESSAGE_NOT_JSON: ['请求必须是 application/json', 'Send one JSON object, as application/json'],
  MESSAGE_NOT_TEXT: ['请求必须是 UTF-8 编码', 'Send the JSON in UTF-8, never in GBK'],
  NO_SUCH_ADDRESS: ['没有这个地址', 'There is no such address'],
  ORDER_MALFORMED: ['订单号必须是 1 至 64 个可见 ASCII 字符', 'order must be 1 to 64 printable ASCII characters'],
  ORIGIN_NOT_ALLOWED: ['不接受其他网页的请求', 'Requests from other web pages are refused'],
  REQUEST_MALFORMED: [
    '请求格式不正确',
    `POST {"order": "...", "amountFen": 5100} and nothing else; wait is 0 to ${MAX_WAIT_S} seconds`,
  ],
  REQUEST_TOO_LARGE: ['请求过长', `The body must have ${MAX_BODY_BYTES} bytes or less`],
  TILL_FAILED: ['本机程序出错，请查询该订单', "Internal error of the agent: query this order's state"],
} as const satisfies Partial<Record<CodeOf<'ProtocolError'>, readonly [zh: string, en: string]>>;

/** `what`: the problem with this request, in English, for the till's developer. */
export function refuse(status: number, code: Refusal, what?: string): Answer {
  const [zh, en] = REFUSALS[code];
  return { kind: 'json', status, body: { code, zh, en, ...(what !== undefined && { what }) } };
}
