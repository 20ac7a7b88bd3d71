/**
 * Ports that nobody listens on now, and that stay the same when the process behind them is killed and started again.
 * Linux gives outgoing connections ports from 32768 on (ip_local_port_range): one from there is now and then taken by a
 * neighbour's connection before it is listened on, so these lie below.
 */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

const FROM = 12_000;
const TO = 32_000;
/** Some of them are a database's or a web server's; all of them never are. */
const TRIES = 100;

export async function freePorts(count: number): Promise<readonly number[]> {
  // All are held at once, so that none comes twice.
  const held = await Promise.all(Array.from({ length: count }, hold));
  const ports = held.map(({ port }) => port);
  await Promise.all(held.map(({ server }) => new Promise((closed) => server.close(closed))));
  return ports;
}

async function hold(): Promise<{ server: Server; port: number }> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(FROM, TO);
    const server = await listen(port);
    if (server !== undefined) return { server, port };
  }
  throw new Error(`${TRIES} ports tried between ${FROM} and ${TO}, and every one was taken`);
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
