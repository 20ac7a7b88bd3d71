/**
 * MQTT 3.1.1 byte by byte, at the real broker: what a raw client sends, and what it must hear. A row is one connection, the
 * bytes leave in one piece, and all that came back is compared. The clause is the standard's.
 */
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AedesBroker, aedesBroker } from '#gateway/mqtt/aedes-broker.js';
import type { DeviceId } from '#protocol/kernel/ids.js';
import {
  ackPacket,
  connectPacket,
  DISCONNECT,
  field,
  joined,
  PINGREQ,
  packet,
  publishPacket,
  subscribePacket,
  unsubscribePacket,
} from '#simulator/network/mqtt-bytes.js';

const password = 'correct horse';
let broker: AedesBroker;
let heard: string[];
let refused: string[];
let state: string[];
let isListed: boolean;
const sockets: Socket[] = [];

beforeEach(async () => {
  heard = [];
  refused = [];
  state = [];
  isListed = true;
  broker = aedesBroker({
    host: '127.0.0.1',
    port: 0,
    isDevice: (_, given) => Buffer.from(given).toString() === password,
    isListed: () => isListed,
  });
  const events = {
    onMessage(device: DeviceId, payload: Uint8Array) {
      heard.push(Buffer.from(payload).toString());
      broker.send(device, 'answer');
    },
    onConnected: () => undefined,
    onDisconnected: () => undefined,
    onState: (device: DeviceId, said: { readonly online: boolean }) => void state.push(`${device} ${said.online}`),
    onRefused: (code: string) => void refused.push(code),
  };
  await new Promise<unknown>((done) => broker.listen(events, done));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise<void>((done) => broker.close(done));
});

const [UP, DOWN, STATE] = ['codeplate/v1/d1/up', 'codeplate/v1/d1/down', 'codeplate/v1/d1/state'] as const;
const IN = connectPacket({ id: 'd1', password });
const up = (payload: string, more: object = {}): Uint8Array => publishPacket({ topic: UP, payload, ...more });

const CONNACK = '20020000';
const ANSWER = Buffer.from(packet(0x30, field(DOWN), Buffer.from('answer'))).toString('hex');
const PINGRESP = 'd000';

const TWO_PINGS = 2;

/**
 * Sends one piece after the other, and gives all that comes until the broker closes, or has answered the last piece. Behind
 * each a PINGREQ is sent twice: what the broker does a turn later is there by the second answer.
 */
function conversation(...pieces: readonly Uint8Array[]): Promise<string> {
  const socket = connect(broker.port, '127.0.0.1').on('error', () => undefined);
  sockets.push(socket);
  const left = [...pieces];
  let hex = '';
  let pings = 0;
  return new Promise((resolve) => {
    const goOn = (): void => {
      const piece = pings === 0 ? left.shift() : undefined;
      if (pings === 0 && piece === undefined) resolve(`${hex} open`);
      else socket.write(piece === undefined ? PINGREQ : joined(piece, PINGREQ));
    };
    socket.on('data', (chunk) => {
      hex += chunk.toString('hex');
      if (!hex.includes(PINGRESP)) return;
      hex = hex.replace(PINGRESP, '');
      pings = (pings + 1) % TWO_PINGS;
      goOn();
    });
    socket.once('close', () => resolve(`${hex} closed`));
    goOn();
  });
}

const NUL = Buffer.from('codeplate/v1/campaign/a\0b');
const SURROGATE = Buffer.from([0x61, 0xed, 0xa0, 0x80]);

describe('a raw client', () => {
  it.each<[string, readonly Uint8Array[], string]>([
    ['is let in', [IN], `${CONNACK} open`],
    ['of MQTT 3.1 is let in', [connectPacket({ id: 'd1', password, name: 'MQIsdp', level: 3 })], `${CONNACK} open`],
    [
      'with no keepalive is let in (3.1.2.10)',
      [connectPacket({ id: 'd1', password, keepalive: 0 })],
      `${CONNACK} open`,
    ],
    ['with hours of it as well', [connectPacket({ id: 'd1', password, keepalive: 65_535 })], `${CONNACK} open`],
    ['of MQTT 5 hears 1 (MQTT-3.1.2-2)', [connectPacket({ id: 'd1', password, level: 5 })], '20020001 closed'],
    ['of a level that there is not hears 1', [connectPacket({ id: 'd1', password, level: 6 })], '20020001 closed'],
    ['of a bridge hears 1', [connectPacket({ id: 'd1', password, level: 0x84 })], '20020001 closed'],
    ['of another protocol hears nothing (3.1.2-1)', [connectPacket({ id: 'd1', password, name: 'MQTX' })], ' closed'],
    ['with the reserved flag (3.1.2-3)', [connectPacket({ id: 'd1', password, flags: 0xc3 })], ' closed'],
    ['with a QoS for no will (3.1.2-13)', [connectPacket({ id: 'd1', password, flags: 0xca })], ' closed'],
    ['with a password and no name (3.1.2-22)', [connectPacket({ id: 'd1', password, flags: 0x42 })], ' closed'],
    ['with bytes behind its CONNECT', [connectPacket({ id: 'd1', password, more: Buffer.from('x') })], ' closed'],
    ['with NUL in its name (1.5.3-2)', [connectPacket({ id: 'd1\0', password })], ' closed'],
    ['with a wrong password hears 4', [connectPacket({ id: 'd1', password: 'guess' }), up('no')], '20020004 closed'],
    ['without a name hears 2 (3.1.3-8)', [connectPacket({ id: '', userName: 'd1', password })], '20020002 closed'],
    ['that connects twice (3.1.0-2)', [IN, IN], `${CONNACK} closed`],
    ['that doesn’t begin with CONNECT (3.1.0-1)', [PINGREQ], ' closed'],
    ['that speaks before CONNACK is heard after it (3.1.4)', [joined(IN, up('early'))], `${CONNACK}40020001 open`],
    ['that has not subscribed is answered nothing (3.3.5)', [IN, up('who?')], `${CONNACK}40020001 open`],
    ['that has subscribed', [IN, subscribePacket(7, DOWN), up('q')], `${CONNACK}9003000701${ANSWER}40020001 open`],
    [
      'that has unsubscribed',
      [IN, subscribePacket(7, DOWN), unsubscribePacket(8, DOWN), up('q')],
      `${CONNACK}9003000701b002000840020001 open`,
    ],
    ['that may not subscribe hears 0x80 (3.8.4)', [IN, subscribePacket(7, '#', STATE)], `${CONNACK}900400078080 open`],
    ['with packet id 0 of a SUBSCRIBE (2.3.1-1)', [IN, subscribePacket(0, DOWN)], `${CONNACK} closed`],
    ['with packet id 0 of an UNSUBSCRIBE', [IN, unsubscribePacket(0, DOWN)], `${CONNACK} closed`],
    ['with packet id 0 of a PUBLISH', [IN, up('x', { packetId: 0 })], `${CONNACK} closed`],
    ['that subscribes to nothing (3.8.3-3)', [IN, packet(0x82, Buffer.from([0, 1]))], `${CONNACK} closed`],
    [
      'that subscribes with QoS 3 (3-8.3-4)',
      [IN, packet(0x82, Buffer.from([0, 1]), field(DOWN), Buffer.from([3]))],
      `${CONNACK} closed`,
    ],
    [
      'with other flags of SUBSCRIBE (3.8.1-1)',
      [IN, packet(0x80, Buffer.from([0, 1]), field(DOWN), Buffer.from([1]))],
      `${CONNACK} closed`,
    ],
    ['with NUL in a filter (1.5.3-2)', [IN, subscribePacket(1, NUL)], `${CONNACK} closed`],
    ['with a surrogate in a filter (1.5.3-1)', [IN, subscribePacket(1, SURROGATE)], `${CONNACK} closed`],
    ['with # inside a filter (4.7.1-2)', [IN, subscribePacket(1, 'a/#/b')], `${CONNACK} closed`],
    ['with + inside a level (4.7.1-3)', [IN, subscribePacket(1, 'a+/b')], `${CONNACK} closed`],
    ['with DUP at QoS 0 (3.3.1-2)', [IN, up('x', { qos: 0, dup: true })], `${CONNACK} closed`],
    ['with QoS 3 (3.3.1-4)', [IN, up('x', { qos: 3 })], `${CONNACK} closed`],
    ['with a wildcard in a topic (3.3.2-2)', [IN, publishPacket({ topic: 'codeplate/v1/+/up' })], `${CONNACK} closed`],
    ['with NUL in a topic', [IN, publishPacket({ topic: NUL })], `${CONNACK} closed`],
    ['with no topic (4.7.3-1)', [IN, publishPacket({ topic: '' })], `${CONNACK} closed`],
    ['with a topic beyond any', [IN, publishPacket({ topic: 'x'.repeat(300) })], `${CONNACK} closed`],
    ['with a body of PINGREQ (3.12)', [IN, packet(0xc0, Buffer.from('x'))], `${CONNACK} closed`],
    ['with a body of DISCONNECT (3.14)', [IN, packet(0xe0, Buffer.from('x'))], `${CONNACK} closed`],
    ['with other flags of PUBREL (3.6.1-1)', [IN, packet(0x60, Buffer.from([0, 1]))], `${CONNACK} closed`],
    ['with a CONNACK of its own', [IN, packet(0x20, Buffer.from([0, 0]))], `${CONNACK} closed`],
    ['with type 15', [IN, packet(0xf0)], `${CONNACK} closed`],
    ['that goes is let go (3.14.4-1)', [IN, DISCONNECT], `${CONNACK} closed`],
    ['at QoS 0 gets no acknowledgement', [IN, up('x', { qos: 0 })], `${CONNACK} open`],
    ['at QoS 2 gets PUBREC and PUBCOMP (4.3.3)', [IN, up('x', { qos: 2 })], `${CONNACK}50020001 open`],
    ['that releases what it never sent gets PUBCOMP', [IN, ackPacket(6, 9)], `${CONNACK}70020009 open`],
    [
      'with a will elsewhere hears 5',
      [connectPacket({ id: 'd1', password, will: { topic: UP, payload: '{}' } })],
      '20020005 closed',
    ],
  ])('%s', async (_, sent, said) => {
    expect(await conversation(...sent)).toBe(said);
  });

  it('is heard where it may speak, and nowhere else', async () => {
    await conversation(connectPacket({ id: 'd1', password: 'guess' }), up('unproved'));
    await conversation(joined(IN, up('early')));
    await conversation(IN, up('x', { qos: 0, dup: true }));
    expect(heard).toEqual(['early']);
  });
});

it('one message of QoS 2 is taken once until it is released, in one segment and later (MQTT-4.3.3-2)', async () => {
  const twice = [up('one', { qos: 2 }), up('one', { qos: 2, dup: true })];
  const socket = connect(broker.port, '127.0.0.1').on('error', () => undefined);
  sockets.push(socket);
  let hex = '';
  const said = (end: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!hex.endsWith(end)) return;
        socket.off('data', look);
        resolve();
      };
      socket.on('data', look);
      look();
    });
  socket.on('data', (chunk) => {
    hex += chunk.toString('hex');
  });
  socket.write(joined(IN, ...twice));
  await said('5002000150020001');
  socket.write(joined(up('one', { qos: 2, dup: true })));
  await said('500200015002000150020001');
  expect(heard).toEqual(['one']);
  socket.write(ackPacket(6, 1));
  await said('70020001');
  socket.write(up('two', { qos: 2 }));
  await said('7002000150020001');
  expect(heard).toEqual(['one', 'two']);
});

/** By the time that another is answered, all has been seen to of one that was closed. */
const settled = async (): Promise<void> =>
  expect(await conversation(connectPacket({ id: 'd2', password }))).toBe(`${CONNACK} open`);

const gone = JSON.stringify({
  v: 1,
  type: 'state',
  device: 'd1',
  merchant: 'm1',
  agent: 'test',
  boot: 1,
  online: false,
});

it('a will on its own state is taken where it goes without a word, and no other', async () => {
  const will = { topic: STATE, payload: gone };
  await conversation(connectPacket({ id: 'd1', password, will }), DISCONNECT);
  await settled();
  expect(state).toEqual([]);
  await conversation(connectPacket({ id: 'd1', password, will }), packet(0xf0));
  await settled();
  expect(state).toEqual(['d1 false']);
  await conversation(connectPacket({ id: 'd1', password, will: { topic: UP, payload: 'booked?' } }));
  expect(heard).toEqual([]);
  expect(refused).toContain('MQTT_WILL_NOT_ALLOWED');
});

it.each(['its messages', 'and its last will'])('a device that was taken out says nothing more: %s', async (what) => {
  const socket = connect(broker.port, '127.0.0.1').on('error', () => undefined);
  sockets.push(socket);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write(connectPacket({ id: 'd1', password, will: { topic: STATE, payload: gone } }));
  await new Promise((resolve) => socket.once('data', resolve));
  isListed = false;
  if (what === 'its messages') socket.write(up('still here'));
  else broker.cutOff('d1' as DeviceId);
  await closed;
  isListed = true;
  await settled();
  expect([heard, state]).toEqual([[], []]);
});
