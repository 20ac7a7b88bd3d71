import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Broker } from '../ports/broker.js';
import { type MqttBrokerOptions, mqttBroker } from './mqtt-broker.js';

let aedes: Aedes;
let server: Server;
let sockets: Set<Socket>;
let url: string;
let brokers: Broker[];
const codes: string[] = [];

beforeEach(async () => {
  aedes = await Aedes.createBroker();
  sockets = new Set();
  brokers = [];
  codes.length = 0;
  server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    aedes.handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const broker of brokers) broker.discard();
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => aedes.close(resolve));
  await new Promise((resolve) => server.close(resolve));
});

function brokerOn(more: Partial<MqttBrokerOptions> = {}): Broker {
  const broker = mqttBroker({
    url,
    clientId: 'plate-1',
    topics: ['down', 'campaign'],
    will: { topic: 'state', payload: '{"online":false}' },
    log: (_, code) => codes.push(code),
    ...more,
  });
  brokers.push(broker);
  return broker;
}

/** The broker's events, in order. */
function connect(broker: Broker) {
  const said: string[] = [];
  const listeners: (() => void)[] = [];
  const say = (what: string) => {
    said.push(what);
    for (const listener of listeners.splice(0)) listener();
  };
  broker.connect({
    onUp: () => say('up'),
    onDown: ({ code, what }) => say(`down: ${code} ${what}`),
    onMessage: (topic, payload) => say(`${topic}: ${payload.length > 40 ? payload.length : Buffer.from(payload)}`),
  });
  const until = async (what: RegExp): Promise<string> => {
    for (;;) {
      const found = said.find((line) => what.test(line));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => listeners.push(resolve));
    }
  };
  return { said, until };
}

const publish = (topic: string, payload: string): Promise<void> =>
  new Promise((resolve, reject) =>
    aedes.publish({ cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false }, (error) =>
      error ? reject(error) : resolve(),
    ),
  );

describe('the device’s MQTT client', () => {
  it('hears its topics from the moment it is up', async () => {
    const { until } = connect(brokerOn());
    await until(/^up/);
    await publish('down', 'hello');
    await publish('campaign', 'youhao');
    expect(await until(/^down: hello/)).toBe('down: hello');
    expect(await until(/^campaign/)).toBe('campaign: youhao');
  });

  it('publishes with QoS 1 while it is connected, and says no while it is not', async () => {
    const broker = brokerOn();
    expect(broker.publish('up', 'too early', false)).toBe(false);
    const { until } = connect(broker);
    expect(broker.publish('up', 'still too early', false)).toBe(false);
    await until(/^up/);
    const heard = new Promise((resolve) =>
      aedes.on('publish', (packet) => packet.topic === 'up' && resolve([packet.qos, packet.payload.toString()])),
    );
    expect(broker.publish('up', 'now', false)).toBe(true);
    expect(await heard).toEqual([1, 'now']);
    broker.discard();
    expect(broker.publish('up', 'too late', false)).toBe(false);
  });

  it('sends nothing on a new connection that was left over from the old one', async () => {
    const heard: string[] = [];
    aedes.on('publish', (packet) => packet.topic === 'up' && heard.push(packet.payload.toString()));
    const broker = brokerOn();
    await connect(broker).until(/^up/);
    broker.publish('up', 'one', false);
    for (const socket of sockets) socket.destroy();
    const again = connect(broker);
    await again.until(/^up/);
    broker.publish('up', 'two', false);
    const echo = connect(brokerOn({ clientId: 'other', topics: ['up'] }));
    await echo.until(/^up/);
    broker.publish('up', 'three', false);
    await echo.until(/three/);
    expect(heard.filter((payload) => payload === 'one').length).toBeLessThanOrEqual(1);
    expect(heard).toContain('two');
  });

  it('tells once that the connection is gone, and does not come back by itself', async () => {
    const { said, until } = connect(brokerOn());
    await until(/^up/);
    for (const socket of sockets) socket.destroy();
    await until(/^down:/);
    await publish('down', 'nobody there');
    expect(said).toHaveLength(2);
    expect(sockets.size).toBe(0);
  });

  it('leaves no socket when it is discarded: while connecting, while waiting for CONNACK, and when it is up', async () => {
    const mute = createServer((socket) => {
      sockets.add(socket);
      socket.resume();
      socket.on('close', () => sockets.delete(socket));
    });
    mute.listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const waiting = brokerOn({ url: `mqtt://127.0.0.1:${(mute.address() as AddressInfo).port}` });
    connect(waiting);
    await once(mute, 'connection');
    waiting.discard();
    const connecting = brokerOn();
    connect(connecting);
    connecting.discard();
    const up = brokerOn();
    await connect(up).until(/^up/);
    up.discard();
    for (const socket of sockets) if (!socket.destroyed) await once(socket, 'close');
    expect(sockets.size).toBe(0);
    await new Promise((resolve) => mute.close(resolve));
  });

  it('leaves no timer behind, or the agent could not end', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    await connect(brokerOn({ url: 'mqtt://127.0.0.1:1' })).until(/^down/);
    const up = brokerOn();
    await connect(up).until(/^up/);
    expect(timers()).toBeGreaterThan(before);
    up.discard();
    const connecting = brokerOn();
    connect(connecting);
    connecting.discard();
    while (sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
    await expect.poll(timers).toBe(before);
  });

  it('says nothing more to whoever discarded it', async () => {
    const broker = brokerOn();
    const first = connect(broker);
    await first.until(/^up/);
    const second = connect(broker);
    await second.until(/^up/);
    await publish('down', 'for the second');
    await second.until(/for the second/);
    expect(first.said).toEqual(['up']);
  });

  it.each([
    ['nobody listens', 'mqtt://127.0.0.1:1'],
    ['the name does not exist', 'mqtt://gateway.invalid:1883'],
    ['the address is nonsense', 'gopher://127.0.0.1'],
    ['TLS is spoken to a plain port', ''],
  ])('goes down with a reason when %s', async (_, address) => {
    const { said, until } = connect(brokerOn({ url: address === '' ? url.replace('mqtt:', 'mqtts:') : address }));
    expect((await until(/^down/)).length).toBeGreaterThan('down: '.length);
    expect(said).toHaveLength(1);
  });

  it('goes down when the broker refuses the name and password, or a topic', async () => {
    aedes.authenticate = (client, _user, password, done) =>
      done(null, client.id !== 'plate-1' || `${password}` === 'right');
    expect(await connect(brokerOn({ username: 'plate-1', password: 'wrong' })).until(/^down/)).toContain('refused');
    aedes.authorizeSubscribe = (_, subscription, done) =>
      done(null, subscription.topic === 'down' ? subscription : null);
    const { until } = connect(brokerOn({ username: 'plate-1', password: 'right' }));
    expect(await until(/^down/)).toContain('campaign');
  });

  it('drops what is over 64 KiB either way, and stays', async () => {
    const broker = brokerOn();
    const { said, until } = connect(broker);
    await until(/^up/);
    await publish('down', 'x'.repeat(64 * 1024 + 1));
    await publish('down', 'y'.repeat(64 * 1024));
    await until(/^down: 65536/);
    expect(said).toEqual(['up', 'down: 65536']);
    expect(broker.publish('up', 'z'.repeat(64 * 1024 + 1), false)).toBe(false);
    expect(codes).toEqual(['MQTT_PAYLOAD_TOO_LARGE', 'MQTT_PAYLOAD_TOO_LARGE']);
  });

  it('leaves its will when its line dies', async () => {
    const { until } = connect(brokerOn());
    await until(/^up/);
    const will = new Promise((resolve) =>
      aedes.on('publish', (packet) => packet.topic === 'state' && resolve([packet.payload.toString(), packet.retain])),
    );
    for (const socket of sockets) socket.destroy();
    expect(await will).toEqual(['{"online":false}', true]);
  });

  it('gives up on a peer that does not speak MQTT', async () => {
    const noise = createServer((socket) => {
      socket.on('error', () => {});
      socket.resume();
      socket.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    noise.listen(0, '127.0.0.1');
    await once(noise, 'listening');
    const { said, until } = connect(
      brokerOn({ url: `mqtt://127.0.0.1:${(noise.address() as AddressInfo).port}`, connectTimeoutMs: 200 }),
    );
    await until(/^down/);
    expect(said).toHaveLength(1);
    await new Promise((resolve) => noise.close(resolve));
  });
});
