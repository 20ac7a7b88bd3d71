/** The counter forgets, believes too much, or says things twice. */
import { CampaignCache } from '#device/campaign/campaign-cache.js';
import { OUTBOX_LINGER_MS } from '#device/core/limits.js';
import type { Sale } from '#device/core/sale/sale.js';
import { SaleIndex } from '#device/core/sale/sale-index.js';
import type { VoiceInput } from '#device/drivers/voices/voice.js';
import type { BrokerEvents } from '#device/ports/broker.js';
import type { OrderNo, SaleId } from '#protocol/kernel/ids.js';
import { exactly, type Instant } from '#protocol/kernel/time.js';
import { downTopic } from '#protocol/messages/topics.js';
import { extend } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { AtCounter, Sabotage } from '../sabotage.js';
import type { Mutant } from './mutant.js';
import { journalWith } from './wrap.js';

const mutant = (id: string, words: string, profile: Mutant['profile'], sabotage: () => Sabotage): Mutant => ({
  id,
  words,
  profile,
  sabotage,
});

type DeskOptions = ConstructorParameters<typeof CampaignCache>[0];

/** A campaign cache with one thing of it changed. */
const campaignCache =
  (change: (campaignCache: CampaignCache, at: AtCounter) => void): NonNullable<Sabotage['campaignCache']> =>
  (options: DeskOptions, at: AtCounter) => {
    const made = new CampaignCache(options);
    change(made, at);
    return made;
  };

/** What the voice is told comes twice, under two names. */
const sayTwice: NonNullable<Sabotage['voice']> = (driver) => ({
  ...driver,
  create() {
    const machine = driver.create();
    return {
      ...machine,
      step(state, input: VoiceInput, at) {
        const first = machine.step(state, input, at);
        if (input.kind !== 'say') return first;
        const second = machine.step(first.state, { ...input, id: `${input.id}-again` }, at);
        return { state: second.state, effects: [...first.effects, ...second.effects] };
      },
    };
  },
});

class ForgetsOrders extends SaleIndex {
  override ofOrder(order: OrderNo): Sale | undefined {
    const sale = super.ofOrder(order);
    return sale?.at === 'settled' ? undefined : sale;
  }
}

class ForgetsCharges extends SaleIndex {
  override replay(record: JournalRecord, at: Instant): void {
    if (record.kind !== 'charging') super.replay(record, at);
  }
}

class NumbersAgain extends SaleIndex {
  #last = 0;
  override number(kind: 's' | 'r', _: string): SaleId {
    this.#last += 1;
    return `${kind}${String(this.#last).padStart(6, '0')}-000000` as SaleId;
  }
}

/** Takes the broker's acknowledgement for the gateway's. */
const pubackIsHave: NonNullable<Sabotage['broker']> = (broker, { device, sha256, scheduler, life }) => {
  let events: BrokerEvents | undefined;
  return {
    connect(listener) {
      events = listener;
      broker.connect(listener);
    },
    publish(topic, payload, retain) {
      const sent = broker.publish(topic, payload, retain);
      const message = JSON.parse(payload);
      if (sent && message.type === 'records') {
        const head = extend(sha256, { seq: message.from - 1, hash: message.prev }, message.bodies);
        const have = JSON.stringify({ v: 1, type: 'have', re: message.id, ...head });
        scheduler.after(1, () =>
          life.enter(() => events?.onMessage(downTopic(device), new TextEncoder().encode(have))),
        );
      }
      return sent;
    },
    discard: () => broker.discard(),
  };
};

/** As a client library does that has lost its timer. */
const CONNECTS_BEFORE_LATCH = 3;
const latches: NonNullable<Sabotage['broker']> = (broker) => {
  let connects = 0;
  return {
    connect(events) {
      connects += 1;
      if (connects <= CONNECTS_BEFORE_LATCH) broker.connect(events);
    },
    publish: (topic, payload, retain) => broker.publish(topic, payload, retain),
    discard: () => broker.discard(),
  };
};

/** Its lease begins when the answer comes, and not when the question left. */
const leaseFromAnswer: NonNullable<Sabotage['broker']> = (broker, { scheduler }) => {
  const asked = new Map<string, number>();
  return {
    connect: (events) =>
      broker.connect({
        ...events,
        onUp: () => events.onUp(),
        onDown: (why) => events.onDown(why),
        onMessage(topic, payload) {
          const message = JSON.parse(new TextDecoder().decode(payload));
          const since = message.type === 'authorised' ? asked.get(message.re) : undefined;
          if (since === undefined || message.answer.kind !== 'reserved') return events.onMessage(topic, payload);
          const leaseMs = message.answer.leaseMs + scheduler.now - since;
          const longer = { ...message, answer: { ...message.answer, leaseMs } };
          events.onMessage(topic, new TextEncoder().encode(JSON.stringify(longer)));
        },
      }),
    publish(topic, payload, retain) {
      const message = JSON.parse(payload);
      if (message.type === 'authorise') asked.set(message.id, scheduler.now);
      return broker.publish(topic, payload, retain);
    },
    discard: () => broker.discard(),
  };
};

/** An abandoned sale waits for company like any record without hurry. */
const abandonedLingers: NonNullable<Sabotage['broker']> = (broker, { scheduler, life }) => ({
  connect: (events) => broker.connect(events),
  publish(topic, payload, retain) {
    const message = JSON.parse(payload);
    const last = message.type === 'records' ? JSON.parse(message.bodies.at(-1) ?? '{}').kind : undefined;
    if (last !== 'abandoned') return broker.publish(topic, payload, retain);
    scheduler.after(OUTBOX_LINGER_MS, () => life.enter(() => broker.publish(topic, payload, retain)));
    return true;
  },
  discard: () => broker.discard(),
});

export const counterMutants: readonly Mutant[] = [
  mutant('lease-from-answer', 'counts its lease from the answer instead of the question', 'hell', () => ({
    broker: leaseFromAnswer,
  })),
  mutant('abandoned-lingers', 'takes its time to tell the gateway that a sale was given up', 'calm', () => ({
    broker: abandonedLingers,
  })),
  mutant('order-forgotten', 'opens a new sale when the till repeats an order', 'rough', () => ({
    book: (device, merchant) => new ForgetsOrders(device, merchant),
  })),
  mutant('charge-forgotten-at-boot', 'abandons a sale after a power cut without asking the reader', 'hell', () => ({
    book: (device, merchant) => new ForgetsCharges(device, merchant),
  })),
  mutant('numbers-start-again', 'numbers its sales from 1 after each start, without randomness', 'hell', () => ({
    book: (device, merchant) => new NumbersAgain(device, merchant),
  })),
  mutant('allowance-in-memory', 'counts the allowance in memory: a restart forgets what was taken', 'hell', () => ({
    campaignCache: campaignCache((made, { life }) => {
      const { count } = made;
      const note = count.record.bind(count);
      count.record = (record, seq) => {
        // The replay comes before the first call of any port.
        if (life.points > 0) note(record, seq);
      };
    }),
  })),
  mutant('allowance-miscounted', 'counts every other coupon against its allowance', 'hell', () => ({
    campaignCache: campaignCache(({ count }) => {
      const used = count.used.bind(count);
      count.used = (...asked) => {
        const { coupons, faceFen, ofHolder } = used(...asked);
        return { coupons: coupons >> 1, faceFen: Math.floor(faceFen / 2), ofHolder: ofHolder >> 1 };
      };
    }),
  })),
  mutant('own-coupons-forgotten', 'takes a coupon again that it has just taken itself', 'hell', () => ({
    campaignCache: campaignCache(({ count }) => {
      count.wasTakenHere = () => false;
    }),
  })),
  mutant('replay-accepted', 'takes one and the same presentation twice', 'hell', () => ({
    campaignCache: campaignCache(({ count }) => {
      count.highestCounter = () => -1;
      count.wasTakenHere = () => false;
    }),
  })),
  mutant('signature-unchecked', 'does not check signatures off line', 'hell', () => ({
    deviceVerifier: () => ({ verify: () => true }),
  })),
  mutant('wall-clock-trusted', 'trusts the calendar of the operating system', 'rough', () => ({
    campaignCache: campaignCache((made, { clock }) => {
      const judge = made.judge.bind(made);
      made.judge = (facts, shown, at) => judge(facts, shown, { ...at, wall: exactly(clock.wall()) });
    }),
    // What it decides by is what it writes down.
    journal: (journal, { clock }) =>
      journalWith(journal, {
        append: (records, done) =>
          journal.append(
            records.map((record) => (record.at === null ? record : { ...record, at: exactly(clock.wall()) })),
            done,
          ),
      }),
  })),
  mutant('anchor-over-boots', 'goes on with its time anchor after the monotonic clock began anew', 'rough', () => ({
    bootId: () => 'always-the-same',
  })),
  mutant('welcome-unsigned', 'takes any welcome’s time, however late it comes', 'hell', () => ({
    campaignCache: campaignCache((made) => {
      made.vouches = () => true;
    }),
    broker: (broker) => {
      let first: string | undefined;
      return {
        connect: (events) =>
          broker.connect({
            ...events,
            onUp: () => events.onUp(),
            onDown: (fault) => events.onDown(fault),
            onMessage(topic, payload) {
              const message = JSON.parse(new TextDecoder().decode(payload));
              if (message.type !== 'welcome') return events.onMessage(topic, payload);
              // The first one ever heard is played again and again, under the name of the newest request.
              first ??= `${message.time}`;
              events.onMessage(topic, new TextEncoder().encode(JSON.stringify({ ...message, time: Number(first) })));
            },
          }),
        publish: (topic, payload, retain) => broker.publish(topic, payload, retain),
        discard: () => broker.discard(),
      };
    },
  })),
  mutant('puback-is-have', 'takes the broker’s acknowledgement for the ledger’s', 'rough', () => ({
    broker: pubackIsHave,
  })),
  mutant('client-latched', 'relies on its client to reconnect, which one day doesn’t', 'hell', () => ({
    broker: latches,
  })),
  mutant('said-twice', 'announces a sum twice', 'calm', () => ({ voice: sayTwice })),
  mutant('reprint-unmarked', 'prints a copy that looks like the original', 'rough', () => ({
    typeset: (typeset) => (receipt) => typeset(receipt, 'original'),
  })),
  mutant('receipt-says-gross', 'prints the amount before the coupon as the amount paid', 'calm', () => ({
    typeset: (typeset) => (receipt, copy) => {
      if (receipt.kind === 'attempt') return typeset(receipt, copy);
      const { settlement, facts } = receipt;
      const charge = { ...settlement.charge, netFen: facts.amountFen };
      return typeset({ ...receipt, settlement: { ...settlement, charge } }, copy);
    },
  })),
];
