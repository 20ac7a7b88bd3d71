/**
 * A counter's virtual hardware, from the outside: starts `codeplate virtual-hardware` as a child, puts devices on ports
 * in a folder, turns their knobs, reads their books.
 *
 *     const hardware = await HardwareProcess.start();
 *     const reader = await hardware.reader('reader', join(folder, 'reader'));
 *     await reader.pays({ kind: 'decline' });
 *     ...
 *     await hardware.stop();
 */
import { type ChildProcess, fork } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Lamp } from './display/machine.js';
import { LAMPS } from './display/machine.js';
import { type DeviceKind, fromText, newsSchema, toText } from './messages.js';
import type { PaperDocument } from './printer/document.js';
import type { PrinterKnob } from './printer/machine.js';
import type { VirtualPrinterProfile } from './printer/profile.js';
import type { LineShape } from './pty.js';
import type { BookEntry, Payment } from './readers/bank.js';
import type { CrpOptions } from './readers/crp/machine.js';
import type { TransbankOptions } from './readers/transbank/machine.js';
import type { Scan, ScannerOptions } from './scanner/machine.js';
import type { Utterance, VoiceOptions } from './voice/machine.js';
import type { LineFault } from './wire.js';

/** Ours: a start takes a quarter of a second on an idle machine, and a busy one is patient. */
const START_MS = 20_000;
/** Ours: no order takes longer than a few turns of the child's loop. */
const ORDER_MS = 20_000;
/** Ours: closing ports takes some 50 ms; a child that hangs is killed. */
const STOP_MS = 5_000;

/** Whatever a device tells: `read`, `stage`, `told`, `took`, `printed`, `speaks`, `shows`... */
export type DeviceEvent = { readonly kind: string } & Readonly<Record<string, unknown>>;
/** `at`: when it happened at the device, in milliseconds of the machine's monotonic clock (`machineMs`). */
type Listener = (device: string, event: DeviceEvent, at: number) => void;

export class HardwareProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #listeners = new Set<Listener>();
  readonly #exited: Promise<void>;
  #order = 0;

  private constructor(child: ChildProcess, onReady: () => void) {
    this.#child = child;
    child.on('message', (text) => {
      const news = newsSchema.parse(fromText(z.string().parse(text)));
      if ('ready' in news) onReady();
      else if ('event' in news) for (const listener of [...this.#listeners]) listener(news.device, news.event, news.at);
      else if (news.id !== null) {
        const waiting = this.#waiting.get(news.id);
        this.#waiting.delete(news.id);
        if (news.ok) waiting?.resolve(news.value);
        else waiting?.reject(new Error(`virtual hardware: ${news.error}`));
      }
    });
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        for (const { reject } of this.#waiting.values())
          reject(new Error(`the hardware process has ended (${signal ?? code})`));
        this.#waiting.clear();
        resolve();
      });
    });
  }

  /**
   * `entry`: the `codeplate` program; found beside this checkout or package by itself. `compiles: false`: V8 optimises
   * nothing in there, which it does on threads of its own, for milliseconds, on the cores of whoever is being measured.
   */
  static async start(options: { readonly entry?: string; readonly compiles?: boolean } = {}): Promise<HardwareProcess> {
    // No terminal signals: Ctrl-C ends the parent, and the parent's end ends the child.
    const child = fork(options.entry ?? programFile(), ['virtual-hardware'], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      detached: true,
      execArgv: [...process.execArgv, ...(options.compiles === false ? ['--no-opt'] : [])],
    });
    let hardware: HardwareProcess | undefined;
    const ready = new Promise<void>((resolve) => {
      hardware = new HardwareProcess(child, resolve);
    });
    const ended = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`virtual hardware did not start (exit ${code}); is it built?`)));
    });
    ended.catch(() => {}); // after the start nobody waits for this any more
    try {
      await bounded(Promise.race([ready, ended]), START_MS, 'virtual hardware did not start');
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    if (hardware === undefined) throw new Error('virtual hardware did not start');
    return hardware;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async scanner(name: string, link: string, options: ScannerOptions & Shaped = {}): Promise<ScannerDevice> {
    return new ScannerDevice(this, name, await this.#create('scanner', name, link, options));
  }

  async reader(name: string, link: string, options: CrpOptions & Shaped = {}): Promise<ReaderDevice> {
    return new ReaderDevice(this, name, await this.#create('crp-reader', name, link, options));
  }

  async transbank(name: string, link: string, options: TransbankOptions & Shaped = {}): Promise<ReaderDevice> {
    return new ReaderDevice(this, name, await this.#create('transbank-reader', name, link, options));
  }

  async printer(
    name: string,
    link: string,
    options: Partial<VirtualPrinterProfile> & Shaped = {},
  ): Promise<PrinterDevice> {
    return new PrinterDevice(this, name, await this.#create('printer', name, link, options));
  }

  async voice(name: string, link: string, options: VoiceOptions & Shaped = {}): Promise<VoiceDevice> {
    return new VoiceDevice(this, name, await this.#create('voice', name, link, options));
  }

  async display(name: string, link: string, options: Shaped = {}): Promise<DisplayDevice> {
    return new DisplayDevice(this, name, await this.#create('display', name, link, options));
  }

  /** Every event of every device; returns what ends it. */
  onEvent(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The next event of a device that the predicate takes; rejects after the bound. Ask before you cause it. */
  next(device: string, takes: (event: DeviceEvent) => boolean, withinMs: number): Promise<DeviceEvent> {
    let end: () => void = () => {};
    const seen = new Promise<DeviceEvent>((resolve) => {
      end = this.onEvent((from, event) => {
        if (from === device && takes(event)) resolve(event);
      });
    });
    return bounded(seen, withinMs, `the event of "${device}" did not come`).finally(end);
  }

  /** One order to the child; see `messages.ts`. The named methods are the pleasant way. */
  order(order: { readonly do: string; readonly name: string } & Readonly<Record<string, unknown>>): Promise<unknown> {
    this.#order += 1;
    const id = this.#order;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      if (!this.#child.connected) reject(new Error('the hardware process has ended'));
      else
        this.#child.send(toText({ ...order, id }), (error) => {
          if (error !== null) reject(error);
        });
    });
    return bounded(answer, ORDER_MS, `no answer to "${order.do}" for "${order.name}"`).finally(() =>
      this.#waiting.delete(id),
    );
  }

  /** Closes every port and ends the child. */
  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    try {
      await bounded(this.#exited, STOP_MS, '');
    } catch {
      this.#child.kill('SIGKILL');
      await this.#exited;
    }
  }

  async #create(device: DeviceKind, name: string, link: string, all: Shaped): Promise<string> {
    const { shape, ...options } = all;
    const made = await this.order({ do: 'create', device, name, link, options, shape });
    return z.object({ link: z.string() }).parse(made).link;
  }
}

interface Shaped {
  /** Pace and chunking of what the device says. */
  readonly shape?: LineShape;
}

class Device {
  readonly #hardware: HardwareProcess;
  readonly name: string;
  /** The stable path that the agent is configured with. */
  readonly link: string;

  constructor(hardware: HardwareProcess, name: string, link: string) {
    this.#hardware = hardware;
    this.name = name;
    this.link = link;
  }

  async fault(fault: LineFault): Promise<void> {
    await this.knob({ kind: 'fault', fault });
  }

  async mend(): Promise<void> {
    await this.knob({ kind: 'mend' });
  }

  async power(on: boolean): Promise<void> {
    await this.knob({ kind: 'power', on });
  }

  async shape(shape: LineShape): Promise<void> {
    await this.#hardware.order({ do: 'shape', name: this.name, shape });
  }

  async unplug(how?: 'abrupt'): Promise<void> {
    await this.#hardware.order({ do: 'unplug', name: this.name, abrupt: how === 'abrupt' });
  }

  async replug(): Promise<void> {
    await this.#hardware.order({ do: 'replug', name: this.name });
  }

  next(takes: (event: DeviceEvent) => boolean, withinMs = ORDER_MS): Promise<DeviceEvent> {
    return this.#hardware.next(this.name, takes, withinMs);
  }

  onEvent(listener: (event: DeviceEvent, at: number) => void): () => void {
    return this.#hardware.onEvent((device, event, at) => {
      if (device === this.name) listener(event, at);
    });
  }

  async close(): Promise<void> {
    await this.#hardware.order({ do: 'close', name: this.name });
  }

  async knob(knob: object): Promise<void> {
    await this.#hardware.order({ do: 'knob', name: this.name, knob });
  }

  protected report(): Promise<unknown> {
    return this.#hardware.order({ do: 'report', name: this.name });
  }
}

export class ScannerDevice extends Device {
  /** Holds a code before the scanner. */
  async scan(text: string, more: Omit<Scan, 'kind' | 'text' | 'bytes'> = {}): Promise<void> {
    await this.knob({ kind: 'scan', text, ...more });
  }

  async scanBytes(bytes: Uint8Array, more: Omit<Scan, 'kind' | 'text' | 'bytes'> = {}): Promise<void> {
    await this.knob({ kind: 'scan', bytes, ...more });
  }
}

const bookSchema = z.object({
  book: z.array(
    z.object({
      ref: z.string(),
      kind: z.enum(['sale', 'void']),
      amountFen: z.int(),
      state: z.enum(['open', 'moved', 'not-moved']),
      original: z.string().nullable(),
    }),
  ),
  balanceFen: z.int(),
});

export class ReaderDevice extends Device {
  /** What the next payments will be, in order. */
  async pays(...payments: readonly Payment[]): Promise<void> {
    await this.knob({ kind: 'pays', payments });
  }

  /** What every payment will be for which nothing else was said. */
  async usually(payment: Payment): Promise<void> {
    await this.knob({ kind: 'usually', payment });
  }

  /** The next result speaks of another sale. */
  async forge(field: 'ref' | 'amount' | 'currency'): Promise<void> {
    await this.knob({ kind: 'forge', field });
  }

  /** The bank's own book: what money moved, whatever anybody says. */
  async book(): Promise<readonly BookEntry[]> {
    return bookSchema.parse(await this.report()).book;
  }

  async balanceFen(): Promise<number> {
    return bookSchema.parse(await this.report()).balanceFen;
  }
}

/** The child runs this same code; what is checked is that it is a document at all. */
const documentSchema = z.custom<PaperDocument>(
  (value) => typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items),
);

export class PrinterDevice extends Device {
  /** Every byte that reached the printer, as it came. */
  onBytes(listener: (bytes: Uint8Array, at: number) => void): () => void {
    return this.onEvent(({ kind, bytes }, at) => {
      if (kind === 'took' && bytes instanceof Uint8Array) listener(bytes, at);
    });
  }

  /** Every piece of paper, when it is cut, torn off or ends. */
  onPrinted(listener: (document: PaperDocument) => void): () => void {
    return this.onEvent(({ kind, document }) => {
      if (kind === 'printed') listener(documentSchema.parse(document));
    });
  }

  /** Paper out, cover open, stuck, never answers...: the printer's own troubles. */
  async turn(knob: PrinterKnob): Promise<void> {
    await this.knob({ kind: 'knob', knob });
  }
}

const utteranceSchema = z.object({
  text: z.string(),
  music: z.int(),
  end: z.enum(['speaking', 'whole', 'cut']),
});

export class VoiceDevice extends Device {
  async utterances(): Promise<readonly Utterance[]> {
    return z.object({ utterances: z.array(utteranceSchema) }).parse(await this.report()).utterances;
  }
}

export class DisplayDevice extends Device {
  async shown(): Promise<{ readonly digits: string; readonly lamp: Lamp }> {
    return z.object({ digits: z.string(), lamp: z.enum(LAMPS) }).parse(await this.report());
  }
}

/** `bin/codeplate.js` above this file, whether this is the source or the build. */
function programFile(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (folder !== path.dirname(folder)) {
    const program = path.join(folder, 'bin', 'codeplate.js');
    if (fs.existsSync(program)) return program;
    folder = path.dirname(folder);
  }
  throw new Error('bin/codeplate.js was not found above the virtual hardware');
}

async function bounded<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
