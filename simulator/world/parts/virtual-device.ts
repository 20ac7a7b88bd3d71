/**
 * One counter in the world: a box with its disk and clocks, its peripherals with lives of their own, and one life after
 * another of the shipped agent. `boot` does what the agent's `main` does, with the world's adapters.
 */
import { failedJournal } from '#device/adapters/journal/failed-journal.js';
import { DeviceLoop } from '#device/app/counter-loop.js';
import { receiptTypesetter } from '#device/app/receipt-typesetter.js';
import { CampaignCache } from '#device/campaign/campaign-cache.js';
import { SaleIndex } from '#device/core/sale/sale-index.js';
import { floored, noTime, restored, type TrustedTime } from '#device/core/trusted-time.js';
import { createPrinter, PRINTER_MODELS, type PrinterModelName } from '#device/drivers/printers/index.js';
import type { PrinterModel } from '#device/drivers/printers/printer.js';
import { READERS } from '#device/drivers/readers/index.js';
import { SCANNERS } from '#device/drivers/scanners/index.js';
import { VOICES } from '#device/drivers/voices/index.js';
import type { StoredRecord } from '#device/ports/journal.js';
import type { KeyValueStore, StoredName } from '#device/ports/key-value-store.js';
import type { Log } from '#device/ports/log.js';
import type { TillReply, TillRequest } from '#device/ports/till.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import type { Es256Verifier, Sha256 } from '#protocol/kernel/crypto.js';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import type { Instant, WallMs } from '#protocol/kernel/time.js';
import type { TapeRow } from '../../checkers/books.js';
import { Life } from '../life.js';
import type { AtCounter, Sabotage } from '../sabotage.js';
import type { StoredJournal } from '../store/stored-journal.js';
import { VirtualDeviceClock } from './device-clock.js';
import { WorldDisk } from './disk.js';
import type { Network } from './network.js';
import type { Chance } from './random.js';
import type { Scheduler } from './scheduler.js';
import { VirtualPeripherals, type VirtualPeripheralsEvents } from './virtual-peripherals.js';

const AGENT = 'codeplate-world';
/** What was saved into the drawer is on the disk after so long; a cut before leaves what was there. */
const KEEP_MS = 50;

/** What an agent was in the middle of when its power went. */
export interface Death {
  /** The call of a port. */
  readonly where: string;
  /** States of the sales under way. */
  readonly sales: readonly string[];
  readonly sync: 'offline' | 'behind' | 'in sync';
}

export interface VirtualDeviceEvents extends VirtualPeripheralsEvents {
  durable(seq: number, row: TapeRow): void;
  acknowledged(): void;
  log(level: string, code: string, fields: Readonly<Record<string, unknown>>): void;
  died(where: string): void;
}

export interface VirtualDeviceOptions {
  readonly device: DeviceId;
  readonly merchant: MerchantId;
  readonly campaign: Campaign;
  readonly driftPpm: number;
  /** What its card takes longer than a good one, each time. */
  readonly syncMs: number;
  readonly printerModel: PrinterModelName;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly network: Network;
  readonly sha256: Sha256;
  readonly verifier: Es256Verifier;
  readonly issuerKeys: ReadonlyMap<number, Uint8Array>;
  readonly sabotage: Sabotage;
  /** Printer and voice, too. */
  readonly isFurnished: boolean;
  readonly events: VirtualDeviceEvents;
  /** The shipped journal, beside the one in memory. */
  readonly stored?: StoredJournal | undefined;
}

export class VirtualDevice {
  readonly disk: WorldDisk;
  readonly peripherals: VirtualPeripherals;
  readonly #options: VirtualDeviceOptions;
  readonly #model: PrinterModel;
  readonly #drawer = new Map<StoredName, string>();
  #clock: VirtualDeviceClock;
  #bootId = '';
  #life: Life | undefined;
  #loop: DeviceLoop | undefined;
  #book: SaleIndex | undefined;
  /** Of the lives to come, one after the other: the power goes after so many calls of ports. */
  #cutsToCome: number[] = [];
  readonly deaths: Death[] = [];
  #crashJournal: (() => void) | undefined;
  /** While it may not be switched on again: no mains, or the shop is shut. */
  isOff = false;

  constructor(options: VirtualDeviceOptions) {
    this.#options = options;
    const { scheduler, chance, sha256, events } = options;
    const printer = options.printerModel;
    this.#model = PRINTER_MODELS[printer];
    this.disk = new WorldDisk({
      scheduler,
      chance,
      sha256,
      syncMs: options.syncMs,
      onDurable: events.durable,
      onAcknowledged: events.acknowledged,
      stored: options.stored,
    });
    this.peripherals = new VirtualPeripherals({ scheduler, chance, printer, events });
    this.#clock = this.#newClock();
  }

  get isRunning(): boolean {
    return this.#life?.isAlive === true;
  }

  /** Calls of ports in this life. */
  get points(): number {
    return this.#life?.points ?? 0;
  }

  get clock(): VirtualDeviceClock {
    return this.#clock;
  }

  /** Mains on: a new boot of the box, with clocks that know nothing. */
  powerOn(): void {
    if (this.isRunning || this.isOff) return;
    this.#clock = this.#newClock();
    this.startAgent();
  }

  /** The supervisor starts the agent again; the box itself never went off. */
  startAgent(): void {
    if (this.isRunning || this.isOff) return;
    const { events } = this.#options;
    const life = new Life((where) => {
      this.deaths.push(this.#deathAt(where));
      this.#crashJournal?.();
      this.#options.sabotage.powerCut?.(this.disk.memory);
      this.#loop = undefined;
      events.died(where);
    });
    this.#life = life;
    const cutAfter = this.#cutsToCome.shift();
    if (cutAfter !== undefined) life.cutAfter(cutAfter);
    life.enter(() => this.#boot(life));
  }

  #deathAt(where: string): Death {
    const sales = (this.#book?.busy() ?? []).map(({ at }) => at);
    const health = this.#loop?.health();
    if (health?.online !== true) return { where, sales, sync: 'offline' };
    return { where, sales, sync: health.unsent.records > 0 ? 'behind' : 'in sync' };
  }

  cutPower(where = 'between two steps'): void {
    this.#life?.end(where);
  }

  /** The power goes after so many more calls of ports, wherever that is. */
  cutPowerAfter(points: number): void {
    this.#life?.cutAfter(points);
  }

  /** The same for the lives to come, in turn. */
  cutLivesAfter(points: readonly number[]): void {
    this.#cutsToCome = [...points];
  }

  /** The till asks; false where nobody listens. */
  request(request: TillRequest, reply: (reply: TillReply) => void): boolean {
    const [life, loop] = [this.#life, this.#loop];
    if (life?.isAlive !== true || loop === undefined) return false;
    life.enter(() => loop.request(request, reply));
    return true;
  }

  /** The cashier presses "go on printing". */
  resumePrinting(): void {
    const loop = this.#loop;
    this.#life?.enter(() => loop?.resumePrinting());
  }

  get health(): ReturnType<DeviceLoop['health']> | undefined {
    return this.isRunning ? this.#loop?.health() : undefined;
  }

  #newClock(): VirtualDeviceClock {
    const { scheduler, chance, driftPpm } = this.#options;
    this.#bootId = chance.hex(8);
    // No battery: the calendar starts in 1970, or where the box was last shut down.
    const wallError = chance.happens(0.5) ? -scheduler.now : chance.between(-400, 3) * 86_400_000;
    return new VirtualDeviceClock({ scheduler, driftPpm, base: chance.below(5_000), wallError });
  }

  #boot(life: Life): void {
    const options = this.#options;
    const { device, merchant, campaign, sabotage, scheduler, network, sha256 } = options;
    const clock = this.#clock.port(life);
    const at: AtCounter = { device, scheduler, life, sha256, clock };
    const store = this.#keep(life);
    const log: Log = (level, code, fields = {}) => options.events.log(level, code, fields);
    const deskOptions = {
      device,
      campaign: campaign.id,
      mode: 'customer-code',
      trustedKeys: options.issuerKeys,
      verifier: sabotage.deviceVerifier?.(options.verifier) ?? options.verifier,
      store,
      log,
    } as const;
    const campaignCache = sabotage.campaignCache?.(deskOptions, at) ?? new CampaignCache(deskOptions);
    const book = sabotage.book?.(device, merchant) ?? new SaleIndex(device, merchant);

    this.#book = book;
    const now: Instant = { mono: clock.mono(), wall: undefined };
    let floor: WallMs | undefined;
    sabotage.disk?.(this.disk.memory, at);
    const opened = this.disk.open(life, ({ record, seq }: StoredRecord) => {
      book.replay(record, now);
      campaignCache.record(record, seq);
      if (record.at !== null && record.at.earliest >= (floor ?? 0)) floor = record.at.earliest;
    });
    this.#crashJournal = opened.ok ? () => opened.value.crash() : undefined;
    const journal = opened.ok ? opened.value : failedJournal(opened.fault);
    const bootId = sabotage.bootId?.(this.#bootId) ?? this.#bootId;
    const broker = network.deviceBroker(device, life);
    const typeset = receiptTypesetter({
      model: this.#model,
      language: 'zh',
      merchantName: merchant,
      campaign: () => campaignCache.campaign,
      log,
    });
    const printer = createPrinter(this.#model, { mayBeTorn: true });
    const loop = new DeviceLoop({
      identity: { device, merchant, campaign: campaign.id, mode: 'customer-code', agent: AGENT },
      clock,
      random: options.chance,
      journal: sabotage.journal?.(journal, at) ?? journal,
      journalFault: opened.ok ? undefined : opened.fault,
      saleIndex: book,
      campaignCache: campaignCache,
      time: timeAtStart(store, bootId, clock.mono(), floor),
      store: store,
      bootId,
      broker: sabotage.broker?.(broker, at) ?? broker,
      peripherals: {
        scanner: {
          driver: SCANNERS.line,
          options: { suffix: 'cr', stripAimPrefix: false },
          link: this.peripherals.scanner.link(life, 'scanner'),
        },
        reader: {
          driver: sabotage.reader?.(READERS.crp1, at) ?? READERS.crp1,
          link: this.peripherals.reader.link(life, 'reader'),
        },
        ...(options.isFurnished && {
          printer: {
            machine: sabotage.printer?.(printer, at) ?? printer,
            link: this.peripherals.printer.link(life, 'printer'),
          },
          voice: {
            driver: sabotage.voice?.(VOICES.syn6288, at) ?? VOICES.syn6288,
            link: this.peripherals.voice.link(life, 'voice'),
          },
        }),
      },
      typeset: sabotage.typeset?.(typeset) ?? typeset,
      log,
    });
    this.#loop = loop;
    loop.start();
  }

  #keep(life: Life): KeyValueStore {
    const { scheduler } = this.#options;
    return {
      load: (name) => this.#drawer.get(name),
      save: (name, text) => {
        life.point('keep save');
        scheduler.after(KEEP_MS, () => life.enter(() => this.#drawer.set(name, text)));
      },
    };
  }
}

function timeAtStart(
  store: KeyValueStore,
  bootId: string,
  now: Instant['mono'],
  floor: WallMs | undefined,
): TrustedTime {
  const time = floor === undefined ? noTime : floored(noTime, floor);
  const text = store.load('time');
  if (text === undefined) return time;
  const kept: { bootId: string; earliest: number; latest: number; heardAt: number } = JSON.parse(text);
  return restored(time, kept, bootId, now);
}
