/** The whole gateway, in process, over real TCP: a real mqtt.js client, real HTTP, a ledger file; a counter and a phone to try it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { afterEach, beforeEach } from 'vitest';
import { checkGatewayConfig } from '#gateway/config/config.js';
import { type RunningGateway, startGateway } from '#gateway/main.js';
import { base64url } from '#protocol/codes/bit-text.js';
import type { PaymentNumber, PaymentSecret } from '#protocol/codes/payment-code.js';
import { sealPresentation } from '#protocol/codes/presentation.js';
import { wallMs } from '#protocol/kernel/time.js';
import type { DownMessage } from '#protocol/messages/down.js';
import { parseDown } from '#protocol/messages/index.js';
import { es256Signer, generatePrivateKey, sha256 } from '#protocol/node/crypto.js';
import { type ChainHead, EMPTY_CHAIN, extend } from '#protocol/records/chain.js';
import { CLAIMS, type ClaimInput, signedClaim } from './claiming-phone.js';
import { MORNING, testCampaign } from './ledger-fixture.js';

/** It is always the same morning; only timers are real. */
const began = performance.now();
export const now = () => wallMs(MORNING + Math.floor(performance.now() - began));
const clock = {
  now,
  wakeAfter(after: number, ring: () => void) {
    const timer = setTimeout(ring, after);
    return () => clearTimeout(timer);
  },
};

export const PASSWORD = 'correct horse';
export const OPERATOR = 'the operator of the day';
export let folder: string;
export let gateway: RunningGateway;
let clients: MqttClient[];

/** Each test of the file has a gateway of its own. */
export function gatewayForEachTest(): void {
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
}

/** The process goes, and another one takes the same folder. */
export async function restartGateway(): Promise<void> {
  await gateway.stop();
  gateway = await start();
}

export function start(): Promise<RunningGateway> {
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
export const closing = (socket: Pick<Socket, 'once'> | MqttClient): Promise<void> =>
  new Promise((resolve) => {
    socket.once('close', () => resolve());
  });

export const base = (): string => `http://127.0.0.1:${gateway.httpPort}`;

// ---------------------------------------------------------------- a counter

export class Counter {
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

export async function connect(options: {
  clientId: string;
  username?: string;
  password?: string;
}): Promise<MqttClient> {
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

export async function counter(device = 'd1'): Promise<Counter> {
  const client = await connect({ clientId: device });
  await client.subscribeAsync(`codeplate/v1/${device}/down`, { qos: 1 });
  return new Counter(device, client);
}

// ---------------------------------------------------------------- a phone

export const signer = es256Signer(generatePrivateKey());
export const person = { phone: '13800138000', idCard: '11010519491231002X', device: 'a1b2c3d4-e5f6' };
export const claimBody = { ...person, tiers: ['s20', 's80'] };

interface Answered {
  readonly results?: readonly { readonly serial?: number; readonly reason?: string }[];
  readonly grant?: string | null;
  readonly token?: string;
  readonly holder?: string;
  readonly payment?: { readonly number: PaymentNumber; readonly secret: string };
}

/** What is no text is signed as a claim of that. */
export async function post(
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

export const get = async (path: string, token?: string) => {
  const response = await fetch(`${base()}${path}`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  return { status: response.status, json: (await response.json()) as Answered };
};

const NO_BYTES = new Uint8Array();

export async function claimGrant(): Promise<{
  grant: Uint8Array;
  token: string;
  holder: string;
  payment: PaymentSecret;
}> {
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

export function present(grantBytes: Uint8Array, counterValue: number, shownAt = now()): string {
  return sealPresentation({ grantBytes, shownAt, nonce: counterValue }, signer);
}
