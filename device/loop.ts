/**
 * The counter at work: feeds what happens to the pure machines and performs, one exhaustive switch, what they ask for.
 * Everything it needs of the world is a port, so the same loop runs on a Pi and in a simulated world on a virtual clock.
 */

import { classify } from '#protocol/codes/classify.js';
import { worthRetrying } from '#protocol/faults/errors.js';
import type { OrderNo, SaleId } from '#protocol/ids.js';
import { unreachable } from '#protocol/machine.js';
import { spentTopic } from '#protocol/messages/topics.js';
import type { Fen } from '#protocol/money.js';
import type { ChainHead } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import { earliestWake, later, type MonoMs, type WallMs } from '#protocol/time.js';
import { spoken } from './announcements.js';
import { CardReader } from './card-reader.js';
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
import type { SaleBook } from './core/sale-book.js';
import { looksTheSame, viewOf } from './core/sale-view.js';
import { shownBy } from './core/shown.js';
import { healthOf } from './counter-health.js';
import { Line } from './line.js';
import type { LoopPorts } from './loop-ports.js';
import { Peripherals } from './peripherals.js';
import type { JournalFault } from './ports/journal.js';
import type { Counter, CounterHealth, LocalTime, SaleView, TillReply, TillRequest } from './ports/till.js';
import { Printing } from './printing.js';
import { readerInput } from './reader-input.js';
import { Recording } from './recording.js';
import { Timer, Turns } from './running.js';
import { Scans } from './scans.js';
import { ShopCalendar } from './shop-calendar.js';
import { StateTeller } from './state-teller.js';
import { TillDesk } from './till-desk.js';
import { Timekeeper } from './timekeeper.js';
import { Unsent } from './unsent.js';

/** These end or begin a claim on a coupon or on money: the gateway should know without delay. */
const URGENT: ReadonlySet<JournalRecord['kind']> = new Set<JournalRecord['kind']>([
  'settled',
  'not-charged',
  'unknown',
  'abandoned',
  'refunded',
  'refund-failed',
  'refund-unknown',
]);

export class DeviceLoop implements Counter {
  readonly #ports: LoopPorts;
  readonly #book: SaleBook;
  readonly #turns = new Turns();
  readonly #timekeeper: Timekeeper;
  readonly #line: Line;
  readonly #peripherals: Peripherals;
  readonly #printing: Printing;
  readonly #reader: CardReader;
  readonly #recording: Recording;
  readonly #saleTimer: Timer;
  readonly #unsent: Unsent;
  readonly #state: StateTeller;
  readonly #till: TillDesk;
  readonly #boot: number;
  readonly #watchers = new Set<(sale: SaleView) => void>();
  readonly #scans = new Scans();
  readonly #calendar: ShopCalendar;
  #wasOnline = false;
  #spentHeardAt: MonoMs | undefined;
  #stopped = false;

  constructor(ports: LoopPorts) {
    this.#ports = ports;
    this.#book = ports.book;
    this.#timekeeper = new Timekeeper(ports);
    this.#calendar = new ShopCalendar(ports.desk, ports.orders);
    const { identity, clock, random, journal, broker, log } = ports;
    const { now } = this.#timekeeper;
    const turns = this.#turns;
    // Only has to differ from boot to boot: it keeps one boot's request ids apart from another's.
    this.#boot = Math.floor(random.next() * 2 ** 31);
    this.#unsent = new Unsent(journal.head, journal.acknowledged);
    this.#saleTimer = new Timer(clock, () => turns.take(() => this.#wakeSales()));
    this.#peripherals = new Peripherals(ports.peripherals, {
      agent: identity.agent,
      clock,
      turns,
      now,
      log,
      events: {
        onScan: (text) => this.#scanned(text),
        onUnreadableScan: () => {
          const sale = this.#current();
          if (sale?.at === 'opened')
            this.#step(sale, { kind: 'shown', shown: { kind: 'other', reason: 'code-unknown' } });
        },
        onReader: (news) => this.#reader.heard(news),
        onPrinter: (effect) => this.#printing.heard(effect),
        onPort: (name, state) => {
          if (name === 'printer') this.#printing.portIs(state);
          this.#state.tell();
        },
      },
    });
    this.#reader = new CardReader(log, {
      onReady: () => {
        for (const sale of this.#book.busy()) this.#step(sale, { kind: 'reader-ready' });
      },
      onProgress: () => this.#printing.expectReceipt(),
      onWord: (sale, word) => this.#feed(sale, { kind: 'reader', ref: sale, word }),
    });
    this.#recording = new Recording({
      journal,
      turns,
      underWay: () => this.#book.busy().map((sale) => sale.facts.sale),
      onRecorded: (record, head) => this.#recorded(record, head),
      onGoOn: (sale) => this.#feed(sale, { kind: 'journalled' }),
      onFailed: (fault) => this.#journalFailed(fault),
    });
    this.#printing = new Printing({
      peripherals: this.#peripherals,
      typeset: ports.typeset,
      onPrinted: (receipt, copy, outcome) =>
        this.#recording.append({ kind: 'printed', receipt, copy, outcome, at: now().wall ?? null }, undefined),
      log,
    });
    this.#till = new TillDesk({
      book: this.#book,
      standing: () => ({
        journalFailed: this.#recording.fault !== undefined,
        sellsWithoutJournal: ports.desk.campaign?.offline.fullPriceWithoutJournal === true,
        readerReady: this.#reader.ready,
        readerMark: this.#reader.mark,
        printerThere: this.#peripherals.hasPrinter && this.#peripherals.ports().printer !== 'lost',
        current: this.#current(),
      }),
      dayOf: (sale) => this.#book.orderDay(sale, now(), this.#calendar.days),
      isBlocked: (sale) => this.#recording.blocks(sale),
      nextRefund: () => this.#book.number('r', random.hex(3)),
      begin: (request, begun) => this.#begin(request, begun),
      step: (sale, input) => this.#step(sale, input),
      reprint: (sale) => this.#printing.again(sale),
    });
    this.#state = new StateTeller({
      agent: identity.agent,
      boot: this.#boot,
      health: () => this.health(),
      versions: () => ports.desk.versions,
      send: (state) => this.#line.publishState(state),
    });
    const learn = (take: () => void): void => {
      take();
      this.#state.tellIfChanged();
    };
    this.#line = new Line({
      device: identity.device,
      agent: identity.agent,
      boot: this.#boot,
      broker,
      journal,
      hasJournal: ports.journalFault === undefined,
      clock,
      random,
      turns,
      now,
      log,
      events: {
        onOnline: () => {
          log('info', 'LINE_UP');
          this.#wasOnline = true;
          // The gateway's whole list comes with the connection, and then every ten minutes at least.
          this.#spentHeardAt = clock.mono();
          this.#state.tell();
        },
        onOffline: ({ code, what }) => log('warn', 'LINE_DOWN', { cause: code, why: what }),
        onStillOffline: ({ code, what }) => log(worthRetrying(code) ? 'warn' : 'error', code, { why: what }),
        onAuthorised: (sale, heard, known) => {
          const answer = ports.desk.checked(heard, known);
          this.#feed(sale, { kind: 'authorised', answer, readerMark: this.#reader.mark });
        },
        onWelcome: (welcome, askedAt) => {
          if (ports.desk.vouches(welcome, welcome)) this.#timekeeper.hear(welcome.time, askedAt);
          else
            log('error', 'TIME_NOT_SIGNED', { what: 'the welcome is not signed by a gateway that this device knows' });
        },
        onBeacon: () => this.#state.tellIfChanged(),
        onAcknowledged: (head) => this.#unsent.acknowledged(head),
        onAllowance: (allowance) => learn(() => ports.desk.takeAllowance(allowance)),
        onCampaign: (topic, payload) => {
          if (topic === spentTopic(identity.campaign)) this.#spentHeardAt = clock.mono();
          learn(() => ports.desk.heard(topic, payload));
        },
        onJournalFault: (code) => this.#recording.failed({ code, message: 'the journal could not be read' }),
      },
    });
  }

  start(): void {
    this.#turns.take(() => {
      if (this.#ports.journalFault !== undefined) this.#recording.failed(this.#ports.journalFault);
      for (const { sale, effects } of this.#book.recover(this.#timekeeper.now())) this.#perform(sale, effects);
      this.#armSales();
      this.#printing.afterPowerCut(this.#book);
      this.#peripherals.start();
      this.#line.start();
      this.#unsent.recall(this.#ports.journal, this.#turns, this.#timekeeper.now().mono);
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#recording.stop();
    this.#saleTimer.set(undefined);
    this.#line.stop();
    this.#peripherals.stop();
  }

  request(request: TillRequest, reply: (reply: TillReply) => void): void {
    this.#turns.take(() => this.#till.answer(request, reply));
  }

  watch(listener: (sale: SaleView) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  resumePrinting(): void {
    this.#turns.take(() => this.#printing.resume());
  }

  health(): CounterHealth {
    const at = this.#timekeeper.now();
    const { identity, desk } = this.#ports;
    const { online, forked } = this.#line;
    return healthOf({
      identity,
      at,
      desk,
      book: this.#book,
      unsent: this.#unsent,
      peripherals: this.#peripherals,
      printing: this.#printing,
      readerReady: this.#reader.ready,
      journalFault: this.#recording.fault?.code,
      line: { online, forked, wasOnline: this.#wasOnline, fault: this.#line.fault },
      spentSilentSince: online ? (this.#spentHeardAt ?? null) : null,
      hint: this.#scans.hint(at),
    });
  }

  wallClock(at: WallMs): LocalTime {
    return this.#calendar.wallClock(at);
  }

  // -- sales

  #begin(
    { order, amountFen }: { readonly order: OrderNo; readonly amountFen: Fen },
    begun: (sale: SaleId) => void,
  ): void {
    const { device, merchant } = this.#ports.identity;
    const sale = this.#book.number('s', this.#ports.random.hex(3));
    const step = openSale({ sale, order, amountFen, device, merchant }, this.#timekeeper.now());
    this.#recording.begins(sale);
    begun(sale);
    this.#scans.begun();
    this.#book.put(step.state, this.#timekeeper.now());
    this.#perform(step.state, step.effects);
  }

  /**
   * The sale that the cashier is working on: the last one begun, since one that comes out of a person's hands may be on its
   * way to the disk beside it. One that is given up has told the till so already: the next may begin.
   */
  #current(): Sale | undefined {
    return this.#book
      .busy()
      .findLast((sale) => !isParked(sale) && sale.at !== 'abandoning' && !this.#recording.isStranded(sale.facts.sale));
  }

  #feed(id: SaleId, input: SaleInput): void {
    const sale = this.#book.get(id);
    if (sale !== undefined) this.#step(sale, input);
  }

  #step(sale: Sale, input: SaleInput): void {
    const at = this.#timekeeper.now();
    const step = stepSale(sale, input, at);
    if (step.state === sale && step.effects.length === 0) return;
    this.#book.put(step.state, at);
    if (isFinal(step.state)) this.#scans.ended();
    this.#tell(sale, step.state);
    this.#perform(step.state, step.effects);
    this.#peripherals.lookForCode(this.#current()?.at === 'opened');
    this.#armSales();
    if (sale.at !== 'opening' || step.state.at !== 'opened') return;
    this.#till.opened(step.state);
    const held = this.#scans.take(at);
    if (held !== undefined) this.#scanned(held);
  }

  #perform(sale: Sale, effects: readonly SaleEffect[]): void {
    for (const effect of effects) this.#performOne(sale, effect);
  }

  #performOne(sale: Sale, effect: SaleEffect): void {
    const id = sale.facts.sale;
    switch (effect.kind) {
      case 'journal':
        this.#recording.append(effect.record, id);
        return;
      case 'authorise': {
        const { sale: saleId, order, merchant, amountFen } = effect.facts;
        const sent = this.#line.authorise({
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
        this.#line.forgetRequest(id);
        this.#judgeHere(effect.facts, effect.shown);
        return;
      case 'charge':
        this.#peripherals.reader(readerInput(effect));
        this.#printing.expectReceipt();
        return;
      case 'void':
      case 'ask':
      case 'cancel-charge':
        this.#peripherals.reader(readerInput(effect));
        return;
      case 'stored':
        // Nothing was stored without a journal: the reader had better remember.
        if (this.#recording.fault === undefined) this.#peripherals.reader(readerInput(effect));
        return;
      case 'receipt':
        this.#printing.print(effect, 'original');
        return;
      case 'announce':
        this.#peripherals.say({
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
    const verdict = this.#ports.desk.judge(facts, shown, this.#timekeeper.now());
    this.#feed(facts.sale, { kind: 'undeliverable', verdict, readerMark: this.#reader.mark });
  }

  #wakeSales(): void {
    for (const sale of this.#book.busy()) this.#step(sale, { kind: 'wake', readerMark: this.#reader.mark });
    this.#armSales();
  }

  #armSales(): void {
    if (!this.#stopped) this.#saleTimer.set(earliestWake(...this.#book.busy().map(saleWakeAt)));
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
    const atCounter = this.#current();
    // One that comes out of a person's hands leaves the display to the customer who is at the counter.
    if (atCounter === undefined || atCounter.facts.sale === view.sale) {
      this.#peripherals.show(
        isFinal(sale) && sale.at !== 'settled'
          ? { kind: 'clear' }
          : { kind: 'amount', fen: view.netFen, lamp: sale.at === 'settled' ? 'received' : 'total' },
      );
    }
    for (const watcher of this.#watchers) watcher(view);
  }

  // -- journal

  #recorded(record: JournalRecord, head: ChainHead): void {
    this.#book.note(record);
    this.#ports.desk.note(record, head.seq);
    this.#unsent.grew(record, head, this.#ports.clock.mono());
    this.#line.grew(head, URGENT.has(record.kind));
  }

  #journalFailed(fault: JournalFault): void {
    this.#ports.log('error', fault.code, { what: fault.message });
    this.#till.journalFailed();
    this.#state.tell();
  }

  // -- peripherals

  #scanned(text: string): void {
    const code = classify(text);
    const sale = this.#current();
    this.#ports.log('info', 'SCANNED', { what: code.kind, shown: code.masked, sale: sale?.facts.sale });
    if (sale?.at !== 'opened') {
      if (sale === undefined || sale.at === 'opening') this.#scans.early(text, code.kind, this.#timekeeper.now());
      return;
    }
    const shown: Shown =
      this.#recording.fault === undefined ? shownBy(code) : { kind: 'other', reason: 'journal-failed' };
    this.#step(sale, { kind: 'shown', shown });
  }
}
