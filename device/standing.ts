/** How the counter stands: one line for the cashier, and the state that the gateway retains. */
import { sentence } from '#protocol/faults/sentence.js';
import type { StateMessage } from '#protocol/messages/state.js';
import { fen, formatYuanShort } from '#protocol/money.js';
import { wallMs } from '#protocol/time.js';
import type { CounterHealth } from './ports/till.js';

type Line = CounterHealth['line'];

/** What stands in the cashier's way, the worst first. */
export interface Troubles {
  readonly journal: string | undefined;
  readonly forked: boolean;
  readonly readerReady: boolean;
  readonly scanHint: Line | undefined;
  readonly paper: CounterHealth['paper'];
  readonly online: boolean;
  readonly offline: CounterHealth['offline'];
}

export function statusLine(troubles: Troubles): Line {
  if (troubles.journal !== undefined) {
    return {
      zh: `本机存储故障（${troubles.journal}），暂停用券，请报修`,
      en: `Storage has failed (${troubles.journal}): no coupons, call service`,
    };
  }
  if (troubles.forked) {
    return {
      zh: '本机记录与中心不一致，暂停用券，请联系收单行',
      en: "This counter's records differ from the centre's: call the bank",
    };
  }
  if (!troubles.readerReady)
    return { zh: '读卡器未连接，请检查电源和连线', en: 'The card reader is not connected: check its power and cable' };
  if (troubles.scanHint !== undefined) return troubles.scanHint;
  if (troubles.paper === 'out')
    return {
      zh: '打印机缺纸，换纸后按“继续打印”',
      en: 'The printer is out of paper: change it, then press "go on printing"',
    };
  if (!troubles.online) return offlineLine(troubles.offline);
  return { zh: '一切正常', en: 'All is well' };
}

function offlineLine(offline: CounterHealth['offline']): Line {
  if (offline.reason !== null) {
    const [zh, en] = [sentence(offline.reason, {}, 'zh'), sentence(offline.reason, {}, 'en')];
    return { zh: `网络不通，恢复后自动补传。${zh}`, en: `The line is down; everything is sent when it is back. ${en}` };
  }
  const yuan = formatYuanShort(fen(offline.faceFenLeft));
  return {
    zh: `网络不通，还可离线用券${offline.couponsLeft}张、共${yuan}元`,
    en: `The line is down: ${offline.couponsLeft} more coupons, ${yuan} yuan in all, can be taken offline`,
  };
}

export const SCAN_BEFORE_AMOUNT: Line = {
  zh: '请先在收银机上输入金额，再扫码',
  en: 'Enter the amount at the till first, then scan',
};

export function stateMessage(
  health: CounterHealth,
  more: {
    readonly agent: string;
    readonly boot: number;
    readonly campaignVersion: number;
    readonly spentVersion: number;
  },
): string {
  const { offline, unsent } = health;
  return JSON.stringify({
    v: 1,
    type: 'state',
    device: health.device,
    merchant: health.merchant,
    agent: more.agent,
    boot: more.boot,
    online: true,
    journal: health.journal,
    unsent: {
      ...unsent,
      fen: fen(unsent.fen),
      oldestMs: unsent.oldestMs === null ? null : Math.round(unsent.oldestMs),
    },
    ports: health.ports,
    offline: {
      permitted: offline.reason === null,
      couponsLeft: offline.couponsLeft,
      faceLeftFen: fen(offline.faceFenLeft),
      until: offline.until === null ? null : wallMs(offline.until),
      campaignVersion: more.campaignVersion,
      spentVersion: more.spentVersion,
    },
  } satisfies Unbranded<Extract<StateMessage, { online: true }>>);
}

/** The message as it is written: ids are plain text. */
type Unbranded<Message> = { readonly [Key in keyof Message]: Message[Key] extends string ? string : Message[Key] };
