/** Which requests a till may make in which state, and the sentence for a refusal. */
import { unreachable } from '#protocol/kernel/machine.js';
import type { Sale } from '../core/sale/sale.js';
import { viewOf } from '../core/sale/sale-view.js';
import type { SaleView, TillFault, TillReply, TillRequest } from '../ports/till.js';

export interface CounterStatus {
  readonly journalFailed: boolean;
  readonly readerReady: boolean;
  /** A printer is configured and its port is open: a job prints, or waits for paper. */
  readonly printerThere: boolean;
  /** Another sale is at the counter. */
  readonly busy: boolean;
}

/**
 * True for a repeated request, after a lost answer or a key pressed twice: it gets the sale's state and changes nothing.
 * "Refused" would make a till believe that nothing was charged, or given back.
 */
export function isAlreadySo(kind: TillRequest['kind'], { at }: Sale): boolean {
  switch (kind) {
    case 'charge':
      return at === 'charging' || at === 'settled' || at === 'refunding' || at === 'refunded';
    case 'cancel':
      return at === 'abandoning' || at === 'abandoned' || at === 'not-charged';
    case 'refund':
      return at === 'refunding' || at === 'refunded';
    case 'ask-again':
      return at === 'settled' || at === 'refunded' || at === 'not-charged';
    case 'open': // known by its amount, too: the loop compares
    case 'reprint':
    case 'look':
      return false;
    default:
      return unreachable(kind);
  }
}

/** undefined: allowed. */
export function faultOfRequest(
  kind: Exclude<TillRequest['kind'], 'open'>,
  sale: Sale,
  counter: CounterStatus,
): TillFault | undefined {
  if (kind === 'look') return undefined;
  if (counter.journalFailed && kind !== 'reprint') return 'JOURNAL_FAILED';
  switch (kind) {
    case 'charge':
      if (sale.at !== 'opened') return 'NOT_IN_THIS_STATE';
      return counter.readerReady ? undefined : 'READER_AWAY';
    case 'cancel':
      if (sale.at === 'opened' || sale.at === 'authorising') return undefined;
      return sale.at === 'charging' && sale.transaction.at !== 'closing' ? undefined : 'NOT_IN_THIS_STATE';
    case 'refund':
      if (sale.at !== 'settled') return 'NOT_IN_THIS_STATE';
      // There is one reader: a refund waits for a charge.
      if (counter.busy) return 'COUNTER_BUSY';
      return counter.readerReady ? undefined : 'READER_AWAY';
    case 'reprint':
      // For a sale that wasn't charged, a slip that says so.
      if (sale.at !== 'settled' && sale.at !== 'refunded' && sale.at !== 'not-charged') return 'NOT_IN_THIS_STATE';
      return counter.printerThere ? undefined : 'PRINTER_AWAY';
    case 'ask-again':
      return sale.at === 'charging' || sale.at === 'refunding' ? undefined : 'NOT_IN_THIS_STATE';
    default:
      return unreachable(kind);
  }
}

const LINES: Readonly<Record<TillFault, SaleView['line']>> = {
  ORDER_DIFFERS: {
    zh: '同一订单号的金额不一致，请核对订单号',
    en: 'This order number was used with another amount: check it',
  },
  ORDER_UNKNOWN: { zh: '没有这个订单号', en: 'There is no such order' },
  ORDER_DAY_UNKNOWN: {
    zh: '该订单号已收过款，但无法确认是否今天。重复请求请查询原单；新的一笔请换订单号',
    en: 'This order number was paid before, perhaps not today: check the order if this is a repeat, use a new number if it is a new sale',
  },
  COUNTER_BUSY: { zh: '上一笔交易尚未结束', en: 'Another sale is still at the counter: finish or cancel it first' },
  NOT_IN_THIS_STATE: { zh: '当前状态不能这样操作', en: "Not possible in the sale's current state" },
  READER_AWAY: {
    zh: '读卡器未连接，请检查电源和连线',
    en: 'The card reader is not connected: check its power and cable',
  },
  PRINTER_AWAY: {
    zh: '没有可用的打印机，请检查配置、电源和连线',
    en: 'No printer is available: check its configuration, power and cable',
  },
  JOURNAL_FAILED: { zh: '本机存储故障，暂停收款，请报修', en: 'The storage of this counter has failed: call service' },
};

/** Refuses, with the sale in question or in the way. */
export function refusal(fault: TillFault, sale: Sale | null): TillReply {
  return { ok: false, fault, line: LINES[fault], sale: sale === null ? null : viewOf(sale) };
}
