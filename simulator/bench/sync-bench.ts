/**
 * A counter that was offline for a week hands in 10,000 coupons, each with its presentation, while another counter goes on
 * asking: nobody is starved meanwhile. What is measured is the gateway's time; the messages are made before the clock runs.
 */
import { readFileSync } from 'node:fs';
import mqtt, { type MqttClient } from 'mqtt';
import { OUTBOX_WINDOW_BATCHES } from '#device/core/limits.js';
import { decodePresentation } from '#protocol/codes/presentation.js';
import type { DeviceId, MerchantId, OrderNo, ReceiptNo, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { allowanceSchema } from '#protocol/messages/allowance.js';
import type { DownMessage } from '#protocol/messages/down.js';
import { parseDown } from '#protocol/messages/index.js';
import { downTopic, upTopic } from '#protocol/messages/topics.js';
import { sha256 } from '#protocol/node/crypto.js';
import { type ChainHead, EMPTY_CHAIN, extend } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import { withGateway } from './bench-gateway.js';
import { type Figure, quantile } from './figure.js';
import { inFolder } from './in-folder.js';

const REDEMPTIONS = 10_000;
/** Records a batch: three a sale, and under 64 KiB a message with a presentation in each third one. */
const BATCH = 150;
/** `design.md` section 15: sync after a week offline. */
const AIM_S = 2;
const RETURNING = 'bench-0' as DeviceId;
const OTHER = 'bench-1' as DeviceId;

export const benchSync = (): Promise<readonly Figure[]> =>
  inFolder((folder) =>
    withGateway(
      folder,
      [RETURNING, OTHER],
      async ({ port, presentations }) => {
        const codes: readonly string[] = JSON.parse(readFileSync(await presentations(REDEMPTIONS), 'utf8'));
        const [returning, other] = await Promise.all([connect(port, RETURNING), connect(port, OTHER)]);
        const allowance = await greeted(returning);
        // The file is read from its end: each phone's codes in the order in which they were shown.
        const messages = messagesOf(codes.slice(0, REDEMPTIONS).reverse(), allowance);
        const alone = await askOn(other, 'alone', (asked) => asked >= QUESTIONS_BEFORE);
        let isDone = false;
        const meanwhile = askOn(other, 'meanwhile', () => isDone);
        const began = performance.now();
        await handIn(returning, messages);
        const seconds = (performance.now() - began) / 1_000;
        isDone = true;
        const waits = await meanwhile;
        await Promise.all([returning.client.endAsync(true), other.client.endAsync(true)]);
        return figures(seconds, alone, waits);
      },
      REDEMPTIONS,
    ),
  );

const figures = (seconds: number, alone: readonly number[], meanwhile: readonly number[]): readonly Figure[] => [
  {
    name: 'sync: 10,000 offline redemptions arrive',
    ratio: seconds / AIM_S,
    value: seconds,
    unit: 's',
    against: `aim: ${AIM_S} s; each presentation checked, ${OUTBOX_WINDOW_BATCHES} batches on their way at a time, in order`,
    met: seconds <= AIM_S,
  },
  {
    name: 'sync: a question of another counter meanwhile',
    ratio: null,
    value: quantile(meanwhile, 0.5),
    unit: 'ms',
    against: `median of ${meanwhile.length}; p99 ${quantile(meanwhile, 0.99).toFixed(1)} ms; alone ${quantile(alone, 0.5).toFixed(1)} ms; a counter waits 3 s`,
    met: null,
  },
];

/** Until its code is compiled. */
const QUESTIONS_BEFORE = 200;

interface Connection {
  readonly device: DeviceId;
  readonly client: MqttClient;
}

async function connect(port: number, device: DeviceId): Promise<Connection> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
    clientId: device,
    username: device,
    password: 'bench-password',
    protocolVersion: 4,
  });
  client.stream.on('error', () => undefined);
  // As the agent does: else Nagle and the delayed acknowledgement cost 40 ms a batch.
  if ('setNoDelay' in client.stream && typeof client.stream.setNoDelay === 'function') client.stream.setNoDelay(true);
  await client.subscribeAsync(downTopic(device), { qos: 1 });
  return { device, client };
}

const send = ({ device, client }: Connection, payload: string): void => {
  client.publish(upTopic(device), payload, { qos: 1 });
};

/** Resolves with the first answer that `wanted` takes; rejects where the gateway refuses. */
const answer = ({ client }: Connection, wanted: (message: DownMessage) => boolean): Promise<void> =>
  new Promise((resolve, reject) => {
    const hear = (_topic: string, payload: Uint8Array): void => {
      const message = parseDown(payload);
      if (!message.ok) return;
      const { type } = message.value;
      if (type === 'forked' || type === 'rejected') reject(new Error(`the gateway answered ${type}`));
      if (!wanted(message.value)) return;
      client.off('message', hear);
      resolve();
    };
    client.on('message', hear);
  });

/** Says hello, and hears under which allowance it takes coupons from now on. */
async function greeted(counter: Connection): Promise<string> {
  let id: string | undefined;
  const heard = answer(counter, (message) => {
    if (message.type === 'allowance') id = allowanceSchema.parse(JSON.parse(message.payload)).id;
    return id !== undefined;
  });
  send(counter, JSON.stringify({ v: 1, type: 'hello', id: 'h', agent: 'bench', boot: 1, head: EMPTY_CHAIN }));
  await heard;
  if (id === undefined) throw new Error('the gateway issued no allowance');
  return id;
}

interface Batch {
  readonly payload: string;
  readonly last: number;
}

async function handIn(counter: Connection, batches: readonly Batch[]): Promise<void> {
  const answers: Promise<void>[] = [];
  for (const [at, { payload, last }] of batches.entries()) {
    await answers[at - OUTBOX_WINDOW_BATCHES];
    answers.push(answer(counter, (message) => message.type === 'have' && message.seq >= last));
    send(counter, payload);
  }
  await answers.at(-1);
}

/** One question after the other, each durable before it is answered; how long each took, in ms. */
async function askOn(counter: Connection, name: string, isOver: (asked: number) => boolean): Promise<number[]> {
  const waits: number[] = [];
  while (!isOver(waits.length)) {
    const id = `${name}-${waits.length}`;
    const began = performance.now();
    const answered = answer(counter, (message) => message.type === 'authorised' && message.re === id);
    const order = { sale: `s-${id}`, order: `A-${id}`, merchant: 'm1', amountFen: 30_000, mode: 'customer-code' };
    const presented = { kind: 'opaque', code: '6200000000000000000' };
    send(counter, JSON.stringify({ v: 1, type: 'authorise', id, ...order, presented }));
    await answered;
    waits.push(performance.now() - began);
  }
  return waits;
}

function messagesOf(codes: readonly string[], allowance: string): readonly Batch[] {
  const bodies = codes.flatMap((code, n) => sale({ code, n, allowance }).map((record) => JSON.stringify(record)));
  const batches: Batch[] = [];
  let head: ChainHead = EMPTY_CHAIN;
  for (let at = 0; at < bodies.length; at += BATCH) {
    const some = bodies.slice(at, at + BATCH);
    const message = { v: 1, type: 'records', id: String(at), from: head.seq + 1, prev: head.hash, bodies: some };
    head = extend(sha256, head, some);
    batches.push({ payload: JSON.stringify(message), last: head.seq });
  }
  return batches;
}

function sale({
  code,
  n,
  allowance,
}: {
  readonly code: string;
  readonly n: number;
  readonly allowance: string;
}): readonly JournalRecord[] {
  const decoded = decodePresentation(code);
  if (!decoded.ok) throw new Error('the bench made a presentation that cannot be read');
  const { grant, nonce: counter, shownAt } = decoded.value;
  const at = { earliest: shownAt, latest: shownAt };
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
          thresholdFen: fen([10_000, 20_000, 30_000][counter - 1] ?? 10_000),
          by: { kind: 'offline' as const, presentation: code, allowance },
        };
  return [
    { kind: 'opened', sale: id, order, amountFen, at: null },
    {
      kind: 'charging',
      sale: id,
      order,
      merchant: 'm1' as MerchantId,
      amountFen,
      netFen,
      coupon,
      reason: null,
      readerMark: null,
      at,
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
