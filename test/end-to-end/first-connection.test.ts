/**
 * The first connection of a new counter, against real sockets: whatever is wrong with it, the log has a code that says what to
 * do, at once. By the very client that the agent uses.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { Aedes } from 'aedes';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type MqttBrokerOptions, mqttBroker } from '#device/adapters/mqtt-broker.js';
import { parseDeviceConfig } from '#device/config/config.js';
import type { UplinkFault } from '#device/core/uplink/uplink-fault.js';
import { UPLINK_WORDS } from '#device/core/uplink/uplink-fault.js';
import { startDevice } from '#device/main.js';
import type { Broker } from '#device/ports/broker.js';
import { isErrorCode } from '#protocol/faults/errors.js';
import { type PairOptions, type TlsPair, pairOf as tlsPair } from '#simulator/network/tls-pair.js';
import { until } from '#simulator/processes/waiting.js';

const pairOf = (
  name: string,
  { issuer, host = 'localhost', days = [-1, 1] }: PairOptions & { issuer?: TlsPair } = {},
): Promise<TlsPair> => tlsPair(name, issuer, { host, days });

let authority: TlsPair;
let good: TlsPair;
let aedes: Aedes;
let refused = 0;
const servers: Server[] = [];
const sockets = new Set<Socket>();
const brokers: Broker[] = [];

beforeAll(async () => {
  authority = await pairOf('authority');
  good = await pairOf('gateway', { issuer: authority });
  aedes = await Aedes.createBroker();
  aedes.authenticate = (_client, _user, password, done) => {
    const isRight = `${password}` === 'right';
    if (!isRight) refused += 1;
    done(null, isRight);
  };
});
afterEach(async () => {
  for (const broker of brokers.splice(0)) broker.discard();
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((closed) => server.close(closed))));
});
afterAll(() => new Promise<void>((closed) => aedes.close(closed)));

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const plain = (): Promise<number> => listening(createServer((socket) => void aedes.handle(socket)));
const withTls = (pair: TlsPair, more: TlsOptions = {}): Promise<number> =>
  listening(
    createTlsServer({ cert: pair.cert, key: pair.key, ...more }, (socket) => {
      socket.on('error', () => {});
      aedes.handle(socket);
    }),
  );

/** Why it did not come up; undefined: it did. */
function attempt(url: string, more: Partial<MqttBrokerOptions> = {}): Promise<UplinkFault | undefined> {
  const broker = mqttBroker({
    url,
    clientId: 'plate-1',
    username: 'plate-1',
    password: 'right',
    topics: ['down'],
    will: { topic: 'state', payload: '{}' },
    log: () => {},
    ...more,
  });
  brokers.push(broker);
  return new Promise((resolve) =>
    broker.connect({ onUp: () => resolve(undefined), onDown: resolve, onMessage: () => {} }),
  );
}

/** A free port that nobody listens on. */
async function deadPort(): Promise<number> {
  const server = createServer();
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

type Row = readonly [
  what: string,
  code: UplinkFault['code'],
  words: RegExp,
  run: () => Promise<UplinkFault | undefined>,
];

const ROWS: readonly Row[] = [
  ['nobody listens', 'LINE_REFUSED', /ECONNREFUSED/, async () => attempt(`mqtt://localhost:${await deadPort()}`)],
  ['the name does not exist', 'LINE_NAME_UNKNOWN', /gateway\.invalid/, () => attempt('mqtt://gateway.invalid:1883')],
  [
    'the password is wrong',
    'LINE_NOT_ADMITTED',
    /refused/,
    async () => attempt(`mqtt://localhost:${await plain()}`, { password: 'wrong' }),
  ],
  [
    'the server takes the connection and says nothing',
    'LINE_TIMEOUT',
    /timeout/,
    async () =>
      attempt(`mqtt://localhost:${await listening(createServer((socket) => socket.resume()))}`, {
        connectTimeoutMs: 200,
      }),
  ],
  [
    'the server closes at once',
    'LINE_CLOSED',
    /before the gateway answered/,
    async () => attempt(`mqtt://localhost:${await listening(createServer((socket) => socket.resume().end()))}`),
  ],
  [
    'the authority is unknown',
    'LINE_AUTHORITY_UNKNOWN',
    /certificate/,
    async () => attempt(`mqtts://localhost:${await withTls(good)}`),
  ],
  [
    'the certificate is for another name',
    'LINE_HOST_NAME_DIFFERS',
    /elsewhere\.example/,
    async () => {
      const other = await pairOf('gateway', { issuer: authority, host: 'elsewhere.example' });
      return attempt(`mqtts://localhost:${await withTls(other)}`, { tls: { ca: authority.cert } });
    },
  ],
  [
    'the address is one that no certificate names',
    'LINE_HOST_NAME_DIFFERS',
    /127\.0\.0\.1/,
    async () => {
      const port = await listening(createTlsServer({ cert: good.cert, key: good.key }, () => {}));
      return attempt(`mqtts://127.0.0.1:${port}`, { tls: { ca: authority.cert } });
    },
  ],
  [
    'the certificate has expired',
    'LINE_CERTIFICATE_EXPIRED',
    /clock of this machine says 20\d\d-/,
    async () => {
      const old = await pairOf('gateway', { issuer: authority, days: [-9, -2] });
      return attempt(`mqtts://localhost:${await withTls(old)}`, { tls: { ca: authority.cert } });
    },
  ],
  [
    'the clock is before the certificate',
    'LINE_CERTIFICATE_NOT_YET_VALID',
    /clock of this machine says 20\d\d-/,
    async () => {
      const early = await pairOf('gateway', { issuer: authority, days: [2, 9] });
      return attempt(`mqtts://localhost:${await withTls(early)}`, { tls: { ca: authority.cert } });
    },
  ],
  [
    'the device has no certificate where one is wanted',
    'LINE_CERTIFICATE_REFUSED',
    /certificate/i,
    async () => {
      const port = await withTls(good, { ca: authority.cert, requestCert: true, rejectUnauthorized: true });
      return attempt(`mqtts://localhost:${port}`, { tls: { ca: authority.cert } });
    },
  ],
  [
    'the device has a certificate of somebody else',
    'LINE_CERTIFICATE_REFUSED',
    /certificate/i,
    async () => {
      const port = await withTls(good, { ca: authority.cert, requestCert: true, rejectUnauthorized: true });
      const { cert, key } = await pairOf('plate-1', { issuer: await pairOf('stranger') });
      return attempt(`mqtts://localhost:${port}`, { tls: { ca: authority.cert, cert, key } });
    },
  ],
  [
    'TLS is spoken to a plain port',
    'LINE_WITHOUT_TLS',
    /./,
    async () => attempt(`mqtts://localhost:${await plain()}`, { tls: { ca: authority.cert } }),
  ],
  [
    'plain is spoken to a TLS port',
    'LINE_NEEDS_TLS',
    /./,
    async () => attempt(`mqtt://localhost:${await withTls(good)}`),
  ],
];

describe('a first connection that fails is told by its reason', () => {
  it.each(ROWS)('where %s: %s', async (_, code, words, run) => {
    const fault = await run();
    expect(fault).toMatchObject({ code, what: expect.stringMatching(words) });
    expect(isErrorCode(code)).toBe(true);
    expect(fault?.what).not.toMatch(/right|wrong/);
    expect(UPLINK_WORDS[code].zh).toMatch(/\p{Script=Han}/u);
  });

  it('and one that succeeds tells nothing', async () => {
    expect(await attempt(`mqtts://localhost:${await withTls(good)}`, { tls: { ca: authority.cert } })).toBeUndefined();
  });
});

it('an agent with a wrong password says so in its log and its health, once, and never prints the password', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'codeplate-first-'));
  const yaml = `{device: plate-1, merchant: yh-02, campaign: youhao-2023, data: data, till: {http: {port: 0}},
    gateway: {url: "mqtt://localhost:${await plain()}", username: plate-1, password: geheim-geheim}}`;
  const config = parseDeviceConfig(yaml, path.join(folder, 'device.yaml'));
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  const lines: string[] = [];
  refused = 0;
  const device = await startDevice(config.value, {
    log: (level, code, fields) => void lines.push(JSON.stringify({ level, code, ...fields })),
  });
  try {
    const line = await until('the log has the reason', 10_000, () =>
      lines.find((text) => text.includes('LINE_NOT_ADMITTED')),
    );
    expect(JSON.parse(line)).toMatchObject({ level: 'error', why: expect.stringContaining('Connection refused') });
    const { uplinkFault, online } = device.loop.health();
    expect(online).toBe(false);
    expect(uplinkFault).toMatchObject({ code: 'LINE_NOT_ADMITTED', sinceMs: expect.any(Number) });
    // Two more attempts come within a second or so, and say nothing new.
    await until('it has tried three times', 20_000, () => (refused >= 3 ? true : undefined));
    expect(lines.filter((text) => text.includes('LINE_NOT_ADMITTED'))).toHaveLength(1);
    expect(lines.join('\n')).not.toContain('geheim');
  } finally {
    await device.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
