/** The whole counter on real pseudo-terminals: the agent's start, its memory, and how long a customer waits for it. */
import { readFileSync } from 'node:fs';
import type { Campaign } from '#protocol/campaign/schema.js';
import { diceOf } from '#simulator/counter/dice.js';
import { type Rig, startRig } from '#simulator/counter/rig.js';
import { AT_REST } from '#simulator/counter/till-client.js';
import { pause } from '#simulator/counter/waiting.js';
import { type Figure, quantile } from './figure.js';

const STARTS = 5;
/** Node gives memory back slowly; what an idle agent keeps shows after half a minute. */
const SETTLE_MS = 30_000;
const SALES = 300;
const LIMIT_MS = 10;

async function withCounter<Value>(campaign: Campaign, use: (rig: Rig) => Promise<Value>): Promise<Value> {
  const rig = await startRig({
    counters: [{ name: 'plate-001', merchant: campaign.merchants[0]?.id ?? '' }],
    campaign,
    dice: diceOf('bench'),
    gateway: 'here',
    clockOffsetMs: Date.parse(`${campaign.window.firstDay}T${campaign.window.opens}:00+08:00`) + 3_600_000 - Date.now(),
  });
  try {
    return await use(rig);
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

/** Both figures hold two hops of inter-process messages, since the virtual hardware has a process of its own. */
export const benchLatency = (campaign: Campaign): Promise<readonly Figure[]> =>
  withCounter(campaign, async (rig) => {
    const counter = rig.counter('plate-001');
    const toCharge: number[] = [];
    const toReceipt: number[] = [];
    let resultAt = 0;
    counter.reader.onEvent(({ kind, state }) => {
      if (kind === 'stage' && state === 'APPROVED') resultAt = performance.now();
    });
    counter.printer.onBytes((bytes) => {
      // A status question is three bytes; what is longer is the receipt.
      if (resultAt === 0 || bytes.length < 8) return;
      toReceipt.push(performance.now() - resultAt);
      resultAt = 0;
    });
    await counter.reader.usually({ kind: 'approve', cardMs: 5, bankMs: 5 });
    for (let n = 0; n < SALES; n++) {
      const wallet = await rig.customer([campaign.tiers[0]?.id ?? '']);
      const order = `B${n}`;
      await counter.till.open(order, 25_990);
      const charged = counter.reader.next(({ kind, state }) => kind === 'stage' && state === 'ACCEPTED');
      const code = wallet.present(rig.now());
      const began = performance.now();
      await counter.scanner.scan(code);
      await charged;
      toCharge.push(performance.now() - began);
      await counter.till.follow(order, ({ state }) => AT_REST.has(state), { withinMs: 30_000, what: 'at rest' });
    }
    await pause(1_000);
    const figure = (name: string, times: readonly number[]): Figure => {
      const p99 = quantile(times, 0.99);
      return {
        name,
        ratio: p99 / LIMIT_MS,
        value: p99,
        unit: 'ms',
        against: `limit ${LIMIT_MS} ms; median ${quantile(times, 0.5).toFixed(2)} ms of ${times.length}, p90 ${quantile(times, 0.9).toFixed(2)}`,
        met: p99 <= LIMIT_MS,
      };
    };
    return [
      figure('scan to charge command, on line, p99', toCharge),
      figure('charge result to first receipt byte, p99', toReceipt),
    ];
  });
