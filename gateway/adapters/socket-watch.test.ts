/**
 * One address opens many silent sockets at a real server. gateway/core/connection-limit.test.ts tests the limits
 * themselves.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createSocketWatch, type SocketRefusal } from './socket-watch.js';

const refused: SocketRefusal[] = [];
const door = createSocketWatch({
  proxies: [],
  limits: { ofOneAddress: 2, inAll: 10, speaksForMany: () => false },
  onRefused: (why) => refused.push(why),
});
const accepted: Socket[] = [];
const server = createServer((socket) => accepted.push(socket));
door.watch(server);
const listening = new Promise<number>((resolve) => {
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    resolve(typeof address === 'object' && address !== null ? address.port : 0);
  });
});
afterEach(() => {
  door.closeAll();
  server.close();
});

it('the oldest silent socket goes, one that proved itself stays until it waits again, and a stop takes all', async () => {
  const open = async (): Promise<Socket> => {
    const socket = connect(await listening, '127.0.0.1').on('error', () => undefined);
    const before = accepted.length;
    await once(server, 'connection');
    expect(accepted.length).toBe(before + 1);
    return socket.resume();
  };
  const proven = await open();
  const [inside] = accepted;
  if (inside !== undefined) door.proved(inside);
  const silent = await open();
  const [, later] = [await open(), await open()];
  await once(silent, 'close');
  expect(refused).toEqual(['crowded']);
  expect([proven.closed, later.closed]).toEqual([false, false]);
  if (inside !== undefined) door.waits(inside);
  expect(refused).toEqual(['crowded', 'crowded']);
  door.closeAll();
  await Promise.all([proven, later].map((socket) => socket.closed || once(socket, 'close')));
});
