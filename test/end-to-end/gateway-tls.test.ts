/** Devices over TLS, by the very client that they use: who is let in, and under which name. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mqttBroker } from '#device/adapters/mqtt-broker.js';
import type { Broker } from '#device/ports/broker.js';
import { checkGatewayConfig } from '#gateway/config/config.js';
import { type RunningGateway, startGateway } from '#gateway/main.js';
import type { DeviceId } from '#protocol/kernel/ids.js';
import { downTopic } from '#protocol/messages/topics.js';
import { pairOf, type TlsPair } from '#simulator/network/tls-pair.js';
import { until } from '#simulator/processes/waiting.js';
import { testCampaign } from '../contract/ledger-fixture.js';

const PASSWORD = 'correct horse';
let folder: string;
let authority: TlsPair;
let stranger: TlsPair;
let gatewayPair: TlsPair;
let gateway: RunningGateway | undefined;
let codes: string[];
const brokers: Broker[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-tls-'));
  [authority, stranger] = await Promise.all([pairOf('authority'), pairOf('stranger')]);
  gatewayPair = await pairOf('gateway', authority);
  writeFileSync(path.join(folder, 'campaign.json'), JSON.stringify(testCampaign()));
  writeFileSync(path.join(folder, 'gateway.pem'), gatewayPair.cert);
  writeFileSync(path.join(folder, 'gateway.key'), gatewayPair.key);
  writeFileSync(path.join(folder, 'other.key'), stranger.key);
  writeFileSync(path.join(folder, 'ca.pem'), authority.cert);
});
afterEach(async () => {
  for (const broker of brokers.splice(0)) broker.discard();
  await gateway?.stop();
  gateway = undefined;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(tls: object | undefined, web: object = {}): Promise<void> {
  codes = [];
  const devices = ['d1', 'd2'].map((id) => ({ id, password: PASSWORD }));
  const file = {
    campaign: 'campaign.json',
    data: 'data',
    mqtt: { port: 0, ...(tls && { tls }) },
    http: { port: 0, ...web },
    devices,
  };
  const config = checkGatewayConfig(file, folder);
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  const write = (line: string): void => void codes.push((JSON.parse(line) as { code: string }).code);
  gateway = await startGateway(config.value, { logger: pino({ base: null }, { write }) });
}

const said = (code: RegExp): Promise<true> =>
  until(`the log says ${code}`, 10_000, () => (codes.some((one) => code.test(one)) ? true : undefined));

/** `up`, or why not. */
function device(
  id: string,
  tls: { readonly ca?: string; readonly cert?: string; readonly key?: string },
): Promise<string> {
  const broker = mqttBroker({
    url: `mqtts://127.0.0.1:${gateway?.mqttPort}`,
    clientId: id,
    username: id,
    password: PASSWORD,
    tls,
    topics: [downTopic(id as DeviceId)],
    will: { topic: `codeplate/v1/${id}/state`, payload: '{}' },
    log: () => {},
  });
  brokers.push(broker);
  return new Promise((resolve) =>
    broker.connect({ onUp: () => resolve('up'), onDown: ({ what }) => resolve(what), onMessage: () => {} }),
  );
}

describe('with a certificate of its own', () => {
  it('the gateway is spoken to by who trusts it, and by nobody else', async () => {
    await start({ cert: 'gateway.pem', key: 'gateway.key' });
    expect(await device('d1', { ca: authority.cert })).toBe('up');
    expect(await device('d2', { ca: stranger.cert })).not.toBe('up');
    // In TLS 1.3 the client may turn away when the server thinks that all is well.
    await said(/^MQTT_(TLS_FAILED|CONNECTION_ERROR)$/);
  });

  it('it still takes no packet before CONNECT, and nothing of who speaks no TLS', async () => {
    await start({ cert: 'gateway.pem', key: 'gateway.key' });
    const socket = connectTls({ host: '127.0.0.1', port: gateway?.mqttPort ?? 0, ca: authority.cert });
    socket.on('error', () => {});
    socket.write(Buffer.alloc(100_000, 0x30));
    await new Promise<void>((closed) => socket.once('close', () => closed()));
    expect(codes).toContain('MQTT_NOT_CONNECT_FIRST');
    expect(await device('d1', { ca: authority.cert })).toBe('up');
  });
});

describe('with an authority for devices', () => {
  it('each is let in under the name in its certificate, and under no other', async () => {
    await start({ cert: 'gateway.pem', key: 'gateway.key', ca: 'ca.pem' });
    const [own, forged] = await Promise.all([pairOf('d1', authority), pairOf('d1', stranger)]);
    const ca = authority.cert;
    expect(await device('d1', { ca, cert: own.cert, key: own.key })).toBe('up');
    expect(await device('d2', { ca, cert: own.cert, key: own.key })).not.toBe('up');
    expect(codes).toContain('MQTT_CERTIFICATE_OF_ANOTHER');
    codes.length = 0;
    expect(await device('d2', { ca })).not.toBe('up');
    expect(await device('d1', { ca, cert: forged.cert, key: forged.key })).not.toBe('up');
    await said(/^MQTT_TLS_FAILED$/);
  });
});

it.each([
  ['a file that is not there', { cert: 'gateway.pem', key: 'nowhere.key' }],
  ['the key of another', { cert: 'gateway.pem', key: 'other.key' }],
])('does not start with %s', async (_, tls) => {
  const refused = { code: 'CERTIFICATE_UNUSABLE' };
  await expect(start(tls)).rejects.toMatchObject(refused);
  await expect(start(undefined, { tls })).rejects.toMatchObject(refused);
});

describe('phones and operators', () => {
  const campaign = (ca: string): Promise<number | string | undefined> =>
    new Promise((resolve) => {
      get({ host: '127.0.0.1', port: gateway?.httpPort, path: '/v1/campaign', ca, agent: false }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    });

  it('are answered over TLS, and only so, where the configuration says so', async () => {
    await start(undefined, { tls: { cert: 'gateway.pem', key: 'gateway.key' } });
    expect(await campaign(authority.cert)).toBe(200);
    expect(await campaign(stranger.cert)).not.toBe(200);
    await expect(fetch(`http://127.0.0.1:${gateway?.httpPort}/v1/campaign`)).rejects.toThrow();
    expect(await campaign(authority.cert)).toBe(200);
  });
});
