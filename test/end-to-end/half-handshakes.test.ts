/**
 * Connections that begin and never go on, at both doors over TLS: each is gone at its deadline with its file descriptor, and
 * none keeps the gateway from stopping.
 */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { checkGatewayConfig } from '#gateway/config/config.js';
import { type RunningGateway, startGateway } from '#gateway/main.js';
import { pairOf } from '#simulator/network/tls-pair.js';
import { Child } from '#simulator/processes/child.js';
import { testCampaign } from '../contract/ledger-fixture.js';

const AT_EACH_DOOR = 300;
const HANDSHAKE_MS = 2_000;
/** A service manager's patience, as promised in docs/reliability.md. */
const STOP_WITHIN_MS = 5_000;
/** The head of a TLS record that announces 200 bytes more. */
const BEGUN = Buffer.from([0x16, 3, 1, 0, 200, 1]);

let folder: string;
let trusted: string;
const sockets: Socket[] = [];
let gateway: RunningGateway | undefined;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-half-'));
  const authority = await pairOf('authority');
  const { cert, key } = await pairOf('gateway', authority);
  trusted = authority.cert;
  writeFileSync(path.join(folder, 'campaign.json'), JSON.stringify(testCampaign()));
  writeFileSync(path.join(folder, 'gateway.pem'), cert);
  writeFileSync(path.join(folder, 'gateway.key'), key);
  writeFileSync(path.join(folder, 'gateway.yaml'), JSON.stringify(FILE));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await gateway?.stop();
  gateway = undefined;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tls = { cert: 'gateway.pem', key: 'gateway.key' };
const FILE = { campaign: 'campaign.json', data: 'data', mqtt: { port: 0, tls }, http: { port: 0, tls } };

/** Half of them say nothing at all. */
async function begin(port: number, at: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (at % 2 === 0) socket.write(BEGUN);
  return socket.resume();
}

const beginMany = (ports: readonly number[], each: number): Promise<Socket[]> =>
  Promise.all(ports.flatMap((port) => Array.from({ length: each }, (_, at) => begin(port, at))));

/** The newest was accepted after all that came before it at this port. */
async function isHeld(port: number): Promise<void> {
  const socket = connectTls({ port, host: '127.0.0.1', ca: trusted });
  sockets.push(socket);
  await once(socket, 'secureConnect');
  socket.destroy();
}

const descriptors = (pid: number | string): number => readdirSync(`/proc/${pid}/fd`).length;

it('300 half handshakes at each door are closed at their deadline, and every descriptor comes back', async () => {
  const config = checkGatewayConfig(FILE, folder);
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  const codes: string[] = [];
  const write = (line: string): void => void codes.push((JSON.parse(line) as { code: string }).code);
  gateway = await startGateway(config.value, {
    logger: pino({ base: null }, { write }),
    handshakeTimeoutMs: HANDSHAKE_MS,
  });
  const { mqttPort, httpPort } = gateway;
  const before = descriptors('self');
  const begun = await beginMany([mqttPort, httpPort], AT_EACH_DOOR);
  await Promise.all([isHeld(mqttPort), isHeld(httpPort)]);
  expect(descriptors('self') - before).toBeGreaterThanOrEqual(2 * 2 * AT_EACH_DOOR);
  await Promise.all(begun.map((socket) => socket.closed || once(socket, 'close')));
  // Our own ends are closed as well by now, and the gateway's were before them.
  expect(descriptors('self')).toBeLessThanOrEqual(before + 2);
  expect(codes).toContain('MQTT_TLS_FAILED');
  expect(codes).toContain('HTTP_TLS_FAILED');
});

it('SIGTERM ends the process within 5 s while they hang at both doors', async () => {
  const ports: number[] = [];
  const child = new Child({
    arguments: ['gateway', '--config', path.join(folder, 'gateway.yaml'), '--json'],
    logFile: path.join(folder, 'gateway.log'),
    onLine(line) {
      const { mqttPort, httpPort } = JSON.parse(line) as { mqttPort?: number; httpPort?: number };
      if (mqttPort !== undefined && httpPort !== undefined) ports.push(mqttPort, httpPort);
    },
  });
  try {
    await child.start();
    await beginMany(ports, 100);
    await Promise.all(ports.map(isHeld));
    const { pid = 0 } = child;
    const began = performance.now();
    process.kill(pid, 'SIGTERM');
    await child.stop();
    expect(performance.now() - began).toBeLessThan(STOP_WITHIN_MS);
  } finally {
    await child.kill();
  }
}, 60_000);

it('says of a handshake that failed from which address it came, and what was wrong with it', async () => {
  const config = checkGatewayConfig(FILE, folder);
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  const lines: unknown[] = [];
  gateway = await startGateway(config.value, {
    logger: pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
  });
  for (const port of [gateway.mqttPort, gateway.httpPort]) {
    const socket = await begin(port, 1);
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
  }
  for (const code of ['MQTT_TLS_FAILED', 'HTTP_TLS_FAILED'])
    expect(lines).toContainEqual(
      expect.objectContaining({ code, address: '127.0.0.1', why: expect.stringMatching(/^[a-z ]{5,40}$/) }),
    );
});
