/** The uplink's events for the counter, and the counter's requests to it. */
import type { SaleId } from '#protocol/kernel/ids.js';
import type { MonoMs } from '#protocol/kernel/time.js';
import type { SignedAllowance } from '#protocol/messages/allowance.js';
import type { AuthoriseAnswer, DownMessage } from '#protocol/messages/down.js';
import type { UpMessage } from '#protocol/messages/up.js';
import type { ChainHead } from '#protocol/records/chain.js';
import type { UplinkFault } from '../core/uplink/uplink-fault.js';

export interface UplinkEvents {
  onOnline(): void;
  onOffline(fault: UplinkFault): void;
  /** Still offline, for this reason: at an interval useful to an installer, not at each attempt. */
  onStillOffline(fault: UplinkFault): void;
  /** `known`: lower bound of our records that the gateway had when it was asked. */
  onAuthorised(sale: SaleId, answer: AuthoriseAnswer, known: number): void;
  /** The gateway's clock; `askedAt`: the departure time of the request that it answers. */
  onWelcome(welcome: Extract<DownMessage, { type: 'welcome' }>, askedAt: MonoMs): void;
  /** The gateway's heartbeat, once a minute. */
  onBeacon(): void;
  onAcknowledged(head: ChainHead): void;
  /** The gateway's ledger is older than its acknowledgement: it was restored from a backup. */
  onWentBack(): void;
  onAllowance(allowance: SignedAllowance): void;
  /** A message on another topic than this device's own: campaign bundle or spent set. */
  onCampaign(topic: string, payload: Uint8Array): void;
  onJournalFault(code: string): void;
}

export type AuthoriseRequest = Omit<Extract<UpMessage, { type: 'authorise' }>, 'v' | 'type' | 'id'>;
