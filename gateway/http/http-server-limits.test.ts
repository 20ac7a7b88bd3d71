/** Every bad request at the HTTP port gets a code and a remedy in both languages, and changes nothing. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isErrorCode } from '#protocol/faults/errors.js';
import { wallMs } from '#protocol/kernel/time.js';
import { CLAIMS, signedClaim } from '../../test/contract/claiming-phone.js';
import { MORNING, testCampaign } from '../../test/contract/ledger-fixture.js';
import { checkGatewayConfig } from '../config/config.js';
import { openSqlite } from '../ledger/store/sqlite.js';
import { type RunningGateway, startGateway } from '../main.js';

const OPERATOR = 'the operator of the day';
const asOperator = { headers: { authorization: `Bearer ${OPERATOR}` } };

let folder: string;
let gateway: RunningGateway;
let lines: string[];

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-http-door-'));
  lines = [];
  writeFileSync(path.join(folder, 'campaign.json'), JSON.stringify(testCampaign()));
  const file = {
    campaign: 'campaign.json',
    data: 'data',
    mqtt: { port: 0 },
    http: { port: 0, operatorToken: OPERATOR },
    claims: CLAIMS,
  };
  const config = checkGatewayConfig(file, folder);
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  const clock = { now: () => wallMs(MORNING), wakeAfter: () => () => undefined };
  const logger = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  gateway = await startGateway(config.value, { logger, clock });
});
afterEach(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

const claimBody = (change: object = {}): string => JSON.stringify(signedClaim(change));

interface Heard {
  readonly status: number;
  readonly body: { readonly code?: unknown; readonly results?: unknown };
}

/** Raw bytes, because fetch would repair most of these faults. */
async function say(bytes: string | Buffer): Promise<Heard> {
  const socket = connect(gateway.httpPort, '127.0.0.1');
  const chunks: Buffer[] = [];
  const closed = new Promise<void>((done) => socket.once('close', () => done()));
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => void chunks.push(chunk));
  socket.write(bytes);
  await closed;
  const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body: JSON.parse(body) as Heard['body'] };
}

const post = (type: string, body: string | Buffer, more = ''): Buffer =>
  Buffer.concat([
    Buffer.from(
      `POST /v1/claims HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${type}${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`,
    ),
    Buffer.from(body),
  ]);
const get = (line: string, more = 'Host: x\r\n'): string => `${line} HTTP/1.1\r\n${more}Connection: close\r\n\r\n`;
const JSON_TYPE = 'Content-Type: application/json\r\n';
const sums = async (): Promise<string> =>
  (await fetch(`http://127.0.0.1:${gateway.httpPort}/v1/reconciliation`, asOperator)).text();

it.each<readonly [string, () => string | Buffer, number, RegExp]>([
  ['headers without end', () => get('GET /healthz', `X: ${'a'.repeat(20_000)}\r\n`), 431, /headers/],
  ['a method that there is not', () => get('FOO /v1/claims'), 400, /HTTP/],
  ['two lengths', () => post(JSON_TYPE, claimBody(), 'Content-Length: 3\r\n'), 400, /HTTP/],
  ['a length and pieces', () => post(JSON_TYPE, claimBody(), 'Transfer-Encoding: chunked\r\n'), 400, /HTTP/],
  ['a claim asked for, not sent', () => get('GET /v1/claims'), 404, /method/],
  ['no Host', () => get('GET /metrics', ''), 400, /Host is missing/],
  ['two Hosts', () => get('GET /metrics', 'Host: x\r\nHost: y\r\n'), 400, /one Host/],
  ['the same Host twice', () => post('Host: x\r\n', claimBody(), JSON_TYPE), 400, /one Host/],
  ['an empty Host', () => get('GET /metrics', 'Host: \r\n'), 400, /no name/],
  ['a Host with a path', () => get('GET /metrics', 'Host: x/y\r\n'), 400, /no name/],
  ['a Host with a user', () => get('GET /metrics', 'Host: u@x\r\n'), 400, /no name/],
  ['two Hosts in one line', () => get('GET /metrics', 'Host: x, y\r\n'), 400, /no name/],
  ['a Host with half a port', () => get('GET /metrics', 'Host: x:80a\r\n'), 400, /no name/],
  ['a whole URL', () => get('GET http://x/metrics'), 400, /path/],
  ['a whole URL of somebody else', () => get('GET http://y/healthz'), 400, /path/],
  ['a path without its slash', () => get('GET metrics'), 400, /path|HTTP/],
  ['the star', () => get('OPTIONS *'), 400, /path/],
  ['metrics over HTTP/1.0, under no name', (): string => 'GET /metrics HTTP/1.0\r\n\r\n', 401, /Bearer/],
  ['metrics, under an address', () => get('GET /metrics', 'Host: [::1]:8080\r\n'), 401, /Bearer/],
  ['metrics, under a strange name', () => get('GET /metrics'), 401, /operator-token/],
  ['no content type', () => post('', claimBody()), 415, /application\/json/],
  ['plain text', () => post('Content-Type: text/plain\r\n', claimBody()), 415, /application\/json/],
  ['a form', () => post('Content-Type: multipart/form-data; boundary=x\r\n', claimBody()), 415, /application\/json/],
  ['no body', () => post(JSON_TYPE, ''), 400, /it is empty/],
  ['a GBK name', () => post(JSON_TYPE, Buffer.from(claimBody().replace('a1b2', '\xcf\xfb'), 'latin1')), 400, /GBK/],
  ['__proto__', () => post(JSON_TYPE, claimBody().replace('{', '{"__proto__":{"tiers":["s80"]},')), 400, /__proto__/],
  ['NaN for a place', () => post(JSON_TYPE, claimBody().replace('"signature":', '"signature":NaN,"x":')), 400, /JSON/],
  [
    'a place in words',
    () => post(JSON_TYPE, claimBody({ position: { longitude: '128', latitude: '47' } })),
    400,
    /position/,
  ],
  [
    'a place the wrong way round',
    () => post(JSON_TYPE, claimBody({ position: { longitude: 47.86, latitude: 128.84 } })),
    400,
    /latitude/,
  ],
  ['a key off the curve', () => post(JSON_TYPE, claimBody({ publicKey: 'A'.repeat(44) })), 401, /publicKey/],
])('%s: a code, the right cause, and what to do in both languages', async (_, request, status, what) => {
  const before = await sums();
  const heard = await say(request());
  expect(heard).toMatchObject({
    status,
    body: {
      what: expect.stringMatching(what),
      zh: expect.stringMatching(/^\p{Script=Han}.*请/u),
      en: expect.stringMatching(/^[A-Z].*: \w/),
    },
  });
  expect(isErrorCode(String(heard.body.code))).toBe(true);
  expect(await sums()).toBe(before);
});

it('what goes wrong in here is called so, and somebody is told, without the code that it stumbled over', async () => {
  const database = await promisify(openSqlite)(path.join(folder, 'data', 'ledger.db'));
  await promisify(database.exec)('drop table evidence; create view evidence as select * from "6212345678901234567"');
  await new Promise<void>((closed) => database.close(closed));
  const response = await fetch(`http://127.0.0.1:${gateway.httpPort}/v1/evidence`, asOperator);
  expect([response.status, await response.json()]).toMatchObject([
    500,
    { code: 'HTTP_FAILED', zh: expect.stringMatching(/请/) },
  ]);
  const told = lines.filter((line) => line.includes('HTTP_FAILED'));
  expect(told).toHaveLength(1);
  expect(told.join()).toMatch(/no such table.*62\*+4567/);
});

it('one person claims from forty phones at once, gets one coupon, and is told to wait', async () => {
  const claims = Array.from({ length: 40 }, (_, n) =>
    say(post(JSON_TYPE, claimBody({ device: `phone-${n}`, tiers: ['s40'] }))),
  );
  const results = (await Promise.all(claims)).map(({ body }) => JSON.stringify(body));
  expect(results.filter((result) => result.includes('"ok":true'))).toHaveLength(1);
  expect(results.filter((result) => result.includes('already-claimed'))).toHaveLength(19);
  expect(results.filter((result) => result.includes('TOO_MANY_REQUESTS'))).toHaveLength(20);
  expect(JSON.parse(await sums())).toMatchObject({ held: 1 });
});
