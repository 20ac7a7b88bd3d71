/**
 * The counter's loop: builds its parts and routes events between them. `sales.ts` holds the sales.
 *
 * All I/O goes through ports, so the same loop runs on a Pi and in a simulated world on a virtual clock.
 */

import { worthRetrying } from '#protocol/faults/errors.js';
import type { MonoMs, WallMs } from '#protocol/kernel/time.js';
import { spentTopic } from '#protocol/messages/topics.js';
import type { ChainHead } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import { ShopCalendar } from '../campaign/shop-calendar.js';
import type { SaleIndex } from '../core/sale/sale-index.js';
import type { JournalFault } from '../ports/journal.js';
import type { Counter, CounterHealth, LocalTime, SaleView, TillReply, TillRequest } from '../ports/till.js';
import { EventQueue } from '../runtime/event-queue.js';
import { TrustedClock } from '../runtime/trusted-clock.js';
import { TillRequests } from '../till/till-requests.js';
import { StatusReporter } from '../uplink/status-reporter.js';
import { Unsent } from '../uplink/unsent.js';
import { Uplink } from '../uplink/uplink.js';
import { CardReader } from './card-reader.js';
import { healthOf } from './counter-health.js';
import { JournalWriter } from './journal-writer.js';
import type { LoopPorts } from './loop-ports.js';
import { Peripherals } from './peripherals.js';
import { Printing } from './printing.js';
import { Sales } from './sales.js';
import { Scans } from './scans.js';

/** Records that begin or end a claim on a coupon or on money: the gateway needs them without delay. */
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
  readonly #saleIndex: SaleIndex;
  readonly #queue = new EventQueue();
  readonly #trustedClock: TrustedClock;
  readonly #uplink: Uplink;
  readonly #peripherals: Peripherals;
  readonly #printing: Printing;
  readonly #reader: CardReader;
  readonly #journalWriter: JournalWriter;
  readonly #unsent: Unsent;
  readonly #statusReporter: StatusReporter;
  readonly #till: TillRequests;
  readonly #sales: Sales;
  readonly #boot: number;
  readonly #scans = new Scans();
  readonly #calendar: ShopCalendar;
  #wasOnline = false;
  #spentHeardAt: MonoMs | undefined;

  constructor(ports: LoopPorts) {
    this.#ports = ports;
    this.#saleIndex = ports.saleIndex;
    this.#trustedClock = new TrustedClock(ports);
    this.#calendar = new ShopCalendar(ports.campaignCache, ports.orders);
    const { identity, clock, random, journal, broker, log } = ports;
    const { now } = this.#trustedClock;
    const queue = this.#queue;
    // Must only differ from boot to boot: it separates the request ids of different boots.
    this.#boot = Math.floor(random.next() * 2 ** 31);
    this.#unsent = new Unsent(journal.head, journal.acknowledged);
    this.#peripherals = new Peripherals(ports.peripherals, {
      agent: identity.agent,
      clock,
      queue,
      now,
      log,
      events: {
        onScan: (text) => this.#sales.scanned(text),
        onUnreadableScan: () => {
          const sale = this.#sales.current;
          if (sale?.at === 'opened')
            this.#sales.step(sale, { kind: 'presented', presentation: { kind: 'other', reason: 'code-unknown' } });
        },
        onReader: (news) => this.#reader.receive(news),
        onPrinter: (effect) => this.#printing.heard(effect),
        onPort: (name, state) => {
          if (name === 'printer') this.#printing.portIs(state);
          this.#statusReporter.report();
        },
      },
    });
    this.#reader = new CardReader(log, {
      onReady: () => {
        for (const sale of this.#saleIndex.busy()) this.#sales.step(sale, { kind: 'reader-ready' });
      },
      onProgress: () => this.#printing.expectReceipt(),
      onReply: (sale, word) => this.#sales.feed(sale, { kind: 'reader', ref: sale, word }),
    });
    this.#journalWriter = new JournalWriter({
      journal,
      queue,
      underWay: () => this.#saleIndex.busy().map((sale) => sale.facts.sale),
      onRecorded: (record, head) => this.#recorded(record, head),
      onGoOn: (sale) => this.#sales.feed(sale, { kind: 'journalled' }),
      onFailed: (fault) => this.#journalFailed(fault),
    });
    this.#printing = new Printing({
      peripherals: this.#peripherals,
      typeset: ports.typeset,
      onPrinted: (receipt, copy, outcome) =>
        this.#journalWriter.append({ kind: 'printed', receipt, copy, outcome, at: now().wall ?? null }, undefined),
      log,
    });
    this.#till = new TillRequests({
      saleIndex: this.#saleIndex,
      status: () => ({
        journalFailed: this.#journalWriter.fault !== undefined,
        sellsWithoutJournal: ports.campaignCache.campaign?.offline.fullPriceWithoutJournal === true,
        readerReady: this.#reader.ready,
        readerMark: this.#reader.mark,
        printerThere: this.#peripherals.hasPrinter && this.#peripherals.ports().printer !== 'lost',
        current: this.#sales.current,
      }),
      dayOf: (sale) => this.#saleIndex.orderDay(sale, now(), this.#calendar.days),
      isBlocked: (sale) => this.#journalWriter.blocks(sale),
      nextRefund: () => this.#saleIndex.number('r', random.hex(3)),
      begin: (request, begun) => this.#sales.begin(request, begun),
      step: (sale, input) => this.#sales.step(sale, input),
      reprint: (sale) => this.#printing.again(sale),
    });
    this.#statusReporter = new StatusReporter({
      agent: identity.agent,
      boot: this.#boot,
      health: () => this.health(),
      versions: () => ports.campaignCache.versions,
      send: (state) => this.#uplink.publishState(state),
    });
    const learn = (take: () => void): void => {
      take();
      this.#statusReporter.reportIfChanged();
    };
    this.#uplink = new Uplink({
      device: identity.device,
      agent: identity.agent,
      boot: this.#boot,
      broker,
      journal,
      hasJournal: ports.journalFault === undefined,
      clock,
      random,
      queue,
      now,
      log,
      events: {
        onOnline: () => {
          log('info', 'LINE_UP');
          this.#wasOnline = true;
          // The gateway's whole spent set comes with the connection, and then at least every ten minutes.
          this.#spentHeardAt = clock.mono();
          this.#statusReporter.report();
        },
        onOffline: ({ code, what }) => log('warn', 'LINE_DOWN', { cause: code, why: what }),
        onStillOffline: ({ code, what }) => log(worthRetrying(code) ? 'warn' : 'error', code, { why: what }),
        onAuthorised: (sale, heard, known) => {
          const answer = ports.campaignCache.checked(heard, known);
          this.#sales.feed(sale, { kind: 'authorised', answer, readerMark: this.#reader.mark });
        },
        onWelcome: (welcome, askedAt) => {
          if (ports.campaignCache.vouches(welcome, welcome)) this.#trustedClock.anchor(welcome.time, askedAt);
          else
            log('error', 'TIME_NOT_SIGNED', { what: 'the welcome is not signed by a gateway that this device knows' });
        },
        onBeacon: () => this.#statusReporter.reportIfChanged(),
        onAcknowledged: (head) => this.#unsent.acknowledged(head),
        onWentBack: () => ports.campaignCache.spentSetWentBack(),
        onAllowance: (allowance) => learn(() => ports.campaignCache.storeAllowance(allowance)),
        onCampaign: (topic, payload) => {
          if (topic === spentTopic(identity.campaign)) this.#spentHeardAt = clock.mono();
          learn(() => ports.campaignCache.receive(topic, payload));
        },
        onJournalFault: (code) => this.#journalWriter.failed({ code, message: 'the journal could not be read' }),
      },
    });
    this.#sales = new Sales(ports, {
      queue,
      clock: this.#trustedClock,
      scans: this.#scans,
      journalWriter: this.#journalWriter,
      peripherals: this.#peripherals,
      printing: this.#printing,
      reader: this.#reader,
      uplink: this.#uplink,
      till: this.#till,
    });
  }

  start(): void {
    this.#queue.enqueue(() => {
      if (this.#ports.journalFault !== undefined) this.#journalWriter.failed(this.#ports.journalFault);
      this.#sales.recover();
      this.#printing.afterPowerCut(this.#saleIndex);
      this.#peripherals.start();
      this.#uplink.start();
      this.#unsent.load(this.#ports.journal, this.#queue, this.#trustedClock.now().mono);
    });
  }

  stop(): void {
    this.#journalWriter.stop();
    this.#sales.stop();
    this.#uplink.stop();
    this.#peripherals.stop();
  }

  request(request: TillRequest, reply: (reply: TillReply) => void): void {
    this.#queue.enqueue(() => this.#till.answer(request, reply));
  }

  watch(listener: (sale: SaleView) => void): () => void {
    return this.#sales.watch(listener);
  }

  resumePrinting(): void {
    this.#queue.enqueue(() => this.#printing.resume());
  }

  health(): CounterHealth {
    const at = this.#trustedClock.now();
    const { identity, campaignCache } = this.#ports;
    const { online, forked } = this.#uplink;
    return healthOf({
      identity,
      at,
      campaignCache,
      saleIndex: this.#saleIndex,
      unsent: this.#unsent,
      peripherals: this.#peripherals,
      printing: this.#printing,
      readerReady: this.#reader.ready,
      journalFault: this.#journalWriter.fault?.code,
      line: { online, forked, wasOnline: this.#wasOnline, fault: this.#uplink.fault },
      spentSilentSince: online ? (this.#spentHeardAt ?? null) : null,
      hint: this.#scans.hint(at),
    });
  }

  wallClock(at: WallMs): LocalTime {
    return this.#calendar.wallClock(at);
  }

  // -- journal

  #recorded(record: JournalRecord, head: ChainHead): void {
    this.#saleIndex.record(record);
    this.#ports.campaignCache.record(record, head.seq);
    this.#unsent.grew(record, head, this.#ports.clock.mono());
    this.#uplink.recordsAppended(head, URGENT.has(record.kind));
  }

  #journalFailed(fault: JournalFault): void {
    this.#ports.log('error', fault.code, { what: fault.message });
    this.#till.journalFailed();
    this.#statusReporter.report();
  }
}
