/** The real gateway on a machine whose clock is set: the documents it signs, the coupons it frees, the health it reports. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { monoMs, wallMs } from '#protocol/kernel/time.js';
import { CLAIMS, signedClaim } from '../../test/contract/claiming-phone.js';
import { MORNING, testCampaign } from '../../test/contract/ledger-fixture.js';
import { checkGatewayConfig } from '../config/config.js';
import { type RunningGateway, startGateway } from '../main.js';

const PASSWORD = 'correct horse';
const CAMPAIGN = 'codeplate/v1/campaign/test-2023';
const [MINUTE, DAY] = [60_000, 86_400_000];

let folder: string;
let gateway: RunningGateway;
let off: number;
let codes: string[];
const clients: MqttClient[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'codeplate-clock-'));
  writeFileSync(join(folder, 'campaign.json'), JSON.stringify(testCampaign()));
  off = 0;
  codes = [];
  gateway = await start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.endAsync(true);
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(more: object = {}): Promise<RunningGateway> {
  const devices = [{ id: 'd1', password: PASSWORD }];
  const config = checkGatewayConfig(
    { campaign: 'campaign.json', data: 'data', mqtt: { port: 0 }, http: { port: 0 }, claims: CLAIMS, devices },
    folder,
  );
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  const began = performance.now();
  const write = (line: string): void => void codes.push((JSON.parse(line) as { code: string }).code);
  const ran = (): number => performance.now() - began;
  return startGateway(config.value, {
    logger: pino({ base: null }, { write }),
    clock: {
      now: () => wallMs(MORNING + Math.floor(ran()) + off),
      mono: () => monoMs(ran()),
      wakeAfter(after, ring) {
        const timer = setTimeout(ring, after);
        return () => clearTimeout(timer);
      },
    },
    ...more,
  });
}

interface Said {
  readonly re?: string;
  readonly type?: string;
  readonly time?: number;
}

const health = async () => (await fetch(`http://127.0.0.1:${gateway.httpPort}/healthz`)).json();

const claim = () =>
  fetch(`http://127.0.0.1:${gateway.httpPort}/v1/claims`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(signedClaim()),
  });

async function plate(): Promise<{ readonly client: MqttClient; readonly heard: Map<string, Said> }> {
  const client = mqtt.connect(`mqtt://127.0.0.1:${gateway.mqttPort}`, {
    clientId: 'd1',
    username: 'd1',
    password: PASSWORD,
    reconnectPeriod: 0,
  });
  clients.push(client);
  const heard = new Map<string, Said>();
  client.on('message', (topic, payload) => {
    const said = JSON.parse(payload.toString()) as Said;
    heard.set(String(said.re ?? said.type ?? topic), said);
  });
  await client.subscribeAsync(['codeplate/v1/d1/down', CAMPAIGN], { qos: 1 });
  return { client, heard };
}

let asked = 0;
async function hello({ client, heard }: Awaited<ReturnType<typeof plate>>): Promise<Said> {
  asked += 1;
  const id = `q${asked}`;
  const head = { seq: 0, hash: '0'.repeat(64) };
  client.publish('codeplate/v1/d1/up', JSON.stringify({ v: 1, type: 'hello', id, agent: 'test', boot: 1, head }));
  for (;;) {
    const answer = heard.get(id);
    if (answer !== undefined) return answer;
    await new Promise((resolve) => client.once('message', resolve));
  }
}

it('signs nothing by a clock that leapt, says so, and goes on by itself when it is right again', async () => {
  const device = await plate();
  expect(await hello(device)).toHaveProperty('signature');
  off = 20 * DAY;
  expect(await hello(device)).not.toHaveProperty('signature');
  const refused = await claim();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await refused.json()).toMatchObject({ code: 'CLOCK_LEAPT' });
  expect(await health()).toMatchObject({ ok: false, code: 'CLOCK_LEAPT' });
  off = 0;
  expect(await hello(device)).toHaveProperty('signature');
  expect((await claim()).status).toBe(200);
  expect(codes.filter((code) => code.startsWith('CLOCK'))).toEqual(['CLOCK_LEAPT', 'CLOCK_RIGHT']);
});

it('the time that counts for leases goes on as if there had been no leap', async () => {
  const before = Number((await hello(await plate())).time);
  off = 3 * MINUTE;
  const after = Number((await hello(await plate())).time);
  expect(after - before).toBeLessThan(MINUTE);
});

it('started before its ledger’s newest commit it gives no campaign out until the clock is right', async () => {
  expect((await claim()).status).toBe(200);
  await gateway.stop();
  off = -3_650 * DAY;
  gateway = await start();
  const device = await plate();
  expect(await hello(device)).not.toHaveProperty('signature');
  expect(codes).toContain('CLOCK_BEHIND_LEDGER');
  expect(device.heard.has(CAMPAIGN)).toBe(false);
  expect([...device.heard.values()].some((said) => 'payload' in said)).toBe(false);
  off = 0;
  expect(await hello(device)).toHaveProperty('signature');
  expect((await claim()).status).toBe(200);
});

it('a person may say that the clock is right', async () => {
  expect((await claim()).status).toBe(200);
  await gateway.stop();
  off = -10 * MINUTE;
  gateway = await start({ trustClock: true });
  expect(await hello(await plate())).toHaveProperty('signature');
  expect(codes).not.toContain('CLOCK_BEHIND_LEDGER');
});
