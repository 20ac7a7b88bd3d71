/**
 * Makes the fixtures of a release: what this version's code writes to disks and lines, so that later versions can be held
 * to reading it (docs/evolution.md). The gateway is the real one over real TCP, so that every byte is the product's own.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import mqtt, { type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { z } from 'zod';
import { fileKeyValueStore } from '#device/adapters/file-key-value-store.js';
import { openJournal } from '#device/adapters/journal/sqlite-journal.js';
import { deviceConfigExample } from '#device/config/config-example.js';
import { checkGatewayConfig, gatewayConfigExample } from '#gateway/config/config.js';
import { createIssuer } from '#gateway/core/issuer.js';
import { renewAllowance } from '#gateway/ledger/decide/allowances.js';
import { compileRules } from '#gateway/ledger/decide/rules.js';
import { openSqliteLedger } from '#gateway/ledger/store/sqlite-ledger.js';
import { type RunningGateway, startGateway } from '#gateway/main.js';
import { issuerSigner, keyedHash } from '#gateway/secrets/secrets.js';
import { parseCampaign } from '#protocol/campaign/load.js';
import { campaignOnTheWire } from '#protocol/campaign/schema.js';
import { base64url } from '#protocol/codes/bit-text.js';
import { holderIdOf, roundUpExpiry, sealGrant, sealPresentation } from '#protocol/codes/presentation.js';
import type { Es256Signer } from '#protocol/kernel/crypto.js';
import type { CouponSerial, DeviceId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import { allowanceSchema, signedAllowanceSchema } from '#protocol/messages/allowance.js';
import { bundleEnvelopeSchema } from '#protocol/messages/bundle.js';
import { downSchema } from '#protocol/messages/down.js';
import {
  BUNDLE_EXAMPLE,
  DOWN_EXAMPLES,
  SPENT_EXAMPLES,
  STATE_EXAMPLE,
  UP_EXAMPLES,
} from '#protocol/messages/examples.js';
import { spentSchema } from '#protocol/messages/spent.js';
import { es256Signer, generatePrivateKey, sha256 } from '#protocol/node/crypto.js';
import { type ChainHead, EMPTY_CHAIN, extend } from '#protocol/records/chain.js';
import { type JournalRecord, recordSchema } from '#protocol/records/record.js';
import {
  abandoned,
  charging,
  claimOp,
  commit,
  MORNING,
  notCharged,
  paymentNumber,
  refunded,
  settled,
  testCampaign,
  unknown,
} from '../contract/ledger-fixture.js';

const PASSWORD = 'a password for fixtures';
export const OPERATOR_TOKEN = 'a-token-for-the-fixtures-of-a-release';
/** d5 speaks in the transcript only, so that it can be played again to a copy of the ledger. */
const DEVICES = [
  { id: 'd1', password: PASSWORD, merchant: 'm1' },
  { id: 'd2', password: PASSWORD, merchant: 'm1' },
  { id: 'd3', password: PASSWORD, merchant: 'm2' },
  { id: 'd4', password: PASSWORD, merchant: 'm1' },
  { id: 'd5', password: PASSWORD, merchant: 'm1' },
];

/** It is always the same morning; only timers are real. */
export function morningClock() {
  const began = performance.now();
  return {
    now: () => wallMs(MORNING + Math.floor(performance.now() - began)),
    wakeAfter(after: number, ring: () => void) {
      const timer = setTimeout(ring, after);
      return () => clearTimeout(timer);
    },
  };
}

/** When a counter took what it took: it knew the time to 40 ms. */
const at = { earliest: MORNING, latest: MORNING + 40 };

interface Said {
  readonly from: 'device' | 'gateway';
  readonly topic: string;
  readonly payload: string;
}

/** A counter on the wire: what it says is written down, and what it is answered. */
class WireCounter {
  readonly #client: MqttClient;
  readonly #device: string;
  readonly said: Said[] = [];
  head: ChainHead = EMPTY_CHAIN;
  #asked = 0;
  #wake: () => void = () => undefined;

  static async connect(port: number, device: string, also: readonly string[] = []): Promise<WireCounter> {
    const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
      ...{ clientId: device, username: device, password: PASSWORD, reconnectPeriod: 0 },
    });
    const counter = new WireCounter(client, device);
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
    });
    await client.subscribeAsync([`codeplate/v1/${device}/down`, ...also], { qos: 1 });
    return counter;
  }

  private constructor(client: MqttClient, device: string) {
    this.#client = client;
    this.#device = device;
    client.on('message', (topic, payload) => {
      this.said.push({ from: 'gateway', topic, payload: payload.toString() });
      this.#wake();
    });
  }

  async ask(message: Readonly<Record<string, unknown>>): Promise<string> {
    this.#asked += 1;
    const id = `q${this.#asked}`;
    const topic = `codeplate/v1/${this.#device}/up`;
    const payload = JSON.stringify({ v: 1, id, ...message });
    this.said.push({ from: 'device', topic, payload });
    this.#client.publish(topic, payload, { qos: 1 });
    return this.hears((heard) => heard.includes(`"re":"${id}"`));
  }

  async hears(wanted: (payload: string, topic: string) => boolean): Promise<string> {
    for (;;) {
      const found = this.said.find(({ from, payload, topic }) => from === 'gateway' && wanted(payload, topic));
      if (found !== undefined) return found.payload;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  hello = (head = this.head) => this.ask({ type: 'hello', agent: 'codeplate/fixtures', boot: 1, head });

  authorise = (sale: string, code: string, amountFen: number, merchant = 'm1') =>
    this.ask({
      ...{ type: 'authorise', sale, order: `order-${sale}`, merchant, amountFen, mode: 'customer-code' },
      presented: code.startsWith('CP1:') ? { kind: 'verifiable', code } : { kind: 'opaque', code },
    });

  async records(...records: readonly object[]): Promise<string> {
    const bodies = records.map((record) => JSON.stringify(record));
    const before = this.head;
    this.head = extend(sha256, before, bodies);
    return this.ask({ type: 'records', from: before.seq + 1, prev: before.hash, bodies });
  }

  close = (): Promise<void> => this.#client.endAsync(true);
}

interface Phone {
  readonly name: string;
  readonly signer: Es256Signer;
  readonly paymentCode: string;
  readonly serials: readonly number[];
}

const CAMPAIGN = testCampaign();
const RULES = compileRules({ campaign: CAMPAIGN, sha256, leaseMs: 120_000, merchantOf: () => undefined });

/** Who claims what, in this order: serials are handed out tier by tier. */
const CLAIMS: readonly (readonly [name: string, tiers: readonly string[], serials: readonly number[]])[] = [
  ['ada', ['s20', 's80'], [0, 7]],
  ['ben', ['s20', 's40'], [1, 4]],
  ['cyd', ['s20', 's40'], [2, 5]],
  ['dan', ['s20', 's40'], [3, 6]],
];

/** Writes all of a release's fixtures into `folder`. */
export async function makeFixtures(folder: string, work: string): Promise<void> {
  for (const part of ['gateway', 'device', 'wire', 'evidence']) mkdirSync(join(folder, part), { recursive: true });
  const put = (name: string, value: unknown): void =>
    writeFileSync(join(folder, name), typeof value === 'string' ? value : `${JSON.stringify(value, null, 1)}\n`);

  put('wire/messages.json', messages());
  put('wire/schemas.json', schemas());
  const data = join(work, 'data');
  mkdirSync(data, { recursive: true });
  const issuer = issuerSigner(join(data, 'issuer-key.pem'));
  await makeLedger({ folder, work, put, issuer });
  await makeDevice({ folder, work, put, issuer });
}

function messages(): unknown {
  const texts = (examples: object): Record<string, string> =>
    Object.fromEntries(Object.entries(examples).map(([type, message]) => [type, JSON.stringify(message)]));
  return {
    up: texts(UP_EXAMPLES),
    down: texts(DOWN_EXAMPLES),
    state: texts({ state: STATE_EXAMPLE }),
    bundle: texts({ bundle: BUNDLE_EXAMPLE }),
    spent: texts(SPENT_EXAMPLES),
  };
}

/** What this version's counters take, in JSON Schema: later gateways are held to it. */
function schemas(): unknown {
  const asInput = (schema: z.ZodType): unknown => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return {
    down: asInput(downSchema),
    bundle: asInput(bundleEnvelopeSchema),
    campaign: asInput(campaignOnTheWire),
    signedAllowance: asInput(signedAllowanceSchema),
    allowance: asInput(allowanceSchema),
    spent: asInput(spentSchema),
  };
}

interface Making {
  readonly folder: string;
  readonly work: string;
  readonly put: (name: string, value: unknown) => void;
  readonly issuer: Es256Signer;
}

/** A gateway's day: every kind of sale that there is, in whatever state a power cut would leave it. */
async function makeLedger({ folder, work, put, issuer }: Making): Promise<void> {
  writeFileSync(join(work, 'campaign.json'), `${JSON.stringify(CAMPAIGN, null, 1)}\n`);
  // Before the ledger: a gateway makes no key beside one that is there.
  keyedHash(join(work, 'data', 'identity-key.hex'));
  const phones = await claims(join(work, 'data', 'ledger.db'));
  const config = checkGatewayConfig(
    {
      campaign: 'campaign.json',
      data: 'data',
      mqtt: { port: 0 },
      http: { port: 0, operatorToken: OPERATOR_TOKEN },
      devices: DEVICES,
    },
    work,
  );
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  const gateway = await startGateway(config.value, { logger: pino({ level: 'silent' }), clock: morningClock() });
  try {
    const shown = (name: string, counter: number): string => {
      const phone = phones.find((one) => one.name === name);
      if (phone === undefined) throw new Error(`nobody is called ${name}`);
      const grantBytes = sealGrant(
        {
          keyId: 1,
          holderKey: phone.signer.publicKey,
          serials: phone.serials.map((serial) => serial as CouponSerial),
          expiresAt: roundUpExpiry(wallMs(RULES.compiled.ends + 1)),
        },
        CAMPAIGN.id,
        issuer,
      );
      return sealPresentation({ grantBytes, shownAt: wallMs(MORNING), nonce: counter }, phone.signer);
    };
    await aDayOfSales(gateway, shown);
    await asTheyStand({ folder, work, gateway, put });
    put('gateway/presentations.json', {
      issuerKeys: { '1': base64url.encode(issuer.publicKey) },
      campaign: CAMPAIGN.id,
      holders: phones.map(({ name, signer }) => ({ name, id: holderIdOf(signer.publicKey), shown: shown(name, 9) })),
    });
    await transcript(gateway, shown, phones, put);
  } finally {
    await gateway.stop();
  }
}

async function claims(file: string): Promise<readonly Phone[]> {
  const phones = CLAIMS.map(([name, , serials]): Phone => {
    const paymentCode = `62${paymentNumber(name)}00000000`;
    return { name, serials, paymentCode, signer: es256Signer(generatePrivateKey()) };
  });
  const ledger = await openSqliteLedger(file, RULES);
  const ops = CLAIMS.map(([name, tiers], at) => {
    const op = claimOp(name, tiers);
    const key = phones[at]?.signer.publicKey;
    return key === undefined ? op : { ...op, holder: holderIdOf(key) };
  });
  await commit(ledger, ops);
  await new Promise<void>((done) => ledger.close(done));
  return phones;
}

async function aDayOfSales(
  { mqttPort }: RunningGateway,
  shown: (name: string, counter: number) => string,
): Promise<void> {
  const d1 = await WireCounter.connect(mqttPort, 'd1');
  await d1.hello();
  // Reserved, settled and kept; the same and refunded; full price; declined; given up.
  await d1.authorise('a', shown('ada', 1), 30_000);
  const a = { sale: 'a', amountFen: 30_000, serial: 7 };
  await d1.records(charging(a), settled(a));
  await d1.authorise('b', shown('ben', 1), 20_000);
  const b = { sale: 'b', amountFen: 20_000, serial: 4 };
  await d1.records(charging(b), settled(b), refunded('b', 16_000));
  const c = { sale: 'c', amountFen: 1_200, serial: null };
  await d1.records(charging(c), settled(c));
  await d1.authorise('d', shown('ada', 2), 10_000);
  const d = { sale: 'd', amountFen: 10_000, serial: 0 };
  await d1.records(charging(d), notCharged('d'));
  await d1.authorise('e', shown('ada', 3), 10_000);
  await d1.records(abandoned('e'));
  // Settled with a coupon that nobody reserved for it: disputed.
  const f = { sale: 'f', amountFen: 10_000, serial: 0 };
  await d1.records(charging(f), settled(f));
  // Nobody knows how the charge ended; another one is only reserved.
  await d1.authorise('g', shown('ben', 2), 10_000);
  await d1.records(charging({ sale: 'g', amountFen: 10_000, serial: 1 }), unknown('g'));
  await d1.authorise('h', shown('dan', 1), 20_000);
  await d1.close();

  // One coupon off line at two merchants: the second is a conflict.
  const offline = { sale: 'i', amountFen: 20_000, serial: 5 };
  const d2 = await WireCounter.connect(mqttPort, 'd2');
  await d2.hello();
  const first = { ...offline, presentation: shown('cyd', 1) };
  await d2.records({ ...charging(first), at }, { ...settled(first), at });
  await d2.close();
  const d3 = await WireCounter.connect(mqttPort, 'd3');
  await d3.hello();
  const second = { ...offline, merchant: 'm2', presentation: shown('cyd', 2) };
  await d3.records({ ...charging(second), at }, { ...settled(second), at });
  await d3.close();

  // A journal that comes back with other records.
  const d4 = await WireCounter.connect(mqttPort, 'd4');
  await d4.hello();
  const j = { sale: 'j', amountFen: 1_000, serial: null };
  await d4.records(charging(j), settled(j));
  d4.head = EMPTY_CHAIN;
  const k = { sale: 'k', amountFen: 2_000, serial: null };
  await d4.records(charging(k), settled(k));
  await d4.close();
}

/** The data folder as it is while the gateway runs: the newest commits stand in the log, and in the staging table only. */
async function asTheyStand({
  folder,
  work,
  gateway,
  put,
}: Omit<Making, 'issuer'> & { readonly gateway: RunningGateway }): Promise<void> {
  for (const name of readdirSync(join(work, 'data'))) {
    const path = join(work, 'data', name);
    if (name.endsWith('-shm')) continue;
    if (name.startsWith('ledger.db')) putPacked(join(folder, 'gateway', `${name}.gz`), path);
    else copyFileSync(path, join(folder, 'gateway', name));
  }
  copyFileSync(join(work, 'campaign.json'), join(folder, 'gateway', 'campaign.json'));
  const ask = async (path: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` };
    const response = await fetch(`http://127.0.0.1:${gateway.httpPort}${path}`, { headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  put('gateway/reconciliation.json', await ask('/v1/reconciliation'));
  const { evidence } = z
    .object({ evidence: z.array(z.object({ id: z.int(), kind: z.string() })) })
    .parse(await ask('/v1/evidence'));
  for (const { id, kind } of evidence) put(`evidence/${id}-${kind}.json`, await ask(`/v1/evidence/${id}`));
}

/** What one counter says to the gateway and is answered, from the first hello to the last acknowledgement. */
async function transcript(
  { mqttPort }: RunningGateway,
  shown: (name: string, counter: number) => string,
  phones: readonly Phone[],
  put: Making['put'],
): Promise<void> {
  const topics = [`codeplate/v1/campaign/${CAMPAIGN.id}`, `codeplate/v1/campaign/${CAMPAIGN.id}/spent`];
  const d5 = await WireCounter.connect(mqttPort, 'd5', topics);
  await d5.hello();
  await d5.hears((payload) => payload.includes('"type":"allowance"'));
  for (const wanted of topics) await d5.hears((_, topic) => topic === wanted);
  await d5.authorise('t1', shown('dan', 2), 10_000);
  const t1 = { sale: 't1', amountFen: 10_000, serial: 3 };
  await d5.records({ kind: 'opened', sale: 't1', order: 'order-t1', amountFen: 10_000, at: null });
  await d5.records(charging(t1), settled(t1));
  await d5.authorise('t2', phones.find(({ name }) => name === 'cyd')?.paymentCode ?? '', 12_000);
  await d5.authorise('t3', shown('ada', 4), 500);
  await d5.records(abandoned('t2'), refunded('t1', 8_000));
  await d5.ask({ type: 'sing' });
  await d5.close();
  put('wire/transcript.json', d5.said);
}

/** One record of every kind, so that each has been on a disk once. */
export function everyKindOfRecord(presentation: string): readonly JournalRecord[] {
  const one = { sale: 's1', amountFen: 30_000, serial: 7 };
  const two = { sale: 's2', amountFen: 20_000, serial: 5, presentation };
  const three = { sale: 's3', amountFen: 900, serial: null };
  const opened = (sale: string, amountFen: number) => ({ kind: 'opened', sale, order: `order-${sale}`, amountFen, at });
  const back = { refund: 's1-r', sale: 's1' };
  return [
    opened('s1', 30_000),
    { ...charging(one), readerMark: '000041', at },
    { ...settled(one), at },
    { kind: 'printed', receipt: 'R-s1', copy: 'original', outcome: 'printed', at },
    opened('s2', 20_000),
    { ...charging(two), at },
    { ...settled(two), at },
    { kind: 'printed', receipt: 'R-s2', copy: 'reprint', outcome: 'unconfirmed', at },
    opened('s3', 900),
    { ...charging(three), reason: 'below-threshold', at },
    { ...notCharged('s3'), at },
    opened('s4', 1_500),
    abandoned('s4'),
    { kind: 'refunding', ...back, netFen: 22_000, readerMark: null, at },
    { kind: 'refund-failed', ...back, outcome: 'declined', code: '05', at },
    { kind: 'refunding', ...back, netFen: 22_000, readerMark: null, at },
    { kind: 'refund-unknown', ...back, why: 'the reader is away', at },
    { ...refunded('s1', 22_000), at },
    opened('s5', 2_500),
    charging({ sale: 's5', amountFen: 2_500, serial: null }),
    unknown('s5'),
  ].map((record) => recordSchema.parse(record));
}

/** How much of the journal the gateway has acknowledged. */
const ACKNOWLEDGED = 4;

async function makeDevice({ folder, work, put, issuer }: Making): Promise<void> {
  const data = join(work, 'device-data');
  mkdirSync(data, { recursive: true });
  const presentations = z
    .object({ holders: z.array(z.object({ shown: z.string() })) })
    .parse(JSON.parse(readFileSync(join(folder, 'gateway/presentations.json'), 'utf8')));
  const file = join(data, 'journal.sqlite');
  const opened = await openJournal(file, { sha256 });
  if (!opened.ok) throw new Error(opened.fault.message);
  const journal = opened.value;
  const heads: ChainHead[] = [];
  for (const record of everyKindOfRecord(presentations.holders[2]?.shown ?? '')) {
    await new Promise<void>((resolve, reject) => {
      journal.append([record], (fault, head) => {
        heads.push(head);
        if (fault === undefined) resolve();
        else reject(new Error(fault.message));
      });
    });
  }
  const acknowledged = heads[ACKNOWLEDGED - 1] ?? EMPTY_CHAIN;
  journal.acknowledge(acknowledged);
  const head = journal.head;
  await new Promise<void>((done) => journal.close(done));
  for (const name of readdirSync(data).filter((one) => one.startsWith('journal'))) {
    putPacked(join(folder, 'device', `${name}.gz`), join(data, name));
  }
  put('device/journal.json', { head, acknowledged });

  const document = parseCampaign(JSON.parse(readFileSync('campaigns/youhao-2023.json', 'utf8')));
  if (!document.ok) throw new Error(JSON.stringify(document.fault));
  const campaign = document.value;
  const rules = compileRules({ campaign, sha256, leaseMs: 120_000, merchantOf: () => undefined });
  const signs = createIssuer(rules, issuer, 1);
  const keep = fileKeyValueStore(join(data, 'kept'), (_level, code) => {
    throw new Error(code);
  });
  const device = 'plate-001';
  const chain = { device: device as DeviceId, ...EMPTY_CHAIN, fork: null, forkEvidence: 0 };
  const renewed = renewAllowance(chain, rules, wallMs(MORNING));
  if (renewed === undefined) throw new Error('this campaign takes nothing off line');
  const allowance = signs.allowance(renewed.allowance);
  keep.save('bundle', JSON.stringify(signs.bundle(wallMs(MORNING))));
  keep.save('allowance', JSON.stringify(allowance));
  keep.save('spent', JSON.stringify({ ...SPENT_EXAMPLES.spent, campaign: campaign.id }));
  keep.save('time', JSON.stringify({ bootId: 'boot-1', ...at, heardAt: 5_000 }));
  await keep.settled();
  mkdirSync(join(folder, 'device/kept'), { recursive: true });
  for (const name of readdirSync(join(data, 'kept')))
    copyFileSync(join(data, 'kept', name), join(folder, 'device/kept', name));

  const merchant = campaign.merchants[0];
  put(
    'device.yaml',
    withEverythingPluggedIn(
      deviceConfigExample({
        device,
        merchant: merchant?.id ?? '',
        merchantName: merchant?.name ?? '',
        campaign: campaign.id,
        gatewayUrl: 'mqtt://127.0.0.1:1883',
        password: PASSWORD,
        issuerKey: { number: 1, publicKey: base64url.encode(issuer.publicKey) },
      }),
    ),
  );
  put(
    'gateway.yaml',
    gatewayConfigExample({
      campaign: 'youhao-2023.json',
      devices: [{ id: device, password: PASSWORD, merchant: merchant?.id ?? '' }],
      mqttPort: 1883,
      httpPort: 8080,
    }),
  );
}

/** What the example only shows in comments is said, too. */
const withEverythingPluggedIn = (yaml: string): string =>
  yaml.replace(/^# (?=(scanner|reader|printer|voice|display):)|^# {3}(?=\w+:)/gm, (comment) =>
    comment === '# ' ? '' : '  ',
  );

/** Tables are mostly empty pages. */
function putPacked(to: string, from: string): void {
  if (existsSync(from)) writeFileSync(to, gzipSync(readFileSync(from), { level: 9 }));
}
