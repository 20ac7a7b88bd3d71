/**
 * The texts of the counter's screen.
 *
 * The page itself (`screen-page.ts`) only puts each text in its place, so that no name and no order number can become
 * markup.
 */

import { unreachable } from '#protocol/kernel/machine.js';
import { type Fen, formatYuan, ZERO_FEN } from '#protocol/kernel/money.js';
import { shortened } from '../core/troubles.js';
import type { CounterHealth, SaleState, SaleView, TroubleCode } from '../ports/till.js';

export type Language = 'zh' | 'en';

/** The text of each place on the page; empty places disappear. */
export interface ScreenTexts {
  /** The page's colour, readable at a glance from two metres. */
  readonly mood: 'idle' | 'working' | 'paid' | 'not-paid' | 'person';
  readonly state: string;
  readonly amount: string;
  readonly coupon: string;
  readonly net: string;
  readonly line: string;
  readonly order: string;
  readonly receipt: string;
  /** Alerts that need a person, worst first. */
  readonly alerts: readonly string[];
  /** The counter's status, always in the same places. */
  readonly tiles: readonly Tile[];
  readonly canResume: boolean;
  /** The counter's own number of the oldest payment or refund with an unknown outcome; empty if there is none. */
  readonly askAgain: string;
  readonly askAgainLabel: string;
  readonly online: boolean;
  readonly device: string;
  readonly link: string;
}

export interface Tile {
  readonly label: string;
  readonly value: string;
  /** `warn` if the counter can do less than usual. */
  readonly tone: 'plain' | 'warn';
}

const STATES: Readonly<
  Record<SaleState, { readonly zh: string; readonly en: string; readonly mood: ScreenTexts['mood'] }>
> = {
  opened: { zh: '请出示消费券码', en: 'Show the coupon code', mood: 'working' },
  authorising: { zh: '正在验券', en: 'Checking the coupon', mood: 'working' },
  charging: { zh: '请在读卡器上付款', en: 'Pay on the card reader', mood: 'working' },
  checking: { zh: '正在核实付款结果', en: 'Checking the payment', mood: 'working' },
  unknown: { zh: '付款结果不明，请人工处理', en: 'Payment unknown: ask the staff', mood: 'person' },
  settled: { zh: '付款成功', en: 'Paid', mood: 'paid' },
  'not-charged': { zh: '未收款', en: 'Not charged', mood: 'not-paid' },
  abandoned: { zh: '已取消', en: 'Cancelled', mood: 'not-paid' },
  refunding: { zh: '正在退款', en: 'Refunding', mood: 'working' },
  'refund-unknown': { zh: '退款结果不明，请人工处理', en: 'Refund unknown: ask the staff', mood: 'person' },
  refunded: { zh: '已退款', en: 'Refunded', mood: 'paid' },
};

export const WORDS = {
  zh: {
    title: '码牌',
    idle: '欢迎光临',
    paused: '请看下方提示',
    connecting: '正在连接本机程序…',
    dead: '程序无应答，请勿收款',
    deadHint: '屏幕会自动恢复。收款结果以收银机查询和刷卡设备记录为准。',
    replaced: '打开的屏幕太多，本屏已停用',
    replacedHint: '按一下屏幕，重新使用本屏',
    total: '应收',
    charged: '实收',
    refund: '退款',
    refunded: '已退',
    couponFree: '消费券已退回',
    couponByRule: '消费券按活动规则处理',
    refundFailed: '退款未成功',
    coupon: '消费券',
    net: '应付',
    paid: '实付',
    order: '订单',
    receipt: '小票号',
    resume: '继续打印',
    askAgain: '再次查询',
    lost: '正在重新连接…',
    online: '联网',
    offline: '网络不通',
    tiles: { offline: '断网时可用券', unsent: '待上传', printer: '打印机', last: '上一笔' },
    more: (count: number) => `另有 ${count} 项`,
    allSent: '无',
    none: '–',
    missing: (face: string, missing: string) => `再买 ${missing} 元可减 ${face} 元`,
    saved: (face: string) => `已为您节省 ${face} 元`,
    offlineCoupon: '（离线）',
    unsent: (records: number, yuan: string, minutes: number) =>
      `${records} 条，共 ${yuan} 元${minutes > 0 ? `，最早 ${minutes} 分钟前` : ''}`,
    paper: { ok: '有纸', unknown: '不报告纸张', 'near-end': '纸将用完', out: '缺纸' },
    printer: { lost: '未连接', opening: '正在连接', none: '未配置' },
  },
  en: {
    title: 'Codeplate',
    idle: 'Welcome',
    paused: 'See below',
    connecting: 'Connecting to the agent…',
    dead: 'No answer from the agent: do not charge',
    deadHint: 'This screen recovers by itself. The till and the terminal show how a sale ended.',
    replaced: 'Too many screens are open: this one has stopped',
    replacedHint: 'Tap to use this screen again',
    total: 'Total',
    charged: 'Charged',
    refund: 'Refund',
    refunded: 'Refunded',
    couponFree: 'The coupon is free again',
    couponByRule: "The coupon follows the campaign's rule",
    refundFailed: 'Refund not made',
    coupon: 'Coupon',
    net: 'To pay',
    paid: 'Paid',
    order: 'Order',
    receipt: 'Receipt',
    resume: 'Go on printing',
    askAgain: 'Ask again',
    lost: 'Connecting again…',
    online: 'Online',
    offline: 'Offline',
    tiles: { offline: 'Offline coupons', unsent: 'To be sent', printer: 'Printer', last: 'Last sale' },
    more: (count: number) => `${count} more`,
    allSent: 'nothing',
    none: '–',
    missing: (face: string, missing: string) => `${missing} yuan more takes ${face} yuan off`,
    saved: (face: string) => `You saved ${face} yuan`,
    offlineCoupon: ' (offline)',
    unsent: (records: number, yuan: string, minutes: number) =>
      `${records} records, ${yuan} yuan${minutes > 0 ? `, the oldest for ${minutes} min` : ''}`,
    paper: { ok: 'has paper', unknown: 'does not say', 'near-end': 'paper nearly out', out: 'out of paper' },
    printer: { lost: 'not connected', opening: 'connecting', none: 'none' },
  },
} as const;

/** Records on their way are normal; these have waited too long. */
const UNSENT_WORTH_TELLING_MS = 15_000;

/** `last`: the sale before the one shown. */
export function screenTexts(
  health: CounterHealth,
  sale: SaleView | undefined,
  language: Language,
  last?: SaleView,
): ScreenTexts {
  const words = WORDS[language];
  return {
    ...heading(health, sale, language),
    ...(sale === undefined ? { amount: '', coupon: '', net: '' } : sums(sale, language)),
    line: sale === undefined ? health.line[language] : saleLine(sale, language),
    order: sale === undefined ? '' : `${words.order} ${shortened(sale.order, ORDER_CHARS)}`,
    receipt: sale?.receipt == null ? '' : `${words.receipt} ${sale.receipt}`,
    alerts: alerts(health, sale, language),
    tiles: tiles(health, last, language),
    askAgain: health.unresolved[0]?.sale ?? '',
    askAgainLabel: unresolvedLabel(health, language),
    canResume: health.paper === 'out' || health.jobsWaiting > 0,
    online: health.online,
    device: health.device,
    link: health.online ? words.online : words.offline,
  };
}

/** An order number may have 64 characters; a line of the smallest panel has room for this many. */
const ORDER_CHARS = 32;
const ORDER_CHARS_IN_TILE = 16;

/** Troubles that prevent every payment: no welcome for a customer. */
const NOTHING_IS_CHARGED: ReadonlySet<TroubleCode> = new Set<TroubleCode>(['journal-failed', 'reader-away']);

function heading(
  { troubles }: CounterHealth,
  sale: SaleView | undefined,
  language: Language,
): Pick<ScreenTexts, 'mood' | 'state'> {
  const words = WORDS[language];
  if (sale === undefined) {
    const isClosed = troubles.some(({ code }) => NOTHING_IS_CHARGED.has(code));
    return { mood: 'idle', state: isClosed ? words.paused : words.idle };
  }
  // "Paid" above "the refund was not made" would be read as the refund.
  if (hasFailedRefund(sale)) return { mood: 'not-paid', state: words.refundFailed };
  const state = STATES[sale.state];
  return { mood: state.mood, state: state[language] };
}

const hasFailedRefund = ({ state, outcome }: SaleView): boolean => state === 'settled' && outcome !== null;

/** The amount due, paid or given back. Never shows "paid" too early, nor a coupon on a sale that wasn't charged. */
function sums(sale: SaleView, language: Language): Pick<ScreenTexts, 'amount' | 'coupon' | 'net'> {
  const words = WORDS[language];
  const { coupon, state } = sale;
  const money = (word: string, amount: number): string => `${word} ￥${formatYuan(amount as Fen)}`;
  switch (state) {
    case 'not-charged':
    case 'abandoned':
      return { amount: '', coupon: coupon === null ? '' : words.couponFree, net: money(words.charged, 0) };
    case 'refunding':
    case 'refund-unknown':
      return { amount: '', coupon: '', net: money(words.refund, sale.netFen) };
    case 'refunded':
      return {
        amount: '',
        coupon: coupon === null ? '' : words.couponByRule,
        net: money(words.refunded, sale.netFen),
      };
    case 'opened':
    case 'authorising':
    case 'charging':
    case 'checking':
    case 'unknown':
    case 'settled': {
      const word = state === 'settled' ? words.paid : coupon === null ? words.total : words.net;
      // Without a coupon both amounts are the same.
      if (coupon === null) return { amount: '', coupon: '', net: money(word, sale.netFen) };
      return {
        amount: money(words.total, sale.amountFen),
        coupon: `${words.coupon}${coupon.offline ? words.offlineCoupon : ''} -￥${formatYuan(coupon.faceFen)}`,
        net: money(word, sale.netFen),
      };
    }
    default:
      return unreachable(state);
  }
}

function saleLine(sale: SaleView, language: Language): string {
  const words = WORDS[language];
  const saved =
    sale.state === 'settled' && sale.coupon !== null && !hasFailedRefund(sale)
      ? words.saved(formatYuan(sale.coupon.faceFen))
      : undefined;
  const next =
    sale.next === null ? undefined : words.missing(formatYuan(sale.next.faceFen), formatYuan(sale.next.missingFen));
  return saved ?? (sale.state === 'opened' || sale.state === 'charging' ? next : undefined) ?? sale.line[language];
}

/** A sale needs the room; without one, the worst three fit the smallest panel, with the number of further ones. */
const ALERTS_BESIDE_A_SALE = 1;
const ALERTS_ALONE = 3;

function alerts({ troubles }: CounterHealth, sale: SaleView | undefined, language: Language): string[] {
  const most = sale === undefined ? ALERTS_ALONE : ALERTS_BESIDE_A_SALE;
  const more = troubles.length - most;
  const told = troubles.slice(0, most).map((trouble) => trouble[language]);
  return more > 0 ? [...told, WORDS[language].more(more)] : told;
}

function unresolvedLabel({ unresolved: [oldest] }: CounterHealth, language: Language): string {
  if (oldest === undefined) return '';
  return `${WORDS[language].askAgain} ${shortened(oldest.order, ORDER_CHARS_IN_TILE)} ￥${formatYuan(oldest.netFen)}`;
}

/** The amount of a sale that wasn't charged no longer matters. */
const took = ({ state, netFen }: SaleView): Fen =>
  state === 'not-charged' || state === 'abandoned' ? ZERO_FEN : netFen;

function tiles(health: CounterHealth, last: SaleView | undefined, language: Language): Tile[] {
  const words = WORDS[language];
  const { unsent, offline, paper } = health;
  const { printer: port = 'none' } = health.ports;
  const minutes = Math.floor((unsent.oldestMs ?? 0) / 60_000);
  const isWaiting = unsent.records > 0 && (!health.online || (unsent.oldestMs ?? 0) >= UNSENT_WORTH_TELLING_MS);
  return [
    {
      label: words.tiles.offline,
      value: offline.line[language],
      tone: health.online && offline.reason === null ? 'plain' : 'warn',
    },
    {
      label: words.tiles.unsent,
      value:
        unsent.records === 0 ? words.allSent : words.unsent(unsent.records, formatYuan(unsent.fen as Fen), minutes),
      tone: isWaiting ? 'warn' : 'plain',
    },
    {
      label: words.tiles.printer,
      value: port === 'open' ? words.paper[paper] : words.printer[port],
      tone: port === 'lost' || paper === 'out' || paper === 'near-end' ? 'warn' : 'plain',
    },
    {
      label: words.tiles.last,
      value:
        last === undefined
          ? words.none
          : `${shortened(last.order, ORDER_CHARS_IN_TILE)} ￥${formatYuan(took(last))} ${STATES[last.state][language]}`,
      tone: 'plain',
    },
  ];
}
