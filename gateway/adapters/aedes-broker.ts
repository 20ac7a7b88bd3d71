/**
 * The embedded MQTT broker: aedes behind a guard. A device logs in with its id as client id and user name and its own
 * password, may write to its own `up` and `state`, read its own `down` and the campaign's topics, and nothing else.
 *
 * What a device sends `up` goes straight to the gateway's queue and is not passed through the broker's own distribution:
 * nobody may subscribe to it, and that is half of what a message costs aedes.
 */
import { Socket } from 'node:net';
import { Aedes, type AuthenticateError, type Client, type PublishPacket } from 'aedes';
import { generate } from 'mqtt-packet';
import { DEVICE_ID, type DeviceId } from '#protocol/ids.js';
import { parseState } from '#protocol/messages/index.js';
import type { StateMessage } from '#protocol/messages/state.js';
import { downTopic, stateTopic, upTopic } from '#protocol/messages/topics.js';
import type { Broker, BrokerEvents } from '../ports/broker.js';
import type { Certificate } from './certificates.js';
import { createDoor } from './door.js';
import { CONNECT_TIMEOUT_MS, guard, nameInCertificate, serverFor } from './mqtt-sockets.js';
import { oncePerConnection } from './once-per-connection.js';

export interface AedesBrokerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** With `ca`, a device needs a certificate that it has signed, and speaks only under the name in there. */
  readonly tls?: Certificate | undefined;
  isDevice(device: DeviceId, password: Uint8Array): boolean;
  /** Addresses that speak for many devices. */
  readonly proxies?: readonly string[];
  /** For tests: how long a device may read nothing. */
  readonly drainTimeoutMs?: number;
  /** For tests: how long a handshake, and then a CONNECT, may take. */
  readonly connectTimeoutMs?: number;
}

export interface AedesBroker extends Broker {
  /** The one it listens on. */
  readonly port: number;
  /** Ends the device's connection, if it has one; whether it may come back is `isDevice`'s to say. */
  cutOff(device: DeviceId): void;
}

/** The longest keepalive taken, in seconds: a half-open connection is found within one and a half of it. */
const MAX_KEEPALIVE_S = 300;
/**
 * Where the answer takes longer, what else is for the device goes out. With 512 counters that never rest an answer takes a
 * seventh of a second, and a PUBACK sent alone costs as much as the answer; a device waits for 3 s.
 */
const HELD_AT_MOST_MS = 1_000;
/** A device that reads nothing for so long is cut off, with what waited for it. */
const DRAIN_TIMEOUT_MS = 20_000;
/**
 * What may wait for a device that reads too slowly. It is owed one answer a question (who doesn't read those is asked no
 * further) and, at a connect, the campaign and the spent set.
 */
const MAX_UNREAD_BYTES = 256 * 1024;
/** A district has some hundred devices, a province some ten thousand; a socket costs some 10 KiB. */
const MAX_CONNECTIONS = 20_000;
/** A device reads three: its own, its campaign and the spent set. The broker has no limit, and keeps a KiB for each. */
const MAX_SUBSCRIPTIONS = 8;
/** MQTT 3.1.1 section 3.2.2.3: what CONNACK says. */
const VERSION_REFUSED = 1;
const IDENTIFIER_REJECTED = 2;
const BAD_CREDENTIALS = 4;
/** aedes' own: the standard has nothing for it. */
const KEEPALIVE_REFUSED = 6;

const UP_TOPIC = /^codeplate\/v1\/([^/]+)\/up$/;
const CAMPAIGN_TOPIC = /^codeplate\/v1\/campaign\/[^/+#]+(\/spent)?$/;

export function aedesBroker(options: AedesBrokerOptions): AedesBroker {
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
  const aedes = new Aedes({
    connectTimeout: connectTimeoutMs,
    drainTimeout: options.drainTimeoutMs ?? DRAIN_TIMEOUT_MS,
    keepaliveLimit: MAX_KEEPALIVE_S,
  });
  const clients = new Map<DeviceId, Client>();
  /** Let in, and not yet among `clients`: whoever is cut off just then must not slip through. */
  const entering = new Map<DeviceId, Client>();
  /** Whose name is its own. */
  const admitted = new WeakSet<Client>();
  let events: BrokerEvents | undefined;
  const refuse = oncePerConnection((code, device) => events?.onRefused(code, device));

  const door = createDoor({
    proxies: options.proxies ?? [],
    onRefused: (why, socket) => refuse(socket, why === 'crowded' ? 'DOOR_CROWDED' : 'MQTT_TLS_FAILED'),
  });
  const server = serverFor(options.tls, connectTimeoutMs, (socket) => {
    guard(socket, (code) => refuse(socket, code));
    aedes.handle(socket);
  });
  server.maxConnections = MAX_CONNECTIONS;
  door.watch(server);

  const replies = togetherWithPuback();
  const distribute = aedes.publish;
  aedes.publish = (packet: PublishPacket, ...rest: unknown[]): void => {
    // Clients come here after `authorizePublish`, so the topic is the sender's own.
    const device = UP_TOPIC.exec(packet.topic)?.[1];
    if (device === undefined) {
      Reflect.apply(distribute, aedes, [packet, ...rest]);
      return;
    }
    if (packet.qos === 2) events?.onMessage(device as DeviceId, payloadOf(packet));
    const done = rest.at(-1);
    if (typeof done === 'function') done();
  };

  // Nothing relies on the broker's memory: a session that outlives its connection would only gather messages for nobody.
  aedes.preConnect = (_client, packet, done) => {
    packet.clean = true;
    done(null, true);
  };

  aedes.authenticate = (client, username, password, done) => {
    const { id } = client;
    if (!DEVICE_ID.test(id) || username !== id) {
      refuse(client.conn, 'MQTT_IDENTIFIER_REJECTED');
      return done(connackError('client id and user name must be the device id', IDENTIFIER_REJECTED), null);
    }
    if (options.tls?.ca !== undefined && nameInCertificate(client) !== id) {
      refuse(client.conn, 'MQTT_CERTIFICATE_OF_ANOTHER', id as DeviceId);
      return done(connackError('the certificate names another device', BAD_CREDENTIALS), null);
    }
    if (!options.isDevice(id as DeviceId, password ?? new Uint8Array())) {
      refuse(client.conn, 'MQTT_BAD_CREDENTIALS', id as DeviceId);
      return done(connackError('unknown device or wrong password', BAD_CREDENTIALS), null);
    }
    admitted.add(client);
    entering.set(id as DeviceId, client);
    done(null, true);
  };

  aedes.authorizePublish = (client, packet, done) => {
    if (client === null) return done(new Error('no client'));
    const device = client.id as DeviceId;
    if (packet.topic === upTopic(device)) {
      replies.hold(client);
      // At once: aedes writes its PUBACK first and distributes one turn later. What comes at QoS 2 may come again, and is
      // taken where aedes has seen to it that it doesn't.
      if (packet.qos < 2) events?.onMessage(device, payloadOf(packet));
      return done(null);
    }
    const isOwnState = packet.topic === stateTopic(device);
    const state = isOwnState ? stateOf(device, payloadOf(packet)) : undefined;
    if (state !== undefined) {
      events?.onState(device, state);
      return done(null);
    }
    refuse(client.conn, isOwnState ? 'MQTT_STATE_MALFORMED' : 'MQTT_TOPIC_NOT_ALLOWED', device);
    done(new Error('a device writes to its own topics only'));
  };

  const subscribed = new WeakMap<Client, Set<string>>();
  aedes.authorizeSubscribe = (client, subscription, done) => {
    const { topic } = subscription;
    const device = client.id as DeviceId;
    const topics = subscribed.get(client) ?? new Set();
    subscribed.set(client, topics);
    const hasRoom = topics.has(topic) || topics.size < MAX_SUBSCRIPTIONS;
    const isAllowed = hasRoom && (topic === downTopic(device) || CAMPAIGN_TOPIC.test(topic));
    if (isAllowed) topics.add(topic);
    else refuse(client.conn, 'MQTT_TOPIC_NOT_ALLOWED', device);
    done(null, isAllowed ? subscription : null); // null becomes 0x80 in SUBACK: refused, the connection stays
  };

  aedes.on('clientReady', (client) => {
    const device = client.id as DeviceId;
    if (entering.get(device) === client) entering.delete(device);
    if (client.conn instanceof Socket) door.proved(client.conn);
    clients.set(device, client);
    events?.onConnected(device);
  });
  aedes.on('clientDisconnect', (client) => {
    const device = client.id as DeviceId;
    if (clients.get(device) !== client) return; // a newer session took over
    clients.delete(device);
    events?.onDisconnected(device);
  });
  // Both are about one connection, which aedes has closed already: bytes that are no MQTT, resets, timeouts. aedes tells of
  // it once for every packet that it had read; and it calls a client what that calls itself, also one that was not let in.
  aedes.on('clientError', (client, { message }) => {
    const code = message === UNREAD_TOO_LONG ? 'MQTT_READS_TOO_LITTLE' : 'MQTT_CONNECTION_ERROR';
    refuse(client.conn, code, admitted.has(client) ? (client.id as DeviceId) : undefined);
  });
  aedes.on('connectionError', ({ conn }, error) => refuse(conn, whyNotConnected(error)));

  function sendTo(client: Client, topic: string, payload: string): void {
    if (client.conn.destroyed) return;
    if (client.conn.writableLength > MAX_UNREAD_BYTES) {
      refuse(client.conn, 'MQTT_READS_TOO_LITTLE', client.id as DeviceId);
      client.conn.destroy();
      return;
    }
    // What it says of itself in the next message is what counts, and over one connection QoS 1 delivers no more than QoS 0:
    // its PUBACKs would be 5 of 100 of what a sale costs the gateway, and a packet more on the line for each.
    const packet = { cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false } as const;
    if (client.conn.writableNeedDrain) {
      // aedes cuts off who has read nothing for too long by what it has written itself.
      client.publish(packet, ignore);
      replies.releaseLater(client);
    } else {
      // Past aedes, which would do it one turn later and in five pieces: a twentieth of a sale.
      client.conn.write(generate(packet));
      replies.release(client);
    }
  }

  return {
    get port() {
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : options.port;
    },
    listen(handlers, done) {
      events = handlers;
      server.once('error', done);
      aedes.listen().then(
        () => server.listen(options.port, options.host, () => done(undefined)),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      );
    },
    send(device, payload) {
      const client = clients.get(device);
      if (client !== undefined) sendTo(client, downTopic(device), payload);
    },
    cutOff(device) {
      for (const client of [clients.get(device), entering.get(device)]) client?.conn.destroy();
    },
    sendAll(payload) {
      for (const [device, client] of clients) sendTo(client, downTopic(device), payload);
    },
    publish(topic, payload, retain) {
      aedes.publish({ cmd: 'publish', topic, payload, qos: 1, retain, dup: false }, ignore);
    },
    close(done) {
      aedes.close(() => {
        server.close(() => done());
        door.closeAll();
      });
    },
  };
}

/**
 * A PUBACK proves nothing, so nobody waits for it; alone it would be a write and a packet of its own. What goes to a
 * device is held back from its message to the answer, so that both leave in one piece: a tenth of the main thread's work.
 */
function togetherWithPuback(): {
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
    // aedes writes a publish one turn after it is asked to.
    releaseLater: (client) => setImmediate(release, client),
  };
}

/** What aedes calls its timeout for a client that reads nothing. */
const UNREAD_TOO_LONG = 'drain timeout';

/** aedes looks at version and keepalive before it asks who it is, and says in the error which CONNACK it has sent. */
function whyNotConnected(error: Error): string {
  const connack: unknown = Reflect.get(error, 'errorCode');
  if (connack === VERSION_REFUSED) return 'MQTT_VERSION_UNKNOWN';
  return connack === KEEPALIVE_REFUSED ? 'MQTT_KEEPALIVE_REFUSED' : 'MQTT_CONNECTION_ERROR';
}

/** An empty one would clear what is retained: nobody's to do. */
function stateOf(device: DeviceId, payload: Uint8Array): StateMessage | undefined {
  const parsed = parseState(payload);
  return parsed.ok && parsed.value.device === device ? parsed.value : undefined;
}

const payloadOf = ({ payload }: PublishPacket): Uint8Array =>
  typeof payload === 'string' ? Buffer.from(payload) : payload;

const connackError = (message: string, returnCode: number): AuthenticateError =>
  Object.assign(new Error(message), { returnCode });

const ignore = (): void => undefined;
