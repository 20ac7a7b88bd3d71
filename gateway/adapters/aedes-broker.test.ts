/** What is said of a connection that goes wrong: once, and under a name only if that is its own. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DeviceId } from '#protocol/ids.js';
import { type AedesBroker, aedesBroker } from './aedes-broker.js';

const PASSWORD = 'correct horse';
let broker: AedesBroker;
let refused: [code: string, device: DeviceId | undefined][];
const sockets: Socket[] = [];

beforeEach(async () => {
  refused = [];
  broker = aedesBroker({
    host: '127.0.0.1',
    port: 0,
    isDevice: (_, password) => Buffer.from(password).toString() === PASSWORD,
  });
  const ignore = (): void => undefined;
  await new Promise<unknown>((done) => {
    broker.listen(
      {
        onMessage: ignore,
        onConnected: ignore,
        onDisconnected: ignore,
        onState: ignore,
        onRefused: (code, device) => void refused.push([code, device]),
      },
      done,
    );
  });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise<void>((done) => broker.close(done));
});

const field = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.from([bytes.length >> 8, bytes.length & 0xff, ...bytes]);
};
/** MQTT 3.1.1 section 2.2: a remaining length of up to two bytes is enough here. */
const packet = (first: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
  return Buffer.concat([Buffer.from([first, ...length]), body]);
};
const connectAs = (id: string, password = PASSWORD): Buffer =>
  packet(0x10, field('MQTT'), Buffer.from([4, 0xc2, 0, 60]), field(id), field(id), field(password));
const otherwise = (level: number, keepalive: readonly [number, number], properties: readonly number[] = []): Buffer =>
  packet(
    0x10,
    field('MQTT'),
    Buffer.from([level, 0xc2, ...keepalive, ...properties]),
    field('d1'),
    field('d1'),
    field(PASSWORD),
  );
const publish = (topic: string): Buffer => packet(0x32, field(topic), Buffer.from([0, 1]), Buffer.from('{}'));
const times = (count: number, bytes: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => bytes));

const open = (): Socket => {
  const socket = connect(broker.port, '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
};

/** Sends each when the one before has been answered, and resolves when the connection has ended. */
async function sendUntilClosed(...chunks: readonly Buffer[]): Promise<void> {
  const socket = open();
  const closed = new Promise<void>((done) => socket.once('close', () => done()));
  for (const [at, chunk] of chunks.entries()) {
    socket.write(chunk);
    if (at < chunks.length - 1) await once(socket, 'data');
  }
  socket.resume();
  await closed;
  // By the time that another one is let in, all has been said of this one.
  const next = open();
  next.write(connectAs('next'));
  await once(next, 'data');
}

const FOREIGN = publish('codeplate/v1/d2/up');

it.each([
  ['messages for others, and more of them than one', [connectAs('d1'), times(200, FOREIGN)], 'MQTT_TOPIC_NOT_ALLOWED'],
  [
    'the same in one piece with its CONNECT',
    [Buffer.concat([connectAs('d1'), times(40, FOREIGN)])],
    'MQTT_TOPIC_NOT_ALLOWED',
  ],
  [
    'many states that are none',
    [connectAs('d1'), times(200, publish('codeplate/v1/d1/state'))],
    'MQTT_STATE_MALFORMED',
  ],
  ['bytes that are no MQTT', [connectAs('d1'), times(200, Buffer.from([0xf0, 0]))], 'MQTT_CONNECTION_ERROR'],
  [
    'a packet that is too long, and what follows',
    [connectAs('d1'), times(200, Buffer.from([0x30, 0xff, 0xff, 0x7f]))],
    'MQTT_PACKET_TOO_LARGE',
  ],
  ['MQTT 5', [otherwise(5, [0, 60], [0])], 'MQTT_VERSION_UNKNOWN'],
  ['no keepalive', [otherwise(4, [0, 0])], 'MQTT_KEEPALIVE_REFUSED'],
  ['a keepalive of hours', [otherwise(4, [255, 255])], 'MQTT_KEEPALIVE_REFUSED'],
] as const)('one connection is one count: %s', async (_, chunks, code) => {
  await sendUntilClosed(...chunks);
  const [[told, device] = [], ...more] = refused;
  expect([told, more]).toEqual([code, []]);
  expect(['d1', undefined]).toContain(device);
});

it('a device that is refused a thousand topics is told of once', async () => {
  const topics = Array.from({ length: 500 }, (_, n) => Buffer.concat([field(`x/${n}`), Buffer.from([1])]));
  const socket = open();
  socket.write(connectAs('d1'));
  await once(socket, 'data');
  socket.write(packet(0x82, Buffer.from([0, 1]), ...topics));
  await once(socket, 'data');
  expect(refused).toEqual([['MQTT_TOPIC_NOT_ALLOWED', 'd1']]);
});

it.each([
  ['of 3,000 characters', 'z'.repeat(3_000), 'MQTT_IDENTIFIER_REJECTED', undefined],
  ['that a terminal would obey', '\u001b[31m\u009b\u202e', 'MQTT_IDENTIFIER_REJECTED', undefined],
  ['that a device could have', 'd1', 'MQTT_BAD_CREDENTIALS', 'd1'],
])('a name %s of one who is not let in goes no further than it should', async (_, id, code, device) => {
  await sendUntilClosed(connectAs(id, 'guess'));
  expect(refused).toEqual([[code, device]]);
});
