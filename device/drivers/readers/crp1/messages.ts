/** CRP/1's messages: parses a reader's fields and builds the host's own. */
import { SALE_ID, type SaleId } from '#protocol/kernel/ids.js';
import { type Fen, parseFen, ZERO_FEN } from '#protocol/kernel/money.js';
import { err, ok, type Result } from '#protocol/kernel/result.js';

/** ISO 4217 numeric, renminbi. */
export const CURRENCY = '156';
export const MIN_TIMEOUT_S = 15;
export const MAX_TIMEOUT_S = 180;

export type ResultState =
  | 'APPROVED'
  | 'DECLINED'
  | 'CANCELLED'
  | 'TIMEOUT'
  | 'ERROR'
  | 'PENDING'
  | 'UNKNOWN'
  | 'NOTFOUND'
  | 'EXPIRED';

/** A host message without its sequence number. */
export type HostMessage =
  | { readonly kind: 'HELO'; readonly agent: string }
  | { readonly kind: 'SALE'; readonly ref: SaleId; readonly netFen: Fen; readonly timeoutS: number }
  | { readonly kind: 'VOID'; readonly ref: SaleId; readonly original: SaleId; readonly netFen: Fen }
  | { readonly kind: 'CANC'; readonly ref: SaleId }
  | { readonly kind: 'STAT'; readonly ref: SaleId };

export interface ResultMessage {
  readonly kind: 'RSLT';
  readonly seq: string;
  readonly ref: SaleId;
  readonly state: ResultState;
  /** null: the field is empty. */
  readonly amountFen: Fen | null;
  readonly currency: string;
  readonly code: string;
  readonly auth: string;
  readonly rrn: string;
  readonly last4: string;
  readonly scheme: string;
  readonly time: string;
}

export type ReaderMessage =
  | { readonly kind: 'ACK'; readonly seq: string }
  | { readonly kind: 'NAK'; readonly seq: string; readonly code: string }
  | {
      readonly kind: 'HELO';
      readonly seq: string;
      readonly version: string;
      readonly model: string;
      /** null: not given. */
      readonly serial: string | null;
      readonly boot: string;
    }
  | { readonly kind: 'EVNT'; readonly seq: string; readonly ref: SaleId; readonly step: ReaderStep }
  | ResultMessage;

export type ReaderStep = 'card' | 'pin' | 'online' | 'print' | 'remove';

/** A message fault: the NAK for the reader, and the text for the log. */
export interface MessageFault {
  readonly seq: string;
  /** undefined: send nothing. Our own line, echoed back, would make a NAK look like the reader's refusal. */
  readonly nak: 'FORMAT' | 'UNSUPPORTED' | undefined;
  readonly code: 'READER_CARD_NUMBER' | 'READER_ECHO' | 'READER_FORMAT' | 'READER_UNSUPPORTED';
  readonly what: string;
}

const NAKS: Readonly<Record<MessageFault['code'], MessageFault['nak']>> = {
  READER_CARD_NUMBER: 'FORMAT',
  READER_ECHO: undefined,
  READER_FORMAT: 'FORMAT',
  READER_UNSUPPORTED: 'UNSUPPORTED',
};

const STEPS: Readonly<Record<string, ReaderStep>> = {
  CARD: 'card',
  PIN: 'pin',
  ONLINE: 'online',
  PRINT: 'print',
  REMOVE: 'remove',
};

const STATES: Readonly<Record<string, ResultState>> = {
  APPROVED: 'APPROVED',
  DECLINED: 'DECLINED',
  CANCELLED: 'CANCELLED',
  TIMEOUT: 'TIMEOUT',
  ERROR: 'ERROR',
  PENDING: 'PENDING',
  UNKNOWN: 'UNKNOWN',
  NOTFOUND: 'NOTFOUND',
  EXPIRED: 'EXPIRED',
};

const SEQ = /^[0-9A-F]{2}$/;
const WORD = /^[A-Z]{1,16}$/;
/** Card numbers have 13 to 19 digits in a row (ISO/IEC 7812-1); a longer run contains one. */
const LIKE_A_CARD_NUMBER = /\d{13}/;
const LAST4 = /^(\d{4})?$/;
const READER_TIME = /^(20\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d[0-5]\d)?$/;
/** The field sizes of the journal's card slip, without control characters, because it is printed. */
const PRINTABLE = /^[^\p{Cc}]*$/u;

export function hostFields(seq: string, message: HostMessage): readonly string[] {
  switch (message.kind) {
    case 'HELO':
      return ['HELO', seq, '1', message.agent];
    case 'SALE': {
      const timeoutS = Math.min(MAX_TIMEOUT_S, Math.max(MIN_TIMEOUT_S, Math.round(message.timeoutS)));
      return ['SALE', seq, message.ref, String(message.netFen), CURRENCY, String(timeoutS)];
    }
    case 'VOID':
      return ['VOID', seq, message.ref, message.original, String(message.netFen)];
    case 'CANC':
    case 'STAT':
      return [message.kind, seq, message.ref];
  }
}

/** Ignores fields past the known ones: a later minor version may add some. */
export function parseMessage(fields: readonly string[]): Result<ReaderMessage, MessageFault> {
  const [type = '', seq = ''] = fields;
  const fault = (code: MessageFault['code'], what: string): Result<never, MessageFault> =>
    err({ seq: SEQ.test(seq) ? seq : '00', nak: NAKS[code], code, what });
  if (holdsCardNumber(fields)) return fault('READER_CARD_NUMBER', 'dropped a line with a card number');
  if (!SEQ.test(seq)) return fault('READER_FORMAT', 'a line without a sequence number');
  if (type !== 'ACK' && type !== 'NAK' && seq === '00')
    return fault('READER_FORMAT', `${type} with sequence number 00`);
  switch (type) {
    case 'ACK':
      return ok({ kind: 'ACK', seq });
    case 'NAK':
      return ok({ kind: 'NAK', seq, code: WORD.test(fields[2] ?? '') ? (fields[2] ?? '') : 'FORMAT' });
    case 'HELO': {
      const [, , version = '', model = '', serial = '', boot = ''] = fields;
      if (boot === '') return fault('READER_ECHO', 'our own greeting came back');
      if (!PRINTABLE.test(model) || model.length > 64) return fault('READER_FORMAT', 'HELO with an unprintable model');
      if (!fits(serial, 32)) return fault('READER_FORMAT', 'HELO with a wrong serial number');
      return ok({ kind: 'HELO', seq, version, model, serial: serial === '' ? null : serial, boot });
    }
    case 'EVNT': {
      const ref = parseRef(fields[2]);
      const step = own(STEPS, fields[3]);
      if (ref === undefined || step === undefined) return fault('READER_FORMAT', 'EVNT with a wrong field');
      return ok({ kind: 'EVNT', seq, ref, step });
    }
    case 'RSLT': {
      const result = parseResult(seq, fields);
      return typeof result === 'string' ? fault('READER_FORMAT', `RSLT with a wrong ${result}`) : ok(result);
    }
    case 'SALE':
    case 'VOID':
    case 'CANC':
    case 'STAT':
      return fault('READER_ECHO', `our own line came back: ${type}`);
    default:
      return fault('READER_UNSUPPORTED', WORD.test(type) ? `an unknown message ${type}` : 'an unknown message');
  }
}

/** The message, or the name of the invalid field. */
function parseResult(seq: string, fields: readonly string[]): ResultMessage | string {
  const [, , refText, stateText, amount, currency, code, auth, rrn, last4, scheme, time] = fields;
  const ref = parseRef(refText);
  if (ref === undefined) return 'reference';
  const state = own(STATES, stateText);
  if (state === undefined) return 'state';
  const amountFen = amount === undefined || amount === '' ? null : amount === '0' ? ZERO_FEN : parseAmount(amount);
  if (amountFen === undefined) return 'amount';
  if (currency === undefined || !/^\d{0,3}$/.test(currency)) return 'currency';
  if (code === undefined || !fits(code, 32)) return 'code';
  if (auth === undefined || !fits(auth, 16)) return 'authorisation code';
  if (rrn === undefined || !fits(rrn, 32)) return 'retrieval reference';
  if (last4 === undefined || !LAST4.test(last4)) return 'last four digits';
  if (scheme === undefined || !fits(scheme, 16)) return 'scheme';
  if (time === undefined || !READER_TIME.test(time)) return 'time';
  return { kind: 'RSLT', seq, ref, state, amountFen, currency, code, auth, rrn, last4, scheme, time };
}

function parseAmount(text: string): Fen | undefined {
  const amount = parseFen(text);
  return amount.ok ? amount.value : undefined;
}

const parseRef = (text: string | undefined): SaleId | undefined =>
  text !== undefined && SALE_ID.test(text) ? (text as SaleId) : undefined;

/** Own properties only: `constructor` is no state. */
const own = <Value>(table: Readonly<Record<string, Value>>, key: string | undefined): Value | undefined =>
  key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;

const fits = (text: string, length: number): boolean => text.length <= length && PRINTABLE.test(text);

/**
 * Every field but ref and rrn. The time field is exempt by its place and exact form: yyyyMMddHHmmss is 14 digits long
 * itself.
 */
function holdsCardNumber(fields: readonly string[]): boolean {
  return fields.some((field, at) => {
    if (!LIKE_A_CARD_NUMBER.test(field)) return false;
    if (fields[0] === 'RSLT') return !(at === 2 || at === 8 || (at === 11 && READER_TIME.test(field)));
    return !(at === 2 && fields[0] === 'EVNT');
  });
}

/** Messages that move money: their arrival must never be guessed. */
export type ChargeMessage = Extract<HostMessage, { kind: 'SALE' | 'VOID' }>;

export const isCharge = (message: HostMessage): message is ChargeMessage =>
  message.kind === 'SALE' || message.kind === 'VOID';
