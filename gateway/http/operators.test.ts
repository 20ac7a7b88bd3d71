/** Access to sums, metrics and evidence, and to the gateway's own files. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { wallMs } from '#protocol/kernel/time.js';
import { testCampaign } from '../../test/contract/ledger-fixture.js';
import { checkGatewayConfig } from '../config/config.js';
import { FREE_TRIES } from '../core/operator-backoff.js';
import { type RunningGateway, startGateway } from '../main.js';

const TOKEN = 'a long random text';
const PLACES = ['/metrics', '/v1/reconciliation', '/v1/devices', '/v1/evidence', '/v1/evidence/1'];

let folder: string;
let gateway: RunningGateway;
let lines: string[];
let now = wallMs(Date.UTC(2023, 2, 27, 2));

beforeEach(() => {
  lines = [];
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-operators-'));
  writeFileSync(path.join(folder, 'campaign.json'), JSON.stringify(testCampaign()));
});
afterEach(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(operatorToken?: string, more: object = {}): Promise<void> {
  const http = { port: 0, ...more, ...(operatorToken !== undefined && { operatorToken }) };
  const config = checkGatewayConfig({ campaign: 'campaign.json', data: 'data', mqtt: { port: 0 }, http }, folder);
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  const logger = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  gateway = await startGateway(config.value, { logger, clock: { now: () => now, wakeAfter: () => () => undefined } });
}

/** Raw, because fetch doesn't let callers choose the Host. */
const statusOf = (place: string, headers: Record<string, string> = {}): Promise<number> =>
  new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: gateway.httpPort, path: place, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.once('error', reject);
    asked.end();
  });

/** The token of a configuration without one. */
const ownToken = (): string => readFileSync(path.join(folder, 'data', 'operator-token'), 'utf8').trim();

it.each([
  ['this machine', {}],
  ['this machine, by name', { host: 'localhost:8080' }],
  ['the world, through a proxy on this machine', { 'x-forwarded-for': '203.0.113.7' }],
  ['the world, through a proxy that says nothing of it', { host: '127.0.0.1:8080' }],
  ['a web page whose name was made to mean this machine', { host: 'page.example:8080' }],
])('nobody gets in without the token, wherever the request comes from: %s', async (_, headers) => {
  await start();
  for (const place of PLACES) expect([place, await statusOf(place, headers)]).toEqual([place, 401]);
});

// Finding A10: nginx uses HTTP/1.0 and this machine's name.
it('an old protocol is no way around it', async () => {
  await start();
  const socket = connect(gateway.httpPort, '127.0.0.1');
  socket.write(`GET /v1/evidence HTTP/1.0\r\nHost: 127.0.0.1:${gateway.httpPort}\r\n\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 401 /);
});

it('a configuration without one gets a token of its own, the same one at every start, and the log says where', async () => {
  await start();
  const token = ownToken();
  expect(token).toMatch(/^[\w-]{32}$/);
  expect(await statusOf('/v1/reconciliation', { authorization: `Bearer ${token}` })).toBe(200);
  expect(lines.join()).toContain(path.join(folder, 'data', 'operator-token'));
  expect(lines.join()).not.toContain(token);
  await gateway.stop();
  await start();
  expect(ownToken()).toBe(token);
});

it('a token file that was emptied opens nothing: the gateway does not start', async () => {
  mkdirSync(path.join(folder, 'data'));
  writeFileSync(path.join(folder, 'data', 'operator-token'), '\n');
  await expect(start()).rejects.toMatchObject({ code: 'OPERATOR_TOKEN_UNUSABLE' });
  rmSync(path.join(folder, 'data', 'operator-token'));
  await start();
});

it('whoever guesses has to wait, is told how long, and somebody hears of it once', async () => {
  await start();
  const guess = (token: string) =>
    fetch(`http://127.0.0.1:${gateway.httpPort}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const heard: number[] = [];
  for (let n = 0; n < FREE_TRIES; n++) heard.push((await guess(`guess ${n}`)).status);
  expect(new Set(heard)).toEqual(new Set([401]));
  // The right token isn't compared either, or guessing could go on by other means.
  for (const token of ['one more', ownToken()]) {
    const refused = await guess(token);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBe(1);
    expect(await refused.json()).toMatchObject({ code: 'OPERATOR_BACK_OFF', zh: expect.stringMatching(/请/) });
  }
  now = wallMs(now + 1_000);
  const answer = await guess(ownToken());
  expect(answer.status).toBe(200);
  const metrics = await answer.text();
  expect(metrics).toContain('codeplate_gateway_alarms_total{code="OPERATOR_BACK_OFF"} 1');
  expect(metrics).toContain(`codeplate_gateway_rejected_total{code="NOT_AUTHORISED"} ${FREE_TRIES}`);
  expect(metrics).toContain('codeplate_gateway_rejected_total{code="OPERATOR_BACK_OFF"} 2');
});

it.each([
  ['of its own', undefined, '127.0.0.1'],
  ['that a trusted proxy names', '203.0.113.7', '203.0.113.7'],
])('a request that is turned away stands in the log with the address %s', async (_, asksFor, address) => {
  await start(TOKEN, { trustedProxies: ['127.0.0.1'] });
  const headers = asksFor === undefined ? {} : { 'x-forwarded-for': asksFor };
  expect(await statusOf('/metrics', headers)).toBe(401);
  for (let n = 0; n <= FREE_TRIES; n++) await statusOf('/metrics', { ...headers, authorization: `Bearer guess ${n}` });
  for (const code of ['NOT_AUTHORISED', 'OPERATOR_BACK_OFF']) {
    const said = lines.map((line) => JSON.parse(line)).find((line) => line.code === code && line.msg === 'turned away');
    expect(said).toMatchObject({ address });
  }
});

it('a monitor without a token locks nobody out', async () => {
  await start(TOKEN);
  for (let n = 0; n < 3 * FREE_TRIES; n++) expect(await statusOf('/metrics')).toBe(401);
  expect(await statusOf('/metrics', { authorization: `Bearer ${TOKEN}` })).toBe(200);
});

it('with a token, they are for whoever has it, wherever they ask from', async () => {
  await start(TOKEN);
  const open = { authorization: `Bearer ${TOKEN}`, host: 'gateway.example', 'x-forwarded-for': '203.0.113.7' };
  for (const place of PLACES) {
    for (const authorization of ['', 'Bearer ', `Bearer ${TOKEN} `.repeat(2), 'Bearer __proto__', `Basic ${TOKEN}`])
      expect([place, await statusOf(place, { authorization })]).toEqual([place, 401]);
    // The right token clears the count of wrong ones.
    await statusOf('/metrics', open);
  }
  expect(await statusOf('/v1/reconciliation', open)).toBe(200);
  expect(await statusOf('/metrics', open)).toBe(200);
});

it('keeps its data folder to itself', async () => {
  await start();
  expect(statSync(path.join(folder, 'data')).mode & 0o777).toBe(0o700);
});

/** All files in the data folder with their permissions for others. */
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
  'operator-token 600',
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
