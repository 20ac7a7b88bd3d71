/** The counter's parts by themselves: the journal beside the bare disk, a receipt's rendering, a week's sync. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { openJournal } from '#device/adapters/sqlite-journal.js';
import { OUTBOX_WINDOW_BATCHES } from '#device/core/limits.js';
import { receiptDocument, sampleReceipt } from '#device/core/receipt.js';
import { printerModels, renderReceipt, warmUp } from '#device/drivers/printers/index.js';
import type { Journal } from '#device/ports/journal.js';
import { decodePresentation } from '#protocol/codes/presentation.js';
import type { DeviceId, OrderNo, ReceiptNo, SaleId } from '#protocol/ids.js';
import { parseDown } from '#protocol/messages/index.js';
import { downTopic, upTopic } from '#protocol/messages/topics.js';
import { fen } from '#protocol/money.js';
import { sha256 } from '#protocol/node-crypto.js';
import { type ChainHead, EMPTY_CHAIN, extend } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import { type Figure, quantile } from './figure.js';
import { medianFdatasyncMs, withGateway } from './gateway-bench.js';

const APPENDS = 300;
const GROUPS = 20;
const GROUP = 500;
const RENDERS = 200;

async function inFolder<Value>(use: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = mkdtempSync(join(tmpdir(), 'codeplate-bench-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const opened = (n: number): JournalRecord => ({
  kind: 'opened',
  sale: `s${n}` as SaleId,
  order: `A${n}` as OrderNo,
  amountFen: fen(25_990),
  at: null,
});

const append = (journal: Journal, records: readonly JournalRecord[]): Promise<void> =>
  new Promise((resolve, reject) =>
    journal.append(records, (fault) => (fault === undefined ? resolve() : reject(new Error(fault.message)))),
  );

export const benchJournal = (): Promise<readonly Figure[]> =>
  inFolder(async (folder) => {
    const fdatasyncMs = medianFdatasyncMs(join(folder, 'sync'));
    const result = await openJournal(join(folder, 'journal.sqlite'), { sha256 });
    if (!result.ok) throw new Error(result.fault.message);
    const journal = result.value;
    const times: number[] = [];
    for (let n = 0; n < APPENDS; n++) {
      const began = performance.now();
      await append(journal, [opened(n)]);
      times.push(performance.now() - began);
    }
    const began = performance.now();
    for (let group = 0; group < GROUPS; group++)
      await append(
        journal,
        Array.from({ length: GROUP }, (_, n) => opened(n)),
      );
    const perSecond = (GROUPS * GROUP) / ((performance.now() - began) / 1_000);
    await new Promise<void>((done) => journal.close(done));
    const median = quantile(times, 0.5);
    return [
      {
        name: 'journal: one record, durable, median',
        ratio: median / fdatasyncMs,
        value: median,
        unit: 'ms',
        against: `a bare fdatasync took ${fdatasyncMs.toFixed(2)} ms`,
        met: null,
      },
      {
        name: `journal: records in groups of ${GROUP}`,
        ratio: null,
        value: perSecond,
        unit: 'records/s',
        against: 'durable, hash-chained',
        met: null,
      },
    ];
  });

export async function benchReceipt(): Promise<readonly Figure[]> {
  return [...printerModels.values()].map((model): Figure => {
    const layout = { columns: model.columns, language: 'zh' } as const;
    warmUp(model, sampleReceipt(layout));
    const times: number[] = [];
    for (let n = 0; n < RENDERS; n++) {
      const began = performance.now();
      renderReceipt(receiptDocument(facts(n), layout), model);
      times.push(performance.now() - began);
    }
    const p99 = quantile(times, 0.99);
    return {
      name: `receipt: rendered for ${model.name}, p99`,
      ratio: null,
      value: p99,
      unit: 'ms',
      against: `median ${quantile(times, 0.5).toFixed(2)} ms; within the 10 ms to the first byte`,
      met: p99 <= 10,
    };
  });
}

const facts = (n: number): Parameters<typeof receiptDocument>[0] => ({
  kind: 'sale',
  copy: 'original',
  receipt: `plate-001-s${n}` as ReceiptNo,
  merchant: '伊春市友好区鑫亿家百货超市',
  device: 'plate-001',
  order: `A${n}` as OrderNo,
  time: '2023-03-28 10:00:00',
  netFen: fen(21_990),
  amountFen: fen(25_990),
  card: { scheme: 'UNIONPAY', last4: '0042', auth: '000001', rrn: '900001000001' },
  campaign: { name: '“畅购友好·乐享消费”惠民消费季', line: '伊春市友好区人民政府' },
  coupon: { faceFen: fen(4_000), thresholdFen: fen(20_000), offline: false },
  noCoupon: null,
});

const REDEMPTIONS = 10_000;
/** Records a batch: three a sale, and under 64 KiB a message with a presentation in each third one. */
const BATCH = 150;

/** A counter that was off line for a week hands in 10,000 coupons, each with its presentation. */
export const benchSync = (): Promise<readonly Figure[]> =>
  inFolder(async (folder) => {
    const device = 'bench-0' as DeviceId;
    const took = await withGateway(
      folder,
      [device],
      async ({ port, presentations }) => {
        const { readFileSync } = await import('node:fs');
        const codes: readonly string[] = JSON.parse(readFileSync(await presentations(REDEMPTIONS), 'utf8'));
        const bodies = codes
          .slice(0, REDEMPTIONS)
          .flatMap((code, n) => sale(code, n).map((record) => JSON.stringify(record)));
        const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
          clientId: device,
          username: device,
          password: 'bench-password',
          protocolVersion: 4,
        });
        client.stream.on('error', () => undefined);
        // As the agent does: else Nagle and the delayed acknowledgement cost 40 ms a batch.
        if ('setNoDelay' in client.stream && typeof client.stream.setNoDelay === 'function') client.stream.setNoDelay();
        await client.subscribeAsync(downTopic(device), { qos: 1 });
        const batches = messagesOf(bodies);
        const began = performance.now();
        const answers: Promise<void>[] = [];
        for (const [at, { payload, last }] of batches.entries()) {
          await answers[at - OUTBOX_WINDOW_BATCHES];
          answers.push(have(client, last));
          client.publish(upTopic(device), payload, { qos: 1 });
        }
        await answers.at(-1);
        const ms = performance.now() - began;
        await client.endAsync(true);
        return ms;
      },
      REDEMPTIONS,
    );
    const seconds = took / 1_000;
    return [
      {
        name: 'sync: 10,000 offline redemptions arrive',
        ratio: seconds / 2,
        value: seconds,
        unit: 's',
        against: 'aim: 2 s; each presentation checked, two batches on their way at a time, in order',
        met: seconds <= 2,
      },
    ];
  });

/** Made before the clock runs: that is the counter's own time, and it has a week for it. */
function messagesOf(bodies: readonly string[]): readonly { readonly payload: string; readonly last: number }[] {
  const messages = [];
  let head: ChainHead = EMPTY_CHAIN;
  for (let at = 0; at < bodies.length; at += BATCH) {
    const some = bodies.slice(at, at + BATCH);
    const message = { v: 1, type: 'records', id: String(at), from: head.seq + 1, prev: head.hash, bodies: some };
    head = extend(sha256, head, some);
    messages.push({ payload: JSON.stringify(message), last: head.seq });
  }
  return messages;
}

const have = (client: mqtt.MqttClient, seq: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const hear = (_topic: string, payload: Uint8Array): void => {
      const message = parseDown(payload);
      if (!message.ok || message.value.type === 'beacon') return;
      if (message.value.type === 'forked' || message.value.type === 'rejected')
        reject(new Error(`the gateway answered ${message.value.type}`));
      if (message.value.type !== 'have' || message.value.seq < seq) return;
      client.off('message', hear);
      resolve();
    };
    client.on('message', hear);
  });

function sale(code: string, n: number): readonly JournalRecord[] {
  const decoded = decodePresentation(code);
  if (!decoded.ok) throw new Error('the bench made a presentation that cannot be read');
  const { grant, counter } = decoded.value;
  const serial = grant.serials[counter - 1] ?? null;
  const id = `s${n}-bench0` as SaleId;
  const order = `A${n}` as OrderNo;
  const [amountFen, faceFen] = [fen(40_000), fen([2_000, 4_000, 8_000][counter - 1] ?? 2_000)];
  const netFen = fen(amountFen - faceFen);
  const card = { auth: '1', rrn: '1', last4: '0042', scheme: 'UNIONPAY', readerTime: '' };
  const coupon =
    serial === null
      ? null
      : {
          serial,
          tier: `f${faceFen}`,
          faceFen,
          thresholdFen: fen(10_000),
          by: { kind: 'offline' as const, presentation: code, allowance: 'a-1' },
        };
  return [
    { kind: 'opened', sale: id, order, amountFen, at: null },
    {
      kind: 'charging',
      sale: id,
      order,
      merchant: 'm1' as never,
      amountFen,
      netFen,
      coupon,
      reason: null,
      readerMark: null,
      at: null,
    },
    {
      kind: 'settled',
      sale: id,
      order,
      amountFen,
      netFen,
      serial,
      faceFen,
      receipt: `r${n}` as ReceiptNo,
      card,
      at: null,
    },
  ];
}
