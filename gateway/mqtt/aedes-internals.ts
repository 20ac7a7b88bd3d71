/**
 * Everything that relies on how aedes is built inside, where its documentation promises nothing. aedes is pinned to one
 * version in package.json; `test/contract/aedes-internals.test.ts` holds each assumption by its name, so that an update says which one is
 * gone.
 */
import type { Aedes, Client, PublishPacket } from 'aedes';

/** Assumption "drain timeout": the message of the error for a client that reads nothing. */
export const UNREAD_TOO_LONG = 'drain timeout';

/**
 * Assumption "publish": what a client sends comes through `aedes.publish` as own property, after `authorizePublish`, with its
 * callback last; at QoS 1 the PUBACK is written before. `takes`: whether somebody else has it, so that it isn't distributed.
 */
export function interceptPublications(aedes: Aedes, takes: (packet: PublishPacket) => boolean): void {
  const distribute = aedes.publish;
  aedes.publish = (packet: PublishPacket, ...rest: unknown[]): void => {
    if (!takes(packet)) {
      Reflect.apply(distribute, aedes, [packet, ...rest]);
      return;
    }
    const done = rest.at(-1);
    if (typeof done === 'function') done();
  };
}

/**
 * Assumption "incomingDelPacket": aedes asks its persistence, from `listen` on, to forget a QoS 2 message at its PUBREL and
 * before PUBCOMP. Until then a PUBLISH under the same packet id is the same message (MQTT 3.1.1, MQTT-4.3.3-2), also where aedes,
 * which looks for it asynchronously, takes two of one segment for new.
 */
export function onReleased(aedes: Aedes, released: (client: unknown, packetId: number) => void): void {
  const persistence: unknown = Reflect.get(aedes, 'persistence');
  if (typeof persistence !== 'object' || persistence === null) throw new Error('aedes has no persistence');
  const forget: unknown = Reflect.get(persistence, 'incomingDelPacket');
  if (typeof forget !== 'function') throw new Error('the persistence of aedes has no incomingDelPacket');
  Reflect.set(persistence, 'incomingDelPacket', (client: unknown, packet: unknown): unknown => {
    const packetId: unknown =
      typeof packet === 'object' && packet !== null ? Reflect.get(packet, 'messageId') : undefined;
    if (typeof packetId === 'number') released(client, packetId);
    return Reflect.apply(forget, persistence, [client, packet]);
  });
}

/** Assumption "messageId": the packet of `authorizePublish` carries the client's own packet id. */
export function packetIdOf(packet: PublishPacket): number {
  const packetId: unknown = Reflect.get(packet, 'messageId');
  return typeof packetId === 'number' ? packetId : 0;
}

/** Assumption "connect packet": what `preConnect` is handed is what aedes goes on with, so that it may be changed there. */
export interface ConnectTerms {
  clean: boolean;
  keepalive: number;
  readonly willTopic: string | undefined;
}

export function connectTerms(packet: unknown): ConnectTerms {
  if (typeof packet !== 'object' || packet === null) throw new Error('preConnect was handed no packet');
  const will: unknown = Reflect.get(packet, 'will');
  const topic: unknown = typeof will === 'object' && will !== null ? Reflect.get(will, 'topic') : undefined;
  return {
    get clean() {
      return Reflect.get(packet, 'clean') === true;
    },
    set clean(is) {
      Reflect.set(packet, 'clean', is);
    },
    get keepalive() {
      return Number(Reflect.get(packet, 'keepalive'));
    },
    set keepalive(seconds) {
      Reflect.set(packet, 'keepalive', seconds);
    },
    willTopic: typeof topic === 'string' ? topic : undefined,
  };
}

/** Where the answer takes longer than usual, what else is for the device goes out. With 512 counters that never rest an
 * answer takes a seventh of a second, and a PUBACK sent alone costs as much as the answer; a device waits for 3 s. */
const HELD_AT_MOST_MS = 1_000;

/**
 * A PUBACK proves nothing, so nobody waits for it; alone it would be a write and a packet of its own. What goes to a
 * device is held back from its message to the answer, so that both leave in one piece: a tenth of the main thread's work.
 *
 * Assumption "conn": aedes writes to the very socket that it was handed, as `client.conn`.
 */
export function togetherWithPuback(): {
  hold(client: Client): void;
  release(client: Client): void;
  releaseLater(client: Client): void;
} {
  const held = new Set<Client>();
  let timer: NodeJS.Timeout | undefined;
  const release = (client: Client): void => {
    if (held.delete(client)) client.conn.uncork();
  };
  return {
    hold(client) {
      if (held.has(client)) return;
      held.add(client);
      client.conn.cork();
      if (timer !== undefined) return;
      timer = setTimeout(() => {
        timer = undefined;
        for (const late of held) release(late);
      }, HELD_AT_MOST_MS).unref();
    },
    release,
    // Assumption "later": aedes writes a publish one turn after it is asked to.
    releaseLater: (client) => setImmediate(release, client),
  };
}
