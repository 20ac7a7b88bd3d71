/** The whole counter on real pseudo-terminals: the agent's start, its memory, and how long a customer waits for it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { Campaign } from '#protocol/campaign/schema.js';
import { movedToToday } from '../counter/campaign-copy.js';
import type { Counter } from '../counter/counter.js';
import { diceOf } from '../counter/dice.js';
import { type Rig, startRig } from '../counter/rig.js';
import { AT_REST } from '../counter/till-client.js';
import { pause } from '../processes/waiting.js';
import type { Wallet } from '../wallets/wallet.js';
import { type Figure, quantile } from './figure.js';
import { medianFdatasyncMs } from './raw-limits.js';

const STARTS = 5;
/** Node gives memory back slowly; what an idle agent keeps shows after half a minute. */
const SETTLE_MS = 30_000;
/** Enough for a hundredth of them to be more than the first sale and one accident. */
const SALES = 600;
const LIMIT_MS = 10;
const RESTED_FDATASYNCS = 40;
/** Long enough for all that follows a sale; a real customer takes a hundred times as long. */
const BETWEEN_CUSTOMERS_MS = 50;
/** `DLE EOT n`; what is longer is the receipt. */
const STATUS_QUESTION_BYTES = 3;

async function withCounter<Value>(
  campaign: Campaign,
  use: (rig: Rig, campaign: Campaign) => Promise<Value>,
): Promise<Value> {
  const rig = await startRig({
    counters: [{ name: 'plate-001', merchant: campaign.merchants[0]?.id ?? '' }],
    campaign: movedToToday(campaign, Date.now()),
    dice: diceOf('bench'),
    measured: true,
  });
  try {
    return await use(rig, campaign);
  } finally {
    await rig.stop();
  }
}

export const benchAgent = (campaign: Campaign): Promise<readonly Figure[]> =>
  withCounter(campaign, async (rig) => {
    const counter = rig.counter('plate-001');
    const starts: number[] = [];
    for (let n = 0; n < STARTS; n++) {
      await counter.stop();
      const began = performance.now();
      await counter.start();
      starts.push(performance.now() - began);
    }
    await counter.ready();
    await pause(SETTLE_MS);
    const megabytes = residentKiB(counter.pid) / 1_024;
    const start = quantile(starts, 0.5) / 1_000;
    return [
      {
        name: 'agent: from spawn to ready, median',
        ratio: start / 1,
        value: start,
        unit: 's',
        against: 'limit 1 s, aim 0.5 s',
        met: start <= 1,
      },
      {
        name: 'agent: resident memory when idle',
        ratio: megabytes / 90,
        value: megabytes,
        unit: 'MB',
        against: 'limit 90 MB, aim 80 MB',
        met: megabytes <= 90,
      },
    ];
  });

function residentKiB(pid: number | undefined): number {
  if (pid === undefined) return Number.NaN;
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN);
}

/**
 * What the agent itself takes, as it shows at the ports of an otherwise idle counter.
 *
 * - From when a scan has been read (just before its bytes go into the port) to when the reader has the charge command: the
 *   scan's way in, both journal records, and the question to the gateway, a process of its own on this machine.
 * - From when the reader has its result (just before it says so) to when the printer has a receipt's first bytes.
 *
 * Each time is taken by the hardware's process as it happens, on a clock that all processes share: what this bench does
 * with the news of it is not counted. Nor are a scanner's and a reader's bytes on the line, which come whole: 300 at
 * 9600 Bd take 312 ms, and no agent makes that less. One sale at a time, paper and all, and then a rest, as at a counter:
 * the agent gets no warmer than it would there. Till and hardware are other machines in life: here they keep still while
 * a customer waits, and nothing of theirs is compiled on the agent's cores.
 */
export async function benchLatency(campaign: Campaign): Promise<readonly Figure[]> {
  setFlagsFromString('--no-opt');
  try {
    return await withCounter(campaign, latenciesAt);
  } finally {
    setFlagsFromString('--opt');
  }
}

async function latenciesAt(rig: Rig, campaign: Campaign): Promise<readonly Figure[]> {
  const counter = rig.counter('plate-001');
  const stamps = stampsOf(counter);
  await counter.reader.usually({ kind: 'approve', cardMs: 5, bankMs: 5 });
  const toCharge: number[] = [];
  const toReceipt: number[] = [];
  // Claimed beforehand: the gateway has nothing else to do while a customer pays.
  const wallets: Wallet[] = [];
  for (let n = 0; n < SALES; n++) wallets.push(await rig.customer([campaign.tiers[0]?.id ?? '']));
  for (const [n, wallet] of wallets.entries()) {
    const order = `B${n}`;
    await counter.till.open(order, 25_990);
    const printed = counter.printer.next(({ kind }) => kind === 'printed');
    await counter.scanner.scan(wallet.present(rig.now()));
    await printed;
    await counter.till.follow(order, ({ state }) => AT_REST.has(state), { withinMs: 30_000, what: 'at rest' });
    const { read, charged, result, receipt } = stamps.take();
    toCharge.push(charged - read);
    toReceipt.push(receipt - result);
    await pause(BETWEEN_CUSTOMERS_MS);
  }
  const disk = await bareFdatasync(path.join(rig.folder, 'sync'));
  return [
    latency('scan to charge command, online, p99', toCharge, disk),
    latency('charge result to first receipt byte, p99', toReceipt, disk),
  ];
}

function latency(name: string, times: readonly number[], disk: string): Figure {
  const [p50, p90, max] = [0.5, 0.9, 1].map((part) => quantile(times, part).toFixed(1));
  const value = quantile(times, 0.99);
  return {
    name,
    ratio: value / LIMIT_MS,
    value,
    unit: 'ms',
    against: `limit ${LIMIT_MS} ms; of ${times.length}: median ${p50}, p90 ${p90}, max ${max}; ${disk}`,
    met: value <= LIMIT_MS,
  };
}

/** A disk that has rested, as it has at a counter, may take ten times as long as one that is kept busy. */
async function bareFdatasync(file: string): Promise<string> {
  const busyMs = medianFdatasyncMs(file);
  const rested: number[] = [];
  for (let n = 0; n < RESTED_FDATASYNCS; n++) {
    await pause(BETWEEN_CUSTOMERS_MS);
    rested.push(medianFdatasyncMs(file, 1));
  }
  const ms = (value: number): string => value.toFixed(2);
  return `a bare fdatasync took ${ms(busyMs)}, after such a rest ${ms(quantile(rested, 0.5))}`;
}

/** When the four things of the sale under way happened; NaN where one hasn't. */
interface Stamps {
  read: number;
  charged: number;
  result: number;
  receipt: number;
}

function stampsOf(counter: Counter): { take(): Stamps } {
  const none: Stamps = { read: Number.NaN, charged: Number.NaN, result: Number.NaN, receipt: Number.NaN };
  let stamps = { ...none };
  counter.scanner.onEvent(({ kind }, at) => {
    if (kind === 'read') stamps.read = at;
  });
  counter.reader.onEvent(({ kind, state }, at) => {
    if (kind === 'stage' && state === 'ACCEPTED') stamps.charged = at;
    if (kind === 'stage' && state === 'APPROVED') stamps.result = at;
  });
  counter.printer.onBytes((bytes, at) => {
    const receiptsFirst = Number.isNaN(stamps.receipt) && bytes.length > STATUS_QUESTION_BYTES;
    if (receiptsFirst) stamps.receipt = at;
  });
  return {
    take() {
      const taken = stamps;
      stamps = { ...none };
      return taken;
    },
  };
}
