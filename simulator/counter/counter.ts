/**
 * One counter: virtual hardware on pseudo-terminals, the real agent on it, a line to the gateway that can be cut, and a
 * till. Nothing in here reaches into the agent: it is asked over its HTTP, as any till would.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { parseDeviceConfig } from '#device/config/config.js';
import { type RunningDevice, startDevice } from '#device/main.js';
import type { DisplayDevice, PrinterDevice, ReaderDevice, ScannerDevice, VoiceDevice } from '../hardware/handles.js';
import type { HardwareProcess } from '../hardware/process.js';
import type { LineShape } from '../hardware/pty.js';
import type { LineProxy } from '../network/proxy.js';
import { Child } from '../processes/child.js';
import { until } from '../processes/waiting.js';
import { readJournal } from './journal-copy.js';
import { Paper } from './paper.js';
import type { CounterBooks } from './reconcile.js';
import { AT_REST, type CounterSeen, TillClient } from './till-client.js';

/** An agent is ready in half a second and online soon after; a reconnect may first wait out a back-off of some seconds. */
const READY_MS = 45_000;
/** The reader is asked for 60 s before a person gets the case: nothing takes longer to come to rest. */
const REST_MS = 90_000;

export interface CounterOptions {
  readonly name: string;
  readonly merchant: string;
  readonly campaign: string;
  readonly folder: string;
  readonly tillPort: number;
  readonly line: LineProxy;
  /** Where the agent connects to: the line's own, or the gateway's. */
  readonly brokerPort: number;
  readonly credentials: Readonly<Record<string, unknown>>;
  readonly issuerKeys: Readonly<Record<string, string>>;
  readonly hardware: HardwareProcess;
  /** Besides scanner, reader and printer. */
  readonly devices: ReadonlySet<'voice' | 'display'>;
  readonly language: 'zh' | 'en';
  /** How the hardware's bytes come: fast and whole, where undefined. */
  readonly shape: LineShape | undefined;
  /** A process of its own can be killed; in this one it is cheaper. */
  readonly agent: 'process' | 'here';
}

export class Counter {
  readonly name: string;
  readonly till: TillClient;
  readonly line: LineProxy;
  readonly paper = new Paper();
  readonly scanner: ScannerDevice;
  readonly reader: ReaderDevice;
  readonly printer: PrinterDevice;
  readonly voice: VoiceDevice | undefined;
  readonly display: DisplayDevice | undefined;
  readonly #folder: string;
  readonly #configFile: string;
  readonly #child: Child | undefined;
  readonly #log: (line: string) => void;
  #here: RunningDevice | undefined;
  /** Every order that this counter's till has handed in. */
  readonly orders = new Set<string>();

  private constructor(options: CounterOptions, devices: Devices, log: (line: string) => void) {
    const { name, folder } = options;
    this.name = name;
    this.line = options.line;
    this.till = new TillClient(options.tillPort);
    this.scanner = devices.scanner;
    this.reader = devices.reader;
    this.printer = devices.printer;
    this.voice = devices.voice;
    this.display = devices.display;
    this.#folder = folder;
    this.#configFile = path.join(folder, 'device.yaml');
    this.#log = log;
    this.printer.onPrinted((document) => this.paper.take(document));
    if (options.agent === 'process')
      this.#child = new Child({
        arguments: ['device', '--config', this.#configFile, '--json'],
        logFile: path.join(folder, 'agent.log'),
        onLine: log,
      });
  }

  static async build(options: CounterOptions, log: (line: string) => void = () => {}): Promise<Counter> {
    mkdirSync(options.folder, { recursive: true });
    const devices = await plugIn(options);
    const counter = new Counter(options, devices, log);
    writeFileSync(counter.#configFile, stringify(configOf(options, devices)));
    return counter;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child?.isRunning ?? this.#here !== undefined;
  }

  /** How the agent ended by itself; undefined where it never did. */
  get died(): string | undefined {
    return this.#child?.died;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) {
      await this.#child.start();
      return;
    }
    if (this.#here !== undefined) return;
    const { readFileSync } = await import('node:fs');
    const config = parseDeviceConfig(readFileSync(this.#configFile, 'utf8'), this.#configFile);
    if (!config.ok) throw new Error(`the rig wrote a bad configuration: ${JSON.stringify(config.fault)}`);
    this.#here = await startDevice(config.value, {
      log: (level, code, fields) => this.#log(JSON.stringify({ level, code, ...fields })),
    });
  }

  /** From its next start on: `command` runs it, and can take from it what a machine may lack. Empty: all is well again. */
  runUnder(command: readonly string[]): void {
    if (this.#child === undefined)
      throw new Error(`${this.name}: an agent in this process lacks what this process lacks`);
    this.#child.under = command;
  }

  async kill(): Promise<void> {
    if (this.#child === undefined) throw new Error(`${this.name}: an agent in this process cannot be killed`);
    await this.#child.kill();
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
    const here = this.#here;
    this.#here = undefined;
    await here?.stop();
  }

  /**
   * Every port open, the reader greeted, and the gateway heard where it can be: the line is up, and `gateway` doesn't say
   * that nobody is at its other end.
   */
  async ready({ gateway = true }: { readonly gateway?: boolean } = {}): Promise<void> {
    await until(
      `${this.name} ready`,
      READY_MS,
      async () => {
        const health = await this.till.health();
        const open = Object.values(health?.ports ?? {}).every((state) => state === 'open' || state === 'none');
        const line = !gateway || this.line.state !== 'open' || health?.online === true;
        const reader = health?.troubles.some(({ code }) => code === 'reader-away') === false;
        return open && line && reader ? true : undefined;
      },
      async () => JSON.stringify(await this.till.health()),
    );
  }

  /** Everything well again, nothing under way, nothing unsent, nothing waiting for paper. What a person has stays. */
  async quiet(): Promise<void> {
    this.line.back();
    for (const device of [this.scanner, this.reader, this.printer, this.voice, this.display]) {
      if (device === undefined) continue;
      await device.mend();
      await device.power(true);
      await device.replug();
    }
    for (const kind of ['paper-in', 'cover-closed'] as const) await this.printer.turn({ kind });
    for (const kind of ['offline', 'never-answers', 'stuck', 'cutter-jam'] as const)
      await this.printer.turn({ kind, on: false });
    await this.start();
    await this.ready();
    for (const order of this.orders) {
      const sale = await this.till.look(order);
      // The cashier clears the counter: an amount that nobody pays is no sale.
      if (sale?.state === 'opened' || sale?.state === 'authorising') await this.till.press(order, 'cancel');
      if (sale !== undefined)
        await this.till.follow(order, ({ state }) => AT_REST.has(state), { withinMs: REST_MS, what: 'at rest' });
    }
    await until(
      `${this.name} quiet`,
      READY_MS,
      async () => {
        const health = await this.till.health();
        if (health === undefined) return undefined;
        if (health.jobsWaiting > 0) await this.till.resumePrinting();
        return isQuiet(health) ? true : undefined;
      },
      async () => JSON.stringify(await this.till.health()),
    );
  }

  async books(): Promise<CounterBooks> {
    const journal = await readJournal(path.join(this.#folder, 'data', 'journal.sqlite'));
    const utterances = (await this.voice?.utterances()) ?? [];
    return {
      counter: this.name,
      journal: journal.records,
      journalFault: journal.fault,
      reader: await this.reader.book(),
      paper: this.paper.copies,
      announcements: utterances.length,
    };
  }

  /** The links of its hardware; none may be left once the hardware process has ended. */
  get leftovers(): readonly string[] {
    return ['scanner', 'reader', 'printer', 'voice', 'display']
      .map((name) => path.join(this.#folder, name))
      .filter((link) => existsSync(link));
  }
}

const isQuiet = (health: CounterSeen): boolean =>
  health.online && health.journal === 'ok' && health.unsent.records === 0 && health.jobsWaiting === 0;

interface Devices {
  readonly scanner: ScannerDevice;
  readonly reader: ReaderDevice;
  readonly printer: PrinterDevice;
  readonly voice: VoiceDevice | undefined;
  readonly display: DisplayDevice | undefined;
}

async function plugIn({ name, folder, hardware, devices, shape }: CounterOptions): Promise<Devices> {
  const shaped = shape === undefined ? {} : { shape };
  const link = (device: string): string => path.join(folder, device);
  return {
    scanner: await hardware.scanner(`${name}.scanner`, link('scanner'), shaped),
    reader: await hardware.reader(`${name}.reader`, link('reader'), shaped),
    printer: await hardware.printer(`${name}.printer`, link('printer'), { columns: 48, status: 'dle-eot', ...shaped }),
    voice: devices.has('voice')
      ? await hardware.voice(`${name}.voice`, link('voice'), { msPerCharacter: 5 })
      : undefined,
    display: devices.has('display') ? await hardware.display(`${name}.display`, link('display')) : undefined,
  };
}

function configOf(options: CounterOptions, devices: Devices): unknown {
  const { name, merchant, campaign, tillPort, brokerPort, credentials, issuerKeys, language } = options;
  return {
    device: name,
    merchant,
    campaign,
    language,
    data: './data',
    gateway: { url: `mqtt://127.0.0.1:${brokerPort}`, issuerKeys, ...credentials },
    scanner: { path: devices.scanner.link, driver: 'line' },
    reader: { path: devices.reader.link, driver: 'crp1' },
    printer: { path: devices.printer.link, model: 'generic-80' },
    ...(devices.voice !== undefined && { voice: { path: devices.voice.link, driver: 'syn6288' } }),
    ...(devices.display !== undefined && { display: { path: devices.display.link, driver: 'led8' } }),
    till: { http: { port: tillPort } },
    log: 'info',
  };
}
