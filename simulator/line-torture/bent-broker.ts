/**
 * What a broker of somebody else's may do to messages, over the real client: double them, let them overtake each other,
 * keep them back until they are history, or acknowledge them and drop them. And a resolver that knows no names any more.
 */
import { mqttBroker } from '#device/adapters/mqtt-broker.js';
import type { Broker, BrokerEvents } from '#device/ports/broker.js';
import type { Dice } from '../counter/dice.js';

type MqttOptions = Parameters<typeof mqttBroker>[0];

/** Chances, in 0..1, that one message meets this. */
export interface Bend {
  readonly doubles: number;
  readonly overtakes: number;
  readonly keeps: number;
  readonly drops: number;
}

export const STRAIGHT: Bend = { doubles: 0, overtakes: 0, keeps: 0, drops: 0 };

/** RFC 6761 section 6.4: no name under `.invalid` ever resolves. */
const NOWHERE = 'mqtt://gateway.invalid:1883';
/** A message that waits to be overtaken goes by itself after this long, if nothing comes. */
const OVERTAKEN_AFTER_MS = 20;
/** More old messages than this make no other history. */
const MAX_KEPT = 40;

interface Hand {
  readonly deliver: (topic: string, payload: Uint8Array) => void;
  waiting: (() => void) | undefined;
}

export class BentBroker implements Broker {
  readonly #here: Broker;
  readonly #nowhere: Broker;
  readonly #dice: Dice;
  #events: BrokerEvents | undefined;
  readonly #kept: (() => void)[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #up: Hand;
  readonly #down: Hand;
  bend: Bend = STRAIGHT;
  /** The gateway's name does not resolve. */
  dnsGone = false;
  connects = 0;

  constructor(options: MqttOptions, dice: Dice) {
    this.#here = mqttBroker(options);
    this.#nowhere = mqttBroker({ ...options, url: NOWHERE });
    this.#dice = dice;
    this.#up = {
      deliver: (topic, payload) => void this.#here.publish(topic, Buffer.from(payload).toString(), false),
      waiting: undefined,
    };
    this.#down = { deliver: (topic, payload) => this.#events?.onMessage(topic, payload), waiting: undefined };
  }

  connect(events: BrokerEvents): void {
    this.discard();
    this.connects += 1;
    // Whoever has been discarded hears no more of new messages, but of old ones: that is what a late message is.
    this.#events = events;
    const broker = this.dnsGone ? this.#nowhere : this.#here;
    broker.connect({
      onUp: () => events.onUp(),
      onDown: (fault) => events.onDown(fault),
      onMessage: (topic, payload) => this.#pass(this.#down, topic, payload),
    });
  }

  publish(topic: string, payload: string, retain: boolean): boolean {
    if (retain || this.bend === STRAIGHT) return this.#here.publish(topic, payload, retain);
    this.#pass(this.#up, topic, Buffer.from(payload));
    return true;
  }

  discard(): void {
    this.#here.discard();
    this.#nowhere.discard();
  }

  /** What was kept back comes now, long after its time. */
  release(): void {
    for (const deliver of this.#kept.splice(0)) deliver();
  }

  stop(): void {
    this.discard();
    this.#kept.length = 0;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #pass(hand: Hand, topic: string, payload: Uint8Array): void {
    const { doubles, overtakes, keeps, drops } = this.bend;
    if (this.#dice.chance(drops)) return;
    const deliver = (): void => hand.deliver(topic, payload);
    if (this.#dice.chance(keeps)) {
      if (this.#kept.length < MAX_KEPT) this.#kept.push(deliver);
      // What is kept back is a copy half of the time: the other half, the message itself is missing.
      if (this.#dice.chance(0.5)) return;
    }
    const copies = this.#dice.chance(doubles) ? 2 : 1;
    const overtaken = hand.waiting;
    hand.waiting = undefined;
    if (overtaken === undefined && this.#dice.chance(overtakes)) {
      this.#wait(hand, deliver);
      return;
    }
    for (let copy = 0; copy < copies; copy += 1) deliver();
    overtaken?.();
  }

  #wait(hand: Hand, deliver: () => void): void {
    hand.waiting = deliver;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (hand.waiting !== deliver) return;
      hand.waiting = undefined;
      deliver();
    }, OVERTAKEN_AFTER_MS);
    this.#timers.add(timer);
  }
}
