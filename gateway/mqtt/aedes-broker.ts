/**
 * The embedded MQTT broker: aedes behind a guard.
 *
 * A device logs in with its id as client id and user name and its own password. It may publish to its own `up` and `state`,
 * and read its own `down` and the campaign's topics, nothing else. `aedes-internals.ts` holds everything that relies on
 * aedes' internals.
 *
 * Device messages go straight to the gateway's queue, past the broker's own distribution: nobody may subscribe to them, and
 * distribution is half of a message's cost in aedes.
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
  /** With `ca`, a device needs a certificate signed by it, and publishes only under the certificate's name. */
  readonly tls?: Certificate | undefined;
  isDevice(device: DeviceId, password: Uint8Array): boolean;
  /** Asked at each message: a removed device's messages are dropped even if they were already on the way. */
  isListed(device: DeviceId): boolean;
  /** Addresses that many devices share. */
  readonly proxies?: readonly string[];
  /** For tests: how long a device may leave its messages unread. */
  readonly drainTimeoutMs?: number;
  /** For tests: how long a handshake, and then a CONNECT, may take. */
  readonly connectTimeoutMs?: number;
}

export interface AedesBroker extends Broker {
  /** The port it listens on. */
  readonly port: number;
  /** Ends the device's connection, if any; `isDevice` decides whether it may return. */
  cutOff(device: DeviceId): void;
}

/**
 * Cap on the keepalive. A client with a longer one, or none, is admitted but counts as idle after this time (MQTT 3.1.1
 * section 3.1.2.10 leaves that to the server): a half-open connection is detected within one and a half of it.
 */
const MAX_KEEPALIVE_S = 300;
/** A device that reads nothing for this long is disconnected, and its pending messages are dropped. */
const DRAIN_TIMEOUT_MS = 20_000;
/**
 * Buffer limit for a device that reads too slowly. It is owed one answer a request (a device that doesn't read its answers
 * isn't read from) and, after a connect, the campaign and the spent set.
 */
const MAX_UNREAD_BYTES = 256 * 1024;
/** A district has some hundred devices, a province some ten thousand; a socket costs some 10 KiB. */
const MAX_CONNECTIONS = 20_000;
/**
 * Listen backlog: connections that the kernel has completed and Node hasn't accepted. With Node's default of 511 the kernel
 * silently drops connections when a whole street returns at once: 256 of 5,000. Linux allows 4,096 (`net.core.somaxconn`).
 */
const MOST_NOT_ACCEPTED = 4_096;
/** A device needs three: its own, its campaign and the spent set. The broker has no limit and spends a KiB on each. */
const MAX_SUBSCRIPTIONS = 8;
/** MQTT 3.1.1 section 3.2.2.3: CONNACK return codes. */
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
  /** Admitted but not yet among `clients`, so that a cut-off at that moment takes effect. */
  const entering = new Map<DeviceId, Client>();
  /** Clients whose name is authenticated. */
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
  // Publications of clients arrive here after `authorizePublish`, which has forwarded the gateway's. Nobody may subscribe
  // to them, and aedes would match each device's retained state against each subscription: for 5,000 that connect at once
  // that takes a minute.
  interceptPublications(aedes, ({ topic }) => FROM_DEVICES.test(topic));

  const wills = new WeakMap<Client, string>();
  aedes.preConnect = (client, packet, done) => {
    const terms = connectTerms(packet);
    // Nothing relies on the broker's memory: a persistent session would only collect messages for nobody.
    terms.clean = true;
    if (terms.keepalive === 0 || terms.keepalive > MAX_KEEPALIVE_S) terms.keepalive = MAX_KEEPALIVE_S;
    if (terms.willTopic !== undefined) wills.set(client, terms.willTopic);
    done(null, true);
  };

  aedes.authenticate = (client, username, password, done) => {
    const { id } = client;
    if (!DEVICE_ID.test(id) || username !== id) {
      refuse(client.conn, 'MQTT_IDENTIFIER_REJECTED');
      return done(connackError('client id and user name must equal the device id', IDENTIFIER_REJECTED), null);
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
      return done(connackError('a last will may only go to the own state topic', NOT_AUTHORISED), null);
    }
    admitted.add(client);
    entering.set(id as DeviceId, client);
    done(null, true);
  };

  /** QoS 2 messages that are accepted and not released yet. */
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
    // Its socket is destroyed already, but buffered packets and its last will still arrive here.
    if (!admitted.has(client) || !options.isListed(device)) return done(new Error('message of a disconnected device'));
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
    done(new Error('a device may publish to its own topics only'));
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
    if (clients.get(device) !== client) return; // a newer session has taken over
    clients.delete(device);
    events?.onDisconnected(device);
  });
  // Both concern one connection, which aedes has already closed: bytes that are no MQTT, resets, timeouts. aedes emits one
  // error per buffered packet, and `client.id` is unauthenticated here, even for clients that were never admitted.
  aedes.on('clientError', (client, { message }) => {
    const code = message === UNREAD_TOO_LONG ? 'MQTT_READS_TOO_LITTLE' : 'MQTT_CONNECTION_ERROR';
    refuse(client.conn, code, admitted.has(client) ? (client.id as DeviceId) : undefined);
  });
  aedes.on('connectionError', ({ conn }) => refuse(conn, 'MQTT_CONNECTION_ERROR'));

  function sendTo(client: Client, topic: string, payload: string): void {
    if (client.conn.destroyed) return;
    // Nobody receives what they haven't subscribed to (MQTT 3.1.1 section 3.3.5).
    if (subscribed.get(client)?.has(topic) !== true) {
      replies.release(client);
      return;
    }
    if (client.conn.writableLength > MAX_UNREAD_BYTES) {
      refuse(client.conn, 'MQTT_READS_TOO_LITTLE', client.id as DeviceId);
      client.conn.destroy();
      return;
    }
    // QoS 0: the device's next message reports its state anyway, and over one connection QoS 1 delivers no more than QoS 0.
    // Its PUBACKs would cost the gateway 5 of 100 of a sale, and the line one packet more for each.
    const packet = { cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false } as const;
    if (client.conn.writableNeedDrain) {
      // aedes disconnects a client that reads nothing, by counting its own writes.
      client.publish(packet, ignore);
      replies.releaseLater(client);
    } else {
      // Bypasses aedes, which would write one turn later and in five pieces: a twentieth of a sale.
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

/** An empty payload would clear the retained message, which nobody may do. */
function stateOf(device: DeviceId, payload: Uint8Array): StateMessage | undefined {
  const parsed = parseState(payload);
  return parsed.ok && parsed.value.device === device ? parsed.value : undefined;
}

const payloadOf = ({ payload }: PublishPacket): Uint8Array =>
  typeof payload === 'string' ? Buffer.from(payload) : payload;

const connackError = (message: string, returnCode: number): AuthenticateError =>
  Object.assign(new Error(message), { returnCode });

const ignore = (): void => undefined;
