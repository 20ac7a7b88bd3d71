/** The loop's dependencies and identity, all injected. */
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

/** The device's identity, from its configuration. */
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
  /** How order numbers repeat; the default is daily, from 04:00 on. */
  readonly orders?: Omit<BusinessDays, 'zone'> | undefined;
  readonly journal: Journal;
  /** The reason why the journal could not be opened: the counter starts only to report it. */
  readonly journalFault?: JournalFault | undefined;
  /** Already replayed from the journal. */
  readonly saleIndex: SaleIndex;
  readonly time: TrustedTime;
  readonly store: KeyValueStore;
  /** The monotonic clock continues only within one boot of the box. */
  readonly bootId: string;
  readonly broker: Broker;
  readonly peripherals: PeripheralSet;
  readonly typeset: ReceiptTypesetter;
  /** Already fed with the journal's records. */
  readonly campaignCache: CampaignCache;
  readonly log: Log;
}
