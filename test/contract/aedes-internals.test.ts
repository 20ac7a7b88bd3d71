/**
 * What `aedes-internals.ts` assumes of aedes, on a bare one. A row that fails after an update of aedes says which part of the
 * broker has to be looked at; until then aedes stays at the version that package.json names.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Aedes, type Client, type PublishPacket } from 'aedes';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  connectTerms,
  interceptPublications,
  onReleased,
  packetIdOf,
  UNREAD_TOO_LONG,
} from '#gateway/mqtt/aedes-internals.js';
import {
  ackPacket,
  connectPacket,
  DISCONNECT,
  joined,
  PINGREQ,
  publishPacket,
  subscribePacket,
} from '#simulator/network/mqtt-bytes.js';

let aedes: Aedes;
let server: Server;
let handed: Socket[];
let reads: number;
const sockets: Socket[] = [];

beforeEach(async () => {
  aedes = new Aedes({ drainTimeout: 200 });
  handed = [];
  reads = 0;
  await aedes.listen();
  server = createServer((socket) => {
    handed.push(socket);
    const read = socket.read.bind(socket);
    socket.read = (size?: number) => {
      reads += 1;
      return read(size);
    };
    aedes.handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise<void>((done) => aedes.close(done));
  server.close();
});

function open(): { readonly socket: Socket; hex(): string; until(end: string): Promise<void> } {
  const address = server.address();
  const socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
  sockets.push(socket.on('error', () => undefined));
  let hex = '';
  socket.on('data', (chunk) => {
    hex += chunk.toString('hex');
  });
  return {
    socket,
    hex: () => hex,
    async until(end) {
      while (!hex.includes(end)) await once(socket, 'data');
    },
  };
}

const HELLO = connectPacket({ id: 'd1', password: 'p' });

it('is the version that package.json pins', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: { aedes: string } };
  expect(dependencies.aedes).toMatch(/^\d+\.\d+\.\d+$/);
  expect(JSON.parse(readFileSync('node_modules/aedes/package.json', 'utf8'))).toMatchObject({
    version: dependencies.aedes,
  });
});

it('"read": takes what comes by `socket.read`, where the guard looks', async () => {
  const { socket, until } = open();
  socket.write(HELLO);
  await until('20020000');
  expect(reads).toBeGreaterThan(0);
  expect(handed[0]?.listenerCount('data')).toBe(0);
});

it('"publish": what a client sends comes through the own property, PUBACK written before, callback last', async () => {
  const order: string[] = [];
  interceptPublications(aedes, ({ topic }) => {
    if (topic !== 't') return false;
    order.push(`publish after ${handed[0]?.bytesWritten} bytes`);
    return true;
  });
  aedes.authorizePublish = (_client, packet, done) => {
    order.push(`authorise ${packet.topic}`);
    done(null);
  };
  const { socket, until } = open();
  socket.write(joined(HELLO, publishPacket({ topic: 't', packetId: 3 })));
  await until('40020003');
  socket.write(PINGREQ);
  await until('d000');
  expect(order).toEqual(['authorise t', 'publish after 8 bytes']);
});

it('"publish": what the gateway takes is not kept by the broker, also where it is to be retained', async () => {
  interceptPublications(aedes, ({ topic }) => topic === 'state');
  const first = open();
  first.socket.write(
    joined(
      HELLO,
      publishPacket({ topic: 'state', packetId: 3, retain: true }),
      publishPacket({ topic: 'other', packetId: 4, retain: true }),
    ),
  );
  await first.until('40020004');
  const { socket, hex, until } = open();
  socket.write(joined(connectPacket({ id: 'd2', password: 'p' }), subscribePacket(5, '#')));
  await until(Buffer.from('other').toString('hex'));
  socket.write(PINGREQ);
  await until('d000');
  expect(hex()).not.toContain(Buffer.from('state').toString('hex'));
});

it('"messageId": the packet in `authorizePublish` has the packet id of the client', async () => {
  const ids: number[] = [];
  aedes.authorizePublish = (_client, packet, done) => {
    ids.push(packetIdOf(packet));
    done(null);
  };
  const { socket, until } = open();
  socket.write(joined(HELLO, publishPacket({ topic: 't', qos: 2, packetId: 515 })));
  await until('50020203');
  expect(ids).toEqual([515]);
});

it('"incomingDelPacket": a QoS 2 message is forgotten at its PUBREL, before PUBCOMP', async () => {
  const released: [unknown, number][] = [];
  onReleased(aedes, (client, packetId) => released.push([client, packetId]));
  let sender: Client | undefined;
  aedes.on('clientReady', (client) => {
    sender = client;
  });
  const { socket, until } = open();
  socket.write(joined(HELLO, publishPacket({ topic: 't', qos: 2, packetId: 9 })));
  await until('50020009');
  expect(released).toEqual([]);
  socket.write(ackPacket(6, 9));
  await until('70020009');
  expect(released.length).toBe(1);
  expect(released[0]?.[0]).toBe(sender);
  expect(released[0]?.[1]).toBe(9);
});

it('"connect packet": what preConnect changes is what counts, and the will stands in it', async () => {
  let will: string | undefined;
  aedes.preConnect = (_client, packet, done) => {
    const terms = connectTerms(packet);
    will = terms.willTopic;
    terms.clean = true;
    terms.keepalive = 1;
    done(null, true);
  };
  let isClean: boolean | undefined;
  aedes.on('clientReady', ({ clean }) => {
    isClean = clean;
  });
  const { socket, until } = open();
  const flags = 0xc0 | 0x04; // not clean
  socket.write(connectPacket({ id: 'd1', keepalive: 0, flags, will: { topic: 'w', payload: 'gone' } }));
  await until('20020000');
  await once(socket, 'close'); // by the keepalive of one second that it didn't ask for
  expect([isClean, will]).toEqual([true, 'w']);
});

it('"conn": a client’s connection is the very socket that was handed over', async () => {
  const { socket } = open();
  socket.write(HELLO);
  const [client] = (await once(aedes, 'clientReady')) as [Client];
  expect(client.conn === handed[0]).toBe(true);
});

it('"later": a publish to a client is written a turn after it was asked for', async () => {
  const order: string[] = [];
  aedes.on('clientReady', (client) => {
    const packet = { cmd: 'publish', topic: 't', payload: 'x', qos: 0, retain: false, dup: false } as const;
    client.publish(packet, () => order.push('written'));
    setImmediate(() => order.push('a turn later'));
  });
  const { socket, until } = open();
  socket.write(HELLO);
  await until(Buffer.from(publishPacket({ topic: 't', payload: 'x', qos: 0 })).toString('hex'));
  while (order.length < 2) await new Promise((turn) => setImmediate(turn));
  expect(order).toContain('a turn later');
});

it('"drain timeout": that is the message of the error for one that reads nothing', async () => {
  const errors: string[] = [];
  aedes.on('clientError', (_client, { message }) => errors.push(message));
  const { socket, until } = open();
  socket.write(joined(HELLO, subscribePacket(1, 'flood')));
  await until('9003000101');
  socket.pause();
  const packet: PublishPacket = {
    cmd: 'publish',
    topic: 'flood',
    payload: Buffer.alloc(1 << 20),
    qos: 0,
    retain: false,
    dup: false,
  };
  for (let n = 0; n < 40; n += 1) aedes.publish(packet, () => undefined);
  while (errors.length === 0) await new Promise((turn) => setImmediate(turn));
  expect(errors).toContain(UNREAD_TOO_LONG);
});

it('"will": a last will is authorised as a message of its own, with the client that has gone', async () => {
  const wills: [string, string | undefined][] = [];
  aedes.authorizePublish = (client, packet, done) => {
    wills.push([packet.topic, client?.id]);
    done(null);
  };
  const asked = new Promise<void>((resolve) => aedes.once('clientDisconnect', () => resolve()));
  const { socket, until } = open();
  socket.write(connectPacket({ id: 'd1', will: { topic: 'w', payload: 'gone' } }));
  await until('20020000');
  socket.destroy();
  await asked;
  expect(wills).toEqual([['w', 'd1']]);
  const { socket: second, until: next } = open();
  second.write(joined(connectPacket({ id: 'd1', will: { topic: 'w', payload: 'gone' } }), DISCONNECT));
  await next('20020000');
  expect(wills.length).toBe(1);
});
