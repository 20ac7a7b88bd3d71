/** What the line to the gateway hands on, and what it is asked. */
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
  /** There is still no line, for this reason. As often as an installer wants to read it, not at each attempt. */
  onStillOffline(fault: UplinkFault): void;
  /** `known`: how many of our records the gateway had, at least, when it was asked. */
  onAuthorised(sale: SaleId, answer: AuthoriseAnswer, known: number): void;
  /** The gateway's clock; `askedAt`: when the request left that it answers. */
  onWelcome(welcome: Extract<DownMessage, { type: 'welcome' }>, askedAt: MonoMs): void;
  /** The gateway lives: once a minute. */
  onBeacon(): void;
  onAcknowledged(head: ChainHead): void;
  /** The gateway's ledger is older than what it acknowledged: it was restored from a backup. */
  onWentBack(): void;
  onAllowance(allowance: SignedAllowance): void;
  /** A message on a topic that isn't this device's own: campaign bundle or spent set. */
  onCampaign(topic: string, payload: Uint8Array): void;
  onJournalFault(code: string): void;
}

export type AuthoriseRequest = Omit<Extract<UpMessage, { type: 'authorise' }>, 'v' | 'type' | 'id'>;
