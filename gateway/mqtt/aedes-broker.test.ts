/** The effect of one connection on the others, and the report when it fails. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DeviceId } from '#protocol/kernel/ids.js';
import { type AedesBroker, aedesBroker } from './aedes-broker.js';

const PASSWORD = 'correct horse';
let broker: AedesBroker;
let refused: [code: string, device: DeviceId | undefined][];
let heard: [device: DeviceId, said: string][];
const sockets: Socket[] = [];

beforeEach(async () => {
  refused = [];
  heard = [];
  broker = aedesBroker({
    host: '127.0.0.1',
    port: 0,
    drainTimeoutMs: 300,
    isDevice: (_, password) => Buffer.from(password).toString() === PASSWORD,
    isListed: () => true,
  });
  const ignore = (): void => undefined;
  const answer = (device: DeviceId, payload: Uint8Array): void => {
    heard.push([device, Buffer.from(payload).toString()]);
    broker.send(device, 'an answer');
  };
  await new Promise<unknown>((done) => {
    broker.listen(
      {
        onMessage: answer,
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
/** MQTT 3.1.1 section 2.2: a remaining length of up to two bytes, 16,383, is enough here. */
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
const publish = (topic: string, payload = '{}'): Buffer =>
  packet(0x32, field(topic), Buffer.from([0, 1]), Buffer.from(payload));
const times = (count: number, bytes: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => bytes));

const open = (): Socket => {
  const socket = connect(broker.port, '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
};

/** An error event precedes some closes and isn't the event to wait for. */
const closing = (socket: Socket): Promise<void> => new Promise((done) => socket.once('close', () => done()));

/** Sends each chunk after the answer to the previous one; resolves when the connection has ended. */
async function sendUntilClosed(...chunks: readonly Buffer[]): Promise<void> {
  const socket = open();
  const closed = closing(socket);
  for (const [at, chunk] of chunks.entries()) {
    socket.write(chunk);
    if (at < chunks.length - 1) await once(socket, 'data');
  }
  socket.resume();
  await closed;
  // Once another connection is admitted, all events of this one have been reported.
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
  ['bytes that are no MQTT', [connectAs('d1'), times(200, Buffer.from([0xf0, 0]))], 'MQTT_MALFORMED'],
  [
    'a packet that is too long, and what follows',
    [connectAs('d1'), times(200, Buffer.from([0x30, 0xff, 0xff, 0x7f]))],
    'MQTT_PACKET_TOO_LARGE',
  ],
  ['MQTT 5', [otherwise(5, [0, 60], [0])], 'MQTT_VERSION_UNKNOWN'],
  ['MQTT of a level that there is not', [otherwise(6, [0, 60])], 'MQTT_VERSION_UNKNOWN'],
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

async function letIn(id: string): Promise<Socket> {
  const socket = open();
  socket.write(connectAs(id));
  await once(socket, 'data');
  socket.write(packet(0x82, Buffer.from([0, 1]), field(`codeplate/v1/${id}/down`), Buffer.from([1])));
  await once(socket, 'data');
  return socket;
}

const said = (id: string, payload: string): Buffer => publish(`codeplate/v1/${id}/up`, payload);

it('a device that says a thousand things at once leaves the others their turn', async () => {
  const [loud, quiet] = [await letIn('d1'), await letIn('d2')];
  loud.write(Buffer.concat(Array.from({ length: 1_000 }, (_, n) => said('d1', `${n}`))));
  quiet.write(said('d2', 'one thing'));
  loud.resume();
  await once(quiet, 'data');
  expect(heard.filter(([device]) => device === 'd1').length).toBeLessThan(200);
  const all = new Promise<void>((done) => {
    const look = (): void => void (heard.length === 1_001 ? done() : setImmediate(look));
    look();
  });
  await all;
});

it('nothing of it is lost or changes its place, short or long, also where the connection ends behind it', async () => {
  const loud = await letIn('d1');
  const things = Array.from({ length: 300 }, (_, n) => `${n} ${'x'.repeat(n % 10 === 0 ? 12_000 : n)}`);
  const closed = closing(loud);
  loud.resume();
  loud.end(Buffer.concat([...things.map((thing) => said('d1', thing)), Buffer.from([0xe0, 0])]));
  await closed;
  expect(heard.map(([, thing]) => thing)).toEqual(things);
});

it('a device that asks on and on and reads no answer is asked no further, and then cut off', async () => {
  const [deaf, quiet] = [await letIn('d1'), await letIn('d2')];
  deaf.pause();
  const closed = closing(deaf);
  const block = Buffer.concat(Array.from({ length: 1_000 }, () => said('d1', 'and?')));
  const ask = (failed?: Error | null): void => {
    if (failed == null && !deaf.destroyed) deaf.write(block, ask);
  };
  ask();
  quiet.write(said('d2', 'one thing'));
  await once(quiet, 'data');
  while (refused.length === 0) await new Promise((turn) => setImmediate(turn));
  deaf.resume();
  await closed;
  expect(refused).toEqual([['MQTT_READS_TOO_LITTLE', 'd1']]);
});
