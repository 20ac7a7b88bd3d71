/**
 * ECR/1: the serial protocol for tills without HTTP. It is our own, and small enough for a till's script.
 *
 * A line is `body*CRC` CR LF, 384 bytes at most; a receiver accepts CR, LF or both as its end. The CRC is
 * CRC-16/CCITT-FALSE over the body's bytes, as four upper-case hex digits (check: `123456789` -> 29B1). Fields are joined
 * by `|`; bytes 21 to 7E stand for themselves except `%`, `*` and `|`, which are written %25, %2A and %7C.
 *
 *   till to counter                      counter to till
 *   HELLO             are you there?     HERE|version|agent|device
 *   PAY|order|fen     open a sale        SALE|order|state|amount|net|discount|receipt|reason|outcome|code|opened|settled|again
 *   CHARGE|order      no coupon: charge  ERR|order|code      nothing was changed
 *   CANCEL|order      REFUND|order
 *   REPRINT|order     ASK|order  query the reader again, for a sale whose outcome is unknown
 *   LOOK|order        read the sale's state
 *
 * Every request gets one line as its answer and may be repeated: the order number is its idempotency key. A SALE line also
 * comes unsolicited whenever a sale changes. Amounts are whole fen; fields after `discount` may be empty, and later
 * versions add fields at the end. A till that missed a line sends LOOK. The counter doesn't answer lines of its own kind:
 * on a line that echoes, answers would follow answers for ever. An incomplete line is dropped after a second of silence, so
 * that the next one starts clean.
 */

import { crc16CcittFalse, crcHex } from '#protocol/codes/crc16.js';
import type { CodeOf } from '#protocol/faults/errors.js';
import { ORDER_NO, type OrderNo } from '#protocol/kernel/ids.js';
import { type AmountFault, parseFen } from '#protocol/kernel/money.js';
import { err, ok, type Result } from '#protocol/kernel/result.js';
import { later, type Millis, type MonoMs, type WallMs } from '#protocol/kernel/time.js';
import type { LocalTime, SaleView, TillRequest } from '../../ports/till.js';
import { latin1Bytes } from '../bytes.js';

/**
 * The longest answer has 377: an order of 64 escaped characters, state, three amounts, receipt, reason, code, two times,
 * CRC.
 */
export const MAX_ECR_LINE = 384;
/**
 * A line takes 0.4 s at 9600 baud and comes in one piece; a till's system may pause inside it, but not this long. At 1200
 * baud a byte takes 8 ms.
 */
export const ECR_SILENCE_MS: Millis = 1_000;
/** One version only adds fields at the end; a till compares this text. */
export const ECR_VERSION = 'ECR/1';
/** Banks' codes have two characters; a reader's own text is cut. */
const CODE_CHARS = 16;

export type EcrFaultCode = Extract<
  CodeOf<'ProtocolError'>,
  | 'ECR_LINE_TOO_LONG'
  | 'ECR_HALF_LINE'
  | 'ECR_CRC'
  | 'ECR_FORMAT'
  | 'ECR_UNKNOWN_COMMAND'
  | 'ECR_OWN_LINE'
  | 'ORDER_MALFORMED'
  | AmountFault
>;

export interface EcrFault {
  /** Empty if the line broke off before it. */
  readonly order: string;
  readonly code: EcrFaultCode;
}

/** The part of an unfinished line that has arrived. */
export interface EcrBuffer {
  readonly text: string;
  /** The line was too long: bytes are dropped until its end. */
  readonly skipping: boolean;
  /** The time of its last byte. */
  readonly at: MonoMs;
}

export const EMPTY_ECR_BUFFER: EcrBuffer = { text: '', skipping: false, at: 0 as MonoMs };

export type EcrRequest = TillRequest | { readonly kind: 'hello' };

export function feedEcr(
  buffer: EcrBuffer,
  chunk: Uint8Array,
  at: MonoMs,
): { readonly buffer: EcrBuffer; readonly requests: readonly Result<EcrRequest, EcrFault>[] } {
  const requests: Result<EcrRequest, EcrFault>[] = [];
  let { text, skipping } = buffer;
  if ((text !== '' || skipping) && at >= later(buffer.at, ECR_SILENCE_MS)) {
    requests.push(err({ order: '', code: 'ECR_HALF_LINE' }));
    text = '';
    skipping = false;
  }
  for (const byte of chunk) {
    if (byte === 0x0d || byte === 0x0a) {
      if (skipping) requests.push(err({ order: '', code: 'ECR_LINE_TOO_LONG' }));
      else if (text !== '') requests.push(parseEcrLine(text));
      text = '';
      skipping = false;
    } else if (!skipping && text.length < MAX_ECR_LINE) text += String.fromCharCode(byte);
    else {
      skipping = true;
      text = '';
    }
  }
  return { buffer: { text, skipping, at }, requests };
}

export function parseEcrLine(line: string): Result<EcrRequest, EcrFault> {
  const sealed = /^(.*)\*([0-9A-F]{4})$/s.exec(line);
  const body = sealed?.[1];
  if (body === undefined) return err({ order: '', code: 'ECR_FORMAT' });
  if (crcOf(body) !== sealed?.[2]) return err({ order: '', code: 'ECR_CRC' });
  const [verb = '', rawOrder, ...rest] = body.split('|');
  if (verb === 'SALE' || verb === 'ERR' || verb === 'HERE') return err({ order: '', code: 'ECR_OWN_LINE' });
  if (verb === 'HELLO') return rawOrder === undefined ? ok({ kind: 'hello' }) : err({ order: '', code: 'ECR_FORMAT' });
  const order = unescaped(rawOrder ?? '');
  if (order === undefined) return err({ order: '', code: 'ECR_FORMAT' });
  if (!isOrderNo(order)) return err({ order: '', code: 'ORDER_MALFORMED' });
  if (verb === 'PAY') {
    const [text] = rest;
    if (rest.length !== 1 || text === undefined) return err({ order, code: 'ECR_FORMAT' });
    const amount = parseFen(text);
    return amount.ok ? ok({ kind: 'open', order, amountFen: amount.value }) : err({ order, code: amount.fault });
  }
  const kind = VERBS.get(verb);
  if (kind === undefined) return err({ order, code: 'ECR_UNKNOWN_COMMAND' });
  return rest.length === 0 ? ok({ kind, order }) : err({ order, code: 'ECR_FORMAT' });
}

const VERBS: ReadonlyMap<string, Exclude<TillRequest['kind'], 'open'>> = new Map([
  ['CHARGE', 'charge'],
  ['CANCEL', 'cancel'],
  ['REFUND', 'refund'],
  ['REPRINT', 'reprint'],
  ['ASK', 'ask-again'],
  ['LOOK', 'look'],
]);

/** `again`: the request repeats an earlier one whose work is already done. */
export const encodeEcrSale = (
  sale: SaleView,
  { again, clock }: { readonly again: boolean; readonly clock: (at: WallMs) => LocalTime },
): Uint8Array =>
  sealed([
    'SALE',
    sale.order,
    sale.state,
    String(sale.amountFen),
    String(sale.netFen),
    String(sale.amountFen - sale.netFen),
    sale.receipt ?? '',
    sale.reason ?? '',
    sale.outcome ?? '',
    (sale.code ?? '').replace(/[^\x21-\x7e]|[%*|]/g, '?').slice(0, CODE_CHARS),
    sale.openedAt === null ? '' : clock(sale.openedAt).compact,
    sale.settledAt === null ? '' : clock(sale.settledAt).compact,
    again ? '1' : '0',
  ]);

export const encodeEcrHere = ({ agent, device }: { readonly agent: string; readonly device: string }): Uint8Array =>
  sealed(['HERE', ECR_VERSION, agent, device]);

export const encodeEcrError = (order: string, code: string): Uint8Array => sealed(['ERR', order, code]);

function sealed(fields: readonly string[]): Uint8Array {
  const body = fields.map(escaped).join('|');
  return latin1Bytes(`${body}*${crcOf(body)}\r\n`);
}

const crcOf = (body: string): string => crcHex(crc16CcittFalse(latin1Bytes(body)));

const escaped = (field: string): string =>
  field.replace(/[%*|]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

function unescaped(field: string): string | undefined {
  if (/%(?!25|2A|7C)/.test(field)) return undefined;
  return field.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const isOrderNo = (text: string): text is OrderNo => ORDER_NO.test(text);
