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
import { z } from 'zod';
import { programFile } from '../processes/package-folder.js';
import { bounded } from '../processes/waiting.js';
import {
  type DeviceEvent,
  DisplayDevice,
  type Hardware,
  type Listener,
  ORDER_MS,
  type Order,
  PrinterDevice,
  ReaderDevice,
  ScannerDevice,
  VoiceDevice,
} from './handles.js';
import { type DeviceKind, fromText, newsSchema, toText } from './messages.js';
import type { VirtualPrinterProfile } from './printer/profile.js';
import type { LineShape } from './pty.js';
import type { CrpOptions } from './readers/crp/machine.js';
import type { TransbankOptions } from './readers/transbank/machine.js';
import type { ScannerOptions } from './scanner/machine.js';
import type { VoiceOptions } from './voice/machine.js';

/** Ours: a start takes a quarter of a second on an idle machine, and a busy one is patient. */
const START_MS = 20_000;
/** Ours: closing ports takes some 50 ms; a child that hangs is killed. */
const STOP_MS = 5_000;

export class HardwareProcess implements Hardware {
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
      await bounded('the start of virtual hardware', START_MS, Promise.race([ready, ended]));
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
    return bounded(`an event of "${device}"`, withinMs, seen).finally(end);
  }

  /** One order to the child. The handles are the pleasant way. */
  order(order: Order): Promise<unknown> {
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
    return bounded(`an answer to "${order.do}" for "${order.name}"`, ORDER_MS, answer).finally(() =>
      this.#waiting.delete(id),
    );
  }

  /** Closes every port and ends the child. */
  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    try {
      await bounded('the end of virtual hardware', STOP_MS, this.#exited);
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
