/** For tests of the loop: a counter on ports of paper, the disk as slow as the test wants. */

import { DeviceLoop } from '#device/app/counter-loop.js';
import { CampaignCache } from '#device/campaign/campaign-cache.js';
import { SaleIndex } from '#device/core/sale/sale-index.js';
import { noTime, type TrustedTime } from '#device/core/trusted-time.js';
import { led8Display } from '#device/drivers/displays/led8.js';
import { createPrinter } from '#device/drivers/printers/index.js';
import { generic58 } from '#device/drivers/printers/models/generic-58.js';
import type { ReaderDriver, ReaderEffect, ReaderInput } from '#device/drivers/readers/reader.js';
import { lineScanner } from '#device/drivers/scanners/line.js';
import type { BrokerEvents } from '#device/ports/broker.js';
import { storesNothing } from '#device/ports/key-value-store.js';
import type { SerialLink, SerialLinkEvents } from '#device/ports/serial-link.js';
import type { SaleView, TillReply, TillRequest } from '#device/ports/till.js';
import { exampleCampaign } from '#protocol/campaign/example-campaign.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import type { CampaignId, DeviceId, MerchantId, OrderNo, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { monoMs } from '#protocol/kernel/time.js';
import { parseUp } from '#protocol/messages/index.js';
import { downTopic } from '#protocol/messages/topics.js';
import type { UpMessage } from '#protocol/messages/up.js';
import { es256Verifier, sha256 } from '#protocol/node/crypto.js';
import { memoryDisk, openMemoryJournal } from '#simulator/doubles/memory-journal.js';

const DEVICE = 'plate-001' as DeviceId;
const MERCHANT = 'yh-02' as MerchantId;
const CAMPAIGN = 'youhao-2023' as CampaignId;
export const SLIP = { auth: '1', rrn: '1', last4: '4321', scheme: 'UPI', readerTime: '' };

/** Says whatever comes down its line, and keeps what it is told. */
const puppet = (told: ReaderInput[]): ReaderDriver<null> => ({
  name: 'puppet',
  baudRate: 9_600,
  examples: [{ shows: 'nothing', told: [], does: [] }],
  create: () => ({
    initial: null,
    step(_, input) {
      if (input.kind !== 'bytes') told.push(input);
      return {
        state: null,
        effects: input.kind === 'bytes' ? [JSON.parse(new TextDecoder().decode(input.bytes)) as ReaderEffect] : [],
      };
    },
    wakeAt: () => undefined,
  }),
});

/** Sells at full price without records once its journal has failed. */
class SellsOn extends CampaignCache {
  override get campaign(): Campaign {
    const campaign = exampleCampaign();
    return { ...campaign, offline: { ...campaign.offline, fullPriceWithoutJournal: true } };
  }
}

export interface MoreOfIt {
  /** As the gateway has told it. */
  readonly time?: TrustedTime;
  readonly hasPrinter?: boolean;
  readonly agent?: string;
  /** What is random about the sales' numbers, one after the other. */
  readonly hexes?: readonly string[];
}

export function counter(disk = memoryDisk(), hasReader = true, more: MoreOfIt = {}) {
  const { time = noTime, hasPrinter = false, agent = 'test', hexes = [] } = more;
  let mono = 1_000;
  const told: ReaderInput[] = [];
  /** What goes up once the line stands. */
  const sent: UpMessage[] = [];
  let line: BrokerEvents | undefined;
  const clock = { mono: () => monoMs(mono), wakeAt: () => () => {} };
  const saleIndex = new SaleIndex(DEVICE, MERCHANT);
  const slow: (() => void)[] = [];
  const at = { mono: clock.mono(), wall: undefined };
  const opened = openMemoryJournal({
    sha256,
    disk,
    schedule: (run) => slow.push(run),
    onRecord: ({ record }) => saleIndex.replay(record, at),
  });
  if (!opened.ok) throw new Error(opened.fault.code);
  const log = (): void => {};
  let hear = (_effect: ReaderEffect): void => {};
  const reader: SerialLink = {
    start(events: SerialLinkEvents) {
      hear = (effect) => events.onBytes(new TextEncoder().encode(JSON.stringify(effect)));
      events.onState('open', undefined);
    },
    write: () => {},
    stop: () => {},
  };
  let scan = (_code: string): void => {};
  const scanner: SerialLink = {
    start(events: SerialLinkEvents) {
      scan = (code) => events.onBytes(new TextEncoder().encode(`${code}\r`));
      events.onState('open', undefined);
    },
    write: () => {},
    stop: () => {},
  };
  const deaf: SerialLink = { start: (events) => events.onState('open', undefined), write: () => {}, stop: () => {} };
  const shown: string[] = [];
  const display: SerialLink = {
    start: (events) => events.onState('open', undefined),
    write: (bytes) => shown.push(new TextDecoder('latin1').decode(bytes)),
    stop: () => {},
  };
  const campaignCache = new SellsOn({
    device: DEVICE,
    campaign: CAMPAIGN,
    mode: 'customer-code',
    trustedKeys: new Map(),
    verifier: es256Verifier(),
    store: storesNothing,
    log,
  });
  let numbers = 0;
  const loop = new DeviceLoop({
    identity: { device: DEVICE, merchant: MERCHANT, campaign: CAMPAIGN, mode: 'customer-code', agent },
    clock,
    random: {
      next: () => 0.5,
      hex: (bytes) => {
        numbers += 1;
        return hexes[numbers - 1] ?? String(numbers).padStart(2 * bytes, '0');
      },
    },
    journal: opened.value,
    saleIndex: saleIndex,
    campaignCache: campaignCache,
    time,
    store: storesNothing,
    bootId: 'boot',
    broker: {
      connect: (events) => {
        line = events;
      },
      publish: (_, payload) => {
        const parsed = parseUp(new TextEncoder().encode(payload));
        if (parsed.ok) sent.push(parsed.value);
        return true;
      },
      discard: () => {},
    },
    peripherals: {
      ...(hasReader && { reader: { driver: puppet(told), link: reader } }),
      scanner: { driver: lineScanner, options: { suffix: 'cr', stripAimPrefix: false }, link: scanner },
      display: { driver: led8Display, link: display },
      ...(hasPrinter && { printer: { machine: createPrinter(generic58, { baudRate: 9_600 }), link: deaf } }),
    },
    typeset: () => new Uint8Array(),
    log,
  });
  loop.start();
  hear({ kind: 'ready', model: 'puppet', mark: null });
  const ask = (request: TillRequest): TillReply | undefined => {
    let answer: TillReply | undefined;
    loop.request(request, (reply) => {
      answer = reply;
    });
    return answer;
  };
  const act = (kind: Exclude<TillRequest['kind'], 'open'>, order: string): SaleView['state'] | string | undefined => {
    const reply = ask({ kind, order: order as OrderNo });
    return reply?.ok ? reply.sale.state : reply?.fault;
  };
  const synced = (): void => {
    for (let run = slow.shift(); run !== undefined; run = slow.shift()) run();
  };
  return {
    loop,
    hear: (effect: ReaderEffect) => hear(effect),
    scan: (code: string) => scan(code),
    ask,
    pass: (ms: number) => {
      mono += ms;
    },
    shown,
    told,
    sent,
    synced,
    act,
    /** The gateway's word, once the line is up. */
    down(message: object) {
      line?.onMessage(downTopic(DEVICE), new TextEncoder().encode(JSON.stringify({ v: 1, ...message })));
    },
    goOnline(time = 0) {
      line?.onUp();
      const welcome = { v: 1, type: 'welcome', re: sent.at(-1)?.id, have: opened.value.head, time };
      line?.onMessage(downTopic(DEVICE), new TextEncoder().encode(JSON.stringify(welcome)));
    },
    /** Undefined as long as the disk keeps it waiting. */
    open: (order: string, amount: number) =>
      ask({ kind: 'open', order: order as OrderNo, amountFen: fen(amount) }) satisfies TillReply | undefined,
    crash: () => opened.value.crash(),
    sale(order: string): SaleId {
      const reply = ask({ kind: 'look', order: order as OrderNo });
      if (!reply?.ok) throw new Error(reply?.fault);
      return reply.sale.sale;
    },
  };
}
