/** How the counter stands: one line for the cashier, and the state that the gateway retains. */
import { zoneOf } from '#protocol/campaign/calendar.js';
import { utcText } from '#protocol/campaign/clock-text.js';
import { sentence } from '#protocol/faults/sentence.js';
import type { StateMessage } from '#protocol/messages/state.js';
import { fen, formatYuanShort } from '#protocol/money.js';
import { wallMs } from '#protocol/time.js';
import type { OfflineStanding } from './core/offline.js';
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
  if (!troubles.online) {
    const { zh, en } = troubles.offline.line;
    return { zh: `网络不通，恢复后自动补传。${zh}`, en: `The line is down; everything is sent when it is back. ${en}` };
  }
  return { zh: '一切正常', en: 'All is well' };
}

/** Until when and for how much the counter can go on without a line, or why it can't. `timeZone`: the campaign's. */
export function offlineLine(offline: OfflineStanding, timeZone: string | undefined): Line {
  const { reason, couponsLeft, faceFenLeft, until } = offline;
  if (reason !== null) return { zh: sentence(reason, {}, 'zh'), en: sentence(reason, {}, 'en') };
  const yuan = formatYuanShort(fen(faceFenLeft));
  const zone = timeZone === undefined ? undefined : zoneOf(timeZone);
  const clock = until === null || zone === undefined ? undefined : utcText(zone.local(wallMs(until))).slice(0, 16);
  return {
    zh: `${clock === undefined ? '' : `${clock}前`}还可离线用券${couponsLeft}张、共${yuan}元`,
    en: `${couponsLeft} more coupons, ${yuan} yuan in all, can be taken off line${clock === undefined ? '' : ` until ${clock}`}`,
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
      ...(offline.reason !== null && { reason: offline.reason }),
      couponsLeft: offline.couponsLeft,
      faceLeftFen: fen(offline.faceFenLeft),
      until: offline.until === null ? null : wallMs(offline.until),
      campaignVersion: more.campaignVersion,
      spentVersion: more.spentVersion,
    },
  } satisfies Unbranded<Extract<StateMessage, { online: true }>>);
}

/** What a new state is worth sending for. Ages and the spent set's version change by themselves: they go along with the rest. */
export function whatMatters(health: CounterHealth, { campaignVersion }: { readonly campaignVersion: number }): string {
  const { journal, unsent, ports, offline } = health;
  const { reason, couponsLeft, faceFenLeft, until } = offline;
  return JSON.stringify([journal, unsent.records, ports, reason, couponsLeft, faceFenLeft, until, campaignVersion]);
}

/** The message as it is written: ids are plain text. */
type Unbranded<Message> = { readonly [Key in keyof Message]: Message[Key] extends string ? string : Message[Key] };
