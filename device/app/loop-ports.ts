/** What the loop needs of the world, and what it is: all of it handed in. */
import type { PresentationMode } from '#protocol/campaign/schema.js';
import type { CampaignId, DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import type { CampaignCache } from '../campaign/campaign-cache.js';
import type { BusinessDays } from '../core/sale/business-day.js';
import type { SaleIndex } from '../core/sale/sale-index.js';
import type { TrustedTime } from '../core/trusted-time.js';
import type { Broker } from '../ports/broker.js';
import type { Clock, Random } from '../ports/clock.js';
import type { Journal, JournalFault } from '../ports/journal.js';
import type { KeyValueStore } from '../ports/key-value-store.js';
import type { Log } from '../ports/log.js';
import type { PeripheralSet } from './peripherals.js';
import type { ReceiptTypesetter } from './printing.js';

/** What the device is, from its configuration. */
export interface CounterIdentity {
  readonly device: DeviceId;
  readonly merchant: MerchantId;
  readonly campaign: CampaignId;
  readonly mode: PresentationMode;
  readonly agent: string;
}

export interface LoopPorts {
  readonly identity: CounterIdentity;
  readonly clock: Clock;
  readonly random: Random;
  /** What an order number of another day means; daily, from 04:00 on, where it is left out. */
  readonly orders?: Omit<BusinessDays, 'zone'> | undefined;
  readonly journal: Journal;
  /** Why the journal could not be opened: the counter starts only to say so. */
  readonly journalFault?: JournalFault | undefined;
  /** Replayed from the journal already. */
  readonly saleIndex: SaleIndex;
  readonly time: TrustedTime;
  readonly store: KeyValueStore;
  /** The monotonic clock counts on within one boot of the box only. */
  readonly bootId: string;
  readonly broker: Broker;
  readonly peripherals: PeripheralSet;
  readonly typeset: ReceiptTypesetter;
  /** Fed with the journal's records already. */
  readonly campaignCache: CampaignCache;
  readonly log: Log;
}
