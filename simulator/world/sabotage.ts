/**
 * Ways in from outside: where a mutant gets its hands between the shipped cores and their ports. All are wrappers; the
 * product itself has no switch for any of them. An honest world uses none.
 */

import type { ReceiptTypesetter } from '#device/app/printing.js';
import type { CampaignCache, CampaignCacheOptions } from '#device/campaign/campaign-cache.js';
import type { SaleIndex } from '#device/core/sale/sale-index.js';
import type { PrinterMachine } from '#device/drivers/printers/printer.js';
import type { ReaderDriver } from '#device/drivers/readers/reader.js';
import type { VoiceDriver } from '#device/drivers/voices/voice.js';
import type { Broker } from '#device/ports/broker.js';
import type { Journal } from '#device/ports/journal.js';
import type { Rules } from '#gateway/ledger/decide/rules.js';
import type { SqliteDatabase } from '#gateway/ledger/store/sqlite.js';
import type { Ledger } from '#gateway/ports/ledger.js';
import type { Es256Verifier, Sha256 } from '#protocol/kernel/crypto.js';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import type { MemoryDisk } from '../doubles/memory-journal.js';
import type { MemoryLedger } from '../doubles/memory-ledger.js';
import type { Life } from './life.js';
import type { VirtualDeviceClock } from './parts/device-clock.js';
import type { Scheduler } from './parts/scheduler.js';
import type { Bytes } from './store/left-behind.js';

/** What a wrapper on a counter may use. */
export interface AtCounter {
  readonly device: DeviceId;
  readonly scheduler: Scheduler;
  readonly life: Life;
  readonly sha256: Sha256;
  readonly clock: ReturnType<VirtualDeviceClock['port']>;
}

export interface AtGateway {
  readonly scheduler: Scheduler;
  readonly life: Life;
  readonly rules: Rules;
  readonly sha256: Sha256;
}

export interface Sabotage {
  /** Before the journal is opened at a boot. */
  disk?(disk: MemoryDisk, at: AtCounter): void;
  /** When the power goes. */
  powerCut?(disk: MemoryDisk): void;
  journal?(journal: Journal, at: AtCounter): Journal;
  broker?(broker: Broker, at: AtCounter): Broker;
  reader?(driver: ReaderDriver, at: AtCounter): ReaderDriver;
  voice?(driver: VoiceDriver, at: AtCounter): VoiceDriver;
  printer?(machine: PrinterMachine, at: AtCounter): PrinterMachine;
  typeset?(typeset: ReceiptTypesetter): ReceiptTypesetter;
  book?(device: DeviceId, merchant: MerchantId): SaleIndex;
  campaignCache?(options: CampaignCacheOptions, at: AtCounter): CampaignCache;
  /** The counter’s own; the gateway checks as it should. */
  deviceVerifier?(verifier: Es256Verifier): Es256Verifier;
  /** Every boot is taken for the same one. */
  bootId?(bootId: string): string;
  rules?(rules: Rules): Rules;
  /** The book of record itself, once, when it is made. */
  record?(ledger: MemoryLedger): void;
  /** Each connection of the stored ledger; there is none in a world that keeps its ledger in memory. */
  database?(database: SqliteDatabase): SqliteDatabase;
  /** What a crash leaves of its files. */
  ledgerCut?(left: Bytes): Bytes;
  journalCut?(left: Bytes): Bytes;
  ledger?(ledger: Ledger, at: AtGateway, record: MemoryLedger): Ledger;
}
