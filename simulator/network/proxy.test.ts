import { once } from 'node:events';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LineProxy, startProxy } from './proxy.js';

let server: net.Server;
let proxy: LineProxy;
/** The gateway's ends, in the order in which they came. */
const accepted: Peer[] = [];
const clients: net.Socket[] = [];

interface Peer {
  readonly socket: net.Socket;
  readonly text: () => string;
  readonly fate: () => 'open' | 'ended' | 'reset' | 'closed';
}

function peer(socket: net.Socket): Peer {
  let text = '';
  let fate: ReturnType<Peer['fate']> = 'open';
  socket.on('data', (chunk) => {
    text += chunk.toString('utf8');
  });
  socket.on('end', () => {
    fate = 'ended';
  });
  // A reset after a good-bye is no reset: an agent would have left in good order.
  socket.on('error', () => {
    if (fate === 'open') fate = 'reset';
  });
  socket.on('close', () => {
    if (fate !== 'reset') fate = 'closed';
  });
  return { socket, text: () => text, fate: () => fate };
}

beforeEach(async () => {
  server = net.createServer({ noDelay: true }, (socket) => accepted.push(peer(socket)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  proxy = await startProxy({ toPort: typeof address === 'object' && address !== null ? address.port : 0 });
});

afterEach(async () => {
  await proxy.close();
  expect(proxy.linesOpen()).toBe(0);
  for (const socket of clients.splice(0)) socket.destroy();
  for (const { socket } of accepted.splice(0)) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** A counter's end, connected through to the gateway. */
async function connect(): Promise<{ counter: Peer; gateway: Peer }> {
  const seen = accepted.length;
  const socket = net.connect(proxy.port, '127.0.0.1');
  clients.push(socket);
  const counter = peer(socket);
  await once(socket, 'connect');
  const gateway = await vi.waitFor(() => {
    const end = accepted[seen];
    if (end === undefined) throw new Error('not through yet');
    return end;
  }, 5000);
  return { counter, gateway };
}

const until = (check: () => void): Promise<void> => vi.waitFor(check, 5000);
/** Bytes that would have come by now: a later round trip on the same machine has. */
async function roundTrip(): Promise<void> {
  const other = net.createServer((socket) => socket.end('x'));
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const socket = net.connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
  await once(socket.resume(), 'close');
  await new Promise((resolve) => other.close(resolve));
}

describe('the line', () => {
  it('passes bytes both ways, in order, and counts its connections', async () => {
    const { counter, gateway } = await connect();
    counter.socket.write('up');
    gateway.socket.write('down');
    await until(() => expect([gateway.text(), counter.text()]).toEqual(['up', 'down']));
    expect(proxy.linesOpen()).toBe(1);
    const long = 'x'.repeat(5_000_000);
    counter.socket.write(long);
    await until(() => expect(gateway.text().length).toBe(long.length + 2));
    counter.socket.end();
    await until(() => expect(gateway.fate()).toBe('closed'));
    await proxy.reaches(0);
  });

  it('cut resets both sides, and lets them connect again', async () => {
    const { counter, gateway } = await connect();
    proxy.cut();
    await until(() => expect([counter.fate(), gateway.fate()]).toEqual(['reset', 'reset']));
    const again = await connect();
    again.counter.socket.write('again');
    await until(() => expect(again.gateway.text()).toBe('again'));
  });

  it('refused resets whoever comes, until it is back', async () => {
    proxy.refuse();
    const socket = net.connect(proxy.port, '127.0.0.1');
    clients.push(socket);
    const { fate } = peer(socket);
    await until(() => expect(fate()).toBe('reset'));
    proxy.back();
    await connect();
  });

  it('a black hole accepts and swallows, and resets when the line is back', async () => {
    proxy.blackHole();
    const { counter, gateway } = await connect();
    counter.socket.write('lost');
    gateway.socket.write('lost');
    await roundTrip();
    expect([counter.text(), gateway.text(), counter.fate(), gateway.fate()]).toEqual(['', '', 'open', 'open']);
    expect(proxy.linesOpen()).toBe(1);
    proxy.back();
    await until(() => expect([counter.fate(), gateway.fate()]).toEqual(['reset', 'reset']));
  });

  it('a black hole of one direction passes the other', async () => {
    const { counter, gateway } = await connect();
    proxy.blackHole('down');
    gateway.socket.write('lost');
    counter.socket.write('heard');
    await until(() => expect(gateway.text()).toBe('heard'));
    expect(counter.text()).toBe('');
  });

  it('half-open: one side is gone and the other is not told', async () => {
    const { counter, gateway } = await connect();
    proxy.halfOpen('counter');
    await until(() => expect(gateway.fate()).toBe('reset'));
    counter.socket.write('to nowhere');
    await roundTrip();
    expect(counter.fate()).toBe('open');
    expect(proxy.linesOpen()).toBe(1);
    proxy.back();
    await until(() => expect(counter.fate()).toBe('reset'));
    expect(proxy.linesOpen()).toBe(0);
  });

  it('delays without reordering, and without losing what is said before a good-bye', async () => {
    const { counter, gateway } = await connect();
    proxy.delay(60);
    const began = performance.now();
    counter.socket.write('slow ');
    await roundTrip();
    proxy.delay(0);
    counter.socket.end('then quick');
    await until(() => expect(gateway.text()).toBe('slow then quick'));
    expect(performance.now() - began).toBeGreaterThan(55); // never sooner
    await until(() => expect(gateway.fate()).toBe('closed'));
  });

  it('cuts after so many bytes, in the middle of a message', async () => {
    const { counter, gateway } = await connect();
    const cut = proxy.when({ direction: 'up', afterBytes: 7, does: 'cut' });
    counter.socket.write('four');
    counter.socket.write('more words');
    await cut;
    // Bytes and reset in one poll look like bytes and an end to Node: that much of the fate is the peer's own.
    await until(() => expect(gateway.fate()).not.toBe('open'));
    await until(() => expect(counter.fate()).not.toBe('open'));
    expect(gateway.text()).toBe('fourmor'.slice(0, gateway.text().length));
  });

  it.each([true, false])('cuts when a text comes by, even split over chunks; delivered: %s', async (deliver) => {
    const { counter, gateway } = await connect();
    const cut = proxy.when({ direction: 'up', text: '"kind":"settled"', deliver, does: 'black-hole' });
    counter.socket.write('{"kind":"charging"}');
    await until(() => expect(gateway.text()).toBe('{"kind":"charging"}'));
    counter.socket.write('{"kind":"sett');
    await until(() => expect(gateway.text()).toContain('sett'));
    counter.socket.write('led"}');
    await cut;
    await roundTrip();
    expect(gateway.text().endsWith('led"}')).toBe(deliver);
    expect(proxy.state).toBe('black-hole');
  });

  it('fires on a judgement over what came by, once', async () => {
    const { counter, gateway } = await connect();
    const cut = proxy.when({
      direction: 'down',
      sees: (recent) => (recent.match(/ack/g) ?? []).length === 2,
      does: 'cut',
    });
    gateway.socket.write('ack');
    await until(() => expect(counter.text()).toBe('ack'));
    gateway.socket.write('ack');
    await cut;
    await until(() => expect(counter.fate()).toBe('reset'));
    const again = await connect();
    again.gateway.socket.write('ack ack');
    await until(() => expect(again.counter.text()).toBe('ack ack'));
  });

  it('tells a gateway that is not there by a reset', async () => {
    await new Promise((resolve) => server.close(resolve));
    const socket = net.connect(proxy.port, '127.0.0.1');
    clients.push(socket);
    const { fate } = peer(socket);
    await until(() => expect(fate()).toBe('reset'));
    server.listen(0);
  });
});
