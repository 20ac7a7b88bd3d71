/**
 * The sales of a counter at work: feeds what happens to each sale's machine, and performs, one exhaustive switch, what it
 * asks for. Most often one sale is under way; those that wait for a person or for the disk stand beside it.
 */
import { classify } from '#protocol/codes/classify.js';
import type { OrderNo, SaleId } from '#protocol/ids.js';
import { unreachable } from '#protocol/machine.js';
import type { Fen } from '#protocol/money.js';
import { earliestWake, later } from '#protocol/time.js';
import { spoken } from './announcements.js';
import type { CardReader } from './card-reader.js';
import { ANNOUNCEMENT_STALE_MS } from './core/limits.js';
import {
  isFinal,
  isParked,
  openSale,
  type Sale,
  type SaleEffect,
  type SaleFacts,
  type SaleInput,
  type Shown,
  saleWakeAt,
  stepSale,
} from './core/sale.js';
import { looksTheSame, viewOf } from './core/sale-view.js';
import { shownBy } from './core/shown.js';
import type { Line } from './line.js';
import type { LoopPorts } from './loop-ports.js';
import type { Peripherals } from './peripherals.js';
import type { SaleView } from './ports/till.js';
import type { Printing } from './printing.js';
import { readerInput } from './reader-input.js';
import type { Recording } from './recording.js';
import { Timer, type Turns } from './running.js';
import type { Scans } from './scans.js';
import type { TillDesk } from './till-desk.js';
import type { Timekeeper } from './timekeeper.js';

/** The parts of the counter that a sale's effects go to. */
export interface SaleParts {
  readonly turns: Turns;
  readonly timekeeper: Timekeeper;
  readonly scans: Scans;
  readonly recording: Recording;
  readonly peripherals: Peripherals;
  readonly printing: Printing;
  readonly reader: CardReader;
  readonly line: Line;
  readonly till: TillDesk;
}

export class Sales {
  readonly #ports: LoopPorts;
  readonly #parts: SaleParts;
  readonly #timer: Timer;
  readonly #watchers = new Set<(sale: SaleView) => void>();
  #stopped = false;

  constructor(ports: LoopPorts, parts: SaleParts) {
    this.#ports = ports;
    this.#parts = parts;
    this.#timer = new Timer(ports.clock, () => parts.turns.take(() => this.#wake()));
  }

  /** Goes on with whatever the power interrupted. */
  recover(): void {
    const { book } = this.#ports;
    for (const { sale, effects } of book.recover(this.#parts.timekeeper.now())) this.#perform(sale, effects);
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.set(undefined);
  }

  watch(listener: (sale: SaleView) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  begin(
    { order, amountFen }: { readonly order: OrderNo; readonly amountFen: Fen },
    begun: (sale: SaleId) => void,
  ): void {
    const { device, merchant } = this.#ports.identity;
    const sale = this.#ports.book.number('s', this.#ports.random.hex(3));
    const step = openSale({ sale, order, amountFen, device, merchant }, this.#parts.timekeeper.now());
    this.#parts.recording.begins(sale);
    begun(sale);
    this.#parts.scans.begun();
    this.#ports.book.put(step.state, this.#parts.timekeeper.now());
    this.#perform(step.state, step.effects);
  }

  /**
   * The sale that the cashier is working on: the last one begun, since one that comes out of a person's hands may be on its
   * way to the disk beside it. One that is given up has told the till so already: the next may begin.
   */
  get current(): Sale | undefined {
    return this.#ports.book
      .busy()
      .findLast(
        (sale) => !isParked(sale) && sale.at !== 'abandoning' && !this.#parts.recording.isStranded(sale.facts.sale),
      );
  }

  feed(id: SaleId, input: SaleInput): void {
    const sale = this.#ports.book.get(id);
    if (sale !== undefined) this.step(sale, input);
  }

  step(sale: Sale, input: SaleInput): void {
    const at = this.#parts.timekeeper.now();
    const step = stepSale(sale, input, at);
    if (step.state === sale && step.effects.length === 0) return;
    this.#ports.book.put(step.state, at);
    if (isFinal(step.state)) this.#parts.scans.ended();
    this.#tell(sale, step.state);
    this.#perform(step.state, step.effects);
    this.#parts.peripherals.lookForCode(this.current?.at === 'opened');
    this.#arm();
    if (sale.at !== 'opening' || step.state.at !== 'opened') return;
    this.#parts.till.opened(step.state);
    const held = this.#parts.scans.take(at);
    if (held !== undefined) this.scanned(held);
  }

  #perform(sale: Sale, effects: readonly SaleEffect[]): void {
    for (const effect of effects) this.#performOne(sale, effect);
  }

  #performOne(sale: Sale, effect: SaleEffect): void {
    const id = sale.facts.sale;
    switch (effect.kind) {
      case 'journal':
        this.#parts.recording.append(effect.record, id);
        return;
      case 'authorise': {
        const { sale: saleId, order, merchant, amountFen } = effect.facts;
        const sent = this.#parts.line.authorise({
          sale: saleId,
          order,
          merchant,
          amountFen,
          mode: this.#ports.identity.mode,
          presented: effect.shown,
        });
        if (!sent) this.#judgeHere(effect.facts, effect.shown);
        else if (effect.shown.kind === 'verifiable') this.#ports.desk.count.asked(saleId, effect.shown.code);
        return;
      }
      case 'judge-offline':
        this.#parts.line.forgetRequest(id);
        this.#judgeHere(effect.facts, effect.shown);
        return;
      case 'charge':
        this.#parts.peripherals.reader(readerInput(effect));
        this.#parts.printing.expectReceipt();
        return;
      case 'void':
      case 'ask':
      case 'cancel-charge':
        this.#parts.peripherals.reader(readerInput(effect));
        return;
      case 'stored':
        // Nothing was stored without a journal: the reader had better remember.
        if (this.#parts.recording.fault === undefined) this.#parts.peripherals.reader(readerInput(effect));
        return;
      case 'receipt':
        this.#parts.printing.print(effect, 'original');
        return;
      case 'announce':
        this.#parts.peripherals.say({
          kind: 'say',
          id: effect.of === 'sale' ? id : `${id}-refund`,
          text: spoken(effect),
          staleAt: later(this.#ports.clock.mono(), ANNOUNCEMENT_STALE_MS),
          replay: false,
        });
        return;
      default:
        unreachable(effect);
    }
  }

  #judgeHere(facts: SaleFacts, shown: Shown & { kind: 'opaque' | 'verifiable' }): void {
    const verdict = this.#ports.desk.judge(facts, shown, this.#parts.timekeeper.now());
    this.feed(facts.sale, { kind: 'undeliverable', verdict, readerMark: this.#parts.reader.mark });
  }

  #wake(): void {
    for (const sale of this.#ports.book.busy()) this.step(sale, { kind: 'wake', readerMark: this.#parts.reader.mark });
    this.#arm();
  }

  #arm(): void {
    if (!this.#stopped) this.#timer.set(earliestWake(...this.#ports.book.busy().map(saleWakeAt)));
  }

  /** Tells of what a person would notice; steps behind the scenes stay there. */
  #tell(before: Sale, sale: Sale): void {
    if (looksTheSame(before, sale)) return;
    const view = viewOf(sale);
    this.#ports.log('info', 'SALE', {
      sale: view.sale,
      order: view.order,
      state: view.state,
      netFen: view.netFen,
      reason: view.reason,
    });
    const atCounter = this.current;
    // One that comes out of a person's hands leaves the display to the customer who is at the counter.
    if (atCounter === undefined || atCounter.facts.sale === view.sale) {
      this.#parts.peripherals.show(
        isFinal(sale) && sale.at !== 'settled'
          ? { kind: 'clear' }
          : { kind: 'amount', fen: view.netFen, lamp: sale.at === 'settled' ? 'received' : 'total' },
      );
    }
    for (const watcher of this.#watchers) watcher(view);
  }

  /** The scanner has read a text. */
  scanned(text: string): void {
    const code = classify(text);
    const sale = this.current;
    this.#ports.log('info', 'SCANNED', { what: code.kind, shown: code.masked, sale: sale?.facts.sale });
    if (sale?.at !== 'opened') {
      if (sale === undefined || sale.at === 'opening')
        this.#parts.scans.early(text, code.kind, this.#parts.timekeeper.now());
      return;
    }
    const shown: Shown =
      this.#parts.recording.fault === undefined ? shownBy(code) : { kind: 'other', reason: 'journal-failed' };
    this.step(sale, { kind: 'shown', shown });
  }
}
