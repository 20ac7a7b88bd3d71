/**
 * The MQTT connection on mqtt.js: one client per connection.
 *
 * All of mqtt.js's own recovery is switched off, because the journal is the only queue and only the uplink's watchdog
 * reconnects. mqtt.js 5.16 can stop reconnecting for ever, and loses queued QoS 1 messages when the connection breaks
 * during their replay.
 */

import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { MAX_PAYLOAD_BYTES } from '#protocol/messages/topics.js';
import type { UplinkFault } from '../core/uplink/uplink-fault.js';
import type { Broker, BrokerEvents } from '../ports/broker.js';
import type { Log } from '../ports/log.js';
import { closedFault, probeTls, uplinkFault } from './uplink-fault.js';

/** From the first SYN to CONNACK. A slower mobile line is no use to a waiting customer. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** Keep-alive interval: a half-open connection is detected after some 1.5 times as long, and a NAT entry stays alive. */
export const KEEPALIVE_S = 20;

export interface MqttBrokerOptions {
  /** `mqtt://host:port` or `mqtts://host:port`. */
  readonly url: string;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  /** PEM texts. Without `ca`, the system's certificate authorities. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** All of them are subscribed before `onUp`. */
  readonly topics: readonly string[];
  /** Presence only; no decision about money depends on it. */
  readonly will: { readonly topic: string; readonly payload: string };
  readonly connectTimeoutMs?: number;
  /** Default: mqtt.js's own. Tests use it to delay the operating system's work on the stream. */
  readonly open?: (url: string, options: IClientOptions) => MqttClient;
  readonly log: Log;
}

export function mqttBroker(options: MqttBrokerOptions): Broker {
  let current: Attempt | undefined;

  const discard = (): void => {
    current?.end();
    current = undefined;
  };

  return {
    connect(events) {
      discard();
      try {
        current = attempt(options, events);
      } catch (error) {
        queueMicrotask(() => events.onDown(faultOf(error, options, false)));
      }
    },

    publish(topic, payload, retain) {
      const client = current?.client;
      if (client === undefined || !client.connected) return false;
      if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES) {
        options.log('error', 'MQTT_PAYLOAD_TOO_LARGE', { topic, bytes: Buffer.byteLength(payload), direction: 'out' });
        return false;
      }
      try {
        client.publish(topic, payload, { qos: 1, retain }, (error) => {
          if (error) options.log('debug', 'MQTT_PUBLISH_FAILED', { topic, why: reason(error) });
        });
        return true;
      } catch (error) {
        options.log('warn', 'MQTT_PUBLISH_FAILED', { topic, why: reason(error) });
        return false;
      }
    },

    discard,
  };
}

/** One client, from its first packet to its only end. */
interface Attempt {
  readonly client: MqttClient;
  end(): void;
}

function attempt(options: MqttBrokerOptions, events: BrokerEvents): Attempt {
  const { log } = options;
  const client = (options.open ?? mqtt.connect)(options.url, clientOptions(options));
  // Without this, Nagle's algorithm meets delayed acknowledgement: a QoS 1 round trip takes 44 ms instead of a tenth of
  // one.
  if ('setNoDelay' in client.stream && typeof client.stream.setNoDelay === 'function') client.stream.setNoDelay(true);
  let over = false;
  let abandonProbe = (): void => {};

  const end = (): void => {
    if (over) return;
    over = true;
    // Listeners stay: mqtt.js clears its timers in some of its own, and an unhandled `error` would end the agent.
    client.end(true);
  };
  let wasAdmitted = false;
  let isSecure = false;
  client.stream.once('secureConnect', () => {
    isSecure = true;
  });
  /** Reports only the first failure of a connection, once. */
  const down = (fault: UplinkFault): void => {
    if (over) return;
    end();
    if (fault.code !== 'LINE_CLOSED' || wasAdmitted || options.url.startsWith('mqtts:')) events.onDown(fault);
    // A TLS server closes on a plain client without a word, so probe it once in its own language.
    else
      abandonProbe = probeTls(options.url, (speaksTls) =>
        events.onDown(speaksTls ? { code: 'LINE_NEEDS_TLS', what: `${options.url}: this port speaks TLS` } : fault),
      );
  };

  client.on('connect', () => {
    wasAdmitted = true;
    client.subscribe([...options.topics], { qos: 1 }, (error, granted) => {
      if (over) return;
      // MQTT 3.1.1 section 3.9.3: 128 is a refusal.
      const refused = granted?.some((grant) => grant.qos === 128) ?? false;
      if (!error && !refused) events.onUp();
      else
        down({
          code: 'LINE_SUBSCRIPTION_REFUSED',
          what: `cannot subscribe to ${options.topics.join(', ')}: ${error ? reason(error) : 'refused'}`,
        });
    });
  });
  client.on('message', (topic, payload) => {
    if (over) return;
    if (payload.length <= MAX_PAYLOAD_BYTES) events.onMessage(topic, payload);
    else log('warn', 'MQTT_PAYLOAD_TOO_LARGE', { topic, bytes: payload.length, direction: 'in' });
  });
  client.on('error', (error) => down(faultOf(error, options, wasAdmitted)));
  for (const event of ['close', 'offline', 'end'] as const)
    client.on(event, () => {
      const mayBeOfCertificate = isSecure && !wasAdmitted && options.tls?.cert !== undefined;
      down(closedFault(options.url, { wasAdmitted, mayBeOfCertificate }));
    });
  return {
    client,
    end: () => {
      end();
      abandonProbe();
    },
  };
}

function clientOptions({
  clientId,
  username,
  password,
  tls,
  will,
  connectTimeoutMs,
}: MqttBrokerOptions): IClientOptions {
  return {
    clientId,
    protocolVersion: 4,
    clean: true,
    keepalive: KEEPALIVE_S,
    connectTimeout: connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // mqtt.js would build a table of all 65,536 two-byte numbers as buffers: 6 MB and start-up time, to save microseconds a
    // packet.
    writeCache: false,
    will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls?.key === undefined ? {} : { key: tls.key }),
    // Never accept a server without a valid certificate.
    rejectUnauthorized: true,
  };
}

const faultOf = (error: unknown, { url }: MqttBrokerOptions, wasAdmitted: boolean): UplinkFault =>
  uplinkFault(error, { url, wasAdmitted, now: new Date() });

/** Some socket errors have no message, only a code. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}
