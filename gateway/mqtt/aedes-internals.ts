/**
 * Everything that relies on undocumented internals of aedes.
 *
 * aedes is pinned to one version in package.json. `test/contract/aedes-internals.test.ts` checks each assumption by its
 * name, so that an update reveals which one is gone.
 */
import type { Aedes, Client, PublishPacket } from 'aedes';

/** Assumption "drain timeout": the error message for a client that reads nothing. */
export const UNREAD_TOO_LONG = 'drain timeout';

/**
 * Assumption "publish": a client's packet passes through `aedes.publish` as own property, after `authorizePublish`, with
 * its callback last; at QoS 1 the PUBACK is written before. `takes`: true if the caller handles the packet, so that aedes
 * doesn't distribute it.
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
 * Assumption "incomingDelPacket": from `listen` on, aedes asks its persistence to forget a QoS 2 message at its PUBREL and
 * before PUBCOMP. Until then a PUBLISH under the same packet id is the same message (MQTT 3.1.1, MQTT-4.3.3-2), even where
 * aedes, which looks it up asynchronously, takes two in one segment for new.
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

/** Assumption "connect packet": aedes goes on with the object given to `preConnect`, so changes to it take effect. */
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

/**
 * If the answer takes longer than this, pending writes for the device go out. With 512 busy counters an answer takes a
 * seventh of a second, and a PUBACK sent alone costs as much as the answer; a device waits for 3 s.
 */
const HELD_AT_MOST_MS = 1_000;

/**
 * Holds writes to a device back from its message until the answer, so that PUBACK and answer leave in one piece. A PUBACK
 * proves nothing, so nobody waits for it; sent alone it would cost a write and a packet, a tenth of the main thread's work.
 *
 * Assumption "conn": aedes writes to the very socket that it was given, as `client.conn`.
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
    // Assumption "later": aedes writes a publish one turn after the call.
    releaseLater: (client) => setImmediate(release, client),
  };
}
