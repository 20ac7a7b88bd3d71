/**
 * The counter at work: builds its parts, and hands what happens at one to those that it concerns. Sales are in sales.ts.
 * Everything it needs of the world is a port, so the same loop runs on a Pi and in a simulated world on a virtual clock.
 */

import { worthRetrying } from '#protocol/faults/errors.js';
import { spentTopic } from '#protocol/messages/topics.js';
import type { ChainHead } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { MonoMs, WallMs } from '#protocol/time.js';
import { CardReader } from './card-reader.js';
import type { SaleBook } from './core/sale-book.js';
import { healthOf } from './counter-health.js';
import { Line } from './line.js';
import type { LoopPorts } from './loop-ports.js';
import { Peripherals } from './peripherals.js';
import type { JournalFault } from './ports/journal.js';
import type { Counter, CounterHealth, LocalTime, SaleView, TillReply, TillRequest } from './ports/till.js';
import { Printing } from './printing.js';
import { Recording } from './recording.js';
import { Turns } from './running.js';
import { Sales } from './sales.js';
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
  readonly #unsent: Unsent;
  readonly #state: StateTeller;
  readonly #till: TillDesk;
  readonly #sales: Sales;
  readonly #boot: number;
  readonly #scans = new Scans();
  readonly #calendar: ShopCalendar;
  #wasOnline = false;
  #spentHeardAt: MonoMs | undefined;

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
    this.#peripherals = new Peripherals(ports.peripherals, {
      agent: identity.agent,
      clock,
      turns,
      now,
      log,
      events: {
        onScan: (text) => this.#sales.scanned(text),
        onUnreadableScan: () => {
          const sale = this.#sales.current;
          if (sale?.at === 'opened')
            this.#sales.step(sale, { kind: 'shown', shown: { kind: 'other', reason: 'code-unknown' } });
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
        for (const sale of this.#book.busy()) this.#sales.step(sale, { kind: 'reader-ready' });
      },
      onProgress: () => this.#printing.expectReceipt(),
      onWord: (sale, word) => this.#sales.feed(sale, { kind: 'reader', ref: sale, word }),
    });
    this.#recording = new Recording({
      journal,
      turns,
      underWay: () => this.#book.busy().map((sale) => sale.facts.sale),
      onRecorded: (record, head) => this.#recorded(record, head),
      onGoOn: (sale) => this.#sales.feed(sale, { kind: 'journalled' }),
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
        current: this.#sales.current,
      }),
      dayOf: (sale) => this.#book.orderDay(sale, now(), this.#calendar.days),
      isBlocked: (sale) => this.#recording.blocks(sale),
      nextRefund: () => this.#book.number('r', random.hex(3)),
      begin: (request, begun) => this.#sales.begin(request, begun),
      step: (sale, input) => this.#sales.step(sale, input),
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
          this.#sales.feed(sale, { kind: 'authorised', answer, readerMark: this.#reader.mark });
        },
        onWelcome: (welcome, askedAt) => {
          if (ports.desk.vouches(welcome, welcome)) this.#timekeeper.hear(welcome.time, askedAt);
          else
            log('error', 'TIME_NOT_SIGNED', { what: 'the welcome is not signed by a gateway that this device knows' });
        },
        onBeacon: () => this.#state.tellIfChanged(),
        onAcknowledged: (head) => this.#unsent.acknowledged(head),
        onWentBack: () => ports.desk.spentSetWentBack(),
        onAllowance: (allowance) => learn(() => ports.desk.takeAllowance(allowance)),
        onCampaign: (topic, payload) => {
          if (topic === spentTopic(identity.campaign)) this.#spentHeardAt = clock.mono();
          learn(() => ports.desk.heard(topic, payload));
        },
        onJournalFault: (code) => this.#recording.failed({ code, message: 'the journal could not be read' }),
      },
    });
    this.#sales = new Sales(ports, {
      turns,
      timekeeper: this.#timekeeper,
      scans: this.#scans,
      recording: this.#recording,
      peripherals: this.#peripherals,
      printing: this.#printing,
      reader: this.#reader,
      line: this.#line,
      till: this.#till,
    });
  }

  start(): void {
    this.#turns.take(() => {
      if (this.#ports.journalFault !== undefined) this.#recording.failed(this.#ports.journalFault);
      this.#sales.recover();
      this.#printing.afterPowerCut(this.#book);
      this.#peripherals.start();
      this.#line.start();
      this.#unsent.recall(this.#ports.journal, this.#turns, this.#timekeeper.now().mono);
    });
  }

  stop(): void {
    this.#recording.stop();
    this.#sales.stop();
    this.#line.stop();
    this.#peripherals.stop();
  }

  request(request: TillRequest, reply: (reply: TillReply) => void): void {
    this.#turns.take(() => this.#till.answer(request, reply));
  }

  watch(listener: (sale: SaleView) => void): () => void {
    return this.#sales.watch(listener);
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
}
