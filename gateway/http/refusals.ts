/**
 * The gateway's HTTP error format: `{code, what, zh, en}`.
 *
 * `what` is for the developer of the client, `zh` and `en` are for the person in front of it; none of them repeats anything
 * from the request.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import { isErrorCode } from '#protocol/faults/errors.js';

interface Said {
  readonly zh: string;
  readonly en: string;
}

const SAID = {
  REQUEST_MALFORMED: {
    zh: '提交的内容有误，请更新应用后重试',
    en: 'The request is not valid: update the app and try again',
  },
  REQUEST_TOO_LARGE: {
    zh: '提交的内容过长，请更新应用后重试',
    en: 'The request is too large: update the app and try again',
  },
  PUBLIC_KEY_UNUSABLE: {
    zh: '手机钱包的密钥无效，请更新应用后重试',
    en: "The wallet's key is not usable: update the app and try again",
  },
  NOT_FOUND: { zh: '没有这一内容，请核对地址', en: 'Not found: check the address' },
  NOT_AUTHORISED: {
    zh: '没有查看权限：顾客请在领券时所用的手机上打开，运营人员请出示口令',
    en: "Access denied: open it on the phone that claimed, or with an operator's token",
  },
  OPERATOR_BACK_OFF: {
    zh: '口令多次有误，请稍等再试，并核对口令',
    en: 'Too many wrong tokens: wait for the time given, and check the token',
  },
  CASE_UNKNOWN: {
    zh: '没有这一待办事项，请核对编号或刷新列表',
    en: 'There is no such case: check its id, or list the open cases again',
  },
  ACT_NOT_ALLOWED: {
    zh: '目前不能这样处理，没有任何变动，请按提示选择其他处理方式',
    en: 'This act is not allowed for this case now, and nothing was changed: choose an allowed act',
  },
  ACT_DIFFERS: {
    zh: '这一编号已用于另一次处理，没有任何变动，请换一个编号',
    en: 'This id belongs to another act, and nothing was changed: use a new id',
  },
  ACT_BEYOND_BUDGET: {
    zh: '超出活动预算，没有任何变动，请改为银行承担或不予支付',
    en: 'The budget does not cover it, and nothing was changed: decide write-off or not-paid',
  },
  CLAIMS_CLOSED: {
    zh: '此处暂不发券，请联系主办方',
    en: 'No coupons are given out here at the moment: ask the organiser',
  },
  CLAIM_UNSIGNED: {
    zh: '领券请求没有手机钱包的有效签名，请更新应用后重试',
    en: "The claim isn't signed by the wallet that makes it: update the app and try again",
  },
  CLAIM_STALE: {
    zh: '手机时间不准，请校准手机时间后重试',
    en: "The phone's clock is off: set it right and try again",
  },
  IDENTITY_UNPROVED: {
    zh: '未能核实您的身份，请重新获取验证码或重新登录钱包后再领取',
    en: 'Your identity is not proved: ask for a new code, or sign in to the wallet again, and claim again',
  },
  SMS_NOT_SENT: {
    zh: '验证码暂时无法发送，请稍后再试',
    en: 'The code could not be sent: try again later',
  },
  TOO_MANY_REQUESTS: {
    zh: '现在人太多，没有登记，请稍等片刻再试',
    en: 'Too many requests at the moment, and nothing was stored: try again soon',
  },
  HTTP_FAILED: {
    zh: '系统出错，请稍后再试；重复提交不会多领或少领',
    en: 'Something went wrong here: try again; asking twice neither gives nor takes anything twice',
  },
} as const satisfies Record<string, Said>;

export type HttpRefusal = keyof typeof SAID;

/** Formats any reason from the ledger. */
const UNSTORED: Said = {
  zh: '系统暂时无法登记，请稍后再试；已领的券不受影响',
  en: 'Nothing can be stored at the moment: try again later; your coupons are safe',
};

/** A client that retries at once only makes the queue longer. */
const ASK_AGAIN_S = 5;

export const refuse = (reply: FastifyReply, status: number, code: HttpRefusal, what: string): FastifyReply =>
  reply.code(status).send({ code, what, ...SAID[code] });

/** `code`: the ledger's or the queue's, why it wasn't stored. */
export function refuseUnstored(reply: FastifyReply, code: string): FastifyReply {
  const said = code === 'TOO_MANY_REQUESTS' ? SAID.TOO_MANY_REQUESTS : UNSTORED;
  const known = isErrorCode(code) ? code : 'LEDGER_WRITE_FAILED';
  const what = 'not stored; ask again in a moment';
  return reply
    .code(503)
    .header('retry-after', ASK_AGAIN_S)
    .send({ code: known, what, ...said });
}

/** A budget is spent: `waitMs` until the next request is accepted. */
export function refuseTooMany(reply: FastifyReply, waitMs: number, whose: string): FastifyReply {
  const seconds = Math.ceil(waitMs / 1_000);
  const what = `too many requests of this ${whose}: wait ${seconds} s`;
  return refuse(reply.header('retry-after', seconds), 429, 'TOO_MANY_REQUESTS', what);
}

/** A claim with a wallet server's statement is some 1,600 bytes. */
export const MAX_BODY_BYTES = 8 * 1024;
/** No client of ours takes this long over a request. */
export const REQUEST_TIMEOUT_MS = 10_000;

/** Fastify's own refusal of a request, before our code saw it; undefined: the fault is ours. */
export function wrongWith(error: unknown): readonly [status: number, code: HttpRefusal, what: string] | undefined {
  const [status, code] = [fieldOf(error, 'statusCode'), fieldOf(error, 'code')];
  if (typeof status !== 'number' || status >= 500) return undefined;
  if (status === 413) return [status, 'REQUEST_TOO_LARGE', `at most ${MAX_BODY_BYTES} bytes are taken`];
  if (status === 415) return [status, 'REQUEST_MALFORMED', 'content-type: application/json is expected, in UTF-8'];
  if (error instanceof NotStrictJson)
    return [status, 'REQUEST_MALFORMED', `one JSON object is expected: ${error.message}`];
  const what = WRONG.get(code) ?? 'one JSON object is expected, in UTF-8, without keys such as __proto__';
  return [status, 'REQUEST_MALFORMED', what];
}

const WRONG: ReadonlyMap<unknown, string> = new Map([
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', 'the body is not as long as its content-length says'],
  ['MESSAGE_NOT_TEXT', 'the body is not UTF-8: send it so, never in GBK'],
]);

/** For a body that must be refused rather than decoded with replacement characters. */
export class NotUtf8 extends Error {
  readonly statusCode = 400;
  readonly code = 'MESSAGE_NOT_TEXT';
}

/** Its message says what is wrong and quotes only names of the body. */
export class NotStrictJson extends Error {
  readonly statusCode = 400;
}

const fieldOf = (error: unknown, name: string): unknown =>
  error instanceof Error ? Reflect.get(error, name) : undefined;

/** A host name or address with a port (RFC 9110 section 7.2), without characters that no host name has. */
const HOST = /^(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/**
 * RFC 9112 section 3.2: exactly one valid Host, or two programs on the path may read different ones. An absolute URL as
 * target is for proxies, and this isn't one: it would be unclear whether the URL or the Host counts. undefined: valid.
 */
export function wrongTarget({
  url = '',
  httpVersionMajor,
  httpVersionMinor,
  headersDistinct,
}: IncomingMessage): string | undefined {
  if (!url.startsWith('/')) return 'the target is a path that begins with /, nothing before it';
  const { host: hosts = [] } = headersDistinct;
  const [host] = hosts;
  // HTTP/1.0 has no Host.
  if (host === undefined) return httpVersionMajor === 1 && httpVersionMinor === 0 ? undefined : 'the Host is missing';
  if (hosts.length > 1) return 'one Host is expected, not several';
  return HOST.test(host) ? undefined : 'the Host is no name or address';
}

/** Answers bytes that never became a request, where fastify and Node would use words of their own. */
export function refuseUnread(code: string, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const [status, what] = UNREAD.get(code) ?? [400, 'this is no HTTP request'];
  const body = JSON.stringify({ code: 'REQUEST_MALFORMED', what, ...SAID.REQUEST_MALFORMED });
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n`;
  socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`, () =>
    socket.destroy(),
  );
}

const UNREAD: ReadonlyMap<string, readonly [status: number, what: string]> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, `a request must be whole within ${REQUEST_TIMEOUT_MS / 1_000} s`]],
  ['HPE_HEADER_OVERFLOW', [431, 'the headers are too long']],
]);
