/** The counter's health, gathered from its parts: for tills, the screen, the metrics and the gateway. */
import type { Instant, MonoMs } from '#protocol/kernel/time.js';
import type { CampaignCache } from '../campaign/campaign-cache.js';
import type { SaleIndex } from '../core/sale/sale-index.js';
import { viewOf } from '../core/sale/sale-view.js';
import { type TroubleText, troublesOf } from '../core/troubles.js';
import { UPLINK_WORDS } from '../core/uplink/uplink-fault.js';
import type { CounterHealth } from '../ports/till.js';
import { offlineLine, statusLine } from '../uplink/status.js';
import type { Unsent } from '../uplink/unsent.js';
import type { CounterIdentity } from './loop-ports.js';
import type { Peripherals } from './peripherals.js';
import type { Printing } from './printing.js';

export interface HealthParts {
  readonly identity: CounterIdentity;
  readonly at: Instant;
  readonly campaignCache: CampaignCache;
  readonly saleIndex: SaleIndex;
  readonly unsent: Unsent;
  readonly peripherals: Peripherals;
  readonly printing: Printing;
  readonly readerReady: boolean;
  readonly journalFault: string | undefined;
  readonly line: {
    readonly online: boolean;
    readonly wasOnline: boolean;
    readonly forked: boolean;
    readonly fault: CounterHealth['uplinkFault'] | undefined;
  };
  /** Time since the last news of used coupons; null offline. */
  readonly spentSilentSince: MonoMs | null;
  readonly hint: TroubleText | undefined;
}

export function healthOf(parts: HealthParts): CounterHealth {
  const { identity, at, campaignCache, saleIndex, printing, line } = parts;
  const status = campaignCache.status(at);
  const offline = {
    ...status,
    faceLeftFen: status.faceFenLeft,
    line: offlineLine(status, campaignCache.campaign?.window.timeZone),
  };
  const unknown = saleIndex
    .busy()
    .map(viewOf)
    .filter(({ state }) => state.endsWith('unknown'));
  const ports = parts.peripherals.ports();
  const unsent = parts.unsent.summary(at);
  // A counter that takes no coupons offline needs no spent set.
  const needsSpent = campaignCache.campaign?.offline.permitted === true && parts.spentSilentSince !== null;
  const troubles = troublesOf({
    journal: parts.journalFault,
    forked: line.forked,
    unknown: unknown.map(({ order }) => order),
    readerReady: parts.readerReady,
    ports,
    paper: printing.paper,
    jobsWaiting: printing.held,
    online: line.online,
    wasOnline: line.wasOnline,
    why: line.fault == null ? undefined : UPLINK_WORDS[line.fault.code],
    offline: offline.line,
    spentSilenceMs: needsSpent ? at.mono - (parts.spentSilentSince ?? at.mono) : null,
    unsent,
  });
  return {
    device: identity.device,
    agent: identity.agent,
    merchant: identity.merchant,
    online: line.online,
    uplinkFault: line.fault ?? null,
    journal: parts.journalFault === undefined ? 'ok' : 'failed',
    unsent,
    ports,
    paper: printing.paper,
    jobsWaiting: printing.waiting,
    salesInPersonsHands: unknown.length,
    unresolved: unknown.map(({ order, sale, state, netFen }) => ({ order, sale, state, netFen })),
    offline,
    line: statusLine(troubles, parts.hint),
    troubles,
  };
}
