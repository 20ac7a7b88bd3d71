/**
 * The load of `gateway-bench.ts`, in a process of its own: devices with a real MQTT client each, which ask, wait for the
 * answer, and ask again. An echo is a message and its reply; a sale is two of them: authorise, then the records.
 */
import { readFileSync } from 'node:fs';
import mqtt, { type MqttClient } from 'mqtt';
import { type DeviceId, SALE_ID } from '#protocol/kernel/ids.js';
import type { DownMessage } from '#protocol/messages/down.js';
import { downTopic, upTopic } from '#protocol/messages/topics.js';
import { sha256 } from '#protocol/node/crypto.js';
import { type ChainHead, EMPTY_CHAIN, extend } from '#protocol/records/chain.js';

export interface Load {
  readonly kind: 'echo' | 'sale';
  readonly port: number;
  readonly password: string;
  readonly devices: readonly string[];
  /** JSON file of a list of presentations. */
  readonly presentations: string | null;
}

/** The parent sends a `Load`, hears `ready`, asks for stretches of so many ms, each answered by a `Stretch`, and hangs up. */
export interface Ask {
  readonly forMs: number;
  /** How much of that passes before anything is counted. */
  readonly rampMs: number;
}

export interface Stretch {
  /** Round trips, or sales, in the time that counts. */
  readonly done: number;
  readonly tookMs: number;
  /** With those before and after. */
  readonly all: number;
  /** There were not enough presentations for all of it. */
  readonly hasRunOut: boolean;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Answers that were not what a sale needs. */
  readonly refused: number;
}

/** What an authorise message weighs. */
const ECHO_BYTES = 560;

/** One device's work: asks until it is over, and resolves after the last answer. */
type Work = (isOver: () => boolean, finished: Finished) => Promise<void>;

process.once('message', (load: Load) => {
  serve(load).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});

async function serve(load: Load): Promise<void> {
  const clients = await Promise.all(load.devices.map((device) => connect(load, device as DeviceId)));
  const shown = load.presentations === null ? [] : (JSON.parse(readFileSync(load.presentations, 'utf8')) as string[]);
  const works = clients.map((client, at): Work => {
    const device = load.devices[at] as DeviceId;
    return load.kind === 'echo' ? echo(client, device) : sell(client, device, () => shown.pop());
  });
  process.on('message', (ask: Ask) => {
    void stretch(works, ask).then((result) => {
      process.send?.({ ...result, hasRunOut: load.kind === 'sale' && shown.length === 0 } satisfies Stretch);
    });
  });
  // The broker stays for others: connections are closed, not torn.
  process.once('disconnect', () => {
    void Promise.all(clients.map((client) => client.endAsync(true))).then(() => process.exit(0));
  });
  process.send?.('ready');
}

/** Counts what ends after the ramp and before the end: neither the first rush nor the last stragglers are the rate of it. */
async function stretch(works: readonly Work[], { forMs, rampMs }: Ask): Promise<Omit<Stretch, 'hasRunOut'>> {
  const latencies: number[] = [];
  let all = 0;
  let refused = 0;
  const began = performance.now();
  const isOver = (): boolean => performance.now() >= began + forMs;
  const finished = (ms: number, isGood: boolean): void => {
    const now = performance.now();
    all += 1;
    if (!isGood) refused += 1;
    if (now < began + rampMs || now > began + forMs) return;
    latencies.push(ms);
  };
  await Promise.all(works.map((work) => work(isOver, finished)));
  latencies.sort((a, b) => a - b);
  const quantile = (part: number): number => latencies[Math.floor(latencies.length * part)] ?? Number.NaN;
  return {
    done: latencies.length,
    tookMs: forMs - rampMs,
    all,
    medianMs: quantile(0.5),
    p99Ms: quantile(0.99),
    refused,
  };
}

async function connect({ port, password }: Load, device: DeviceId): Promise<MqttClient> {
  const client = mqtt.connect({ host: '127.0.0.1', port, clientId: device, username: device, password });
  client.on('connect', () => {
    const { stream } = client;
    if ('setNoDelay' in stream && typeof stream.setNoDelay === 'function') stream.setNoDelay(true);
  });
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
  });
  await client.subscribeAsync(downTopic(device), { qos: 1 });
  return client;
}

type Finished = (ms: number, isGood: boolean) => void;

function echo(client: MqttClient, device: DeviceId): Work {
  const payload = 'x'.repeat(ECHO_BYTES);
  let heard = (): void => undefined;
  client.on('message', () => heard());
  return (isOver, finished) =>
    new Promise((end) => {
      let sentAt = 0;
      const send = (): void => {
        sentAt = performance.now();
        client.publish(upTopic(device), payload, { qos: 1 });
      };
      heard = () => {
        finished(performance.now() - sentAt, true);
        if (isOver()) end();
        else send();
      };
      send();
    });
}

const AMOUNT_FEN = 30_000;

function sell(client: MqttClient, device: DeviceId, take: () => string | undefined): Work {
  let head: ChainHead = EMPTY_CHAIN;
  let count = 0;
  let sale = '';
  let sentAt = 0;
  /** What of the sale was spent waiting for the gateway: the counter's own work between is not its. */
  let waitedMs = 0;
  let isOver = (): boolean => true;
  let finished: Finished = () => undefined;
  let end = (): void => undefined;
  const send = (message: Readonly<Record<string, unknown>>): void => {
    const payload = JSON.stringify({ v: 1, ...message });
    sentAt = performance.now();
    client.publish(upTopic(device), payload, { qos: 1 });
  };
  const next = (): void => {
    const code = isOver() ? undefined : take();
    if (code === undefined) {
      end();
      return;
    }
    count += 1;
    sale = `${device}-${count}`;
    if (!SALE_ID.test(sale)) throw new Error(sale);
    waitedMs = 0;
    send({
      type: 'authorise',
      id: `a${count}`,
      sale,
      order: `order-${count}`,
      merchant: 'm1',
      amountFen: AMOUNT_FEN,
      mode: 'customer-code',
      presented: { kind: 'verifiable', code },
    });
  };
  client.on('message', (topic, payload) => {
    if (topic !== downTopic(device)) return;
    waitedMs += performance.now() - sentAt;
    // Unchecked: it shares the machine with what is measured, and answers that the bench can't use are counted.
    const reply = JSON.parse(payload.toString()) as DownMessage;
    if (reply.type === 'authorised' && reply.answer.kind === 'reserved') {
      const { answer } = reply;
      const bodies = recordsOf(sale, count, answer).map((record) => JSON.stringify(record));
      const before = head;
      head = extend(sha256, head, bodies);
      send({ type: 'records', id: `r${count}`, from: before.seq + 1, prev: before.hash, bodies });
    } else if (reply.type === 'have' && reply.seq === head.seq && reply.hash === head.hash) {
      finished(waitedMs, true);
      next();
    } else if (reply.type !== 'beacon') {
      finished(waitedMs, false);
      next();
    }
  });
  return (stretchIsOver, tell) =>
    new Promise((resolve) => {
      isOver = stretchIsOver;
      finished = tell;
      end = resolve;
      next();
    });
}

function recordsOf(
  sale: string,
  count: number,
  coupon: {
    readonly serial: number;
    readonly tier: string;
    readonly faceFen: number;
    readonly thresholdFen: number;
    readonly netFen: number;
  },
): readonly object[] {
  const { serial, tier, faceFen, thresholdFen, netFen } = coupon;
  const now = Date.now();
  const at = { earliest: now - 20, latest: now + 20 };
  const common = { sale, order: `order-${count}`, amountFen: AMOUNT_FEN };
  const by = { kind: 'reservation' };
  const card = { auth: '123456', rrn: '123456789012', last4: '1234', scheme: 'unionpay', readerTime: '20230328120000' };
  return [
    { kind: 'opened', ...common, at },
    {
      kind: 'charging',
      ...common,
      merchant: 'm1',
      netFen,
      coupon: { serial, tier, faceFen, thresholdFen, by },
      reason: null,
      readerMark: null,
      at,
    },
    { kind: 'settled', ...common, netFen, serial, faceFen, receipt: `${sale}-1`, card, at },
  ];
}
