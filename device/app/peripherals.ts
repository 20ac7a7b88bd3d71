/** The counter's peripherals: each driver's machine runs on its serial port. A dead port doesn't stop the others. */
import type { Instant } from '#protocol/kernel/time.js';
import type { DisplayDriver, Showing } from '../drivers/displays/display.js';
import type { PrinterEffect, PrinterInput, PrinterMachine } from '../drivers/printers/printer.js';
import type { ReaderDriver, ReaderEffect, ReaderInput } from '../drivers/readers/reader.js';
import type { ScannerDriver, ScannerEffect, ScannerInput, ScannerOptions } from '../drivers/scanners/scanner.js';
import type { VoiceDriver, VoiceEffect, VoiceInput } from '../drivers/voices/voice.js';
import type { Clock } from '../ports/clock.js';
import type { Log } from '../ports/log.js';
import type { LinkState, SerialLink } from '../ports/serial-link.js';
import { type EventQueue, type RunningMachine, runMachine } from '../runtime/event-queue.js';
import type { ReaderEvent } from './card-reader.js';

export type PeripheralName = 'scanner' | 'reader' | 'printer' | 'voice' | 'display';

/** The configured peripherals. A missing one is skipped: a counter without a voice stays silent. */
export interface PeripheralSet {
  readonly scanner?: { readonly driver: ScannerDriver; readonly options: ScannerOptions; readonly link: SerialLink };
  readonly reader?: { readonly driver: ReaderDriver; readonly link: SerialLink; readonly baudRate?: number };
  readonly printer?: { readonly machine: PrinterMachine; readonly link: SerialLink };
  readonly voice?: { readonly driver: VoiceDriver; readonly link: SerialLink };
  readonly display?: { readonly driver: DisplayDriver; readonly link: SerialLink };
}

/**
 * A code in GBK, or with separators such as GS1's: read completely, but useless here. Other noise concerns the line, not a
 * code.
 */
const NO_TEXT: ReadonlySet<string> = new Set(['SCAN_NOT_TEXT', 'SCAN_CONTROL_BYTES', 'SCAN_TOO_LONG']);

/** Driver events for the counter's business; bytes, noise and alerts are handled here. */
export interface PeripheralEvents {
  onScan(text: string): void;
  /** The scanner has beeped, but the result is no text, so it can't be one of our codes. */
  onUnreadableScan(): void;
  onReader(news: ReaderEvent): void;
  onPrinter(effect: Exclude<PrinterEffect, { kind: 'write' | 'noise' }>): void;
  onPort(name: PeripheralName, state: LinkState): void;
}

interface Wiring {
  readonly agent: string;
  readonly clock: Clock;
  readonly queue: EventQueue;
  readonly now: () => Instant;
  readonly log: Log;
  readonly events: PeripheralEvents;
}

/** Inputs from the port to every driver's machine. */
type PortInput =
  | { readonly kind: 'link-up' }
  | { readonly kind: 'link-lost'; readonly why: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

export class Peripherals {
  readonly #wiring: Wiring;
  readonly #links: {
    readonly name: PeripheralName;
    readonly link: SerialLink;
    readonly feed: (input: PortInput) => void;
  }[] = [];
  readonly #running: { stop(): void }[] = [];
  readonly #ports = new Map<PeripheralName, LinkState>();
  readonly #scanner: RunningMachine<ScannerInput> | undefined;
  readonly #reader: RunningMachine<ReaderInput> | undefined;
  readonly #printer: RunningMachine<PrinterInput> | undefined;
  readonly #voice: RunningMachine<VoiceInput> | undefined;
  readonly #display: PeripheralSet['display'];
  #showing: Showing = { kind: 'clear' };
  #looking = false;

  constructor(set: PeripheralSet, wiring: Wiring) {
    this.#wiring = wiring;
    this.#scanner = set.scanner && this.#runScanner(set.scanner);
    this.#reader = set.reader && this.#runReader(set.reader);
    this.#printer = set.printer && this.#runPrinter(set.printer);
    this.#voice = set.voice && this.#runVoice(set.voice);
    this.#display = set.display;
    if (set.display !== undefined) {
      const { driver, link } = set.display;
      // These displays forget everything in a power glitch: greet and show again whenever the port opens.
      this.#attach('display', link, (input) => {
        if (input.kind !== 'link-up') return;
        this.#write('display', link, driver.greeting);
        this.#write('display', link, driver.encode(this.#showing));
      });
    }
  }

  start(): void {
    const { queue, events, log } = this.#wiring;
    for (const { name, link, feed } of this.#links) {
      link.start({
        onState: (state, why) =>
          queue.enqueue(() => {
            this.#ports.set(name, state);
            if (state === 'lost') log('warn', 'PORT_LOST', { port: name, why });
            else log('info', state === 'open' ? 'PORT_OPEN' : 'PORT_OPENING', { port: name });
            if (state === 'open') feed({ kind: 'link-up' });
            else if (state === 'lost') feed({ kind: 'link-lost', why: why ?? 'port lost' });
            events.onPort(name, state);
          }),
        onBytes: (bytes) => queue.enqueue(() => feed({ kind: 'bytes', bytes })),
      });
    }
  }

  stop(): void {
    for (const machine of this.#running) machine.stop();
    for (const { link } of this.#links) link.stop();
  }

  get hasPrinter(): boolean {
    return this.#printer !== undefined;
  }

  ports(): Readonly<Record<PeripheralName, LinkState | 'none'>> {
    const of = (name: PeripheralName): LinkState | 'none' =>
      this.#links.some((entry) => entry.name === name) ? (this.#ports.get(name) ?? 'opening') : 'none';
    return {
      scanner: of('scanner'),
      reader: of('reader'),
      printer: of('printer'),
      voice: of('voice'),
      display: of('display'),
    };
  }

  /** Without a reader, answer `refused AWAY` at once, so that the sale doesn't time out. */
  reader(input: ReaderInput): void {
    const { queue, events } = this.#wiring;
    if (this.#reader !== undefined) this.#reader.feed(input);
    else if (input.kind === 'charge' || input.kind === 'void')
      queue.enqueue(() => events.onReader({ kind: 'refused', ref: input.ref, code: 'AWAY' }));
  }

  printer(input: PrinterInput): void {
    this.#printer?.feed(input);
  }

  say(input: Extract<VoiceInput, { kind: 'say' }>): void {
    this.#voice?.feed(input);
  }

  /** Whether a sale wants a code. */
  lookForCode(wanted: boolean): void {
    if (wanted === this.#looking) return;
    this.#looking = wanted;
    this.#scanner?.feed({ kind: 'look', wanted });
  }

  show(showing: Showing): void {
    this.#showing = showing;
    if (this.#display !== undefined) this.#write('display', this.#display.link, this.#display.driver.encode(showing));
  }

  #runScanner({ driver, options, link }: NonNullable<PeripheralSet['scanner']>): RunningMachine<ScannerInput> {
    const { log, events } = this.#wiring;
    const running = this.#run<unknown, ScannerInput, ScannerEffect>(driver.create(options), (effect) => {
      if (effect.kind === 'write') this.#write('scanner', link, effect.bytes);
      else if (effect.kind === 'scanned') events.onScan(effect.text);
      else {
        log('warn', effect.code, { port: 'scanner', what: effect.what });
        if (NO_TEXT.has(effect.code)) events.onUnreadableScan();
      }
    });
    this.#attach('scanner', link, (input) => running.feed(input.kind === 'link-lost' ? { kind: 'link-lost' } : input));
    return running;
  }

  #runReader({
    driver,
    link,
    baudRate = driver.baudRate,
  }: NonNullable<PeripheralSet['reader']>): RunningMachine<ReaderInput> {
    const { log, events, agent } = this.#wiring;
    const running = this.#run<unknown, ReaderInput, ReaderEffect>(driver.create({ agent, baudRate }), (effect) => {
      if (effect.kind === 'write') this.#write('reader', link, effect.bytes);
      else if (effect.kind === 'noise') log('warn', effect.code, { port: 'reader', what: effect.what });
      else if (effect.kind === 'alert') log('error', effect.code, { port: 'reader', what: effect.what });
      else events.onReader(effect);
    });
    this.#attach('reader', link, running.feed);
    return running;
  }

  #runPrinter({ machine, link }: NonNullable<PeripheralSet['printer']>): RunningMachine<PrinterInput> {
    const { log, events } = this.#wiring;
    const running = this.#run<unknown, PrinterInput, PrinterEffect>(machine, (effect) => {
      if (effect.kind === 'write')
        this.#write('printer', link, effect.bytes, (fault) => running.feed({ kind: 'written', fault }));
      else if (effect.kind === 'noise') log('warn', effect.code, { port: 'printer', what: effect.what });
      else events.onPrinter(effect);
    });
    this.#attach('printer', link, running.feed);
    return running;
  }

  #runVoice({ driver, link }: NonNullable<PeripheralSet['voice']>): RunningMachine<VoiceInput> {
    const { log } = this.#wiring;
    const running = this.#run<unknown, VoiceInput, VoiceEffect>(driver.create(), (effect) => {
      if (effect.kind === 'write') this.#write('voice', link, effect.bytes);
      else if (effect.kind === 'noise') log('warn', effect.code, { port: 'voice', what: effect.what });
      else if (effect.kind === 'dropped') log('info', 'VOICE_DROPPED', { id: effect.id, why: effect.why });
    });
    this.#attach('voice', link, running.feed);
    return running;
  }

  #run<State, Input extends { readonly kind: string }, Effect>(
    machine: Parameters<typeof runMachine<State, Input, Effect>>[0]['machine'],
    perform: (effect: Effect) => void,
  ): RunningMachine<Input> {
    const { clock, queue, now } = this.#wiring;
    const running = runMachine<State, Input, Effect>({ machine, clock, queue, now, perform });
    this.#running.push(running);
    return running;
  }

  #attach(name: PeripheralName, link: SerialLink, feed: (input: PortInput) => void): void {
    this.#links.push({ name, link, feed });
  }

  #write(name: PeripheralName, link: SerialLink, bytes: Uint8Array, done?: (fault: string | undefined) => void): void {
    link.write(bytes, (fault) => {
      if (fault !== undefined) this.#wiring.log('warn', fault, { port: name });
      done?.(fault);
    });
  }
}
