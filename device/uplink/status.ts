/**
 * The counter's status in words for the cashier, and the state message that the gateway retains.
 */
import { zoneOf } from '#protocol/campaign/calendar.js';
import { utcText } from '#protocol/campaign/clock-text.js';
import { sentence } from '#protocol/faults/sentence.js';
import { fen, formatYuanShort } from '#protocol/kernel/money.js';
import { wallMs } from '#protocol/kernel/time.js';
import type { StateMessage } from '#protocol/messages/state.js';
import type { OfflineStatus } from '../core/offline.js';
import type { CounterHealth, Trouble, TroubleCode } from '../ports/till.js';

type CashierText = CounterHealth['line'];

/** The most urgent line for the cashier: first any trouble, then what the counter waits for. */
export function statusLine(troubles: readonly Trouble[], hint: CashierText | undefined): CashierText {
  const [worst] = troubles;
  const holdsUp = worst !== undefined && BEFORE_A_HINT.has(worst.code);
  if (hint !== undefined && !holdsUp) return hint;
  return worst === undefined ? { zh: '一切正常', en: 'All is well' } : { zh: worst.zh, en: worst.en };
}

/** With these outcomes the scanned text itself needs no hint. */
const BEFORE_A_HINT: ReadonlySet<TroubleCode> = new Set<TroubleCode>([
  'journal-failed',
  'forked',
  'payment-unknown',
  'reader-away',
]);

/** Until when and for how much the counter can go on offline, or why it can't. `timeZone`: the campaign's. */
export function offlineLine(offline: OfflineStatus, timeZone: string | undefined): CashierText {
  const { reason, couponsLeft, faceFenLeft, until } = offline;
  if (reason !== null) return { zh: sentence(reason, {}, 'zh'), en: sentence(reason, {}, 'en') };
  const yuan = formatYuanShort(fen(faceFenLeft));
  const zone = timeZone === undefined ? undefined : zoneOf(timeZone);
  const clock = until === null || zone === undefined ? undefined : utcText(zone.local(wallMs(until))).slice(0, 16);
  return {
    zh: `${clock === undefined ? '' : `${clock}前`}还可离线用券${couponsLeft}张、共${yuan}元`,
    en: `${couponsLeft} more coupons, ${yuan} yuan in all, can be taken offline${clock === undefined ? '' : ` until ${clock}`}`,
  };
}

export const SCAN_BEFORE_AMOUNT: CashierText = {
  zh: '请先在收银机上输入金额，再扫码',
  en: 'Enter the amount at the till first, then scan',
};

export const CODE_HELD: CashierText = { zh: '已扫码，请输入金额', en: 'Code read, key in the amount' };

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

/**
 * Fields whose change triggers a state publish. Ages and the spent set's version change by themselves, so they only go
 * along.
 */
export function reportedFields(
  health: CounterHealth,
  { campaignVersion }: { readonly campaignVersion: number },
): string {
  const { journal, unsent, ports, offline } = health;
  const { reason, couponsLeft, faceFenLeft, until } = offline;
  return JSON.stringify([journal, unsent.records, ports, reason, couponsLeft, faceFenLeft, until, campaignVersion]);
}

/** The message in its written form: ids are plain text. */
type Unbranded<Message> = { readonly [Key in keyof Message]: Message[Key] extends string ? string : Message[Key] };
