/**
 * The counter's screen: one page that the agent serves itself, nothing fetched from elsewhere. What stands on it is made
 * here, as texts; the page only puts each text in its place, so that no name and no order number can become markup.
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
  /** What the cashier should know of the counter itself, worst first. */
  readonly alerts: readonly string[];
  readonly canResume: boolean;
  readonly online: boolean;
  readonly device: string;
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

const WORDS = {
  zh: {
    title: '码牌',
    idle: '欢迎光临',
    total: '应收',
    coupon: '消费券',
    net: '实付',
    order: '订单',
    receipt: '小票号',
    resume: '继续打印',
    lost: '与本机程序的连接中断',
    online: '联网',
    offline: '网络不通',
    missing: (face: string, missing: string) => `再买 ${missing} 元可减 ${face} 元`,
    saved: (face: string) => `已为您节省 ${face} 元`,
    offlineCoupon: '（离线）',
    unsent: (records: number, yuan: string, minutes: number) =>
      `未上传 ${records} 条，共 ${yuan} 元${minutes > 0 ? `，最早 ${minutes} 分钟前` : ''}`,
    journal: '本机存储故障',
    port: (name: string) => `${name}未连接`,
    ports: { scanner: '扫码器', reader: '读卡器', printer: '打印机', voice: '语音', display: '客显' },
    paper: { ok: '', unknown: '', 'near-end': '打印纸将用完', out: '打印机缺纸' },
    jobs: (count: number) => `${count} 张小票等待打印`,
    persons: (count: number) => `${count} 笔付款等待人工处理`,
  },
  en: {
    title: 'Codeplate',
    idle: 'Welcome',
    total: 'Total',
    coupon: 'Coupon',
    net: 'To pay',
    order: 'Order',
    receipt: 'Receipt',
    resume: 'Go on printing',
    lost: 'The agent does not answer',
    online: 'On line',
    offline: 'Off line',
    missing: (face: string, missing: string) => `${missing} yuan more takes ${face} yuan off`,
    saved: (face: string) => `You saved ${face} yuan`,
    offlineCoupon: ' (off line)',
    unsent: (records: number, yuan: string, minutes: number) =>
      `${records} records unsent, ${yuan} yuan${minutes > 0 ? `, the oldest for ${minutes} min` : ''}`,
    journal: 'Storage has failed',
    port: (name: string) => `${name} is not connected`,
    ports: {
      scanner: 'The scanner',
      reader: 'The card reader',
      printer: 'The printer',
      voice: 'The voice',
      display: 'The display',
    },
    paper: { ok: '', unknown: '', 'near-end': 'Paper nearly out', out: 'The printer is out of paper' },
    jobs: (count: number) => `${count} receipts wait for the printer`,
    persons: (count: number) => `${count} payments wait for a person`,
  },
} as const;

/** Records on their way up are nothing to worry about; these have waited. */
const UNSENT_WORTH_TELLING_MS = 15_000;

export function screenTexts(health: CounterHealth, sale: SaleView | undefined, language: Language): ScreenTexts {
  const words = WORDS[language];
  const state = sale === undefined ? undefined : STATES[sale.state];
  const yuan = (amount: Fen): string => formatYuan(amount);
  return {
    mood: state?.mood ?? 'idle',
    state: state?.[language] ?? words.idle,
    amount: sale === undefined ? '' : `${words.total} ￥${yuan(sale.amountFen)}`,
    coupon:
      sale?.coupon == null
        ? ''
        : `${words.coupon}${sale.coupon.offline ? words.offlineCoupon : ''} -￥${yuan(sale.coupon.faceFen)}`,
    net: sale === undefined ? '' : `${words.net} ￥${yuan(sale.netFen)}`,
    line: sale === undefined ? health.line[language] : saleLine(sale, language),
    order: sale === undefined ? '' : `${words.order} ${sale.order}`,
    receipt: sale?.receipt == null ? '' : `${words.receipt} ${sale.receipt}`,
    alerts: alerts(health, language),
    canResume: health.paper === 'out' || health.jobsWaiting > 0,
    online: health.online,
    device: `${health.device} · ${health.online ? words.online : words.offline}`,
  };
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
  const { unsent, ports, paper, jobsWaiting, salesInPersonsHands } = health;
  const found: string[] = [];
  if (health.journal === 'failed') found.push(words.journal);
  if (salesInPersonsHands > 0) found.push(words.persons(salesInPersonsHands));
  for (const name of PORTS) if (ports[name] === 'lost') found.push(words.port(words.ports[name]));
  if (words.paper[paper] !== '') found.push(words.paper[paper]);
  if (jobsWaiting > 0) found.push(words.jobs(jobsWaiting));
  if (!health.online) found.push(health.offline.line[language]);
  const waits = unsent.oldestMs !== null && unsent.oldestMs >= UNSENT_WORTH_TELLING_MS;
  if (unsent.records > 0 && (waits || !health.online)) {
    const minutes = Math.floor((unsent.oldestMs ?? 0) / 60_000);
    found.push(words.unsent(unsent.records, formatYuan(unsent.fen as Fen), minutes));
  }
  return found;
}

const PORTS = ['reader', 'scanner', 'printer', 'voice', 'display'] as const;

/** `nonce` belongs into the page's Content-Security-Policy: no other script and no other style may run in it. */
export function screenPage(language: Language, nonce: string): string {
  const words = WORDS[language];
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${words.title}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${STYLE}</style>
<body data-mood="idle">
<main>
<h1 id="state">${words.idle}</h1>
<p id="amount"></p><p id="coupon"></p><p id="net"></p><p id="line"></p>
<p class="small"><span id="order"></span> <span id="receipt"></span></p>
</main>
<footer><ul id="alerts"></ul><button id="resume" hidden>${words.resume}</button><span id="device"></span></footer>
<script nonce="${nonce}">const LOST = ${JSON.stringify(words.lost)}, LANGUAGE = ${JSON.stringify(language)};${SCRIPT}</script>
</body>
</html>
`;
}

/** Sizes follow the window: the page stands on a 7-inch screen as well as on a till's. */
const STYLE = `
:root { font-family: "Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
* { box-sizing: border-box; margin: 0 }
body { min-height: 100vh; display: flex; flex-direction: column; background: #f4f5f7; color: #1c2330; }
main { flex: 1; display: flex; flex-direction: column; justify-content: center; align-items: center; gap: 1.2vh; padding: 3vh 4vw; text-align: center; }
h1 { font-size: 6vw; padding: 1vh 5vw; border-radius: 2vh; background: #dfe4ec; }
[data-mood=working] h1 { background: #2f6fde; color: #fff }
[data-mood=paid] h1 { background: #15803d; color: #fff }
[data-mood=not-paid] h1 { background: #6b7280; color: #fff }
[data-mood=person] h1 { background: #b91c1c; color: #fff }
p { font-size: 4vw; font-variant-numeric: tabular-nums } p:empty { display: none }
#coupon { color: #b91c1c } #net { font-size: 7vw; font-weight: 700 } #line { font-size: 3vw; color: #48536a }
.small { font-size: 1.8vw; color: #6b7280 }
footer { display: flex; gap: 2vw; align-items: center; padding: 1.5vh 2vw; background: #1c2330; color: #fff; font-size: 2vw; min-height: 7vh }
ul { flex: 1; list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0 2vw; color: #fcd34d }
button { font: inherit; padding: .5vh 1.5vw; border: 0; border-radius: 1vh; background: #fcd34d }
.offline { color: #fca5a5 }
`;

const SCRIPT = `
const at = (id) => document.getElementById(id);
const show = (texts) => {
  document.body.dataset.mood = texts.mood;
  for (const id of ['state', 'amount', 'coupon', 'net', 'line', 'order', 'receipt', 'device']) at(id).textContent = texts[id];
  at('alerts').replaceChildren(...texts.alerts.map((text) => Object.assign(document.createElement('li'), { textContent: text })));
  at('resume').hidden = !texts.canResume;
  at('device').className = texts.online ? '' : 'offline';
};
at('resume').onclick = () => fetch('/v1/printer/resume', { method: 'POST' });
const events = new EventSource('/v1/events?lang=' + LANGUAGE);
events.onmessage = (event) => show(JSON.parse(event.data));
events.onerror = () => { at('device').textContent = LOST; at('device').className = 'offline'; };
`;
