/** The whole gateway, in process, over real TCP: a real mqtt.js client, real HTTP, a ledger file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { base64url } from '#protocol/codes/bit-text.js';
import { type PaymentNumber, type PaymentSecret, paymentCodeAt } from '#protocol/codes/payment-code.js';
import { sealPresentation } from '#protocol/codes/presentation.js';
import { openBundle } from '#protocol/messages/bundle.js';
import type { DownMessage } from '#protocol/messages/down.js';
import { parseBundle, parseDown, parseSpent } from '#protocol/messages/index.js';
import { es256Signer, es256Verifier, generatePrivateKey, hmacSha256, sha256 } from '#protocol/node-crypto.js';
import { type ChainHead, EMPTY_CHAIN, extend } from '#protocol/records/chain.js';
import { wallMs } from '#protocol/time.js';
import { CLAIMS, type ClaimInput, signedClaim } from '../test/contract/claiming-phone.js';
import { charging, MORNING, settled, testCampaign } from '../test/contract/ledger-fixture.js';
import { checkGatewayConfig } from './config.js';
import { type RunningGateway, startGateway } from './main.js';

/** It is always the same morning; only timers are real. */
const began = performance.now();
const now = () => wallMs(MORNING + Math.floor(performance.now() - began));
const clock = {
  now,
  alarm(after: number, ring: () => void) {
    const timer = setTimeout(ring, after);
    return () => clearTimeout(timer);
  },
};

const PASSWORD = 'correct horse';
const OPERATOR = 'the operator of the day';
let folder: string;
let gateway: RunningGateway;
let clients: MqttClient[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'codeplate-gateway-'));
  clients = [];
  writeFileSync(join(folder, 'campaign.json'), JSON.stringify(testCampaign()));
  gateway = await start();
});
afterEach(async () => {
  for (const client of clients) await client.endAsync(true);
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(): Promise<RunningGateway> {
  const devices = [
    { id: 'd1', password: PASSWORD },
    { id: 'd2', password: PASSWORD },
    { id: 'd3', password: PASSWORD, merchant: 'm2' },
  ];
  const file = {
    campaign: 'campaign.json',
    data: 'data',
    mqtt: { port: 0 },
    http: { port: 0, operatorToken: OPERATOR },
    claims: CLAIMS,
    devices,
  };
  const config = checkGatewayConfig(file, folder);
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  return startGateway(config.value, { logger: pino({ level: 'silent' }), clock });
}

/** An error comes before some closings, and isn't what is waited for. */
const closing = (socket: Pick<Socket, 'once'> | MqttClient): Promise<void> =>
  new Promise((resolve) => {
    socket.once('close', () => resolve());
  });

const base = (): string => `http://127.0.0.1:${gateway.httpPort}`;

// ---------------------------------------------------------------- a counter

class Counter {
  readonly client: MqttClient;
  readonly device: string;
  readonly heard: DownMessage[] = [];
  head: ChainHead = EMPTY_CHAIN;
  #asked = 0;
  #wake: () => void = () => undefined;

  constructor(device: string, client: MqttClient) {
    this.device = device;
    this.client = client;
    client.on('message', (topic, payload) => {
      if (topic !== `codeplate/v1/${device}/down`) return;
      const parsed = parseDown(payload);
      if (!parsed.ok) throw new Error(`${parsed.fault.code} ${payload.toString()}`);
      this.heard.push(parsed.value);
      this.#wake();
    });
  }

  send(payload: string | Buffer): void {
    this.client.publish(`codeplate/v1/${this.device}/up`, payload, { qos: 1 });
  }

  /** Sends, and gives the reply to it. */
  async ask(message: Readonly<Record<string, unknown>>): Promise<DownMessage> {
    this.#asked += 1;
    const id = `q${this.#asked}`;
    this.send(JSON.stringify({ v: 1, id, ...message }));
    return this.hears((reply) => 're' in reply && reply.re === id);
  }

  async hears(wanted: (message: DownMessage) => boolean): Promise<DownMessage> {
    for (;;) {
      const found = this.heard.find(wanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  hello = () => this.ask({ type: 'hello', agent: 'test', boot: 1, head: this.head });

  authorise = (sale: string, code: string, amountFen: number, merchant = 'm1') =>
    this.ask({
      type: 'authorise',
      sale,
      order: `order-${sale}`,
      merchant,
      amountFen,
      mode: 'customer-code',
      presented: code.startsWith('CP1:') ? { kind: 'verifiable', code } : { kind: 'opaque', code },
    });

  async records(...records: readonly object[]): Promise<DownMessage> {
    const bodies = records.map((record) => JSON.stringify(record));
    const before = this.head;
    this.head = extend(sha256, before, bodies);
    return this.ask({ type: 'records', from: before.seq + 1, prev: before.hash, bodies });
  }
}

async function connect(options: { clientId: string; username?: string; password?: string }): Promise<MqttClient> {
  const client = mqtt.connect(`mqtt://127.0.0.1:${gateway.mqttPort}`, {
    username: options.clientId,
    password: PASSWORD,
    reconnectPeriod: 0,
    ...options,
  });
  clients.push(client);
  client.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
    client.once('close', () => reject(new Error('closed')));
  });
  return client;
}

async function counter(device = 'd1'): Promise<Counter> {
  const client = await connect({ clientId: device });
  await client.subscribeAsync(`codeplate/v1/${device}/down`, { qos: 1 });
  return new Counter(device, client);
}

// ---------------------------------------------------------------- a phone

const signer = es256Signer(generatePrivateKey());
const person = { phone: '13800138000', idCard: '11010519491231002X', device: 'a1b2c3d4-e5f6' };
const claimBody = { ...person, tiers: ['s20', 's80'] };

interface Answered {
  readonly results?: readonly { readonly serial?: number; readonly reason?: string }[];
  readonly grant?: string | null;
  readonly token?: string;
  readonly holder?: string;
  readonly payment?: { readonly number: PaymentNumber; readonly secret: string };
}

/** What is no text is signed as a claim of that. */
async function post(
  body: Partial<ClaimInput> | string,
  by = signer,
): Promise<{ readonly status: number; readonly json: Answered }> {
  const response = await fetch(`${base()}/v1/claims`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(signedClaim(body, by, now())),
  });
  return { status: response.status, json: (await response.json()) as Answered };
}

const get = async (path: string, token?: string) => {
  const response = await fetch(`${base()}${path}`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  return { status: response.status, json: (await response.json()) as Answered };
};

const NO_BYTES = new Uint8Array();

async function claimGrant(): Promise<{ grant: Uint8Array; token: string; holder: string; payment: PaymentSecret }> {
  const { json } = await post(claimBody);
  const grant = base64url.decode(json.grant ?? '');
  if (!grant.ok) throw new Error(JSON.stringify(json));
  const secret = base64url.decode(json.payment?.secret ?? '');
  return {
    grant: grant.value,
    token: json.token ?? '',
    holder: json.holder ?? '',
    payment: { number: json.payment?.number ?? ('' as PaymentNumber), secret: secret.ok ? secret.value : NO_BYTES },
  };
}

function present(grantBytes: Uint8Array, counterValue: number, shownAt = now()): string {
  return sealPresentation({ grantBytes, shownAt, counter: counterValue }, signer);
}

// ---------------------------------------------------------------- what is to hold

describe('a sale', () => {
  it('goes from a claim to a redemption that everybody sees alike', async () => {
    const { grant, holder, token } = await claimGrant();
    const plate = await counter();
    expect(await plate.hello()).toMatchObject({ type: 'welcome', have: { seq: 0 } });
    expect(await plate.hears(({ type }) => type === 'allowance')).toMatchObject({ keyId: 1 });
    expect(await plate.authorise('a', present(grant, 1), 30_000)).toMatchObject({
      type: 'authorised',
      sale: 'a',
      answer: { kind: 'reserved', serial: 7, tier: 's80', faceFen: 8_000, netFen: 22_000 },
    });
    const sale = { sale: 'a', amountFen: 30_000, serial: 7 };
    expect(await plate.records(charging(sale), settled(sale))).toMatchObject({ type: 'have', ...plate.head });
    expect((await get('/v1/reconciliation', OPERATOR)).json).toMatchObject({
      redeemed: 1,
      redeemedFen: 8_000,
      postingsFen: 0,
    });
    expect((await get(`/v1/holders/${holder}/coupons`, token)).json).toEqual({
      coupons: [
        { serial: 0, tier: 's20', faceFen: 2_000, thresholdFen: 10_000, state: 'held', usableFrom: 0 },
        { serial: 7, tier: 's80', faceFen: 8_000, thresholdFen: 30_000, state: 'used', usableFrom: 0 },
      ],
    });
    expect((await get(`/v1/holders/${holder}/coupons`, 'guess')).status).toBe(401);
  });

  it('takes the payment code of this minute, once, for one sale, and no other', async () => {
    const { payment } = await claimGrant();
    const shown = paymentCodeAt(payment, now(), hmacSha256);
    const [plate, other] = [await counter('d1'), await counter('d2')];
    const refused = (reason: string) => ({ answer: { kind: 'refused', reason } });
    expect(await plate.authorise('a', shown, 30_000)).toMatchObject({ answer: { serial: 7 } });
    expect(await plate.authorise('a', shown, 30_000)).toMatchObject({ answer: { serial: 7 } });
    expect(await plate.authorise('b', shown, 30_000)).toMatchObject(refused('payment-code-used'));
    expect(await other.authorise('a', shown, 30_000)).toMatchObject(refused('payment-code-used'));
    expect(await other.authorise('c', '6200000000000000000', 30_000)).toMatchObject(refused('no-coupon-held'));
    const late = paymentCodeAt(payment, wallMs(now() - 90_000), hmacSha256);
    expect(await other.authorise('d', late, 30_000)).toMatchObject(refused('payment-code-expired'));
    const early = paymentCodeAt(payment, wallMs(now() + 90_000), hmacSha256);
    expect(await other.authorise('e', early, 30_000)).toMatchObject(refused('phone-clock-ahead'));
  });

  it('lets no counter guess payment codes: it is stopped, somebody is told, and others go on', async () => {
    const { payment } = await claimGrant();
    const [plate, other] = [await counter('d1'), await counter('d2')];
    const reasons: unknown[] = [];
    for (let guess = 0; guess < 12; guess += 1) {
      const reply = await plate.authorise(`g${guess}`, `62${payment.number}${String(guess).padStart(8, '0')}`, 30_000);
      reasons.push(reply.type === 'authorised' && reply.answer.kind === 'refused' && reply.answer.reason);
    }
    expect(reasons).toEqual([...Array(10).fill('payment-code-wrong'), ...Array(2).fill('too-many-wrong-codes')]);
    const shown = paymentCodeAt(payment, now(), hmacSha256);
    expect(await plate.authorise('a', shown, 30_000)).toMatchObject({ answer: { reason: 'too-many-wrong-codes' } });
    expect(await other.authorise('a', shown, 30_000)).toMatchObject({ answer: { kind: 'reserved' } });
    const metrics = await (
      await fetch(`${base()}/metrics`, { headers: { authorization: `Bearer ${OPERATOR}` } })
    ).text();
    expect(metrics).toContain('codeplate_gateway_alarms_total{code="COUNTER_GUESSES_CODES"} 1');
  });

  it('gets no coupon for a code that is stale, forged, damaged or shown before', async () => {
    const { grant } = await claimGrant();
    const [one, two] = [await counter('d1'), await counter('d2')];
    const code = present(grant, 5);
    const refusal = async (plate: Counter, sale: string, shown: string) => {
      const reply = await plate.authorise(sale, shown, 30_000);
      return reply.type === 'authorised' && reply.answer.kind === 'refused' ? reply.answer.reason : reply;
    };
    expect(await refusal(one, 'a', present(grant, 1, wallMs(now() - 90_000)))).toBe('presentation-stale');
    expect(await refusal(one, 'b', present(grant.with(60, (grant[60] ?? 0) ^ 1), 1))).toBe('presentation-forged');
    expect(await refusal(one, 'c', code.slice(0, -1))).toBe('presentation-malformed');
    expect(await one.authorise('d', code, 30_000)).toMatchObject({ answer: { kind: 'reserved' } });
    expect(await refusal(two, 'd', code)).toBe('presentation-replayed');
  });

  it('is still there after a restart of the gateway', async () => {
    const { grant } = await claimGrant();
    const before = await counter();
    await before.authorise('a', present(grant, 1), 30_000);
    const sale = { sale: 'a', amountFen: 30_000, serial: 7 };
    await before.records(charging(sale), settled(sale));
    await gateway.stop();
    gateway = await start();
    const after = await counter();
    after.head = before.head;
    expect(await after.hello()).toMatchObject({ type: 'welcome', have: before.head });
    expect(await after.authorise('b', present(grant, 2), 30_000)).toMatchObject({ answer: { serial: 0 } });
  });
});

describe('what a counter must know to go on without a line', () => {
  it('is retained: the signed campaign and the spent set', async () => {
    const client = await connect({ clientId: 'd1' });
    const received = new Map<string, Uint8Array>();
    const both = new Promise<void>((resolve) => {
      client.on('message', (topic, payload) => {
        received.set(topic, payload);
        if (received.size === 2) resolve();
      });
    });
    await client.subscribeAsync(['codeplate/v1/campaign/test-2023', 'codeplate/v1/campaign/test-2023/spent'], {
      qos: 1,
    });
    await both;
    const envelope = parseBundle(received.get('codeplate/v1/campaign/test-2023') ?? new Uint8Array());
    if (!envelope.ok) throw new Error(envelope.fault.what);
    const bundle = openBundle(envelope.value, gateway.issuerKeys, es256Verifier());
    expect(bundle).toMatchObject({ ok: true, value: { campaign: { id: 'test-2023' } } });
    const spent = parseSpent(received.get('codeplate/v1/campaign/test-2023/spent') ?? new Uint8Array());
    expect(spent).toMatchObject({ ok: true, value: { type: 'spent', bits: '' } });
  });
});

describe('bad messages', () => {
  it.each([
    ['another version', '{"v":2,"type":"hello","id":"x"}', 'MESSAGE_VERSION_UNKNOWN'],
    ['another type', '{"v":1,"type":"sing","id":"x"}', 'MESSAGE_TYPE_UNKNOWN'],
    ['no JSON', 'hello', 'MESSAGE_NOT_JSON'],
    ['a list', '[]', 'MESSAGE_MALFORMED'],
    ['a hello without a head', '{"v":1,"type":"hello","id":"x","__proto__":{"head":1}}', 'MESSAGE_MALFORMED'],
    ['an amount beyond any', '{"v":1,"type":"authorise","id":"x","amountFen":9007199254740993}', 'MESSAGE_MALFORMED'],
    ['half a character', Buffer.from([0x7b, 0xe4, 0xbd]), /^MESSAGE_NOT_/],
    ['GBK', Buffer.from([0x7b, 0x22, 0xd6, 0xd0, 0x22]), /^MESSAGE_NOT_/],
  ])('get their reason: %s', async (_, payload, code) => {
    const plate = await counter();
    plate.send(payload);
    const reply = await plate.hears(({ type }) => type === 'rejected');
    expect(reply).toMatchObject({ code: typeof code === 'string' ? code : expect.stringMatching(code) });
    expect(await plate.hello()).toMatchObject({ type: 'welcome' });
  });

  it('that hold a record of a newer counter are acknowledged, and somebody is told that it is booked nowhere', async () => {
    const plate = await counter();
    const sale = { sale: 'a', amountFen: 30_000, serial: null };
    const newer = { ...settled(sale), tipFen: 500 };
    expect(await plate.records(charging(sale), newer)).toMatchObject({ type: 'have', seq: 2 });
    const metrics = await (
      await fetch(`${base()}/metrics`, { headers: { authorization: `Bearer ${OPERATOR}` } })
    ).text();
    expect(metrics).toContain('codeplate_gateway_alarms_total{code="RECORD_UNREADABLE"} 1');
  });

  it('of more than 64 KiB end the connection, and nothing else', async () => {
    const [loud, other] = [await counter('d1'), await counter('d2')];
    const closed = closing(loud.client);
    loud.send(' '.repeat(65_537));
    expect(await loud.hears(({ type }) => type === 'rejected')).toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    loud.send(' '.repeat(70_000));
    await closed;
    expect(await other.hello()).toMatchObject({ type: 'welcome' });
    expect(await (await counter('d1')).hello()).toMatchObject({ type: 'welcome' });
  });
});

describe('the door', () => {
  it.each([
    ['__proto__', '__proto__', PASSWORD],
    ['an unknown device', 'd9', PASSWORD],
    ['a wrong password', 'd1', 'guess'],
  ])('stays shut for %s', async (_, clientId, password) => {
    await expect(connect({ clientId, username: clientId, password })).rejects.toThrow();
  });

  it.each([
    ['noise', Buffer.alloc(200_000, 0x78)],
    ['a CONNECT that goes on and on', Buffer.concat([Buffer.from([0x10, 0x80, 0x80, 0x40]), Buffer.alloc(100_000)])],
    ['a publish before any CONNECT', Buffer.from([0x30, 0x02, 0x00, 0x00])],
  ])('is closed on %s', async (_, bytes) => {
    const socket = connectTcp(gateway.mqttPort, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(bytes);
    await closing(socket);
    expect(await (await counter()).hello()).toMatchObject({ type: 'welcome' });
  });

  it('lets a device write and read its own topics only', async () => {
    const plate = await counter('d1');
    for (const topic of ['codeplate/v1/d2/down', 'codeplate/v1/+/up', '#', '$SYS/#']) {
      await expect(plate.client.subscribeAsync(topic)).rejects.toThrow();
    }
    expect(await plate.hello()).toMatchObject({ type: 'welcome' });
    const closed = closing(plate.client);
    plate.client.publish('codeplate/v1/d2/up', '{}', { qos: 1 });
    await closed;
  });

  // Each costs the broker a KiB of memory, and campaigns that there are not have names without end.
  it('lets a device read a few campaigns, and no thousand', async () => {
    const plate = await counter('d1');
    const topics = Array.from({ length: 1_000 }, (_, n) => `codeplate/v1/campaign/c${n}`);
    const granted = await new Promise<readonly unknown[]>((resolve) => {
      plate.client.subscribe(topics, { qos: 1 }, (_error, _topics, suback) => resolve(suback?.granted ?? []));
    });
    expect(granted).toHaveLength(1_000);
    expect(granted.filter((code) => code === 1).length).toBeLessThan(20);
    await expect(plate.client.subscribeAsync('codeplate/v1/campaign/one-more')).rejects.toThrow();
    await plate.client.subscribeAsync(topics.slice(0, 2), { qos: 1 });
    expect(await plate.hello()).toMatchObject({ type: 'welcome' });
  });

  it('has one session a device: the newer one', async () => {
    const old = await counter('d1');
    const closed = closing(old.client);
    const young = await counter('d1');
    await closed;
    expect(await young.hello()).toMatchObject({ type: 'welcome' });
  });
});

describe('claims', () => {
  it('at the opening hand out exactly the stock, nobody gets two, and each refusal says why', async () => {
    const crowd = Array.from({ length: 60 }, (_, n) => ({
      ...claimBody,
      phone: `138001380${String(n % 30).padStart(2, '0')}`,
      idCard: cardOf(n % 30),
      device: `phone-${n % 30}`,
      tiers: ['s20', 's40', 's80'],
    }));
    const answers = await Promise.all(crowd.map((claim) => post(claim, es256Signer(generatePrivateKey()))));
    const results = answers.flatMap(({ json }) => json.results ?? []);
    const serials = results.flatMap(({ serial }) => serial ?? []);
    expect(serials.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(results).toHaveLength(180);
    const reasons = new Set(results.flatMap(({ reason }) => reason ?? []));
    expect([...reasons].toSorted()).toEqual(['already-claimed', 'tier-gone']);
    expect((await get('/v1/reconciliation', OPERATOR)).json).toMatchObject({ held: 8 });
  });

  it('say which part of a person is not what it should be', async () => {
    const { json } = await post({ ...claimBody, idCard: '110105194912310021' });
    expect(json).toMatchObject({
      results: [
        {
          tier: 's20',
          ok: false,
          reason: 'invalid-id-card',
          zh: '身份证号不正确，请核对18位公民身份号码',
          en: 'Not a valid ID-card number: check all 18 characters',
        },
        { tier: 's80', ok: false, reason: 'invalid-id-card' },
      ],
      grant: null,
      payment: null,
    });
  });

  it.each([
    ['no JSON', '{', 400, 'REQUEST_MALFORMED'],
    ['__proto__', '{"__proto__":{"tiers":["s20"]}}', 400, 'REQUEST_MALFORMED'],
    ['a field too few', JSON.stringify({ ...signedClaim(), payload: '{}' }), 400, 'REQUEST_MALFORMED'],
    ['a key that is no point', JSON.stringify(signedClaim({ publicKey: 'A'.repeat(44) })), 401, 'CLAIM_UNSIGNED'],
    ['the form of the release before', JSON.stringify({ ...person, tiers: ['s20'] }), 401, 'CLAIM_UNSIGNED'],
    ['a book', JSON.stringify({ ...signedClaim(), more: 'x'.repeat(10_000) }), 413, 'REQUEST_TOO_LARGE'],
  ])('with %s get a code', async (_, body, status, code) => {
    expect(await post(body)).toMatchObject({ status, json: { code } });
  });

  it('of a phone that gives no position are for campaigns without an outline', async () => {
    expect((await post({ ...claimBody, position: null })).json).toMatchObject({
      results: [{ ok: true }, { ok: true }],
    });
  });

  it('with the key of another, read off a shown code, open nothing of theirs', async () => {
    const { holder } = await claimGrant();
    const stranger = { phone: '13800138001', idCard: cardOf(5), device: 'phone-5' };
    for (const tiers of [['s20', 's40'], ['no-such-tier']]) {
      const publicKey = base64url.encode(signer.publicKey);
      expect(await post({ ...stranger, tiers, publicKey }, es256Signer(generatePrivateKey()))).toMatchObject({
        status: 401,
        json: { code: 'CLAIM_UNSIGNED' },
      });
    }
    expect((await get(`/v1/holders/${holder}/coupons`, 'null')).status).toBe(401);
  });

  it('asked again bring the same coupons and the grant again', async () => {
    const first = await claimGrant();
    const { json } = await post(claimBody);
    expect(json).toMatchObject({
      results: [{ reason: 'already-claimed' }, { reason: 'already-claimed' }],
      payment: { number: first.payment.number, stepSeconds: 30 },
      token: first.token,
    });
    expect(json.grant).not.toBeNull();
  });
});

/** GB 11643-1999 with its check character (ISO 7064 MOD 11-2). */
function cardOf(n: number): string {
  const body = `11010519491231${String(n + 1).padStart(3, '0')}`;
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, at) => total + weight * Number(body[at]), 0);
  return body + '10X98765432'.charAt(sum % 11);
}
