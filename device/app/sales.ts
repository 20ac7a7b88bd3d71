/**
 * The counter's sales: feeds events to each sale's machine and performs its effects, in one exhaustive switch.
 *
 * Usually one sale is in progress; sales that wait for a person or for the disk stand beside it.
 */
import { classify } from '#protocol/codes/classify.js';
import type { OrderNo, SaleId } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import type { Fen } from '#protocol/kernel/money.js';
import { earliestWake, later } from '#protocol/kernel/time.js';
import { ANNOUNCEMENT_STALE_MS } from '../core/limits.js';
import { presentationOf } from '../core/sale/presentation.js';
import {
  isFinal,
  isUnknown,
  openSale,
  type Presentation,
  type Sale,
  type SaleEffect,
  type SaleFacts,
  type SaleInput,
  saleWakeAt,
  stepSale,
} from '../core/sale/sale.js';
import { looksTheSame, viewOf } from '../core/sale/sale-view.js';
import type { SaleView } from '../ports/till.js';
import { type EventQueue, Timer } from '../runtime/event-queue.js';
import type { TrustedClock } from '../runtime/trusted-clock.js';
import type { TillRequests } from '../till/till-requests.js';
import type { Uplink } from '../uplink/uplink.js';
import { announcementText } from './announcing.js';
import type { CardReader } from './card-reader.js';
import type { JournalWriter } from './journal-writer.js';
import type { LoopPorts } from './loop-ports.js';
import type { Peripherals } from './peripherals.js';
import type { Printing } from './printing.js';
import { readerInput } from './reader-input.js';
import type { Scans } from './scans.js';

/** The parts of the counter that receive a sale's effects. */
export interface SaleParts {
  readonly queue: EventQueue;
  readonly clock: TrustedClock;
  readonly scans: Scans;
  readonly journalWriter: JournalWriter;
  readonly peripherals: Peripherals;
  readonly printing: Printing;
  readonly reader: CardReader;
  readonly uplink: Uplink;
  readonly till: TillRequests;
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
    this.#timer = new Timer(ports.clock, () => parts.queue.enqueue(() => this.#wake()));
  }

  /** Resumes the sales that a power cut interrupted. */
  recover(): void {
    const { saleIndex } = this.#ports;
    for (const { sale, effects } of saleIndex.recover(this.#parts.clock.now())) this.#perform(sale, effects);
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
    const sale = this.#ports.saleIndex.number('s', this.#ports.random.hex(3));
    const step = openSale({ sale, order, amountFen, device, merchant }, this.#parts.clock.now());
    this.#parts.journalWriter.begins(sale);
    begun(sale);
    this.#parts.scans.begun();
    this.#ports.saleIndex.put(step.state, this.#parts.clock.now());
    this.#perform(step.state, step.effects);
  }

  /**
   * The sale at the counter: the last one begun, because a sale leaving `unknown` may be recorded beside it. A sale in
   * `unknown` has already been reported to the till, so the next may begin.
   */
  get current(): Sale | undefined {
    return this.#ports.saleIndex
      .busy()
      .findLast(
        (sale) =>
          !isUnknown(sale) && sale.at !== 'abandoning' && !this.#parts.journalWriter.isStranded(sale.facts.sale),
      );
  }

  feed(id: SaleId, input: SaleInput): void {
    const sale = this.#ports.saleIndex.get(id);
    if (sale !== undefined) this.step(sale, input);
  }

  step(sale: Sale, input: SaleInput): void {
    const at = this.#parts.clock.now();
    const step = stepSale(sale, input, at);
    if (step.state === sale && step.effects.length === 0) return;
    this.#ports.saleIndex.put(step.state, at);
    if (isFinal(step.state)) this.#parts.scans.ended();
    this.#tell(sale, step.state);
    this.#perform(step.state, step.effects);
    this.#parts.peripherals.lookForCode(this.current?.at === 'opened');
    this.#arm();
    if (sale.at !== 'opening' || step.state.at !== 'opened') return;
    this.#parts.till.opened(step.state);
    const held = this.#parts.scans.takeHeld(at);
    if (held !== undefined) this.scanned(held);
  }

  #perform(sale: Sale, effects: readonly SaleEffect[]): void {
    for (const effect of effects) this.#performOne(sale, effect);
  }

  #performOne(sale: Sale, effect: SaleEffect): void {
    const id = sale.facts.sale;
    switch (effect.kind) {
      case 'journal':
        this.#parts.journalWriter.append(effect.record, id);
        return;
      case 'authorise': {
        const { sale: saleId, order, merchant, amountFen } = effect.facts;
        const sent = this.#parts.uplink.authorise({
          sale: saleId,
          order,
          merchant,
          amountFen,
          mode: this.#ports.identity.mode,
          presented: effect.presentation,
        });
        if (!sent) this.#judgeHere(effect.facts, effect.presentation);
        else if (effect.presentation.kind === 'verifiable')
          this.#ports.campaignCache.count.asked(saleId, effect.presentation.code);
        return;
      }
      case 'judge-offline':
        this.#parts.uplink.forgetRequest(id);
        this.#judgeHere(effect.facts, effect.presentation);
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
        // Without a journal nothing was stored: the reader should keep its copy.
        if (this.#parts.journalWriter.fault === undefined) this.#parts.peripherals.reader(readerInput(effect));
        return;
      case 'receipt':
        this.#parts.printing.print(effect, 'original');
        return;
      case 'announce':
        this.#parts.peripherals.say({
          kind: 'say',
          id: effect.of === 'sale' ? id : `${id}-refund`,
          text: announcementText(effect),
          staleAt: later(this.#ports.clock.mono(), ANNOUNCEMENT_STALE_MS),
          replay: false,
        });
        return;
      default:
        unreachable(effect);
    }
  }

  #judgeHere(facts: SaleFacts, presentation: Presentation & { kind: 'opaque' | 'verifiable' }): void {
    const verdict = this.#ports.campaignCache.judge(facts, presentation, this.#parts.clock.now());
    this.feed(facts.sale, { kind: 'offline', verdict, readerMark: this.#parts.reader.mark });
  }

  #wake(): void {
    for (const sale of this.#ports.saleIndex.busy())
      this.step(sale, { kind: 'wake', readerMark: this.#parts.reader.mark });
    this.#arm();
  }

  #arm(): void {
    if (!this.#stopped) this.#timer.set(earliestWake(...this.#ports.saleIndex.busy().map(saleWakeAt)));
  }

  /** Reports visible changes only; internal steps stay internal. */
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
    // A sale leaving `unknown` leaves the display to the customer at the counter.
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
    this.#ports.log('info', 'SCANNED', { what: code.kind, presentation: code.masked, sale: sale?.facts.sale });
    if (sale?.at !== 'opened') {
      if (sale === undefined || sale.at === 'opening')
        this.#parts.scans.early(text, code.kind, this.#parts.clock.now());
      return;
    }
    const presentation: Presentation =
      this.#parts.journalWriter.fault === undefined
        ? presentationOf(code)
        : { kind: 'other', reason: 'journal-failed' };
    this.step(sale, { kind: 'presented', presentation });
  }
}
