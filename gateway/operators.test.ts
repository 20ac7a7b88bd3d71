/** Who may look at sums, metrics and evidence, and at the gateway's own files. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { testCampaign } from '../test/contract/ledger-fixture.js';
import { checkGatewayConfig } from './config.js';
import { type RunningGateway, startGateway } from './main.js';

const TOKEN = 'a long random text';
const PLACES = ['/metrics', '/v1/reconciliation', '/v1/devices', '/v1/evidence', '/v1/evidence/1'];

let folder: string;
let gateway: RunningGateway;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-operators-'));
  writeFileSync(path.join(folder, 'campaign.json'), JSON.stringify(testCampaign()));
});
afterEach(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(operatorToken?: string): Promise<void> {
  const http = { port: 0, ...(operatorToken !== undefined && { operatorToken }) };
  const config = checkGatewayConfig({ campaign: 'campaign.json', data: 'data', mqtt: { port: 0 }, http }, folder);
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  gateway = await startGateway(config.value, { logger: pino({ level: 'silent' }) });
}

/** fetch lets nobody choose the Host. */
const statusOf = (place: string, headers: Record<string, string> = {}): Promise<number> =>
  new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: gateway.httpPort, path: place, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.once('error', reject);
    asked.end();
  });

it.each([
  ['this machine', {}, 200],
  ['this machine, by name', { host: 'localhost:8080' }, 200],
  ['the world, through a proxy on this machine', { 'x-forwarded-for': '203.0.113.7' }, 401],
  ['the world, through a proxy that says so the standard way', { forwarded: 'for=203.0.113.7' }, 401],
  ['a web page whose name was made to mean this machine', { host: 'page.example:8080' }, 401],
])('without a token, sums and metrics are for this machine alone: %s', async (_, headers, status) => {
  await start();
  for (const place of PLACES)
    expect([place, await statusOf(place, headers)]).toEqual([
      place,
      place.endsWith('/1') && status === 200 ? 404 : status,
    ]);
});

it('with a token, they are for whoever has it, wherever they ask from', async () => {
  await start(TOKEN);
  for (const place of PLACES) {
    for (const authorization of ['', 'Bearer ', `Bearer ${TOKEN} `.repeat(2), 'Bearer __proto__', `Basic ${TOKEN}`])
      expect([place, await statusOf(place, { authorization })]).toEqual([place, 401]);
  }
  const open = { authorization: `Bearer ${TOKEN}`, host: 'gateway.example', 'x-forwarded-for': '203.0.113.7' };
  expect(await statusOf('/v1/reconciliation', open)).toBe(200);
  expect(await statusOf('/metrics', open)).toBe(200);
});

it('keeps its data folder to itself', async () => {
  await start();
  expect(statSync(path.join(folder, 'data')).mode & 0o777).toBe(0o700);
});

/** Of all that lies in the data folder, with what others may do with it. */
const modes = (): readonly string[] =>
  readdirSync(path.join(folder, 'data'))
    .map((name) => `${name} ${(statSync(path.join(folder, 'data', name)).mode & 0o777).toString(8)}`)
    .toSorted();

const KEPT = [
  'identity-key.hex 600',
  'issuer-key.pem 600',
  'ledger.db 600',
  'ledger.db-shm 600',
  'ledger.db-wal 600',
] as const;

it('keeps ledger and keys to itself in a folder that is open to all', async () => {
  mkdirSync(path.join(folder, 'data'));
  chmodSync(path.join(folder, 'data'), 0o755);
  await start();
  expect(modes()).toEqual(KEPT);
});

it('takes back what an earlier version left open', async () => {
  await start();
  await gateway.stop();
  for (const name of readdirSync(path.join(folder, 'data'))) chmodSync(path.join(folder, 'data', name), 0o644);
  await start();
  expect(modes()).toEqual(KEPT);
});
