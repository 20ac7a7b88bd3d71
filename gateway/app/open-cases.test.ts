/** Open cases, over HTTP and by `codeplate operator`, on a real gateway whose ledger has seen a bad day. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wallMs } from '#protocol/kernel/time.js';
import {
  authorised,
  Counter,
  charging,
  claimed,
  claimOp,
  commitOne,
  MORNING,
  settled,
  testCampaign,
  testRules,
} from '../../test/contract/ledger-fixture.js';
import { checkGatewayConfig } from '../config/config.js';
import { openSqliteLedger } from '../ledger/store/sqlite-ledger.js';
import { type RunningGateway, startGateway } from '../main.js';

const HOUR = 3_600_000;
const TOKEN = 'the operator of the day';
const PASSWORD = 'correct horse';
const SALE = { sale: 'a', amountFen: 30_000, serial: 7 };
const DEVICES = ['d1', 'd2'].map((id) => ({ id, password: PASSWORD }));

let folder: string;
let gateway: RunningGateway;
let alerts: string[];
let reminders: string[];
let now = MORNING;
let ring: Map<number, () => void>;
const clients: MqttClient[] = [];

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-cases-'));
  alerts = [];
  reminders = [];
  now = wallMs(MORNING + HOUR);
  ring = new Map();
  mkdirSync(path.join(folder, 'data'));
  writeFileSync(path.join(folder, 'campaign.json'), JSON.stringify(testCampaign()));
  writeFileSync(path.join(folder, 'data', 'operator-token'), `${TOKEN}\n`, { mode: 0o600 });
  writeFileSync(path.join(folder, 'data', 'identity-key.hex'), 'ab'.repeat(32), { mode: 0o600 });
  await badDay();
  gateway = await start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.endAsync(true);
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** d1 charged and fell silent; d2 took a coupon that nobody had reserved for it. */
async function badDay(): Promise<void> {
  const ledger = await openSqliteLedger(path.join(folder, 'data', 'ledger.db'), testRules());
  await claimed(ledger, claimOp('ann', ['s40', 's80']));
  const [silent, other] = [new Counter('d1'), new Counter('d2')];
  await authorised(ledger, silent.asks('a', 'ann', 30_000));
  await commitOne(ledger, silent.sends([charging(SALE)]));
  const made = { sale: 'x', amountFen: 25_000, serial: 4 };
  const card = { auth: '123456', rrn: '230327000777', last4: '9999', scheme: 'unionpay', readerTime: '20230327100000' };
  await commitOne(ledger, other.sends([charging(made), { ...settled(made), card }]));
  await new Promise<void>((closed) => ledger.close(closed));
}

function start(): Promise<RunningGateway> {
  const file = { campaign: 'campaign.json', data: 'data', mqtt: { port: 0 }, http: { port: 0 }, devices: DEVICES };
  const config = checkGatewayConfig(file, folder);
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  const clock = {
    now: () => now,
    wakeAfter(afterMs: number, done: () => void) {
      ring.set(afterMs, done);
      return () => undefined;
    },
  };
  const write = (line: string): void => {
    const { code, what } = JSON.parse(line) as { readonly code?: string; readonly what?: string };
    if (code === 'CASE_OPENED') alerts.push(what ?? '');
    if (code === 'CASES_STILL_OPEN') reminders.push(what ?? '');
  };
  return startGateway(config.value, { logger: pino({ base: null }, { write }), clock });
}

const base = (): string => `http://127.0.0.1:${gateway.httpPort}`;
const asOperator = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };

async function get(place: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${base()}${place}`, { headers: asOperator });
  return { status: response.status, body: await response.json() };
}
async function does(act: object, change: object = {}): Promise<{ readonly status: number; readonly body: unknown }> {
  const body = JSON.stringify({ id: 'one', by: 'li', why: 'reader journal: declined', act, ...change });
  const response = await fetch(`${base()}/v1/acts`, { method: 'POST', headers: asOperator, body });
  return { status: response.status, body: await response.json() };
}

function operator(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const [name = '', ...rest] = words;
  const where = ['--gateway', base(), '--token-file', path.join(folder, 'data', 'operator-token')];
  return new Promise((resolve) => {
    execFile(process.execPath, ['bin/codeplate.js', 'operator', name, ...rest, ...where], (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}

describe('an open case', () => {
  // Finding A8: the coupon stayed held for good, even after its device was removed, and nobody could free it.
  it('of a device that is taken out of service is listed and told once, and its coupon is freed by an act', async () => {
    expect((await get('/v1/cases')).body).toMatchObject({ cases: [{ id: 'sale:d2:x', kind: 'disputed' }] });
    gateway.takeDevices(DEVICES.filter(({ id }) => id === 'd2') as never);
    for (const _ of [1, 2]) {
      ring.get(600_000)?.();
      await get('/v1/cases');
    }
    expect(alerts).toEqual([expect.stringMatching(/^sale:d1:a: coupon 7 is held/)]);
    expect((await get('/v1/cases/sale:d1:a')).body).toMatchObject({
      case: { kind: 'stuck', device: 'd1', sales: [{ order: 'order-a', amountFen: 30_000, serial: 7 }] },
    });
    const release = { kind: 'release', device: 'd1', sale: 'a' };
    expect(await does(release)).toEqual({
      status: 200,
      body: { id: 'one', again: false, result: { kind: 'coupon-freed', serial: 7 } },
    });
    expect(await does(release)).toMatchObject({ status: 200, body: { again: true } });
    expect((await get('/v1/reconciliation')).body).toMatchObject({ held: 2, reserved: 0 });
    expect((await get('/v1/cases/sale:d1:a')).status).toBe(404);
  });

  it('is no alarm of its own again after a restart: one reminder speaks of all', async () => {
    await get('/v1/cases');
    now = wallMs(MORNING + 25 * HOUR);
    ring.get(600_000)?.();
    await get('/v1/cases');
    expect(alerts).toEqual([expect.stringMatching(/^sale:d1:a/)]);
    for (const _ of [1, 2]) {
      await gateway.stop();
      gateway = await start();
      ring.get(600_000)?.();
      await get('/v1/cases');
    }
    expect(alerts).toHaveLength(1);
    // At each of the three starts; the newest finds both.
    expect(reminders).toHaveLength(3);
    expect(reminders.at(-1)).toMatch(/^2, the oldest sale:d[12]:/);
  });

  it('is told once more than a day has gone, whatever the device list says', async () => {
    await get('/v1/cases');
    now = wallMs(MORNING + 25 * HOUR);
    ring.get(600_000)?.();
    await get('/v1/cases');
    expect(alerts).toHaveLength(1);
  });

  it.each([
    ['no act of ours', { kind: 'forget' }, {}, 400, 'REQUEST_MALFORMED'],
    ['no reason', { kind: 'close', about: 'sale:d2:x' }, { why: ' ' }, 400, 'REQUEST_MALFORMED'],
    ['nobody', { kind: 'close', about: 'sale:d2:x' }, { by: '' }, 400, 'REQUEST_MALFORMED'],
    ['more than it takes', { kind: 'release', device: 'd1', sale: 'a', faceFen: 1 }, {}, 400, 'REQUEST_MALFORMED'],
    ['a sale that there is not', { kind: 'release', device: 'd1', sale: 'nope' }, {}, 404, 'CASE_UNKNOWN'],
    ['a sale that is no case yet', { kind: 'free', device: 'd1', sale: 'a' }, {}, 409, 'ACT_NOT_ALLOWED'],
    ['a double decision', { kind: 'release', device: 'd2', sale: 'x' }, {}, 409, 'ACT_NOT_ALLOWED'],
  ])('refuses %s with a code, in both languages, and changes nothing', async (_, act, change, status, code) => {
    const before = await get('/v1/reconciliation');
    expect(await does(act, change)).toMatchObject({
      status,
      body: { code, zh: expect.stringMatching(/请/), en: expect.stringMatching(/^[A-Z].*: \w/) },
    });
    expect(await get('/v1/reconciliation')).toEqual(before);
  });

  it('is nobody else’s business', async () => {
    for (const place of ['/v1/cases', '/v1/cases/sale:d1:a'])
      expect((await fetch(`${base()}${place}`)).status).toBe(401);
    expect((await fetch(`${base()}/v1/acts`, { method: 'POST', body: '{}' })).status).toBe(401);
  });
});

it('a counter that a stranger called forked takes coupons again once a person has looked', async () => {
  const hear = async (): Promise<(hash: string) => Promise<string>> => {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`, {
      clientId: 'd1',
      username: 'd1',
      password: PASSWORD,
      reconnectPeriod: 0,
    });
    clients.push(client);
    await client.subscribeAsync('codeplate/v1/d1/down', { qos: 1 });
    return (hash) =>
      new Promise((resolve) => {
        client.once('message', (_, payload) => resolve((JSON.parse(String(payload)) as { type: string }).type));
        const head = { seq: 1, hash };
        const hello = { v: 1, type: 'hello', id: 'h1', agent: 'test', boot: 1, head };
        client.publish('codeplate/v1/d1/up', JSON.stringify(hello), { qos: 1 });
      });
  };
  const says = await hear();
  expect(await says('f'.repeat(64))).toBe('forked');
  expect((await get('/v1/cases/fork:d1')).body).toMatchObject({ case: { kind: 'fork', fork: { seq: 1 } } });
  const cut = new Promise<void>((resolve) => clients[0]?.once('close', () => resolve()));
  const unforked = await does({ kind: 'unfork', device: 'd1' });
  expect(unforked).toMatchObject({ status: 200, body: { result: { kind: 'unforked', seq: 1 } } });
  await cut;
  const { hash } = (unforked.body as { readonly result: { readonly hash: string } }).result;
  expect(await (await hear())(hash)).toBe('welcome');
});

describe('codeplate operator', () => {
  it('lists, shows and decides', async () => {
    expect(await operator('cases')).toMatchObject({ code: 0, out: expect.stringMatching(/^disputed .*sale:d2:x/) });
    const { out } = await operator('show', 'sale:d2:x');
    for (const fact of ['order-x', 'rrn 230327000777', 'card 9999', 'never-reserved', 'allowed: decide paid'])
      expect(out).toContain(fact);
    expect(out).toContain('evidence: 1');
    const decided = await operator('decide', 'sale:d2:x', 'paid', '--by', 'li', '--why', 'on the statement', '--json');
    expect(JSON.parse(decided.out)).toMatchObject({ again: false, result: { verdict: 'paid', movedFen: 4_000 } });
    expect((await get('/v1/reconciliation')).body).toMatchObject({
      redeemed: 1,
      disputed: 0,
      postingsFen: 0,
      accounts: { 'merchant:m1': 4_000 },
    });
    expect(await operator('cases')).toMatchObject({ code: 0, out: 'Nothing waits for a person.\n' });
    expect(await operator('close', 'sale:d2:x', '--why', 'again')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^ACT_NOT_ALLOWED: the sale is settled/),
    });
  });

  it('hands in the acquirer’s file, and only then a sale may be paid out', async () => {
    await operator('decide', 'sale:d2:x', 'paid', '--why', 'slip seen');
    const file = path.join(folder, 'statement.csv');
    const confirm = () => operator('confirm', '--file', file, '--why', 'statement', '--json');
    const paidOut = async (): Promise<unknown> => (await get('/v1/reconciliation')).body;
    writeFileSync(file, '\uFEFFterminal,rrn,netFen,note\n01,230327000001,500,"a, b"\n01,INVENTED,21.000,\n');
    expect(await confirm()).toMatchObject({ code: 2, err: expect.stringMatching(/line 3: netFen "21.000"/) });
    expect(await paidOut()).toMatchObject({ merchants: { m1: { redeemedFen: 4_000, confirmedFen: 0 } } });
    writeFileSync(file, '\uFEFFterminal,rrn,netFen,note\n01,230327000001,500,"a, b"\n01,230327000777,21000,\n');
    expect(JSON.parse((await confirm()).out)).toEqual({ confirmed: 2, already: 0, differs: [] });
    expect(JSON.parse((await confirm()).out)).toEqual({ confirmed: 0, already: 2, differs: [] });
    expect(await paidOut()).toMatchObject({ merchants: { m1: { redeemedFen: 4_000, confirmedFen: 4_000 } } });
    writeFileSync(file, 'rrn,netFen\n230327000777,20999\n');
    expect(await confirm()).toMatchObject({ code: 1, out: expect.stringContaining('"differs":["230327000777"]') });
  });

  it.each([
    [['show', 'sale:d9:none'], 1, /^CASE_UNKNOWN/],
    [['release', 'fork:d1', '--why', 'x'], 2, /is no sale's case/],
    [['decide', 'sale:d2:x', 'maybe', '--why', 'x'], 2, /write paid, not-paid or write-off/],
    [['close', 'sale:d2:x'], 2, /required option '--why/],
    [['unfork', 'd1', '--seq', '-1', '--why', 'x'], 2, /--seq/],
    [['confirm', '--file', 'no-such.csv', '--why', 'x'], 2, /Can't read no-such\.csv/],
  ])('says what is wrong with %s', async (words, code, says) => {
    expect(await operator(...words)).toMatchObject({ code, err: expect.stringMatching(says) });
  });

  it('says which token it wants', async () => {
    writeFileSync(path.join(folder, 'data', 'operator-token'), 'another one\n');
    expect(await operator('cases')).toMatchObject({ code: 2, err: expect.stringContaining('--token-file') });
  });
});
