/**
 * The embedded MQTT broker: aedes behind a guard. A device logs in with its id as client id and user name and its own
 * password, may write to its own `up` and `state`, read its own `down` and the campaign's topics, and nothing else.
 * What relies on how aedes is built inside is in `aedes-internals.ts`.
 *
 * What a device sends goes straight to the gateway's queue and is not passed through the broker's own distribution:
 * nobody may subscribe to it, and that is half of what a message costs aedes.
 */
import { Socket } from 'node:net';
import { Aedes, type AuthenticateError, type Client, type PublishPacket } from 'aedes';
import { generate } from 'mqtt-packet';
import { DEVICE_ID, type DeviceId } from '#protocol/kernel/ids.js';
import { parseState } from '#protocol/messages/index.js';
import type { StateMessage } from '#protocol/messages/state.js';
import { downTopic, stateTopic, upTopic } from '#protocol/messages/topics.js';
import { createSocketWatch } from '../adapters/socket-watch.js';
import type { Broker, BrokerEvents } from '../ports/broker.js';
import type { Certificate } from '../secrets/certificates.js';
import {
  connectTerms,
  interceptPublications,
  onReleased,
  packetIdOf,
  togetherWithPuback,
  UNREAD_TOO_LONG,
} from './aedes-internals.js';
import { CONNECT_TIMEOUT_MS, guard, nameInCertificate, serverFor } from './mqtt-sockets.js';
import { oncePerConnection } from './once-per-connection.js';

export interface AedesBrokerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** With `ca`, a device needs a certificate that it has signed, and speaks only under the name in there. */
  readonly tls?: Certificate | undefined;
  isDevice(device: DeviceId, password: Uint8Array): boolean;
  /** Asked at each message: a device that was taken out says nothing more, whatever of it is still on the way. */
  isListed(device: DeviceId): boolean;
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

/**
 * A client that asks for a longer keepalive, or for none, is let in and counts as idle after this all the same (MQTT 3.1.1
 * section 3.1.2.10 leaves that to the server): a half-open connection is found within one and a half of it.
 */
const MAX_KEEPALIVE_S = 300;
/** A device that reads nothing for so long is cut off, with what waited for it. */
const DRAIN_TIMEOUT_MS = 20_000;
/**
 * What may wait for a device that reads too slowly. It is owed one answer a question (who doesn't read those is asked no
 * further) and, at a connect, the campaign and the spent set.
 */
const MAX_UNREAD_BYTES = 256 * 1024;
/** A district has some hundred devices, a province some ten thousand; a socket costs some 10 KiB. */
const MAX_CONNECTIONS = 20_000;
/**
 * Connections that the system has made and Node hasn't taken yet. With Node's own 511 a street that comes back at once is dropped
 * by the system, without a word: 256 of 5,000 were. Linux takes 4,096 (`net.core.somaxconn`).
 */
const MOST_NOT_ACCEPTED = 4_096;
/** A device reads three: its own, its campaign and the spent set. The broker has no limit, and keeps a KiB for each. */
const MAX_SUBSCRIPTIONS = 8;
/** MQTT 3.1.1 section 3.2.2.3: what CONNACK says. */
const IDENTIFIER_REJECTED = 2;
const BAD_CREDENTIALS = 4;
const NOT_AUTHORISED = 5;

const FROM_DEVICES = /^codeplate\/v1\/[^/]+\/(up|state)$/;
const CAMPAIGN_TOPIC = /^codeplate\/v1\/campaign\/[^/+#]+(\/spent)?$/;

export function aedesBroker(options: AedesBrokerOptions): AedesBroker {
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
  const aedes = new Aedes({
    connectTimeout: connectTimeoutMs,
    drainTimeout: options.drainTimeoutMs ?? DRAIN_TIMEOUT_MS,
  });
  const clients = new Map<DeviceId, Client>();
  /** Let in, and not yet among `clients`: whoever is cut off just then must not slip through. */
  const entering = new Map<DeviceId, Client>();
  /** Whose name is its own. */
  const admitted = new WeakSet<Client>();
  let events: BrokerEvents | undefined;
  const refuse = oncePerConnection((code, device, from) => events?.onRefused(code, device, from));

  const door = createSocketWatch({
    proxies: options.proxies ?? [],
    onRefused: (why, socket, detail) =>
      refuse(socket, why === 'crowded' ? 'DOOR_CROWDED' : 'MQTT_TLS_FAILED', undefined, detail),
  });
  const server = serverFor(options.tls, connectTimeoutMs, (socket) => {
    guard(socket, (code) => refuse(socket, code));
    aedes.handle(socket);
  });
  server.maxConnections = MAX_CONNECTIONS;
  door.watch(server);

  const replies = togetherWithPuback();
  // Clients come here after `authorizePublish`, which has handed on what is the gateway's. Nobody may subscribe to it, and
  // a retained state of each device would be tried against each subscription: 5,000 that connect at once would take a minute.
  interceptPublications(aedes, ({ topic }) => FROM_DEVICES.test(topic));

  const wills = new WeakMap<Client, string>();
  aedes.preConnect = (client, packet, done) => {
    const terms = connectTerms(packet);
    // Nothing relies on the broker's memory: a session that outlives its connection would only gather messages for nobody.
    terms.clean = true;
    if (terms.keepalive === 0 || terms.keepalive > MAX_KEEPALIVE_S) terms.keepalive = MAX_KEEPALIVE_S;
    if (terms.willTopic !== undefined) wills.set(client, terms.willTopic);
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
    const will = wills.get(client);
    if (will !== undefined && will !== stateTopic(id as DeviceId)) {
      refuse(client.conn, 'MQTT_WILL_NOT_ALLOWED', id as DeviceId);
      return done(connackError('a last will is for the own state only', NOT_AUTHORISED), null);
    }
    admitted.add(client);
    entering.set(id as DeviceId, client);
    done(null, true);
  };

  /** Messages of QoS 2 that have been taken and not been released. */
  const unreleased = new WeakMap<object, Set<number>>();
  /** Whether it is new. */
  function acceptedOnce(client: Client, packet: PublishPacket): boolean {
    if (packet.qos !== 2) return true;
    const ids = unreleased.get(client) ?? new Set();
    unreleased.set(client, ids);
    const isNew = !ids.has(packetIdOf(packet));
    ids.add(packetIdOf(packet));
    return isNew;
  }

  aedes.authorizePublish = (client, packet, done) => {
    if (client === null) return done(new Error('no client'));
    const device = client.id as DeviceId;
    // Its socket is destroyed already; what had been read of it, and its last will, come here all the same.
    if (!admitted.has(client) || !options.isListed(device)) return done(new Error('a device that was cut off'));
    if (packet.topic === upTopic(device)) {
      replies.hold(client);
      // At once: aedes writes its PUBACK first and distributes one turn later.
      if (acceptedOnce(client, packet)) events?.onMessage(device, payloadOf(packet));
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
  aedes.on('unsubscribe', (topics, client) => {
    for (const topic of topics) subscribed.get(client)?.delete(topic);
  });

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
  aedes.on('connectionError', ({ conn }) => refuse(conn, 'MQTT_CONNECTION_ERROR'));

  function sendTo(client: Client, topic: string, payload: string): void {
    if (client.conn.destroyed) return;
    // Nobody is sent what he has not asked for (MQTT 3.1.1 section 3.3.5).
    if (subscribed.get(client)?.has(topic) !== true) {
      replies.release(client);
      return;
    }
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
      const open = (): void => {
        onReleased(aedes, (client, packetId) => {
          if (typeof client === 'object' && client !== null) unreleased.get(client)?.delete(packetId);
        });
        server.listen({ port: options.port, host: options.host, backlog: MOST_NOT_ACCEPTED }, () => done(undefined));
      };
      aedes.listen().then(open, (error: unknown) => done(error instanceof Error ? error : new Error(String(error))));
    },
    send(device, payload) {
      const client = clients.get(device);
      if (client !== undefined) sendTo(client, downTopic(device), payload);
    },
    cutOff(device) {
      for (const client of [clients.get(device), entering.get(device)]) {
        if (client === undefined) continue;
        admitted.delete(client);
        client.conn.destroy();
      }
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
