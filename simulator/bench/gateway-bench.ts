/**
 * What a sale costs the gateway, beside what cannot be had for less on the same machine, in the same run.
 *
 * Throughput: authorise and redeem, both durable, the presentation's signature checked each time, against the round trips
 * that bare aedes gives the same clients at QoS 1 (a sale is two). Latency: one sale alone, against two fdatasync and two
 * of those round trips, and beside two that each wait for a row in the ledger's SQLite. The clients live in a process of
 * their own and share the machine with the gateway, both times.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { withGateway } from './bench-gateway.js';
import { quantile } from './figure.js';
import type { Ask, Load, Stretch } from './gateway-bench-client.js';
import { inFolder } from './in-folder.js';
import { medianFdatasyncMs, withBareCommits, withRawBroker } from './raw-limits.js';

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
  /** An echo that waits for a bare commit of one row in the ledger's SQLite: what SQLite and its thread leave to be had. */
  readonly durableEchoMs: number;
  readonly echoMs: number;
  /** Of this process (broker, gateway, its threads), without the clients: says more than time on a busy machine. */
  readonly cpuMicrosPerSale: number;
  readonly rawCpuMicrosPerSale: number;
  readonly sales: number;
  readonly refused: number;
  readonly devices: number;
  readonly cores: number;
}

/** What a disk needs, and a database on it, between two stretches. */
interface Bare {
  readonly fdatasyncMs: number;
  readonly durableEchoMs: number;
}

/** Each waits for its answer before it asks again. With half as many, two cores idled for a fifth of the time; with twice as many nothing was gained. */
const DEVICES = 512;
const PASSWORD = 'bench-password';
/** A faster machine has fewer rounds. The phones' codes are all made before, and must be younger than a minute when they are shown. */
const SALES_PER_SECOND_AT_MOST = 6_000;
/** Until the code that matters is compiled, in both processes. */
const WARM_UP_MS = 3_000;
/** Some commits long, and short enough that a busy second falls on one pair. */
const STRETCH_MS = 2_000;
/** As long as some commits: until every device is waiting for its own. */
const RAMP_MS = 300;
const ROUNDS = 6;
const LONE_STRETCH_MS = 600;
const LONE_ROUNDS = 15;
const LONE_SALES = 12_000;

export const benchGateway = ({ rounds = ROUNDS }: { readonly rounds?: number } = {}): Promise<GatewayBench> =>
  inFolder((folder) => {
    const devices = Array.from({ length: DEVICES }, (_, n) => `bench-${n}`);
    const manySales = Math.ceil(((WARM_UP_MS + rounds * STRETCH_MS) / 1000) * SALES_PER_SECOND_AT_MOST);
    return withRawBroker((rawPort) =>
      withGateway(
        folder,
        [...devices, 'lone'],
        async ({ port, presentations }) => {
          const many = await paired(
            { kind: 'echo', port: rawPort, password: PASSWORD, devices, presentations: null },
            { kind: 'sale', port, password: PASSWORD, devices, presentations: await presentations(manySales) },
            { rounds, forMs: STRETCH_MS, rampMs: RAMP_MS, between: () => Promise.resolve(undefined) },
          );
          const shown = await presentations(LONE_SALES);
          const alone = await measureAlone(folder, { rawPort, port, shown });
          return figures(many, alone);
        },
        LONE_SALES + manySales,
      ),
    );
  });

interface Lone {
  readonly rawPort: number;
  readonly port: number;
  /** File of presentations. */
  readonly shown: string;
}

const measureAlone = (folder: string, { rawPort, port, shown }: Lone): Promise<readonly Round<Bare>[]> =>
  withBareCommits(join(folder, 'commits.db'), (keep) =>
    withRawBroker(async (durablePort) => {
      const echo: Omit<Load, 'port'> = { kind: 'echo', password: PASSWORD, devices: ['lone'], presentations: null };
      const durable = await startClients({ ...echo, port: durablePort });
      const stretch = { forMs: LONE_STRETCH_MS, rampMs: 0 };
      const between = async (): Promise<Bare> => ({
        fdatasyncMs: medianFdatasyncMs(join(folder, 'sync'), 60),
        durableEchoMs: (await durable.stretch(stretch)).medianMs,
      });
      try {
        await durable.stretch({ ...stretch, forMs: WARM_UP_MS });
        return await paired(
          { ...echo, port: rawPort },
          { ...echo, kind: 'sale', port, presentations: shown },
          { ...stretch, rounds: LONE_ROUNDS, between },
        );
      } finally {
        await durable.stop();
      }
    }, keep),
  );

function figures(many: readonly Round<undefined>[], alone: readonly Round<Bare>[]): GatewayBench {
  const floorOf = ({ raw, between }: Round<Bare>): number => 2 * between.fdatasyncMs + 2 * raw.medianMs;
  const over = <Between>(rounds: readonly Round<Between>[], value: (round: Round<Between>) => number): number =>
    median(rounds.map(value));
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
    fdatasyncMs: over(alone, ({ between }) => between.fdatasyncMs),
    durableEchoMs: over(alone, ({ between }) => between.durableEchoMs),
    echoMs: over(alone, ({ raw }) => raw.medianMs),
    cpuMicrosPerSale: over(many, ({ sale }) => sale.cpuMicros / sale.all),
    rawCpuMicrosPerSale: over(many, ({ raw }) => (raw.cpuMicros / raw.all) * 2),
    sales: many.reduce((sum, { sale }) => sum + sale.all, 0),
    refused: [...many, ...alone].reduce((sum, { sale }) => sum + sale.refused, 0),
    devices: DEVICES,
    cores: availableParallelism(),
  };
}

const perSecond = ({ done, tookMs }: Stretch): number => (done / tookMs) * 1000;
const median = (values: readonly number[]): number => quantile(values, 0.5);

// ---------------------------------------------------------------- in turns

interface Round<Between> {
  readonly raw: Measured;
  readonly sale: Measured;
  readonly between: Between;
}

/**
 * The limit and the gateway by turns, some seconds each, and the ratio of each pair: what else the machine does in a
 * minute then falls on both alike.
 */
async function paired<Between>(
  echoes: Load,
  sales: Load,
  { rounds, between, ...stretch }: Ask & { readonly rounds: number; readonly between: () => Promise<Between> },
): Promise<readonly Round<Between>[]> {
  const [raw, sale] = await Promise.all([startClients(echoes), startClients(sales)]);
  try {
    await raw.stretch({ forMs: WARM_UP_MS, rampMs: 0 });
    await sale.stretch({ forMs: WARM_UP_MS, rampMs: 0 });
    const done: Round<Between>[] = [];
    for (let round = 0; round < rounds; round++) {
      const pair = { raw: await raw.stretch(stretch), between: await between(), sale: await sale.stretch(stretch) };
      if (pair.sale.hasRunOut) break;
      done.push(pair);
    }
    return done;
  } finally {
    await Promise.all([raw.stop(), sale.stop()]);
  }
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

async function startClients(load: Load): Promise<{ stretch(asked: Ask): Promise<Measured>; stop(): Promise<void> }> {
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
    async stretch(asked) {
      const before = process.cpuUsage();
      const result = (await ask(asked)) as Stretch;
      const { user, system } = process.cpuUsage(before);
      return { ...result, cpuMicros: user + system };
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
