/**
 * What MQTT clients and phones can say to a gateway that is not what it should be, on the real gateway over real sockets.
 * What files can say stands in bad-input-gateway-files.test.ts, what one connection or one message alone can do in gateway/app/gateway.test.ts;
 * here is what many do, and
 * what would cross over to another device.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkGatewayConfig } from '#gateway/config/config.js';
import { openSqlite } from '#gateway/ledger/store/sqlite.js';
import { type RunningGateway, startGateway } from '#gateway/main.js';
import { isErrorCode } from '#protocol/faults/errors.js';
import type { CampaignId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import { es256Signer, generatePrivateKey } from '#protocol/node/crypto.js';
import { diceOf } from '#simulator/counter/dice.js';
import { until } from '#simulator/processes/waiting.js';
import { byWalletServer, claimOverHttp } from '#simulator/wallets/claim-over-http.js';
import { randomIdentity } from '#simulator/wallets/identities.js';
import { Wallet } from '#simulator/wallets/wallet.js';
import { CLAIMS, claimOf, signedClaim, signText, walletServer } from '../contract/claiming-phone.js';
import { MORNING, testCampaign } from '../contract/ledger-fixture.js';

const PASSWORD = 'correct horse';
const SOON_MS = 15_000;

const CLAIM_HALF =
  'POST /v1/claims HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{';

let folder: string;
let gateway: RunningGateway;
let lines: string[];
const clients: MqttClient[] = [];
const sockets: Socket[] = [];

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-bad-gateway-'));
  lines = [];
  writeFileSync(path.join(folder, 'campaign.json'), JSON.stringify(testCampaign()));
  gateway = await start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.endAsync(true);
  for (const socket of sockets.splice(0)) socket.destroy();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(): Promise<RunningGateway> {
  const devices = ['d1', 'd2'].map((id) => ({ id, password: PASSWORD }));
  const file = {
    campaign: 'campaign.json',
    data: 'data',
    mqtt: { port: 0 },
    http: { port: 0 },
    claims: CLAIMS,
    devices,
  };
  const config = checkGatewayConfig(file, folder);
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  return startGateway(config.value, {
    handshakeTimeoutMs: CONNECT_WITHIN_MS,
    logger: pino({ base: null }, { write: (line: string) => void lines.push(line) }),
    clock: {
      now: () => wallMs(MORNING),
      wakeAfter(after, ring) {
        const timer = setTimeout(ring, after);
        return () => clearTimeout(timer);
      },
    },
  });
}

const closing = (client: MqttClient): Promise<void> =>
  new Promise((resolve) => {
    client.once('close', () => resolve());
  });

const logged = (code: string): Promise<true> =>
  until(`the log says ${code}`, SOON_MS, () => (lines.some((line) => line.includes(`"${code}"`)) ? true : undefined));

async function device(id: string, more: IClientOptions = {}): Promise<MqttClient> {
  const client = mqtt.connect(`mqtt://127.0.0.1:${gateway.mqttPort}`, {
    clientId: id,
    username: id,
    password: PASSWORD,
    reconnectPeriod: 0,
    ...more,
  });
  clients.push(client);
  client.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('close', () => reject(new Error('closed')));
  });
  return client;
}

let asked = 0;
/** A device that says hello, and is welcomed: the gateway serves. */
async function isServed(id: string, client?: MqttClient): Promise<boolean> {
  const plate = client ?? (await device(id));
  asked += 1;
  const re = `q${asked}`;
  const welcome = new Promise<boolean>((resolve) => {
    plate.on('message', (_, payload) => {
      if (payload.includes(`"re":"${re}"`)) resolve(payload.includes('"welcome"'));
    });
  });
  await plate.subscribeAsync(`codeplate/v1/${id}/down`, { qos: 1 });
  const head = { seq: 0, hash: '0'.repeat(64) };
  plate.publish(
    `codeplate/v1/${id}/up`,
    JSON.stringify({ v: 1, type: 'hello', id: re, agent: 'test', boot: 1, head }),
    {
      qos: 1,
    },
  );
  return welcome;
}

function raw(bytes?: Uint8Array): { readonly socket: Socket; readonly closed: Promise<void> } {
  const socket = connectTcp(gateway.mqttPort, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  socket.resume();
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  if (bytes !== undefined) socket.write(bytes);
  return { socket, closed };
}

/** MQTT 3.1.1 section 3.1: CONNECT with user name and password. */
function connectPacket(clientId: Uint8Array, username: Uint8Array): Buffer {
  const field = (bytes: Uint8Array): Buffer => Buffer.from([bytes.length >> 8, bytes.length & 0xff, ...bytes]);
  const head = [...field(Buffer.from('MQTT')), 4, 0xc2, 0, 60];
  const body = Buffer.concat([Buffer.from(head), field(clientId), field(username), field(Buffer.from(PASSWORD))]);
  const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
  return Buffer.concat([Buffer.from([0x10, ...length]), body]);
}

const sums = async (): Promise<string> =>
  (
    await fetch(`http://127.0.0.1:${gateway.httpPort}/v1/reconciliation`, {
      headers: { authorization: `Bearer ${readFileSync(path.join(folder, 'data', 'operator-token'), 'utf8').trim()}` },
    })
  ).text();

/** Shorter than in service, so that a CONNECT that dribbles in can't be whole by then. */
const CONNECT_WITHIN_MS = 5_000;

describe('at the door for devices', () => {
  it('two hundred connections that dribble their CONNECT keep nobody out, and are closed', async () => {
    const packet = connectPacket(Buffer.from('d1'), Buffer.from('d1'));
    const slow = Array.from({ length: 200 }, () => raw(packet.subarray(0, 3)));
    let at = 3;
    const dribble = setInterval(() => {
      for (const { socket } of slow) if (!socket.destroyed) socket.write(packet.subarray(at, at + 1));
      at = Math.min(at + 1, packet.length - 2);
    }, 500);
    expect(await isServed('d1')).toBe(true);
    await Promise.all(slow.map(({ closed }) => closed));
    clearInterval(dribble);
    await logged('MQTT_CONNECTION_ERROR');
    expect(await isServed('d2')).toBe(true);
  });

  it.each([
    ['broken UTF-8 for a client id', Uint8Array.of(0x64, 0xff, 0xfe), Buffer.from('d1')],
    ['a NUL in its user name', Buffer.from('d1'), Buffer.from('d1\u0000')],
    ['no client id', new Uint8Array(), Buffer.from('d1')],
    ['a client id of 5,000 characters', Buffer.alloc(5_000, 'd'), Buffer.from('d1')],
    ['a topic for a client id', Buffer.from('d1/down'), Buffer.from('d1/down')],
    ['the name of another device', Buffer.from('d1'), Buffer.from('d2')],
    ['constructor', Buffer.from('constructor'), Buffer.from('constructor')],
  ])('a client with %s is turned away with a code', async (_, clientId, username) => {
    await raw(connectPacket(clientId, username)).closed;
    await until('a code', SOON_MS, () => (lines.some((line) => /"MQTT_[A-Z_]+"/.test(line)) ? true : undefined));
    expect(await isServed('d1')).toBe(true);
  });
});

describe('a device that speaks for others', () => {
  const campaign = 'codeplate/v1/campaign/test-2023';

  /** What d1 hears that the gateway never said. */
  async function listener(): Promise<{ readonly client: MqttClient; readonly forged: string[] }> {
    const client = await device('d1');
    const forged: string[] = [];
    client.on('message', (topic, payload) => {
      if (payload.includes('forged')) forged.push(topic);
    });
    await client.subscribeAsync([campaign, `${campaign}/spent`, 'codeplate/v1/d1/down'], { qos: 1 });
    return { client, forged };
  }

  it.each([
    campaign,
    `${campaign}/spent`,
    'codeplate/v1/d1/down',
    'codeplate/v1/d1/state',
    'codeplate/v1/d2/down',
    '$SYS/forged',
  ])('does not get through on %s', async (topic) => {
    const { client, forged } = await listener();
    const other = await device('d2');
    const closed = closing(other);
    other.publish(topic, '{"forged":true}', { qos: 1, retain: true });
    await closed;
    await logged('MQTT_TOPIC_NOT_ALLOWED');
    expect(await isServed('d1', client)).toBe(true);
    expect(forged).toEqual([]);
  });

  it.each([campaign, 'codeplate/v1/d1/down', 'codeplate/v1/d1/state'])(
    'is not let in with a last will on %s',
    async (topic) => {
      const { client, forged } = await listener();
      const will = { topic, payload: Buffer.from('{"forged":true}'), qos: 1, retain: true } as const;
      await expect(device('d2', { will })).rejects.toThrow('closed');
      await logged('MQTT_WILL_NOT_ALLOWED');
      expect(await isServed('d1', client)).toBe(true);
      expect(forged).toEqual([]);
    },
  );

  it('cannot publish a state under its own name that is of another device, or none', async () => {
    const state = { v: 1, type: 'state', device: 'd1', merchant: 'm1', agent: 'forged', boot: 1, online: false };
    for (const payload of [JSON.stringify(state), '', '{"__proto__":{}}']) {
      lines = [];
      const other = await device('d2');
      const closed = closing(other);
      other.publish('codeplate/v1/d2/state', payload, { qos: 1, retain: true });
      await closed;
      await logged('MQTT_STATE_MALFORMED');
    }
    expect(await isServed('d2')).toBe(true);
  });
});

it('two thousand bad messages of one device get their codes, change nothing, and keep nobody waiting', async () => {
  const before = await sums();
  const loud = await device('d1');
  const codes: string[] = [];
  loud.on('message', (_, payload) => {
    const answer: unknown = JSON.parse(payload.toString());
    if (typeof answer === 'object' && answer !== null && 'code' in answer) codes.push(String(answer.code));
  });
  await loud.subscribeAsync('codeplate/v1/d1/down', { qos: 1 });
  const bad = ['{', '[]', '{"v":9}', '{"v":1,"type":"__proto__"}', '{"v":1,"type":"records","id":"x","from":-1}'];
  for (let sent = 0; sent < 2_000; sent += 1) {
    loud.publish('codeplate/v1/d1/up', bad[sent % bad.length] ?? '', { qos: 1 });
  }
  expect(await isServed('d2')).toBe(true);
  await until('every one is answered', SOON_MS, () => (codes.length >= 2_000 ? true : undefined));
  // The log stands on the ledger's disk.
  expect(lines.filter((line) => line.includes('turned away')).length).toBeLessThan(100);
  expect([...new Set(codes)].filter((code) => !isErrorCode(code))).toEqual([]);
  expect(await sums()).toBe(before);
});

it('a session ends with its connection, whatever the client asks for', async () => {
  const first = await device('d1', { clean: false });
  await first.subscribeAsync('codeplate/v1/d1/down', { qos: 1 });
  await first.endAsync();
  const again = mqtt.connect(`mqtt://127.0.0.1:${gateway.mqttPort}`, {
    clientId: 'd1',
    username: 'd1',
    password: PASSWORD,
    clean: false,
    reconnectPeriod: 0,
  });
  clients.push(again);
  const connack = await new Promise<{ readonly sessionPresent: boolean }>((resolve) => again.once('connect', resolve));
  expect(connack.sessionPresent).toBe(false);
});

describe('from phones', () => {
  it('half a request is answered and closed, and keeps the gateway from nothing', async () => {
    const answers = ['GET /healthz HTTP/1.1\r\nHost: x\r\n', CLAIM_HALF].map(
      (half) =>
        new Promise<string>((resolve) => {
          const socket = connectTcp(gateway.httpPort, '127.0.0.1');
          sockets.push(socket);
          let heard = '';
          socket.on('data', (chunk) => {
            heard += chunk.toString();
          });
          socket.on('error', () => {});
          socket.once('close', () => resolve(heard));
          socket.write(half);
        }),
    );
    for (const answer of await Promise.all(answers)) {
      expect(answer).toContain('HTTP/1.1 408');
      expect(answer).toContain('"code":"REQUEST_MALFORMED"');
    }
  });

  it('a stop waits for no half request', async () => {
    const socket = connectTcp(gateway.httpPort, '127.0.0.1');
    sockets.push(socket);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.write(CLAIM_HALF);
    await isServed('d1'); // by then it has been read
    await gateway.stop();
    await closed;
    gateway = await start();
  });

  const phone = (): Wallet =>
    new Wallet({ identity: randomIdentity(diceOf(3)), signer: es256Signer(generatePrivateKey()) });

  it('gets a code, takes nothing from the stock, and the next claim is served', async () => {
    const url = `http://127.0.0.1:${gateway.httpPort}`;
    const place = { gateway: url, campaign: 'test-2023' as CampaignId, now: () => MORNING };
    const before = await sums();
    const signer = es256Signer(generatePrivateKey());
    const good = claimOf({}, signer);
    const publicKey = good.publicKey;
    const signed = (payload: string): string => JSON.stringify(signText(payload, signer));
    const json = (change: object): string => signed(JSON.stringify({ ...good, ...change }));
    const bad: readonly (readonly [string, string?])[] = [
      ['null'],
      ['"claim"'],
      ['['.repeat(4_000)],
      [json({ position: { longitude: '128', latitude: 47 } })],
      [signed(JSON.stringify(good).replace('128.84', '9007199254740993'))],
      [signed(JSON.stringify(good).replace('128.84', '1e999'))],
      [signed(JSON.stringify(good).replace('{', '{"tiers":["s80"],'))],
      [signed('[')],
      [json({ tiers: [] })],
      [json({ tiers: Array.from({ length: 100 }, () => 's20') })],
      [json({ tiers: [{ toString: 's20' }] })],
      [json({ phone: 13_800_138_000 })],
      [json({ idCard: -1 })],
      [json({ publicKey: `${publicKey}=` })],
      [json({ publicKey: '__proto__' })],
      [json({}).replace('{', '{"__proto__":{"tiers":["s80"]},')],
      [json({ constructor: { prototype: {} } })],
      [json({ device: 'x'.repeat(9_000) })],
      [json({}), 'application/xml'],
      ['phone=13800138000', 'application/x-www-form-urlencoded'],
    ];
    const answers: string[] = [];
    for (const [body, type = 'application/json'] of bad) {
      const response = await fetch(`${url}/v1/claims`, { method: 'POST', headers: { 'content-type': type }, body });
      const answer: unknown = await response.json();
      const code = typeof answer === 'object' && answer !== null && 'code' in answer ? String(answer.code) : '';
      if (!isErrorCode(code) || response.status < 400 || response.status >= 500)
        answers.push(`${body.slice(0, 80)}: ${response.status} ${JSON.stringify(answer)}`);
    }
    expect(answers).toEqual([]);
    // Not a device that no rule knows: the phone's software would be told to ask for its number.
    const gbk = await fetch(`${url}/v1/claims`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Uint8Array.from(Buffer.from(json({}).replace('a1b2', '\xcf\xfb'), 'latin1')),
    });
    expect([gbk.status, await gbk.json()]).toMatchObject([
      400,
      { code: 'REQUEST_MALFORMED', what: expect.stringContaining('GBK') },
    ]);
    expect(await sums()).toBe(before);
    expect(await claimOverHttp(place, phone(), ['s20', '__proto__'], byWalletServer(walletServer))).toMatchObject({
      ok: true,
      value: { results: [{ ok: true }, { ok: false, reason: 'unknown-tier' }] },
    });
  });

  it('hears that nothing is stored while the ledger takes nothing, and whoever asks after the gateway hears so too', async () => {
    const url = `http://127.0.0.1:${gateway.httpPort}`;
    const health = async () => {
      const response = await fetch(`${url}/healthz`);
      return { status: response.status, ...((await response.json()) as object) };
    };
    const claim = () =>
      fetch(`${url}/v1/claims`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(signedClaim()),
      });
    expect(await health()).toEqual({ status: 200, ok: true, waiting: 0 });
    const database = await promisify(openSqlite)(path.join(folder, 'data', 'ledger.db'));
    const exec = promisify(database.exec);
    await exec(`create trigger broken_audit before insert on audit begin select raise(abort, 'no'); end`);
    const refused = await claim();
    expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'LEDGER_WRITE_FAILED' }]);
    expect(await health()).toEqual({ status: 503, ok: false, waiting: 0, code: 'LEDGER_WRITE_FAILED' });
    await exec('drop trigger broken_audit');
    await new Promise<void>((closed) => database.close(closed));
    expect((await claim()).status).toBe(200);
    expect(await health()).toMatchObject({ status: 200, ok: true });
  });

  it.each([
    '/v1/holders/__proto__/coupons',
    '/v1/holders/%00/coupons',
    '/v1/holders/%ff/coupons',
    `/v1/holders/${'f'.repeat(66)}/coupons`,
    '/v1/evidence/__proto__',
    '/v1/..%2f..%2fetc/passwd',
  ])('asks for %s and gets a code', async (address) => {
    const response = await fetch(`http://127.0.0.1:${gateway.httpPort}${address}`, {
      headers: { authorization: 'Bearer __proto__' },
    });
    expect([400, 401, 404, 414]).toContain(response.status);
    const answer = (await response.json()) as { code: string };
    expect(isErrorCode(answer.code), JSON.stringify(answer)).toBe(true);
  });
});
