/** Parses the fields of Transbank answers, and says which answers settle a sale. */
import type { SaleId } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';
import type { CardSlip } from '#protocol/records/record.js';
import type { ReaderAnswer } from '../reader.js';

/** 0210, the answer to a sale, and 0260, the answer to an inquiry, have the same fields. */
export interface SaleAnswer {
  readonly code: string;
  readonly ticket: string;
  readonly amount: number | null;
  /** Operation number: rises with each sale of the terminal. null: the answer has none. */
  readonly operation: number | null;
  readonly slip: CardSlip;
}

export interface RefundAnswer {
  readonly code: string;
  readonly operation: number | null;
  readonly auth: string;
}

const PRINTABLE = /[^\x20-\x7e]/g;

export const saleFrame = (netFen: Fen, ticket: string): string =>
  `0200|${String(netFen).padStart(9, '0')}|${ticket}|||1|`;
export const POLL_FRAME = '0100';
export const INQUIRY_FRAME = '0250|';
export const refundFrame = (operation: number): string => `1200|${String(operation).padStart(6, '0')}|`;

/**
 * The terminal has room for six characters only: the end of the sale's id, where ids of one counter differ. Two sales may
 * share them; amount and operation number distinguish those.
 */
export const ticketOf = (ref: SaleId): string => ref.replaceAll('-', '').slice(-6).padStart(6, '0');

export function parseSale(fields: readonly string[]): SaleAnswer {
  const field = (at: number, length: number): string =>
    (fields[at] ?? '').trim().replace(PRINTABLE, '').slice(0, length);
  const [day, time] = [field(15, 8), field(16, 6)];
  const amount = field(6, 12);
  const operation = field(10, 6);
  const last4 = field(9, 4);
  const readerTime = `${day.slice(4)}${day.slice(2, 4)}${day.slice(0, 2)}${time}`;
  return {
    code: field(1, 4),
    ticket: field(4, 6),
    amount: /^\d{1,12}$/.test(amount) ? Number(amount) : null,
    operation: parseOperation(operation),
    slip: {
      auth: field(5, 16),
      // The terminal has no retrieval reference; a refund asks for its operation number.
      rrn: operation,
      last4: /^\d{4}$/.test(last4) ? last4 : '',
      scheme: field(14, 16),
      readerTime: /^\d{14}$/.test(readerTime) ? readerTime : '',
    },
  };
}

export function parseRefund(fields: readonly string[]): RefundAnswer {
  return {
    code: (fields[1] ?? '').trim().replace(PRINTABLE, '').slice(0, 4),
    auth: (fields[4] ?? '').trim().replace(PRINTABLE, '').slice(0, 16),
    operation: parseOperation((fields[5] ?? '').trim()),
  };
}

/** For an inquiry: no sale since the daily close, as on a new terminal. */
export const NO_SALE_YET = '11';

export const parseOperation = (text: string): number | null => (/^\d{1,6}$/.test(text) ? Number(text) : null);

/** 0900: the terminal's progress. 79 and 80 ask the customer for the amount and the instalments. */
export const PROGRESS: ReadonlyMap<string, 'card' | 'pin' | 'online'> = new Map([
  ['78', 'card'],
  ['79', 'card'],
  ['80', 'card'],
  ['81', 'pin'],
  ['82', 'online'],
]);

type NotCharged = Extract<ReaderAnswer, { kind: 'not-charged' }>['outcome'];

/** Codes that prove that nothing was charged. 00 is approved; every other code, known or not, requires an inquiry. */
export const SALE_NOT_CHARGED: ReadonlyMap<string, NotCharged> = new Map<string, NotCharged>([
  ...['01', '06', '20', '93'].map((code) => [code, 'declined'] as const),
  ['07', 'cancelled'],
  ...['10', '12', '70', '71', '72', '73', '74', '75', '76'].map((code) => [code, 'error'] as const),
]);

/** For a refund: no such operation, debit cards cannot be refunded, not permitted, and the declines of a sale. */
export const REFUND_NOT_DONE: ReadonlyMap<string, NotCharged> = new Map<string, NotCharged>([
  ...['01', '21', '93'].map((code) => [code, 'declined'] as const),
  ['07', 'cancelled'],
  ...['05', '08', '12'].map((code) => [code, 'error'] as const),
]);
