/** The till's and the screen's view of a sale: one state and one line, Chinese first. */
import type { ReasonCode } from '#protocol/faults/reasons.js';
import { sentence } from '#protocol/faults/sentence.js';
import { unreachable } from '#protocol/kernel/machine.js';
import { formatYuanShort, ZERO_FEN } from '#protocol/kernel/money.js';
import { midpoint, type WallMs } from '#protocol/kernel/time.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { SaleState, SaleView } from '../../ports/till.js';
import { bankCodeText } from './bank-codes.js';
import type { Charge, NotMovedWhy, Sale, Shortfall } from './sale.js';

interface Line {
  readonly zh: string;
  readonly en: string;
}

export function viewOf(sale: Sale): SaleView {
  const { facts } = sale;
  const charge = chargeOf(sale);
  return {
    order: facts.order,
    sale: facts.sale,
    state: stateOf(sale),
    amountFen: facts.amountFen,
    netFen: charge?.netFen ?? facts.amountFen,
    coupon:
      charge?.coupon === null || charge?.coupon === undefined
        ? null
        : {
            faceFen: charge.coupon.faceFen,
            thresholdFen: charge.coupon.thresholdFen,
            offline: charge.coupon.by.kind === 'offline',
          },
    reason: sale.at === 'opened' ? sale.reason : (charge?.reason ?? null),
    next: sale.at === 'opened' ? sale.next : (charge?.next ?? null),
    receipt:
      sale.at === 'settled' || sale.at === 'refunding' || sale.at === 'refunded' ? sale.settlement.receipt : null,
    outcome: whyNot(sale)?.outcome ?? null,
    code: whyNot(sale)?.code ?? null,
    openedAt: timeOf(facts.openedAt ?? null),
    settledAt: 'settlement' in sale ? timeOf(sale.settlement.settledAt) : null,
    card: sale.at === 'settled' || sale.at === 'refunding' || sale.at === 'refunded' ? sale.settlement.slip : null,
    line: lineOf(sale),
  };
}

const timeOf = (at: JournalRecord['at']): WallMs | null => (at === null ? null : midpoint(at));

function whyNot(sale: Sale): NotMovedWhy | null {
  if (sale.at === 'not-charged') return sale;
  return sale.at === 'settled' ? sale.refundFailed : null;
}

/** True if a person sees no difference: most steps of a sale are internal. */
export function looksTheSame(before: Sale, after: Sale): boolean {
  if (before.at !== after.at || stateOf(before) !== stateOf(after)) return false;
  // A reader transaction continues within its state, and the line and sums depend on the charge alone.
  if (before.at === 'charging' && after.at === 'charging' && before.charge === after.charge) return true;
  if (before.at === 'refunding' && after.at === 'refunding' && before.settlement === after.settlement) return true;
  return JSON.stringify(viewOf(before)) === JSON.stringify(viewOf(after));
}

function chargeOf(sale: Sale): Charge | undefined {
  switch (sale.at) {
    case 'charging':
    case 'not-charged':
      return sale.charge;
    case 'settled':
    case 'refunding':
    case 'refunded':
      return sale.settlement.charge;
    default:
      return undefined;
  }
}

function stateOf(sale: Sale): SaleState {
  switch (sale.at) {
    case 'opening':
    case 'opened':
      return 'opened';
    case 'charging':
      if (sale.transaction.at === 'unknown' || sale.transaction.at === 'recording-unknown') return 'unknown';
      return sale.transaction.at === 'checking' ? 'checking' : 'charging';
    case 'refunding':
      return sale.transaction.at === 'unknown' || sale.transaction.at === 'recording-unknown'
        ? 'refund-unknown'
        : 'refunding';
    case 'abandoning':
    case 'abandoned':
      return 'abandoned';
    case 'authorising':
    case 'not-charged':
    case 'settled':
    case 'refunded':
      return sale.at;
    default:
      return unreachable(sale);
  }
}

function lineOf(sale: Sale): Line {
  const yuan = formatYuanShort;
  switch (sale.at) {
    case 'opening':
    case 'opened': {
      const why = sale.at === 'opened' && sale.reason !== null ? reasonLine(sale.reason, sale.next) : null;
      if (why !== null) return why;
      return {
        zh: `应收${yuan(sale.facts.amountFen)}元，请顾客出示云闪付消费券码`,
        en: `${yuan(sale.facts.amountFen)} yuan: ask the customer to show the coupon code`,
      };
    }
    case 'authorising':
      return { zh: '正在验券', en: 'Checking the coupon' };
    case 'charging':
      return chargingLine(sale);
    case 'abandoning':
    case 'abandoned':
      return { zh: '已取消，未收款', en: 'Ended, nothing was charged' };
    case 'not-charged': {
      const { zh, en } = notMovedLine(sale);
      return {
        zh: `${zh}，未收款${sale.charge.coupon === null ? '' : '，消费券已退回'}`,
        en: `${en}; nothing was charged${sale.charge.coupon === null ? '' : ', the coupon is free again'}`,
      };
    }
    case 'settled': {
      const { charge } = sale.settlement;
      if (sale.refundFailed !== null)
        return {
          zh: `退款未成功：${notMovedLine(sale.refundFailed, 'refund').zh}，可重试`,
          en: `The refund was not made: ${notMovedLine(sale.refundFailed, 'refund').en}; try again`,
        };
      if (charge.coupon !== null) {
        return {
          zh: `已收款${yuan(charge.netFen)}元，消费券已优惠${yuan(charge.coupon.faceFen)}元`,
          en: `Paid ${yuan(charge.netFen)} yuan, the coupon took ${yuan(charge.coupon.faceFen)} off`,
        };
      }
      const why = charge.reason === null ? null : reasonLine(charge.reason, charge.next);
      return {
        zh: `已收款${yuan(charge.netFen)}元${why === null ? '' : `（${why.zh}）`}`,
        en: `Paid ${yuan(charge.netFen)} yuan${why === null ? '' : ` (${why.en})`}`,
      };
    }
    case 'refunding':
      if (sale.transaction.at === 'unknown' || sale.transaction.at === 'recording-unknown') {
        return {
          zh: '退款结果不明，请核对读卡器后再查询，勿重复退款',
          en: 'Nobody knows whether the refund was made: check the reader, then ask again; never refund twice',
        };
      }
      return {
        zh: `正在退款${yuan(sale.settlement.charge.netFen)}元`,
        en: `Refunding ${yuan(sale.settlement.charge.netFen)} yuan`,
      };
    case 'refunded':
      return {
        // The coupon's fate depends on the campaign: the refund's receipt states it.
        zh: `已退款${yuan(sale.settlement.charge.netFen)}元${sale.settlement.charge.coupon === null ? '' : '，消费券按活动规则处理'}`,
        en: `Refunded ${yuan(sale.settlement.charge.netFen)} yuan${sale.settlement.charge.coupon === null ? '' : "; the coupon follows the campaign's rule"}`,
      };
    default:
      return unreachable(sale);
  }
}

function chargingLine(sale: Sale & { at: 'charging' }): Line {
  const net = formatYuanShort(sale.charge.netFen);
  if (sale.transaction.at === 'checking')
    return {
      zh: '读卡器无应答，正在核对，请勿重复收款',
      en: 'The reader fell silent and is being asked; do not charge again',
    };
  if (sale.transaction.at === 'unknown' || sale.transaction.at === 'recording-unknown') {
    return {
      zh: '收款结果不明，请查看读卡器记录后再查询，勿重复收款',
      en: 'Nobody knows yet whether the charge was made: look at the reader, then ask again; never charge twice',
    };
  }
  const saved =
    (sale.charge.coupon?.faceFen ?? ZERO_FEN) > 0
      ? `，已减${formatYuanShort(sale.charge.coupon?.faceFen ?? ZERO_FEN)}元`
      : '';
  return { zh: `请顾客付款${net}元${saved}`, en: `Ask the customer to pay ${net} yuan` };
}

/** Why no money moved, with the bank's code and its sentence if it gave one. */
export function notMovedLine({ outcome, code }: NotMovedWhy, of: 'charge' | 'refund' = 'charge'): Line {
  const never = NEVER_ASKED.get(code);
  const [zh, en] = never ?? NOT_CHARGED[outcome];
  if (never !== undefined || code === '' || code === 'BEFORE_COMMAND') return { zh, en };
  // A reader's own code for a timeout or a cancellation isn't the bank's. The table's sentences about another card don't
  // apply to a refund.
  const bank = outcome === 'declined' && of === 'charge' ? bankCodeText(code) : undefined;
  return {
    zh: `${zh}（${code}${bank === undefined ? '' : ` ${bank.zh}`}）`,
    en: `${en} (${code}${bank === undefined ? '' : `: ${bank.en}`})`,
  };
}

const NOT_CHARGED = {
  declined: ['卡被拒绝', 'The card was declined'],
  cancelled: ['已取消', 'Cancelled'],
  timeout: ['超时未刷卡', 'No card in time'],
  error: ['读卡器未能收款', 'The reader could not charge'],
  'not-found': ['读卡器确认未收到', 'The reader has no record of it'],
} as const;

/** Our own codes: the reasons why the reader was never asked. */
const NEVER_ASKED: ReadonlyMap<string, readonly [zh: string, en: string]> = new Map([
  ['LEASE_EXPIRED', ['等待过久', 'Timed out']],
  ['AWAY', ['读卡器未连接', 'The card reader is not connected']],
  ['BUSY', ['读卡器正忙', 'The card reader is busy']],
]);

/** The reason's sentence, filled in from the sale. */
export function reasonLine(reason: ReasonCode, next: Shortfall): Line {
  const params =
    next === null ? {} : { missing: formatYuanShort(next.missingFen), face: formatYuanShort(next.faceFen) };
  return { zh: sentence(reason, params, 'zh'), en: sentence(reason, params, 'en') };
}
