/**
 * What stands on the counter's screen, as texts. The page itself (`screen-page.ts`) only puts each text in its place, so
 * that no name and no order number can become markup.
 */

import type { CounterHealth, SaleState, SaleView } from '#device/ports/till.js';
import { type Fen, formatYuan } from '#protocol/money.js';

export type Language = 'zh' | 'en';

/** What each place of the page shows; empty places disappear. */
export interface ScreenTexts {
  /** Colours the page: what a glance from two metres must tell. */
  readonly mood: 'idle' | 'working' | 'paid' | 'not-paid' | 'person';
  readonly state: string;
  readonly amount: string;
  readonly coupon: string;
  readonly net: string;
  readonly line: string;
  readonly order: string;
  readonly receipt: string;
  /** What somebody has to do something about, worst first. */
  readonly alerts: readonly string[];
  /** How the counter stands, always in the same places. */
  readonly tiles: readonly Tile[];
  readonly canResume: boolean;
  readonly online: boolean;
  readonly device: string;
  readonly link: string;
}

export interface Tile {
  readonly label: string;
  readonly value: string;
  /** `warn` where the counter can do less than usual. */
  readonly tone: 'plain' | 'warn';
}

const STATES: Readonly<
  Record<SaleState, { readonly zh: string; readonly en: string; readonly mood: ScreenTexts['mood'] }>
> = {
  opened: { zh: '请出示付款码', en: 'Show the payment code', mood: 'working' },
  authorising: { zh: '正在验券', en: 'Checking the coupon', mood: 'working' },
  charging: { zh: '请在读卡器上付款', en: 'Pay on the card reader', mood: 'working' },
  checking: { zh: '正在核实付款结果', en: 'Checking the payment', mood: 'working' },
  unknown: { zh: '付款结果不明，请人工处理', en: 'Payment unknown: ask the staff', mood: 'person' },
  settled: { zh: '付款成功', en: 'Paid', mood: 'paid' },
  'not-charged': { zh: '未扣款', en: 'Not charged', mood: 'not-paid' },
  abandoned: { zh: '已取消', en: 'Cancelled', mood: 'not-paid' },
  refunding: { zh: '正在退款', en: 'Refunding', mood: 'working' },
  'refund-unknown': { zh: '退款结果不明，请人工处理', en: 'Refund unknown: ask the staff', mood: 'person' },
  refunded: { zh: '已退款', en: 'Refunded', mood: 'paid' },
};

export const WORDS = {
  zh: {
    title: '码牌',
    idle: '欢迎光临',
    total: '应收',
    coupon: '消费券',
    net: '应付',
    paid: '实付',
    order: '订单',
    receipt: '小票号',
    resume: '继续打印',
    lost: '与本机程序的连接中断',
    online: '联网',
    offline: '网络不通',
    tiles: { offline: '断网时可用券', unsent: '待上传', printer: '打印机', last: '上一笔' },
    allSent: '无',
    none: '–',
    missing: (face: string, missing: string) => `再买 ${missing} 元可减 ${face} 元`,
    saved: (face: string) => `已为您节省 ${face} 元`,
    offlineCoupon: '（离线）',
    unsent: (records: number, yuan: string, minutes: number) =>
      `${records} 条，共 ${yuan} 元${minutes > 0 ? `，最早 ${minutes} 分钟前` : ''}`,
    journal: '本机存储故障',
    port: (name: string) => `${name}未连接`,
    ports: { scanner: '扫码器', reader: '读卡器', printer: '打印机', voice: '语音', display: '客显' },
    paper: { ok: '有纸', unknown: '不报告纸张', 'near-end': '纸将用完', out: '缺纸' },
    printer: { lost: '未连接', opening: '正在连接', none: '未配置' },
    jobs: (count: number) => `${count} 张小票等待打印`,
    persons: (count: number) => `${count} 笔付款等待人工处理`,
  },
  en: {
    title: 'Codeplate',
    idle: 'Welcome',
    total: 'Total',
    coupon: 'Coupon',
    net: 'To pay',
    paid: 'Paid',
    order: 'Order',
    receipt: 'Receipt',
    resume: 'Go on printing',
    lost: 'The agent does not answer',
    online: 'On line',
    offline: 'Off line',
    tiles: { offline: 'Coupons without a line', unsent: 'To be sent', printer: 'Printer', last: 'Last sale' },
    allSent: 'nothing',
    none: '–',
    missing: (face: string, missing: string) => `${missing} yuan more takes ${face} yuan off`,
    saved: (face: string) => `You saved ${face} yuan`,
    offlineCoupon: ' (off line)',
    unsent: (records: number, yuan: string, minutes: number) =>
      `${records} records, ${yuan} yuan${minutes > 0 ? `, the oldest for ${minutes} min` : ''}`,
    journal: 'Storage has failed',
    port: (name: string) => `${name} is not connected`,
    ports: {
      scanner: 'The scanner',
      reader: 'The card reader',
      printer: 'The printer',
      voice: 'The voice',
      display: 'The display',
    },
    paper: { ok: 'has paper', unknown: 'does not say', 'near-end': 'paper nearly out', out: 'out of paper' },
    printer: { lost: 'not connected', opening: 'connecting', none: 'none' },
    jobs: (count: number) => `${count} receipts wait for the printer`,
    persons: (count: number) => `${count} payments wait for a person`,
  },
} as const;

/** Records on their way up are nothing to worry about; these have waited. */
const UNSENT_WORTH_TELLING_MS = 15_000;

/** `last`: the sale before the one that is shown. */
export function screenTexts(
  health: CounterHealth,
  sale: SaleView | undefined,
  language: Language,
  last?: SaleView,
): ScreenTexts {
  const words = WORDS[language];
  const state = sale === undefined ? undefined : STATES[sale.state];
  return {
    mood: state?.mood ?? 'idle',
    state: state?.[language] ?? words.idle,
    // Without a coupon both sums are one and the same.
    amount: sale?.coupon == null ? '' : `${words.total} ￥${formatYuan(sale.amountFen)}`,
    coupon:
      sale?.coupon == null
        ? ''
        : `${words.coupon}${sale.coupon.offline ? words.offlineCoupon : ''} -￥${formatYuan(sale.coupon.faceFen)}`,
    net: sale === undefined ? '' : `${netWord(sale, language)} ￥${formatYuan(sale.netFen)}`,
    line: sale === undefined ? health.line[language] : saleLine(sale, language),
    order: sale === undefined ? '' : `${words.order} ${sale.order}`,
    receipt: sale?.receipt == null ? '' : `${words.receipt} ${sale.receipt}`,
    alerts: alerts(health, language),
    tiles: tiles(health, last, language),
    canResume: health.paper === 'out' || health.jobsWaiting > 0,
    online: health.online,
    device: health.device,
    link: health.online ? words.online : words.offline,
  };
}

/** Nobody reads "paid" before it is. */
function netWord({ state, coupon }: SaleView, language: Language): string {
  const words = WORDS[language];
  if (state === 'settled' || state === 'refunding' || state === 'refunded' || state === 'refund-unknown')
    return words.paid;
  return coupon === null ? words.total : words.net;
}

function saleLine(sale: SaleView, language: Language): string {
  const words = WORDS[language];
  const saved =
    sale.state === 'settled' && sale.coupon !== null ? words.saved(formatYuan(sale.coupon.faceFen)) : undefined;
  const next =
    sale.next === null ? undefined : words.missing(formatYuan(sale.next.faceFen), formatYuan(sale.next.missingFen));
  return saved ?? (sale.state === 'opened' || sale.state === 'charging' ? next : undefined) ?? sale.line[language];
}

function alerts(health: CounterHealth, language: Language): string[] {
  const words = WORDS[language];
  const { ports, jobsWaiting, salesInPersonsHands } = health;
  const found: string[] = [];
  if (health.journal === 'failed') found.push(words.journal);
  if (salesInPersonsHands > 0) found.push(words.persons(salesInPersonsHands));
  for (const name of PORTS) if (ports[name] === 'lost') found.push(words.port(words.ports[name]));
  if (jobsWaiting > 0) found.push(words.jobs(jobsWaiting));
  return found;
}

const PORTS = ['reader', 'scanner', 'printer', 'voice', 'display'] as const;

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
        last === undefined ? words.none : `${last.order} ￥${formatYuan(last.netFen)} ${STATES[last.state][language]}`,
      tone: 'plain',
    },
  ];
}
