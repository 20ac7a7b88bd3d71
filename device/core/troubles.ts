/**
 * Every trouble of the counter, worst first, each with its remedy.
 *
 * Screen, `/v1/health` and the gateway's device list all use this one list: they report "all is well" only if it is empty.
 *
 * The order follows the harm: money that can't be recorded, money in doubt, no payments at all, no coupons, no paper, no
 * uplink, and then early warnings of these.
 */
import { unreachable } from '#protocol/kernel/machine.js';
import type { Millis } from '#protocol/kernel/time.js';
import type { CounterHealth, Trouble, TroubleCode } from '../ports/till.js';

export interface TroubleText {
  readonly zh: string;
  readonly en: string;
}

export interface Signs {
  /** The journal fault's code. */
  readonly journal: string | undefined;
  readonly forked: boolean;
  /** Orders of payments and refunds with an unknown outcome, oldest first. */
  readonly unknown: readonly string[];
  readonly readerReady: boolean;
  readonly ports: CounterHealth['ports'];
  readonly paper: CounterHealth['paper'];
  readonly jobsWaiting: number;
  readonly online: boolean;
  /** It has been up since this start. */
  readonly wasOnline: boolean;
  /** The cause of the outage, as far as known. */
  readonly why: TroubleText | undefined;
  /** The state of coupons meanwhile. */
  readonly offline: TroubleText;
  /** Time without news of used coupons although the uplink is up; null where it doesn't matter. */
  readonly spentSilenceMs: Millis | null;
  readonly unsent: { readonly records: number; readonly oldestMs: Millis | null };
}

/** The gateway sends the whole set every 10 minutes at least: two were missed. */
export const SPENT_OLD_MS = 25 * 60_000;
/** Online, a record reaches the gateway within seconds; this one is stuck. */
export const UNSENT_OLD_MS = 5 * 60_000;

/** The order is the ranking. */
const RANKING = [
  'journal-failed',
  'forked',
  'payment-unknown',
  'reader-away',
  'scanner-away',
  'printer-away',
  'paper-out',
  'receipts-waiting',
  'line-never-up',
  'line-down',
  'unsent-old',
  'spent-set-old',
  'paper-near-end',
  'voice-away',
  'display-away',
] as const satisfies readonly TroubleCode[];

// A trouble without a rank would never be shown: this line then has no type.
const EVERY_TROUBLE_IS_RANKED: TroubleCode extends (typeof RANKING)[number] ? true : never = true;

export function troublesOf(signs: Signs): readonly Trouble[] {
  return RANKING.flatMap((code): Trouble[] => {
    const line = EVERY_TROUBLE_IS_RANKED ? lineOf(code, signs) : undefined;
    return line === undefined ? [] : [{ code, ...line }];
  });
}

/** undefined: not present. */
function lineOf(code: TroubleCode, signs: Signs): TroubleText | undefined {
  const { journal, ports, paper, jobsWaiting, unsent } = signs;
  const { reader } = ports;
  const lost = (name: string): boolean => ports[name] === 'lost';
  switch (code) {
    case 'journal-failed':
      if (journal === undefined) return undefined;
      return {
        zh: `本机存储故障（${journal}），暂停用券，请报修`,
        en: `Storage has failed (${journal}): no coupons, call service`,
      };
    case 'forked':
      if (!signs.forked) return undefined;
      return {
        zh: '本机记录与中心不一致，暂停用券，请联系收单行',
        en: "This counter's records differ from the gateway's: call the bank",
      };
    case 'payment-unknown': {
      const [order, ...others] = signs.unknown;
      if (order === undefined) return undefined;
      const more = others.length === 0 ? '' : ` 等 ${signs.unknown.length} 笔`;
      return {
        zh: `付款结果不明：订单 ${shortened(order)}${more}。查看刷卡设备记录后按“再次查询”，勿重复收款`,
        en: `Nobody knows how order ${shortened(order)}${others.length === 0 ? '' : ` and ${others.length} more`} ended: look at the terminal, then ask again; never charge twice`,
      };
    }
    case 'reader-away':
      if (signs.readerReady) return undefined;
      return reader === 'none'
        ? { zh: '没有配置读卡器，不能收款', en: 'No card reader is configured: nothing can be charged' }
        : {
            zh: '读卡器未连接，请检查电源和连线',
            en: 'The card reader is not connected: check its power and cable',
          };
    case 'scanner-away':
      if (!lost('scanner')) return undefined;
      return {
        zh: '扫码器未连接，不能用券，请检查连线',
        en: 'The scanner is not connected: no coupons; check its cable',
      };
    case 'printer-away':
      if (!lost('printer')) return undefined;
      return {
        zh: `打印机未连接，请检查电源和连线${jobsWaiting > 0 ? `；${jobsWaiting} 张小票等待打印` : ''}`,
        en: `The printer is not connected: check its power and cable${jobsWaiting > 0 ? `; ${jobsWaiting} receipts wait` : ''}`,
      };
    case 'paper-out':
      if (paper !== 'out' || lost('printer')) return undefined;
      return {
        zh: `打印机缺纸，换纸后按“继续打印”${jobsWaiting > 0 ? `；${jobsWaiting} 张小票等待打印` : ''}`,
        en: `The printer is out of paper: change it, then press "go on printing"${jobsWaiting > 0 ? `; ${jobsWaiting} receipts wait` : ''}`,
      };
    case 'receipts-waiting':
      if (jobsWaiting === 0 || paper === 'out' || lost('printer')) return undefined;
      return {
        zh: `${jobsWaiting} 张小票等待打印，请查看打印机后按“继续打印”`,
        en: `${jobsWaiting} receipts wait: look at the printer, then press "go on printing"`,
      };
    case 'line-never-up':
      if (signs.online || signs.wasOnline || signs.forked) return undefined;
      return {
        zh: `尚未连上中心${why(signs.why?.zh)}。${signs.offline.zh}`,
        en: `The gateway has not been reached yet${signs.why === undefined ? '' : ` (${signs.why.en})`}. ${signs.offline.en}`,
      };
    case 'line-down':
      if (signs.online || !signs.wasOnline || signs.forked) return undefined;
      return {
        zh: `网络不通${why(signs.why?.zh)}，恢复后自动补传。${signs.offline.zh}`,
        en: `The line is down${signs.why === undefined ? '' : ` (${signs.why.en})`}; everything is sent when it is back. ${signs.offline.en}`,
      };
    case 'unsent-old': {
      const minutes = Math.floor((unsent.oldestMs ?? 0) / 60_000);
      if (!signs.online || (unsent.oldestMs ?? 0) < UNSENT_OLD_MS) return undefined;
      return {
        zh: `${unsent.records} 条记录 ${minutes} 分钟未上传，请联系收单行，勿断电`,
        en: `${unsent.records} records have waited for ${minutes} min although the line is up: call the bank, leave the power on`,
      };
    }
    case 'spent-set-old':
      if (!signs.online || signs.spentSilenceMs === null || signs.spentSilenceMs < SPENT_OLD_MS) return undefined;
      return {
        zh: '已用券名单过旧，断网时请勿离线用券，请联系收单行',
        en: 'The list of used coupons is old: take none offline, and call the bank',
      };
    case 'paper-near-end':
      if (paper !== 'near-end' || lost('printer')) return undefined;
      return { zh: '打印纸将用完，请备好新纸', en: 'The paper is nearly out: have a new roll ready' };
    case 'voice-away':
      if (!lost('voice')) return undefined;
      return { zh: '语音播报未连接，请看屏幕', en: 'The voice is not connected: look at the screen' };
    case 'display-away':
      if (!lost('display')) return undefined;
      return { zh: '客显未连接，请检查连线', en: 'The display is not connected: check its cable' };
    default:
      return unreachable(code);
  }
}

const why = (zh: string | undefined): string => (zh === undefined ? '' : `（${zh}）`);

/** An order number may have 64 characters: both ends identify it. */
const LONGEST_ORDER = 24;

export function shortened(order: string, most = LONGEST_ORDER): string {
  if (order.length <= most) return order;
  const half = Math.floor((most - 1) / 2);
  return `${order.slice(0, most - 1 - half)}…${order.slice(-half)}`;
}
