/**
 * What a sale costs the gateway, beside what cannot be had for less on the same machine, in the same run.
 *
 * Throughput: authorise and redeem, both durable, the presentation's signature checked each time, against the round trips
 * that bare aedes gives the same clients at QoS 1 (a sale is two). Latency: one sale alone, against two fdatasync and two
 * of those round trips. The clients live in a process of their own and share the machine with the gateway, both times.
 */
import { fork } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aedes } from 'aedes';
import { aedesBroker } from '#gateway/adapters/aedes-broker.js';
import { poolVerifier } from '#gateway/adapters/pool-verifier.js';
import { openSqliteLedger } from '#gateway/adapters/sqlite-ledger.js';
import { systemClock } from '#gateway/adapters/system-clock.js';
import { createIssuer } from '#gateway/core/issuer.js';
import { compileRules, type Rules } from '#gateway/core/rules.js';
import { createGatewayLoop, type GatewayLoop } from '#gateway/loop.js';
import { type Campaign, campaignSchema } from '#protocol/campaign/schema.js';
import { encodePresentation, holderIdOf, presentationBytesToSign } from '#protocol/codes/presentation.js';
import type { Es256Signer } from '#protocol/crypto.js';
import type { CouponSerial, DeviceId } from '#protocol/ids.js';
import { downTopic } from '#protocol/messages/topics.js';
import { es256Signer, generatePrivateKey, sha256 } from '#protocol/node-crypto.js';
import { wallMs } from '#protocol/time.js';
import type { Ask, Load, Stretch } from './gateway-bench-client.js';

export interface GatewayBench {
  /** Of the sales that bare round trips would allow: the higher the better. */
  readonly throughputRatio: number;
  /** Of two fdatasync and two round trips: the lower the better. */
  readonly latencyRatio: number;
  readonly salesPerSecond: number;
  readonly rawEchoesPerSecond: number;
  readonly rawSalesPerSecond: number;
  readonly saleP99Ms: number;
  readonly loneSaleMs: number;
  readonly loneFloorMs: number;
  readonly fdatasyncMs: number;
  readonly echoMs: number;
  /** Of this process (broker, gateway, its threads), without the clients: says more than time on a busy machine. */
  readonly cpuMicrosPerSale: number;
  readonly rawCpuMicrosPerSale: number;
  readonly sales: number;
  readonly refused: number;
  readonly devices: number;
  readonly cores: number;
}

/** Enough to keep both cores busy; each waits for its answer before it asks again. */
const DEVICES = 256;
const PASSWORD = 'bench-password';
/** A faster machine has fewer rounds. The phones' codes are all made before, and must be younger than a minute when they are shown. */
const SALES_PER_SECOND_AT_MOST = 6_000;
const COUPONS_PER_HOLDER = 3;
/** Until the code that matters is compiled, in both processes. */
const WARM_UP_MS = 3_000;
/** Some commits long, and short enough that a busy second falls on one pair. */
const STRETCH_MS = 1_500;
const ROUNDS = 7;
const LONE_STRETCH_MS = 600;
const LONE_ROUNDS = 15;
const LONE_SALES = 12_000;

export async function benchGateway({ rounds = ROUNDS }: { readonly rounds?: number } = {}): Promise<GatewayBench> {
  const folder = mkdtempSync(join(tmpdir(), 'codeplate-bench-'));
  try {
    const devices = Array.from({ length: DEVICES }, (_, n) => `bench-${n}`);
    const manySales = Math.ceil(((WARM_UP_MS + rounds * STRETCH_MS) / 1000) * SALES_PER_SECOND_AT_MOST);
    return await withRawBroker((rawPort) =>
      withGateway(
        folder,
        [...devices, 'lone'],
        async ({ port, presentations }) => {
          const many = await paired(
            { kind: 'echo', port: rawPort, password: PASSWORD, devices, presentations: null },
            { kind: 'sale', port, password: PASSWORD, devices, presentations: await presentations(manySales) },
            { rounds, forMs: STRETCH_MS, between: () => 0 },
          );
          const alone = await paired(
            { kind: 'echo', port: rawPort, password: PASSWORD, devices: ['lone'], presentations: null },
            {
              kind: 'sale',
              port,
              password: PASSWORD,
              devices: ['lone'],
              presentations: await presentations(LONE_SALES),
            },
            { rounds: LONE_ROUNDS, forMs: LONE_STRETCH_MS, between: () => medianFdatasyncMs(join(folder, 'sync'), 60) },
          );
          return figures(many, alone);
        },
        LONE_SALES + manySales,
      ),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function figures(many: readonly Round[], alone: readonly Round[]): GatewayBench {
  const floorOf = ({ raw, between }: Round): number => 2 * between + 2 * raw.medianMs;
  const over = (rounds: readonly Round[], value: (round: Round) => number): number => median(rounds.map(value));
  const rawEchoesPerSecond = over(many, ({ raw }) => perSecond(raw));
  return {
    throughputRatio: over(many, ({ raw, sale }) => perSecond(sale) / (perSecond(raw) / 2)),
    latencyRatio: over(alone, (round) => round.sale.medianMs / floorOf(round)),
    salesPerSecond: over(many, ({ sale }) => perSecond(sale)),
    rawEchoesPerSecond,
    rawSalesPerSecond: rawEchoesPerSecond / 2,
    saleP99Ms: over(many, ({ sale }) => sale.p99Ms),
    loneSaleMs: over(alone, ({ sale }) => sale.medianMs),
    loneFloorMs: over(alone, floorOf),
    fdatasyncMs: over(alone, ({ between }) => between),
    echoMs: over(alone, ({ raw }) => raw.medianMs),
    cpuMicrosPerSale: over(many, ({ sale }) => sale.cpuMicros / sale.done),
    rawCpuMicrosPerSale: over(many, ({ raw }) => (raw.cpuMicros / raw.done) * 2),
    sales: many.reduce((sum, { sale }) => sum + sale.done, 0),
    refused: [...many, ...alone].reduce((sum, { sale }) => sum + sale.refused, 0),
    devices: DEVICES,
    cores: availableParallelism(),
  };
}

const perSecond = ({ done, tookMs }: Stretch): number => (done / tookMs) * 1000;
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

// ---------------------------------------------------------------- in turns

interface Round {
  readonly raw: Measured;
  readonly sale: Measured;
  readonly between: number;
}

/**
 * The limit and the gateway by turns, some seconds each, and the ratio of each pair: what else the machine does in a
 * minute then falls on both alike.
 */
async function paired(
  echoes: Load,
  sales: Load,
  { rounds, forMs, between }: { readonly rounds: number; readonly forMs: number; readonly between: () => number },
): Promise<readonly Round[]> {
  const [raw, sale] = await Promise.all([startClients(echoes), startClients(sales)]);
  try {
    await raw.stretch(WARM_UP_MS);
    await sale.stretch(WARM_UP_MS);
    const done: Round[] = [];
    for (let round = 0; round < rounds; round++) {
      const pair = { raw: await raw.stretch(forMs), between: between(), sale: await sale.stretch(forMs) };
      if (pair.sale.tookMs < forMs) break; // the codes have run out
      done.push(pair);
    }
    return done;
  } finally {
    await Promise.all([raw.stop(), sale.stop()]);
  }
}

// ---------------------------------------------------------------- the limit

async function withRawBroker<Value>(use: (port: number) => Promise<Value>): Promise<Value> {
  const aedes = await Aedes.createBroker();
  aedes.on('publish', ({ topic, payload }, client) => {
    if (client === null || !topic.endsWith('/up')) return;
    const reply = downTopic(client.id as DeviceId);
    client.publish({ cmd: 'publish', topic: reply, payload, qos: 1, retain: false, dup: false }, () => undefined);
  });
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    aedes.handle(socket);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  try {
    return await use(port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((closed) => aedes.close(() => closed()));
    await new Promise<void>((closed) => server.close(() => closed()));
  }
}

/** Appending a page and waiting until it is on the disk: the least that a durable answer can cost. */
export function medianFdatasyncMs(file: string, times = 300): number {
  const page = Buffer.alloc(4_096, 1);
  const took: number[] = [];
  const handle = openSync(file, 'w');
  for (let at = 0; at < times; at++) {
    const began = performance.now();
    writeSync(handle, page);
    fdatasyncSync(handle);
    took.push(performance.now() - began);
  }
  closeSync(handle);
  return median(took);
}

// ---------------------------------------------------------------- the gateway

interface Running {
  readonly port: number;
  /** Writes so many fresh presentations into a file, of holders who have coupons left. */
  presentations(count: number): Promise<string>;
}

export async function withGateway<Value>(
  folder: string,
  devices: readonly string[],
  use: (running: Running) => Promise<Value>,
  sales: number,
): Promise<Value> {
  const rules = compileRules({ campaign: benchCampaign(Math.ceil(sales / COUPONS_PER_HOLDER)), sha256 });
  const issuer = createIssuer(rules, es256Signer(generatePrivateKey()), 1);
  const ledger = await openSqliteLedger(join(folder, 'ledger.db'), rules);
  const verifier = poolVerifier({ campaign: rules.campaign.id, issuerKeys: issuer.issuerKeys });
  const known = new Set(devices);
  const broker = aedesBroker({ host: '127.0.0.1', port: 0, isDevice: (device) => known.has(device) });
  const loop = createGatewayLoop({
    ledger,
    broker,
    verifier,
    clock: systemClock(),
    sha256,
    bundle: issuer.bundle(wallMs(Date.now())),
    campaign: rules.campaign.id,
  });
  await called((done) => loop.start(() => done()));
  const signers = Array.from({ length: Math.ceil(sales / COUPONS_PER_HOLDER) }, () =>
    es256Signer(generatePrivateKey()),
  );
  const phones = await Promise.all(
    signers.map(async (signer, at): Promise<Phone> => {
      const serials = await claimAll(loop, rules, signer, at);
      const [grant] = issuer.grants(signer.publicKey, serials);
      if (grant === undefined) throw new Error('a phone was given nothing');
      verifier.issued(grant);
      return { signer, grant };
    }),
  );
  let files = 0;
  try {
    return await use({
      port: broker.port,
      async presentations(count) {
        files += 1;
        const file = join(folder, `shown-${files}.json`);
        const some = phones.splice(0, Math.ceil(count / COUPONS_PER_HOLDER));
        // One each, then the second of each: as far apart as one phone's sales can be.
        const codes = Array.from({ length: COUPONS_PER_HOLDER }, (_, n) =>
          some.map((phone) => show(phone, n + 1)),
        ).flat();
        writeFileSync(file, JSON.stringify(codes.reverse()));
        return file;
      },
    });
  } finally {
    await called((done) => loop.stop(done));
    await called((done) => broker.close(done));
    await called((done) => verifier.close(done));
    await called((done) => ledger.close(done));
  }
}

interface Phone {
  readonly signer: Es256Signer;
  readonly grant: Uint8Array;
}

function show({ signer, grant }: Phone, counter: number): string {
  const shownAt = wallMs(Date.now());
  const signature = signer.sign(presentationBytesToSign(grant, shownAt, counter));
  return encodePresentation({ grantBytes: grant, shownAt, counter, signature });
}

function claimAll(loop: GatewayLoop, rules: Rules, signer: Es256Signer, at: number): Promise<readonly CouponSerial[]> {
  const identity = { phone: sha256(`p${at}`), idCard: sha256(`i${at}`), device: sha256(`d${at}`) };
  const tiers = rules.campaign.tiers.map(({ id }) => id);
  const paymentCode = `62${String(at).padStart(17, '0')}`;
  return new Promise((resolve, reject) => {
    loop.claim(
      { kind: 'claim', holder: holderIdOf(signer.publicKey), identity, tiers, paymentCode },
      (fault, outcome) => {
        if (outcome?.kind === 'claimed') resolve(outcome.serials);
        else reject(new Error(fault?.message ?? 'no outcome'));
      },
    );
  });
}

/** Open all day, today; as many coupons as are asked for, and otherwise the reference campaign's shape. */
function benchCampaign(holders: number): Campaign {
  const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const tier = (faceFen: number, thresholdFen: number) => ({
    id: `f${faceFen}`,
    faceFen,
    thresholdFen,
    quantity: holders,
    modes: ['customer-code'],
  });
  return campaignSchema.parse({
    format: 1,
    id: 'bench',
    version: 1,
    name: '压力测试',
    nameEn: 'Bench',
    receiptLine: '',
    window: { timeZone: 'UTC', firstDay: day, days: 7, opens: '00:00', closes: '24:00' },
    claim: {
      opens: { day, time: '00:00' },
      perPersonPerTier: 1,
      samePerson: 'any',
      identifiers: ['phone', 'idCard', 'device'],
      geofence: null,
    },
    tiers: [tier(2_000, 10_000), tier(4_000, 20_000), tier(8_000, 30_000)],
    choice: 'largest-face',
    couponsPerPayment: 1,
    refund: 'stays-used',
    offline: {
      permitted: true,
      maxCoupons: 20,
      maxFaceFen: 100_000,
      maxPerHolder: 1,
      maxSyncAgeHours: 24,
      conflictAccount: 'bank',
      fullPriceWithoutJournal: true,
    },
    plateCapFen: null,
    splitGuard: null,
    merchants: [{ id: 'm1', name: '商店', category: '超市' }],
    sponsors: [{ id: 'district', name: '区政府', shareBasisPoints: 10_000 }],
    budgetFen: holders * 14_000,
  });
}

// ---------------------------------------------------------------- the clients

/** The clients' process runs built code, also where this file runs from its source. */
const CLIENT = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/simulator/bench/gateway-bench-client.js', import.meta.url)
  : new URL('./gateway-bench-client.js', import.meta.url);

/** With the CPU time that this process spent meanwhile. */
interface Measured extends Stretch {
  readonly cpuMicros: number;
}

async function startClients(load: Load): Promise<{ stretch(forMs: number): Promise<Measured>; stop(): Promise<void> }> {
  const child = fork(CLIENT, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ask = (message: Load | Ask): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const failed = (): void => reject(new Error('the clients ended early'));
      child.once('exit', failed);
      child.once('message', (answer) => {
        child.off('exit', failed);
        resolve(answer);
      });
      child.send(message);
    });
  await ask(load);
  return {
    async stretch(forMs) {
      const before = process.cpuUsage();
      const result = (await ask({ forMs })) as Stretch;
      const { user, system } = process.cpuUsage(before);
      return { ...result, cpuMicros: user + system };
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

const called = (call: (done: () => void) => void): Promise<void> => new Promise((resolve) => call(resolve));
