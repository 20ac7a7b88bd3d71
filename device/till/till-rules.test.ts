import { describe, expect, it } from 'vitest';
import type { CouponSerial, DeviceId, MerchantId, OrderNo, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import type { ReaderTransaction } from '../core/sale/reader-transaction.js';
import { receiptNo, type Sale } from '../core/sale/sale.js';
import type { TillFault, TillRequest } from '../ports/till.js';
import { type CounterStatus, faultOfRequest, isAlreadySo } from './till-rules.js';

const facts = {
  sale: 's000001-abcdef' as SaleId,
  order: 'A-1' as OrderNo,
  amountFen: fen(25_990),
  device: 'counter-1' as DeviceId,
  merchant: 'yh-01' as MerchantId,
};
const tier = { serial: 4_001 as CouponSerial, tier: 'yuan-40', faceFen: fen(4_000), thresholdFen: fen(20_000) };
const charge = {
  netFen: fen(21_990),
  coupon: { ...tier, by: { kind: 'reservation' } },
  reason: null,
  next: null,
  readerMark: null,
} as const;
const slip = { auth: '1', rrn: '1', last4: '4321', scheme: 'UPI', readerTime: '' };
const settlement = { charge, slip, receipt: receiptNo(facts.device, facts.sale), settledAt: null };
const refund = 'r000002-123456' as SaleId;
const parked: ReaderTransaction = { at: 'unknown', why: 'silence' };
const closing: ReaderTransaction = { at: 'closing', outcome: { kind: 'approved', slip } };
const moving: ReaderTransaction = { at: 'moving', until: 0 as never };

const charging = (transaction: ReaderTransaction): Sale => ({
  at: 'charging',
  facts,
  charge,
  transaction,
  settledAt: null,
});
const refunding = (transaction: ReaderTransaction): Sale => ({
  at: 'refunding',
  facts,
  settlement,
  refund,
  readerMark: null,
  transaction,
  refundedAt: null,
});
const SALES = {
  opened: { at: 'opened', facts, reason: null, next: null, idleAt: 0 as never },
  charging: charging(moving),
  closing: charging(closing),
  unknown: charging(parked),
  abandoned: { at: 'abandoned', facts, why: 'till' },
  'not-charged': { at: 'not-charged', facts, charge, outcome: 'declined', code: '51' },
  settled: { at: 'settled', facts, settlement, refundFailed: null },
  refunding: refunding(moving),
  'refund-unknown': refunding(parked),
  refunded: {
    at: 'refunded',
    facts,
    settlement,
    refund,
    slip,
    receipt: receiptNo(facts.device, refund),
    refundedAt: null,
  },
} as const satisfies Record<string, Sale>;

const FREE: CounterStatus = { journalFailed: false, readerReady: true, printerThere: true, busy: false };
type Answer = TillFault | 'goes ahead' | 'already so';
function answerTo(kind: Exclude<TillRequest['kind'], 'open'>, sale: Sale, status = FREE): Answer {
  return isAlreadySo(kind, sale) ? 'already so' : (faultOfRequest(kind, sale, status) ?? 'goes ahead');
}

describe('a key of the till', () => {
  const NO = 'NOT_IN_THIS_STATE';
  const OK = 'goes ahead';
  const SO = 'already so';
  it.each<[sale: keyof typeof SALES, charge: Answer, cancel: Answer, refund: Answer, reprint: Answer, ask: Answer]>([
    ['opened', OK, OK, NO, NO, NO],
    ['charging', SO, OK, NO, NO, OK],
    ['closing', SO, NO, NO, NO, OK],
    ['unknown', SO, OK, NO, NO, OK],
    ['abandoned', NO, SO, NO, NO, NO],
    ['not-charged', NO, SO, NO, OK, SO],
    ['settled', SO, NO, OK, OK, SO],
    ['refunding', SO, NO, SO, NO, OK],
    ['refund-unknown', SO, NO, SO, NO, OK],
    ['refunded', SO, NO, SO, OK, SO],
  ])('of a sale that is %s: charge %s, cancel %s, refund %s, reprint %s, ask again %s', (state, ...expected) => {
    const keys = ['charge', 'cancel', 'refund', 'reprint', 'ask-again'] as const;
    expect(keys.map((key) => answerTo(key, SALES[state]))).toEqual(expected);
    expect(answerTo('look', SALES[state], { ...FREE, journalFailed: true })).toBe(OK);
  });

  it('starts nothing without a reader, beside another sale, or without a journal', () => {
    expect(answerTo('charge', SALES.opened, { ...FREE, readerReady: false })).toBe('READER_AWAY');
    expect(answerTo('refund', SALES.settled, { ...FREE, readerReady: false })).toBe('READER_AWAY');
    expect(answerTo('refund', SALES.settled, { ...FREE, busy: true })).toBe('COUNTER_BUSY');
    for (const key of ['charge', 'cancel'] as const)
      expect(answerTo(key, SALES.opened, { ...FREE, journalFailed: true })).toBe('JOURNAL_FAILED');
    expect(answerTo('reprint', SALES.settled, { ...FREE, journalFailed: true })).toBe(OK);
    expect(answerTo('reprint', SALES.settled, { ...FREE, printerThere: false })).toBe('PRINTER_AWAY');
  });
});
