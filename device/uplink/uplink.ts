/**
 * The uplink: runs the uplink and outbox machines over a broker and matches requests with their answers.
 *
 * Everything that arrives leaves as `UplinkEvents`; the journal alone holds what must not be lost.
 */
import type { DeviceId, SaleId } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import type { Fen } from '#protocol/kernel/money.js';
import { type Instant, later, type Millis, type MonoMs } from '#protocol/kernel/time.js';
import type { AuthoriseAnswer } from '#protocol/messages/down.js';
import { parseDown } from '#protocol/messages/index.js';
import { requestIdOf } from '#protocol/messages/request-id.js';
import { downTopic, stateTopic, upTopic } from '#protocol/messages/topics.js';
import type { UpMessage } from '#protocol/messages/up.js';
import type { ChainHead } from '#protocol/records/chain.js';
import { HELLO_EVERY_MS, OUTBOX_BATCH_RECORDS } from '../core/limits.js';
import {
  type Outbox,
  type OutboxEffect,
  type OutboxInput,
  outboxOf,
  outboxWakeAt,
  sentTo,
  stepOutbox,
} from '../core/uplink/outbox.js';
import { type UplinkFault, type UplinkTrouble, withFault } from '../core/uplink/uplink-fault.js';
import {
  stepUplink,
  type UplinkEffect,
  type UplinkInput,
  type UplinkState,
  uplinkAtRest,
  uplinkWakeAt,
} from '../core/uplink/uplink-machine.js';
import type { Broker } from '../ports/broker.js';
import type { Clock, Random } from '../ports/clock.js';
import type { Journal } from '../ports/journal.js';
import type { Log } from '../ports/log.js';
import { type EventQueue, Timer } from '../runtime/event-queue.js';
import type { AuthoriseRequest, UplinkEvents } from './uplink-events.js';

interface Asked {
  readonly sale: SaleId;
  readonly amountFen: Fen;
  readonly sentAt: MonoMs;
  /** Number of our records that the gateway had acknowledged by then. */
  readonly known: number;
}

export class Uplink {
  readonly #device: DeviceId;
  readonly #agent: string;
  readonly #broker: Broker;
  readonly #journal: Journal;
  readonly #hasJournal: boolean;
  readonly #random: Random;
  readonly #queue: EventQueue;
  readonly #now: () => Instant;
  readonly #log: Log;
  readonly #events: UplinkEvents;
  readonly #boot: number;
  readonly #uplinkTimer: Timer;
  readonly #outboxTimer: Timer;
  #state: UplinkState;
  #outbox: Outbox;
  #requests = 0;
  #hello: { readonly id: string; readonly at: MonoMs } | null = null;
  readonly #asked = new Map<string, Asked>();
  /** seq of the newest urgent record: no request overtakes it. */
  #urgentTo = 0;
  /** Requests behind an urgent record that isn't sent yet. */
  #behind: { readonly after: number; readonly message: UpMessage }[] = [];
  /** The gateway lacked records at its welcome: once it has them all, it will have a new allowance for us. */
  #caughtUpIsNews = false;
  #heardAt: MonoMs | null = null;
  #trouble: UplinkTrouble | undefined;
  #stopped = false;

  constructor(options: {
    readonly device: DeviceId;
    readonly agent: string;
    readonly boot: number;
    readonly broker: Broker;
    readonly journal: Journal;
    /**
     * False if the journal could not be opened: its content is unknown, so nothing is sent, acknowledged or called a fork.
     */
    readonly hasJournal: boolean;
    readonly clock: Clock;
    readonly random: Random;
    readonly queue: EventQueue;
    readonly now: () => Instant;
    readonly log: Log;
    readonly events: UplinkEvents;
  }) {
    this.#device = options.device;
    this.#agent = options.agent;
    this.#boot = options.boot;
    this.#broker = options.broker;
    this.#journal = options.journal;
    this.#hasJournal = options.hasJournal;
    this.#random = options.random;
    this.#queue = options.queue;
    this.#now = options.now;
    this.#log = options.log;
    this.#events = options.events;
    this.#state = uplinkAtRest(options.now());
    this.#outbox = outboxOf(options.journal.head, options.journal.acknowledged);
    this.#uplinkTimer = new Timer(options.clock, () =>
      this.#queue.enqueue(() => this.#feedUplink({ kind: 'wake', chance: this.#random.next() })),
    );
    this.#outboxTimer = new Timer(options.clock, () => this.#queue.enqueue(() => this.#feedOutbox({ kind: 'wake' })));
  }

  get online(): boolean {
    return this.#state.at === 'up' && !this.#outbox.forked;
  }

  get forked(): boolean {
    return this.#outbox.forked;
  }

  /** The cause and duration of the outage; undefined while online, and before the first attempt fails. */
  get fault(): (UplinkFault & { readonly sinceMs: Millis }) | undefined {
    if (this.#trouble === undefined) return undefined;
    const { fault, since } = this.#trouble;
    return { ...fault, sinceMs: Math.round(this.#now().mono - since) };
  }

  get acknowledged(): ChainHead {
    return this.#outbox.acknowledged;
  }

  start(): void {
    this.#feedUplink({ kind: 'start' });
    if (this.#outbox.head.seq > this.#outbox.acknowledged.seq) this.recordsAppended(this.#outbox.head, true);
  }

  stop(): void {
    this.#stopped = true;
    this.#uplinkTimer.set(undefined);
    this.#outboxTimer.set(undefined);
    this.#broker.discard();
  }

  /** The journal has new durable records. Urgent: the gateway (or a reservation) waits for them. */
  recordsAppended(head: ChainHead, urgent: boolean): void {
    // Offline coupons arrive by the thousand: no customer should wait behind those.
    if (urgent && this.online) this.#urgentTo = head.seq;
    this.#feedOutbox({ kind: 'grew', head, urgent });
  }

  /**
   * False while offline; otherwise `onAuthorised` answers, or the sale's own timeout ends the wait. The request must not
   * overtake an unsent release: a customer who pays again after a declined card would find the coupon still reserved.
   */
  authorise(request: AuthoriseRequest): boolean {
    if (!this.online) return false;
    const id = this.#requestId();
    const { sale, amountFen } = request;
    this.#asked.set(id, { sale, amountFen, sentAt: this.#now().mono, known: this.#outbox.acknowledged.seq });
    const message: UpMessage = { v: 1, type: 'authorise', id, ...request };
    if (this.#urgentTo <= sentTo(this.#outbox)) return this.#send(message);
    this.#behind.push({ after: this.#urgentTo, message });
    return true;
  }

  /** The sale's wait is over. A connection that was silent for all that time is rebuilt. */
  forgetRequest(sale: SaleId): void {
    for (const [id, asked] of this.#asked) {
      if (asked.sale !== sale) continue;
      this.#asked.delete(id);
      if (this.#heardAt === null || this.#heardAt < asked.sentAt)
        this.#feedUplink({ kind: 'stuck', chance: this.#random.next() });
    }
  }

  /** False while offline. */
  publishState(state: string): boolean {
    return this.#state.at === 'up' && this.#broker.publish(stateTopic(this.#device), state, true);
  }

  #feedUplink(input: UplinkInput): void {
    if (this.#stopped) return;
    const step = stepUplink(this.#state, input, this.#now());
    this.#state = step.state;
    this.#uplinkTimer.set(uplinkWakeAt(step.state));
    for (const effect of step.effects) this.#performUplink(effect);
  }

  #performUplink(effect: UplinkEffect): void {
    switch (effect.kind) {
      case 'connect':
        this.#connect();
        return;
      case 'discard':
        this.#broker.discard();
        return;
      case 'hello':
        this.#sendHello();
        return;
      case 'online':
        if (this.#hasJournal) this.#feedOutbox({ kind: 'online', have: effect.have });
        this.#trouble = undefined;
        this.#events.onOnline();
        return;
      case 'offline':
        this.#asked.clear();
        this.#behind = [];
        this.#feedOutbox({ kind: 'offline' });
        this.#trouble = withFault(undefined, effect.fault, this.#now()).trouble;
        this.#events.onOffline(effect.fault);
        return;
      case 'failed': {
        const { trouble, isNews } = withFault(this.#trouble, effect.fault, this.#now());
        this.#trouble = trouble;
        if (isNews) this.#events.onStillOffline(effect.fault);
        return;
      }
      default:
        unreachable(effect);
    }
  }

  #sendHello(): void {
    this.#hello = { id: this.#requestId(), at: this.#now().mono };
    this.#send({
      v: 1,
      type: 'hello',
      id: this.#hello.id,
      agent: this.#agent,
      boot: this.#boot,
      head: this.#outbox.head,
    });
  }

  #connect(): void {
    let current = true;
    const mine = (): boolean => current && !this.#stopped;
    this.#broker.connect({
      onUp: () => this.#queue.enqueue(() => mine() && this.#feedUplink({ kind: 'broker-up' })),
      onDown: (fault) =>
        this.#queue.enqueue(() => {
          if (!mine()) return;
          current = false;
          this.#feedUplink({ kind: 'broker-down', fault, chance: this.#random.next() });
        }),
      onMessage: (topic, payload) => this.#queue.enqueue(() => mine() && this.#receive(topic, payload)),
    });
  }

  #receive(topic: string, payload: Uint8Array): void {
    this.#heardAt = this.#now().mono;
    if (topic !== downTopic(this.#device)) {
      this.#events.onCampaign(topic, payload);
      return;
    }
    const parsed = parseDown(payload);
    if (!parsed.ok) {
      this.#log('warn', parsed.fault.code, { what: parsed.fault.what });
      return;
    }
    const message = parsed.value;
    if (message.type !== 'welcome') this.#feedUplink({ kind: 'heard' });
    switch (message.type) {
      case 'welcome':
        // Only the answer to the newest hello is current: an older one may have been delayed arbitrarily.
        if (this.#hello?.id !== message.re) {
          this.#feedUplink({ kind: 'heard' });
          return;
        }
        this.#events.onWelcome(message, this.#hello.at);
        this.#caughtUpIsNews = message.have.seq < this.#outbox.head.seq;
        this.#feedUplink({ kind: 'welcome', have: message.have });
        return;
      case 'authorised': {
        const asked = this.#asked.get(message.re);
        // Without its request it is late: the sale went on, and the records show how. The gateway frees its reservation.
        if (asked === undefined || asked.sale !== message.sale) return;
        this.#asked.delete(message.re);
        if (!addsUp(asked.amountFen, message.answer)) {
          // After its timeout the sale decides by itself; its record frees the coupon.
          this.#log('error', 'MESSAGE_MALFORMED', { what: `the reservation does not match its sale ${message.sale}` });
          return;
        }
        this.#events.onAuthorised(message.sale, message.answer, asked.known);
        return;
      }
      case 'have':
        this.#feedOutbox({ kind: 'have', head: { seq: message.seq, hash: message.hash } });
        return;
      case 'forked':
        this.#feedOutbox({ kind: 'forked' });
        return;
      case 'rejected':
        this.#log('error', message.code, { what: message.what, re: message.re });
        return;
      case 'beacon':
        this.#events.onBeacon();
        if (
          this.#state.at === 'up' &&
          this.#hello !== null &&
          this.#now().mono >= later(this.#hello.at, HELLO_EVERY_MS)
        )
          this.#sendHello();
        return;
      case 'allowance':
        this.#events.onAllowance(message);
        return;
      default:
        unreachable(message);
    }
  }

  #feedOutbox(input: OutboxInput): void {
    if (this.#stopped) return;
    const step = stepOutbox(this.#outbox, input, this.#now());
    this.#outbox = step.state;
    this.#outboxTimer.set(outboxWakeAt(step.state));
    for (const effect of step.effects) this.#performOutbox(effect);
    while (this.#behind[0] !== undefined && this.#behind[0].after <= sentTo(this.#outbox)) {
      const { message } = this.#behind[0];
      this.#behind.shift();
      this.#send(message);
    }
  }

  #performOutbox(effect: OutboxEffect): void {
    switch (effect.kind) {
      case 'read':
        this.#journal.read(effect.after, OUTBOX_BATCH_RECORDS, (fault, batch) =>
          this.#queue.enqueue(() => {
            if (fault !== undefined) {
              this.#events.onJournalFault(fault.code);
              return;
            }
            this.#feedOutbox({
              kind: 'batch',
              from: effect.after + 1,
              prev: batch.prev,
              bodies: batch.records.map((record) => record.body),
            });
          }),
        );
        return;
      case 'send':
        this.#send({
          v: 1,
          type: 'records',
          id: this.#requestId(),
          from: effect.from,
          prev: effect.prev,
          bodies: [...effect.bodies],
        });
        return;
      case 'acknowledge':
        this.#journal.acknowledge(effect.head);
        this.#events.onAcknowledged(effect.head);
        if (this.#caughtUpIsNews && effect.head.seq === this.#outbox.head.seq) this.#sendHello();
        return;
      case 'stuck':
        this.#feedUplink({ kind: 'stuck', chance: this.#random.next() });
        return;
      case 'alert':
        this.#log('error', effect.code, { what: effect.what });
        if (effect.code === 'GATEWAY_WENT_BACK') this.#events.onWentBack();
        return;
      default:
        unreachable(effect);
    }
  }

  #requestId(): string {
    this.#requests += 1;
    return requestIdOf(this.#boot, this.#requests);
  }

  #send(message: UpMessage): boolean {
    return this.#broker.publish(upTopic(this.#device), JSON.stringify(message), false);
  }
}

/** Both sides compute the charge; if they differ, or nothing would be left to pay, one of them is wrong. */
const addsUp = (amountFen: Fen, answer: AuthoriseAnswer): boolean =>
  answer.kind === 'refused' || (answer.netFen === amountFen - answer.faceFen && answer.netFen > 0);
