/** The agent's composition root: reads the journal, builds the adapters from the configuration, and starts the loop. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parseTimeOfDay } from '#protocol/campaign/calendar.js';
import { ConfigError, JournalError } from '#protocol/faults/errors.js';
import type { Instant, WallMs } from '#protocol/kernel/time.js';
import { campaignTopic, downTopic, spentTopic, stateTopic } from '#protocol/messages/topics.js';
import { es256Verifier, sha256 } from '#protocol/node/crypto.js';
import { VERSION } from '#protocol/node/version.js';
import { SQLITE_DOUBTS, sqliteDoubt } from '#protocol/sqlite-version.js';
import { type FileKeyValueStore, fileKeyValueStore } from './adapters/file-key-value-store.js';
import { failedJournal } from './adapters/journal/failed-journal.js';
import { openJournal } from './adapters/journal/sqlite-journal.js';
import { sqliteVersion } from './adapters/journal/sqlite-journal-driver.js';
import { lateBroker } from './adapters/late-broker.js';
import type { MqttBrokerOptions } from './adapters/mqtt-broker.js';
import { serialLink } from './adapters/serial-link.js';
import { systemClock, systemRandom } from './adapters/system-clock.js';
import { DeviceLoop } from './app/counter-loop.js';
import type { PeripheralSet } from './app/peripherals.js';
import { receiptTypesetter } from './app/receipt-typesetter.js';
import { CampaignCache } from './campaign/campaign-cache.js';
import type { DeviceConfig } from './config/config.js';
import { certificatesOf } from './config/config-findings.js';
import { sampleReceipt } from './core/receipt/receipt.js';
import { SaleIndex } from './core/sale/sale-index.js';
import { floored, noTime, restored, type TrustedTime } from './core/trusted-time.js';
import { DISPLAYS } from './drivers/displays/index.js';
import { createPrinter, printerModels, renderReceipt, WARM_UP_ROUNDS } from './drivers/printers/index.js';
import type { PrinterModel } from './drivers/printers/printer.js';
import { READERS } from './drivers/readers/index.js';
import { SCANNERS } from './drivers/scanners/index.js';
import { VOICES } from './drivers/voices/index.js';
import type { Clock } from './ports/clock.js';
import type { Journal, JournalFault, StoredRecord } from './ports/journal.js';
import type { Log } from './ports/log.js';
import type { SerialLink } from './ports/serial-link.js';
import { withinBudget } from './runtime/log-within-budget.js';
import { openTillServers } from './till/till-servers.js';

/** The software's name on the wire: in HELO to the reader and in `hello` to the gateway. */
export const AGENT = `codeplate-${VERSION}`;

export interface RunningDevice {
  readonly loop: DeviceLoop;
  /** The port of the till's HTTP server on 127.0.0.1; null if it isn't configured. */
  readonly httpPort: number | null;
  /** Closes everything and resolves once the journal is closed. */
  stop(): Promise<void>;
}

/** The journal holds customers' presentations: no other user of this machine may read them. */
const OWN_FOLDER_MODE = 0o700;

export const journalFile = (config: DeviceConfig): string => join(config.data, 'journal.sqlite');

/**
 * Rejects with ConfigError if the till's port is taken, and with JournalError if another agent has the journal: two agents
 * of one name would take the uplink and the hardware from each other for ever. Everything is closed again in that case.
 */
export async function startDevice(config: DeviceConfig, { log: whole }: { readonly log: Log }): Promise<RunningDevice> {
  const clock = systemClock();
  const log = withinBudget(whole, () => clock.mono());
  // Checks that prevent the start come before anything that would have to be closed again.
  const line = brokerOptions(config, log);
  mkdirSync(config.data, { recursive: true, mode: OWN_FOLDER_MODE });
  const store = fileKeyValueStore(join(config.data, 'kept'), log);
  const campaignCache = new CampaignCache({
    device: config.device,
    campaign: config.campaign,
    mode: config.mode,
    trustedKeys: config.gateway.issuerKeys ?? new Map<number, Uint8Array>(),
    verifier: es256Verifier(),
    store: store,
    log,
  });
  const saleIndex = new SaleIndex(config.device, config.merchant);
  const { journal, fault, floor } = await readJournal(config, clock, saleIndex, campaignCache);

  let tellReady = (): void => {};
  const ready = new Promise<void>((resolve) => {
    tellReady = resolve;
  });
  const model = config.printer === undefined ? undefined : printerModel(config.printer.model);
  const loop = new DeviceLoop({
    identity: {
      device: config.device,
      merchant: config.merchant,
      campaign: config.campaign,
      mode: config.mode,
      agent: AGENT,
    },
    orders: { orders: config.till.orders, beginsMs: parseTimeOfDay(config.till.dayBegins) },
    clock,
    random: systemRandom,
    journal,
    journalFault: fault,
    saleIndex: saleIndex,
    campaignCache: campaignCache,
    time: timeAtStart(store, clock, floor),
    store: store,
    bootId: bootId(),
    broker: lateBroker(async () => {
      await ready;
      const { mqttBroker } = await import('./adapters/mqtt-broker.js');
      return mqttBroker(line);
    }),
    peripherals: peripheralsOf(config),
    typeset:
      model === undefined
        ? () => new Uint8Array()
        : receiptTypesetter({
            model,
            language: config.language,
            merchantName: config.merchantName,
            campaign: () => campaignCache.campaign,
            log,
          }),
    log,
  });
  const stop = async (): Promise<void> => {
    loop.stop();
    await store.settled();
    await new Promise<void>((done) => journal.close(done));
  };
  loop.start();
  // A process that is unreachable but doesn't end would keep ports and journal from its successor.
  const till = await openTillServers(config, loop, log).catch((error: unknown) =>
    stop().then(() => Promise.reject(error)),
  );
  const version = await sqliteVersion();
  const doubt = sqliteDoubt(version);
  if (doubt !== undefined) log('warn', 'SQLITE_DOUBTFUL', { version, what: SQLITE_DOUBTS[doubt] });
  log('info', 'READY', { device: config.device, httpPort: till.httpPort });
  // A supervisor and the till wait for this; the first customer is seconds away.
  tellReady();
  if (model !== undefined) warmUpInTurns(model, sampleReceipt({ columns: model.columns, language: config.language }));
  return {
    loop,
    httpPort: till.httpPort,
    stop: async () => {
      await till.stop();
      await stop();
    },
  };
}

/** One rendering a turn, so that a request waits for one of them, not for all. */
function warmUpInTurns(model: PrinterModel, document: string, rounds = WARM_UP_ROUNDS): void {
  if (rounds === 0) return;
  setImmediate(() => {
    renderReceipt(document, model);
    warmUpInTurns(model, document, rounds - 1);
  });
}

/** Replays the journal into sale index and campaign cache. A journal that can't be read leaves a counter that says so, and takes nothing. */
async function readJournal(
  config: DeviceConfig,
  clock: Clock,
  saleIndex: SaleIndex,
  campaignCache: CampaignCache,
): Promise<{
  readonly journal: Journal;
  readonly fault: JournalFault | undefined;
  readonly floor: WallMs | undefined;
}> {
  const at: Instant = { mono: clock.mono(), wall: undefined };
  let floor: WallMs | undefined;
  const replay = ({ record, seq }: StoredRecord): void => {
    saleIndex.replay(record, at);
    campaignCache.record(record, seq);
    if (record.at !== null && record.at.earliest >= (floor ?? 0)) floor = record.at.earliest;
  };
  const opened = await openJournal(journalFile(config), {
    sha256,
    onRecord: replay,
  });
  if (opened.ok) return { journal: opened.value, fault: undefined, floor };
  if (opened.fault.code === 'JOURNAL_IN_USE') {
    throw new JournalError('JOURNAL_IN_USE', { detail: journalFile(config) });
  }
  // The journal is intact and would still be written to: only the installer can fix the setting.
  if (opened.fault.code === 'JOURNAL_NOT_DURABLE') {
    throw new JournalError('JOURNAL_NOT_DURABLE', { detail: opened.fault.message });
  }
  return { journal: failedJournal(opened.fault), fault: opened.fault, floor };
}

const keptAnchorSchema = z.object({ bootId: z.string(), earliest: z.int(), latest: z.int(), heardAt: z.number() });

function timeAtStart(store: FileKeyValueStore, clock: Clock, floor: WallMs | undefined): TrustedTime {
  const time = floor === undefined ? noTime : floored(noTime, floor);
  const text = store.load('time');
  if (text === undefined) return time;
  try {
    const kept = keptAnchorSchema.safeParse(JSON.parse(text));
    return kept.success ? restored(time, kept.data, bootId(), clock.mono()) : time;
  } catch {
    return time;
  }
}

/** Linux names each boot; elsewhere every start counts as a new boot. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return systemRandom.hex(16);
  }
}

/**
 * Reads the certificates. An unusable file prevents the start; one outside its validity doesn't, because the clock may be
 * wrong.
 */
function brokerOptions(config: DeviceConfig, log: Log): MqttBrokerOptions {
  const { url, username, password, tls } = config.gateway;
  const { texts, problems, warnings } = certificatesOf(config, new Date());
  if (problems.length > 0) {
    const detail = problems.map(({ part, file, what }) => `${part}: ${file}: ${what}.`).join(' ');
    throw new ConfigError('CERTIFICATE_UNUSABLE', { detail });
  }
  for (const { part, code, file, what } of warnings) log('error', code, { part, file, why: what });
  const { ca, cert, key } = texts;
  return {
    url,
    clientId: config.device,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && {
      tls: { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) },
    }),
    topics: [downTopic(config.device), campaignTopic(config.campaign), spentTopic(config.campaign)],
    will: {
      topic: stateTopic(config.device),
      payload: JSON.stringify({
        v: 1,
        type: 'state',
        device: config.device,
        merchant: config.merchant,
        agent: AGENT,
        boot: 0,
        online: false,
      }),
    },
    log,
  };
}

function peripheralsOf(config: DeviceConfig): PeripheralSet {
  const linkOf = (port: { readonly path: string; readonly baud?: number | undefined }, baudRate: number): SerialLink =>
    serialLink({ path: port.path, baudRate: port.baud ?? baudRate });
  const { scanner, reader, printer, voice, display } = config;
  const set: { -readonly [Name in keyof PeripheralSet]: PeripheralSet[Name] } = {};
  if (scanner !== undefined) {
    const driver = SCANNERS[scanner.driver];
    set.scanner = {
      driver,
      options: { suffix: scanner.suffix, stripAimPrefix: scanner.aim },
      link: linkOf(scanner, driver.baudRate),
    };
  }
  if (reader !== undefined) {
    const driver = READERS[reader.driver];
    const { baudRate } = driver;
    set.reader = { driver, link: linkOf(reader, baudRate), baudRate: reader.baud ?? baudRate };
  }
  if (printer !== undefined) {
    const model = printerModel(printer.model);
    const machine = createPrinter(model, { baudRate: printer.baud ?? model.baudRate, mayBeTorn: true });
    set.printer = { machine, link: linkOf(printer, model.baudRate) };
  }
  if (voice !== undefined) {
    const driver = VOICES[voice.driver];
    set.voice = { driver, link: linkOf(voice, driver.baudRate) };
  }
  if (display !== undefined) {
    const driver = DISPLAYS[display.driver];
    set.display = { driver, link: linkOf(display, driver.baudRate) };
  }
  return set;
}

function printerModel(name: string): PrinterModel {
  const model = printerModels.get(name);
  if (model === undefined) throw new Error(`the configuration accepted an unknown printer model: ${name}`);
  return model;
}
