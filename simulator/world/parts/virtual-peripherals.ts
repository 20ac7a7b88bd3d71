/**
 * The virtual peripherals of a counter: scanner, card reader with its cardholders and bank, printer with its paper, voice.
 * Each has its own power and its own records, and none of them knows whether the agent lives.
 */
import type { PrinterModelName } from '#device/drivers/printers/index.js';
import type { Machine } from '#protocol/kernel/machine.js';
import type { Paper } from '../../checkers/books.js';
import { isLine, type PaperDocument, sentText } from '../../hardware/printer/index.js';
import { PRINTER_TWINS } from '../../hardware/printer/twins.js';
import { type PrinterOnWireEffect, type PrinterOnWireInput, printerOnWire } from '../../hardware/printer-on-wire.js';
import type { ReaderEntry } from '../../hardware/readers/bank.js';
import { type CrpEffect, type CrpInput, type CrpReader, crpReader } from '../../hardware/readers/crp/machine.js';
import { type ScannerEffect, type ScannerInput, virtualScanner } from '../../hardware/scanner/machine.js';
import { type Utterance, type VoiceEffect, type VoiceInput, voiceModule } from '../../hardware/voice/machine.js';
import type { Chance } from './random.js';
import type { Scheduler } from './scheduler.js';
import { Cable } from './wires.js';

export interface VirtualPeripheralsEvents {
  commanded(ref: string): void;
  /** The agent has acknowledged a result: it says that it has it on its disk. */
  taken(ref: string): void;
  moved(entry: ReaderEntry): void;
  paper(paper: Paper): void;
  spoken(text: string): void;
}

export class VirtualPeripherals {
  readonly scanner: Cable<ScannerInput, ScannerEffect>;
  readonly reader: Cable<CrpInput, CrpEffect>;
  readonly printer: Cable<PrinterOnWireInput, PrinterOnWireEffect>;
  readonly voice: Cable<VoiceInput, VoiceEffect>;
  readonly papers: Paper[] = [];
  readonly #events: VirtualPeripheralsEvents;
  #book: readonly ReaderEntry[] = [];
  /** Entries that the bank has decided, and how many of them stand before the first open one. */
  readonly #known = new WeakSet<ReaderEntry>();
  #decided = 0;
  /** Money that moved, by reference; and the sales whose money went back. */
  readonly moved = new Map<string, ReaderEntry>();
  readonly takenBack = new Set<string>();
  #utterances: readonly Utterance[] = [];
  /** The first pieces of a receipt whose paper ran out within it. */
  #begun: string[] = [];

  constructor(options: {
    readonly scheduler: Scheduler;
    readonly chance: Chance;
    readonly printer: PrinterModelName;
    readonly events: VirtualPeripheralsEvents;
  }) {
    const { scheduler, chance, printer, events } = options;
    this.#events = events;
    this.scanner = new Cable<ScannerInput, ScannerEffect>({
      scheduler,
      chance,
      machine: virtualScanner({ suffix: 'cr' }),
      onEffect: () => {},
    });
    this.reader = new Cable<CrpInput, CrpEffect>({
      scheduler,
      chance,
      machine: seen(crpReader(), (state) => this.#bankMoved(state)),
      onEffect: (effect) => {
        if (effect.kind === 'stage' && effect.state === 'ACCEPTED') events.commanded(effect.ref);
        if (effect.kind === 'taken') events.taken(effect.ref);
      },
    });
    this.printer = new Cable<PrinterOnWireInput, PrinterOnWireEffect>({
      scheduler,
      chance,
      machine: printerOnWire(PRINTER_TWINS[printer]),
      onEffect: (effect) => {
        if (effect.kind === 'printed') this.#printed(effect.document);
      },
    });
    this.voice = new Cable<VoiceInput, VoiceEffect>({
      scheduler,
      chance,
      machine: seen(voiceModule(), (state) => {
        this.#utterances = state.utterances;
      }),
      onEffect: (effect) => {
        if (effect.kind === 'speaks') events.spoken(effect.text);
      },
    });
  }

  bank(): readonly ReaderEntry[] {
    return this.#book;
  }

  utterances(): readonly Utterance[] {
    return this.#utterances;
  }

  /** A technician has been: cables in, power on, paper in, no fault left. */
  service(): void {
    for (const cable of [this.scanner, this.reader, this.voice] as const) {
      cable.input({ kind: 'mend' });
      cable.input({ kind: 'power', on: true });
      cable.plug();
    }
    for (const knob of [
      { kind: 'power', on: true },
      { kind: 'stuck', on: false },
      { kind: 'cutter-jam', on: false },
      { kind: 'offline', on: false },
      { kind: 'never-answers', on: false },
      { kind: 'cover-closed' },
      { kind: 'paper-in' },
    ] as const)
      this.printer.input({ kind: 'knob', knob });
    this.printer.input({ kind: 'mend' });
    this.printer.plug();
  }

  #bankMoved({ bank }: CrpReader): void {
    const { book } = bank;
    if (book === this.#book) return;
    this.#book = book;
    for (let at = this.#decided; at < book.length; at++) {
      const entry = book[at];
      if (entry === undefined) continue;
      if (entry.state === 'open') continue;
      if (at === this.#decided) this.#decided += 1;
      if (this.#known.has(entry)) continue;
      this.#known.add(entry);
      if (entry.state !== 'moved') continue;
      this.moved.set(entry.ref, entry);
      if (entry.original !== null) this.takenBack.add(entry.original);
      this.#events.moved(entry);
    }
  }

  #printed(document: PaperDocument): void {
    const lines: string[] = [];
    let code: string | undefined;
    for (const item of document.items) {
      if (isLine(item)) lines.push(sentText(item));
      else if (item.kind === 'qr') code = item.text;
    }
    if (!document.continued) this.#begun = [];
    this.#begun.push(...lines);
    const text = this.#begun.join('\n');
    if (document.end === 'paper-out' && code === undefined) return;
    this.#begun = [];
    // Where the firmware draws no QR code of its own it comes as a picture; the number stands below in plain text.
    const number = /(?<!原)小票号 ?([A-Za-z0-9-]+)/.exec(text.replaceAll('\n', ''))?.[1];
    if (code === undefined && number !== undefined) code = `CPR:${number}`;
    const paper = { text, code, isMarkedCopy: text.includes('补打') };
    this.papers.push(paper);
    this.#events.paper(paper);
  }
}

/** The same machine, looked at after each step. */
function seen<State, Input, Effect>(
  machine: Machine<State, Input, Effect>,
  look: (state: State) => void,
): Machine<State, Input, Effect> {
  return {
    initial: machine.initial,
    wakeAt: machine.wakeAt,
    step(state, input, at) {
      const step = machine.step(state, input, at);
      look(step.state);
      return step;
    },
  };
}
