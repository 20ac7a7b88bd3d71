/**
 * Everything between counters and gateway: each counter's line, with all that lines do to messages, and the broker, whose
 * acknowledgements prove nothing. A session has two ends that may each believe what they like about the other.
 */
import type { Broker as DeviceBroker, BrokerEvents as DeviceEvents } from '#device/ports/broker.js';
import type { Broker as GatewayBroker, BrokerEvents as GatewayEvents } from '#gateway/ports/broker.js';
import type { CampaignId, DeviceId } from '#protocol/kernel/ids.js';
import { campaignTopic, downTopic, spentTopic, upTopic } from '#protocol/messages/topics.js';
import type { Life } from '../life.js';
import type { Chance } from './random.js';
import type { Scheduler } from './scheduler.js';

/** What is wrong with one counter's line at the moment. */
export interface ConnectionTrouble {
  /** No name, no route, or nobody listens: every attempt fails, sooner or later. */
  refuses: boolean;
  /** Bytes go in and nothing comes out, and nobody is told. */
  swallows: boolean;
  /** Of a thousand messages, how many are acknowledged and lost. */
  losesPerMille: number;
  doublesPerMille: number;
  overtakesPerMille: number;
  /** Held back by the broker and delivered much later, to whoever is connected then. */
  delaysPerMille: number;
  delayMs: number;
  /** Usual time under way. */
  latencyMs: number;
}

export const quietLine = (latencyMs = 20): ConnectionTrouble => ({
  refuses: false,
  swallows: false,
  losesPerMille: 0,
  doublesPerMille: 0,
  overtakesPerMille: 0,
  delaysPerMille: 0,
  delayMs: 0,
  latencyMs,
});

interface Session {
  readonly device: DeviceId;
  readonly life: Life;
  readonly events: DeviceEvents;
  deviceEnd: boolean;
  brokerEnd: boolean;
  lost: boolean;
  readonly arrives: { up: number; down: number };
}

interface Listening {
  readonly life: Life;
  readonly events: GatewayEvents;
}

export interface NetworkEvents {
  /** Something on the wire, for histories: after the device has handed it over, before the gateway has it. */
  sent(device: DeviceId, direction: 'up' | 'down', payload: string): void;
  /** A message has arrived. */
  arrived(device: DeviceId, direction: 'up' | 'down', payload: string): void;
  published(topic: string, payload: string): void;
}

export class Network {
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #campaign: CampaignId;
  readonly #events: NetworkEvents;
  readonly #latencyMs: number | undefined;
  readonly #lines = new Map<DeviceId, ConnectionTrouble>();
  readonly #sessions = new Map<DeviceId, Session>();
  readonly #retained = new Map<string, string>();
  /** Lines that no repair of a lesser trouble brings back. */
  readonly gone = new Set<DeviceId>();
  #gateway: Listening | undefined;

  constructor(options: {
    readonly scheduler: Scheduler;
    readonly chance: Chance;
    readonly campaign: CampaignId;
    /** How long a message takes when all is well; left out: as long as on a good line. */
    readonly latencyMs?: number | undefined;
    readonly events: NetworkEvents;
  }) {
    this.#latencyMs = options.latencyMs;
    this.#scheduler = options.scheduler;
    this.#chance = options.chance;
    this.#campaign = options.campaign;
    this.#events = options.events;
  }

  line(device: DeviceId): ConnectionTrouble {
    let line = this.#lines.get(device);
    if (line === undefined) {
      line = quietLine(this.#latencyMs);
      this.#lines.set(device, line);
    }
    return line;
  }

  mend(device: DeviceId): void {
    this.#lines.set(device, quietLine(this.#latencyMs));
    const session = this.#sessions.get(device);
    // What a black hole swallowed TCP would send again, or give up: a connection with a gap in it never goes on.
    if (session?.lost === true) this.#reset(session, 'reset by peer');
  }

  /** Both ends are told, at once. */
  reset(device: DeviceId, why: string): void {
    const session = this.#sessions.get(device);
    if (session !== undefined) this.#reset(session, why);
  }

  /** The broker's end is gone and the counter isn't told. */
  halfOpen(device: DeviceId): void {
    const session = this.#sessions.get(device);
    if (session !== undefined) this.#closeBrokerEnd(session);
  }

  // -- the counter's side

  deviceBroker(device: DeviceId, life: Life): DeviceBroker {
    let session: Session | undefined;
    let attempt = 0;
    const discard = (): void => {
      attempt += 1;
      const old = session;
      session = undefined;
      if (old === undefined) return;
      old.deviceEnd = false;
      if (!this.line(device).swallows) this.#scheduler.after(30, () => this.#closeBrokerEnd(old));
    };
    return {
      connect: (events) => {
        life.point('line connect');
        discard();
        const mine = attempt;
        const line = this.line(device);
        this.#scheduler.after(line.latencyMs + this.#chance.between(5, 200), () => {
          if (mine !== attempt || !life.isAlive || this.line(device).swallows) return;
          if (this.line(device).refuses || this.gone.has(device) || this.#gateway === undefined) {
            life.enter(() => events.onDown({ code: 'LINE_REFUSED', what: 'connect failed' }));
            return;
          }
          const opened = this.#open(device, life, events);
          session = opened;
          life.enter(() => events.onUp());
          this.#subscribed(opened);
        });
      },
      publish: (topic, payload) => {
        life.point('line publish');
        const isUp = session?.deviceEnd === true;
        if (session !== undefined && isUp && topic === upTopic(device)) this.#up(session, payload);
        life.point('line published');
        return isUp;
      },
      discard,
    };
  }

  #open(device: DeviceId, life: Life, events: DeviceEvents): Session {
    const before = this.#sessions.get(device);
    if (before?.brokerEnd === true) this.#reset(before, 'session taken over');
    const arrives = { up: this.#scheduler.now, down: this.#scheduler.now };
    const session: Session = { device, life, events, deviceEnd: true, brokerEnd: true, lost: false, arrives };
    this.#sessions.set(device, session);
    this.#toGateway(({ onConnected }) => onConnected(device));
    return session;
  }

  /** What the broker retains comes first. */
  #subscribed(session: Session): void {
    for (const topic of [campaignTopic(this.#campaign), spentTopic(this.#campaign)]) {
      const payload = this.#retained.get(topic);
      if (payload !== undefined) this.#down(session, topic, payload);
    }
  }

  // -- the gateway's side

  gatewayBroker(life: Life): GatewayBroker {
    return {
      listen: (events, done) => {
        this.#gateway = { life, events };
        done(undefined);
      },
      send: (device, payload) => {
        life.point('gateway send');
        const session = this.#sessions.get(device);
        if (session?.brokerEnd === true) this.#down(session, downTopic(device), payload);
        life.point('gateway sent');
      },
      sendAll: (payload) => {
        const bytes = utf8.encode(payload);
        for (const session of this.#sessions.values())
          if (session.brokerEnd) this.#down(session, downTopic(session.device), payload, bytes);
      },
      publish: (topic, payload, retain) => {
        life.point('gateway publish');
        if (retain) this.#retained.set(topic, payload);
        this.#events.published(topic, payload);
        const bytes = utf8.encode(payload);
        for (const session of this.#sessions.values())
          if (session.brokerEnd) this.#down(session, topic, payload, bytes);
      },
      close: (done) => done(),
    };
  }

  /** The gateway, and the broker in it, is dead: some counters hear of it, others don't. */
  gatewayDied(): void {
    this.#gateway = undefined;
    this.#retained.clear();
    for (const session of this.#sessions.values()) {
      if (!session.brokerEnd) continue;
      session.brokerEnd = false;
      if (this.#chance.happens(0.7))
        this.#scheduler.after(this.#chance.below(2_000), () => this.#reset(session, 'gone'));
    }
  }

  // -- messages

  #up(session: Session, payload: string): void {
    this.#events.sent(session.device, 'up', payload);
    this.#carry(session, 'up', (late) => {
      if (!session.brokerEnd && !late) return;
      this.#events.arrived(session.device, 'up', payload);
      const bytes = utf8.encode(payload);
      this.#toGateway(({ onMessage }) => onMessage(session.device, bytes));
    });
  }

  #down(session: Session, topic: string, payload: string, bytes: Uint8Array = utf8.encode(payload)): void {
    const isOwn = topic === downTopic(session.device);
    this.#carry(session, 'down', (late) => {
      const to = late ? this.#sessions.get(session.device) : session;
      if (to?.deviceEnd !== true) return;
      if (isOwn) this.#events.arrived(session.device, 'down', payload);
      to.life.enter(() => to.events.onMessage(topic, bytes));
    });
  }

  #carry(session: Session, direction: 'up' | 'down', deliver: (late: boolean) => void): void {
    const line = this.line(session.device);
    const chance = this.#chance;
    if (line.swallows) {
      session.lost = true;
      return;
    }
    if (perMille(chance, line.losesPerMille)) return;
    if (perMille(chance, line.delaysPerMille)) {
      this.#scheduler.after(chance.around(line.delayMs), () => deliver(true));
      return;
    }
    const at = this.#scheduler.now + line.latencyMs + chance.below(line.latencyMs + 1);
    const overtakes = perMille(chance, line.overtakesPerMille);
    const arrival = overtakes ? at : Math.max(at, session.arrives[direction]);
    if (!overtakes) session.arrives[direction] = arrival;
    this.#scheduler.at(arrival, () => deliver(false));
    if (perMille(chance, line.doublesPerMille)) this.#scheduler.at(arrival + chance.around(3_000), () => deliver(true));
  }

  #toGateway(tell: (events: GatewayEvents) => void): void {
    const gateway = this.#gateway;
    gateway?.life.enter(() => tell(gateway.events));
  }

  #reset(session: Session, why: string): void {
    this.#closeBrokerEnd(session);
    if (!session.deviceEnd) return;
    session.deviceEnd = false;
    session.life.enter(() => session.events.onDown({ code: 'LINE_CLOSED', what: why }));
  }

  #closeBrokerEnd(session: Session): void {
    if (!session.brokerEnd) return;
    session.brokerEnd = false;
    this.#toGateway(({ onDisconnected }) => onDisconnected(session.device));
  }
}

const utf8 = new TextEncoder();
const perMille = (chance: Chance, rate: number): boolean => rate > 0 && chance.below(1000) < rate;
