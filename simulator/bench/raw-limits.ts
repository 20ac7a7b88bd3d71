/** What the gateway is held against: a broker that only echoes, and a disk that only has to be sure. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { Aedes } from 'aedes';
import { PRAGMAS } from '#gateway/ledger/store/ledger-sql.js';
import { openSqlite } from '#gateway/ledger/store/sqlite.js';
import type { DeviceId } from '#protocol/kernel/ids.js';
import { downTopic } from '#protocol/messages/topics.js';
import { quantile } from './figure.js';

/** Calls back when something is on the disk. */
export type Keep = (done: () => void) => void;

const keepNothing: Keep = (done) => done();

/** Bare aedes that answers each message with its payload, at QoS 1, once `keep` has called back. */
export async function withRawBroker<Value>(
  use: (port: number) => Promise<Value>,
  keep: Keep = keepNothing,
): Promise<Value> {
  const aedes = await Aedes.createBroker();
  aedes.on('publish', ({ topic, payload }, client) => {
    if (client === null || !topic.endsWith('/up')) return;
    const reply = downTopic(client.id as DeviceId);
    keep(() => {
      client.publish({ cmd: 'publish', topic: reply, payload, qos: 1, retain: false, dup: false }, () => undefined);
    });
  });
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    aedes.handle(socket);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  try {
    return await use(port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((closed) => aedes.close(() => closed()));
    await new Promise<void>((closed) => server.close(() => closed()));
  }
}

/** Appending a page and waiting until it is on the disk: the least that a durable answer can cost. */
export function medianFdatasyncMs(file: string, times = 300): number {
  const page = Buffer.alloc(4_096, 1);
  const took: number[] = [];
  const handle = openSync(file, 'w');
  for (let at = 0; at < times; at++) {
    const began = performance.now();
    writeSync(handle, page);
    fdatasyncSync(handle);
    took.push(performance.now() - began);
  }
  closeSync(handle);
  return quantile(took, 0.5);
}

/** Commits one row of some bytes, in the ledger's SQLite and as it is set there. */
export async function withBareCommits<Value>(file: string, use: (keep: Keep) => Promise<Value>): Promise<Value> {
  const database = await promisify(openSqlite)(file);
  const exec = promisify(database.exec);
  try {
    await exec(PRAGMAS);
    await exec('create table row(bytes blob not null)');
    const insert = database.prepare('insert into row values (?)');
    const row = Buffer.alloc(500, 1);
    return await use((done) => insert.run([row], done));
  } finally {
    await new Promise<void>((closed) => database.close(closed));
  }
}
