/** The counter as a till, a customer and a cashier meet it: the loop on ports of paper, the disk as slow as the test wants. */
import { describe, expect, it } from 'vitest';
import { exampleCampaign } from '#protocol/campaign/example-campaign.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import type { CampaignId, DeviceId, MerchantId, OrderNo, SaleId } from '#protocol/ids.js';
import { parseUp } from '#protocol/messages/index.js';
import { downTopic } from '#protocol/messages/topics.js';
import type { UpMessage } from '#protocol/messages/up.js';
import { fen } from '#protocol/money.js';
import { es256Verifier, sha256 } from '#protocol/node-crypto.js';
import { monoMs } from '#protocol/time.js';
import { memoryDisk, openMemoryJournal } from './adapters/memory-journal.js';
import { CampaignDesk } from './campaign-desk.js';
import { SaleBook } from './core/sale-book.js';
import { noTime } from './core/trusted-time.js';
import { led8Display } from './drivers/displays/led8.js';
import type { ReaderDriver, ReaderEffect, ReaderInput } from './drivers/readers/reader.js';
import { lineScanner } from './drivers/scanners/line.js';
import { DeviceLoop } from './loop.js';
import type { BrokerEvents } from './ports/broker.js';
import { keepNothing } from './ports/keep.js';
import type { SerialLink, SerialLinkEvents } from './ports/serial-link.js';
import type { SaleView, TillReply, TillRequest } from './ports/till.js';

const DEVICE = 'plate-001' as DeviceId;
const MERCHANT = 'yh-02' as MerchantId;
const CAMPAIGN = 'youhao-2023' as CampaignId;
const SLIP = { auth: '1', rrn: '1', last4: '4321', scheme: 'UPI', readerTime: '' };

/** Says whatever comes down its line, and keeps what it is told. */
const puppet = (told: ReaderInput[]): ReaderDriver<null> => ({
  name: 'puppet',
  baudRate: 9_600,
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
class SellsOn extends CampaignDesk {
  override get campaign(): Campaign {
    const campaign = exampleCampaign();
    return { ...campaign, offline: { ...campaign.offline, fullPriceWithoutJournal: true } };
  }
}

function counter(disk = memoryDisk(), hasReader = true) {
  const told: ReaderInput[] = [];
  /** What goes up once the line stands. */
  const sent: UpMessage[] = [];
  let line: BrokerEvents | undefined;
  const clock = { mono: () => monoMs(1_000), alarm: () => () => {} };
  const book = new SaleBook(DEVICE, MERCHANT);
  const slow: (() => void)[] = [];
  const at = { mono: clock.mono(), wall: undefined };
  const opened = openMemoryJournal({
    sha256,
    disk,
    schedule: (run) => slow.push(run),
    onRecord: ({ record }) => book.replay(record, at),
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
  const shown: string[] = [];
  const display: SerialLink = {
    start: (events) => events.onState('open', undefined),
    write: (bytes) => shown.push(new TextDecoder('latin1').decode(bytes)),
    stop: () => {},
  };
  const desk = new SellsOn({
    device: DEVICE,
    campaign: CAMPAIGN,
    mode: 'customer-code',
    trustedKeys: new Map(),
    verifier: es256Verifier(),
    keep: keepNothing,
    log,
  });
  let numbers = 0;
  const loop = new DeviceLoop({
    identity: { device: DEVICE, merchant: MERCHANT, campaign: CAMPAIGN, mode: 'customer-code', agent: 'test' },
    clock,
    random: {
      next: () => 0.5,
      hex: (bytes) => {
        numbers += 1;
        return String(numbers).padStart(2 * bytes, '0');
      },
    },
    journal: opened.value,
    book,
    desk,
    time: noTime,
    keep: keepNothing,
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
    shown,
    told,
    sent,
    synced,
    act,
    goOnline() {
      line?.onUp();
      const welcome = { v: 1, type: 'welcome', re: sent.at(-1)?.id, have: opened.value.head, time: 0 };
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

describe('an order that comes again', () => {
  it('is a new sale as soon as the till has been told that the old one was given up, with another amount too', () => {
    const { open, act, synced, sale } = counter();
    open('A-1', 25_990);
    synced();
    const first = sale('A-1');
    expect(act('cancel', 'A-1')).toBe('abandoned');
    // The record of that is still on its way to the disk.
    open('A-1', 19_990);
    synced();
    expect(sale('A-1')).not.toBe(first);
    expect(act('look', 'A-1')).toBe('opened');
    expect(act('charge', 'A-1')).toBe('charging');
  });

  it('is the newer sale, whatever the reader still says of the older one', () => {
    const { open, act, synced, sale, hear } = counter();
    open('A-1', 25_990);
    synced();
    const first = sale('A-1');
    act('charge', 'A-1');
    synced();
    const declined = { kind: 'not-charged', outcome: 'declined', code: '51' } as const;
    hear({ kind: 'answer', ref: first, answer: declined });
    synced();
    expect(act('look', 'A-1')).toBe('not-charged');
    open('A-1', 25_990);
    synced();
    act('charge', 'A-1');
    synced();
    hear({ kind: 'answer', ref: first, answer: declined });
    expect(act('look', 'A-1')).toBe('charging');
    hear({ kind: 'answer', ref: sale('A-1'), answer: { kind: 'approved', slip: SLIP } });
    synced();
    expect(act('look', 'A-1')).toBe('settled');
  });
});

describe('a reader that holds a result until it is stored', () => {
  it('is told so once the record is on the disk, and never after the journal has failed', () => {
    const disk = memoryDisk();
    const { loop, open, act, synced, sale, hear, told } = counter(disk);
    const storedRefs = (): readonly SaleId[] => told.flatMap((input) => (input.kind === 'stored' ? [input.ref] : []));
    const approve = (order: string): SaleId => {
      act('charge', order);
      synced();
      const ref = sale(order);
      hear({ kind: 'answer', ref, answer: { kind: 'approved', slip: SLIP } });
      return ref;
    };
    open('A-1', 25_990);
    synced();
    const first = approve('A-1');
    expect(storedRefs()).toEqual([]);
    synced();
    expect(storedRefs()).toEqual([first]);

    disk.failNext = { code: 'JOURNAL_WRITE_FAILED', message: 'no' };
    open('B-1', 5_100);
    synced();
    expect(loop.health().journal).toBe('failed');
    // Sold at full price, without a record: only the reader's own store still knows of it.
    open('C-1', 7_300);
    const unrecorded = approve('C-1');
    synced();
    expect(act('look', 'C-1')).toBe('settled');
    hear({ kind: 'answer', ref: unrecorded, answer: { kind: 'approved', slip: SLIP } });
    expect(storedRefs()).toEqual([first]);
  });
});

describe('a record that ends a claim on a coupon or on money', () => {
  const records = (sent: readonly UpMessage[]): readonly string[] =>
    sent.flatMap((message) => (message.type === 'records' ? message.bodies.map((body) => JSON.parse(body).kind) : []));

  it('goes up at once when the sale is given up', () => {
    const { open, act, synced, sent, goOnline } = counter();
    goOnline();
    open('A-1', 25_990);
    synced();
    expect(records(sent)).toEqual([]); // an opened sale waits for company
    act('cancel', 'A-1');
    synced();
    expect(records(sent)).toEqual(['opened', 'abandoned']);
  });

  it('goes up at once when the card was declined or the sale is paid', () => {
    for (const [answer, kind] of [
      [{ kind: 'not-charged', outcome: 'declined', code: '51' }, 'not-charged'],
      [{ kind: 'approved', slip: SLIP }, 'settled'],
    ] as const) {
      const { open, act, synced, sale, hear, sent, goOnline } = counter();
      goOnline();
      open('A-1', 25_990);
      synced();
      act('charge', 'A-1');
      synced();
      expect(records(sent)).toEqual([]);
      hear({ kind: 'answer', ref: sale('A-1'), answer });
      synced();
      expect(records(sent)).toEqual(['opened', 'charging', kind]);
    }
  });
});

describe('a sale that was in a person’s hands', () => {
  it('comes to its end without taking the display from the customer who is at the counter', () => {
    const { open, act, synced, sale, hear, shown } = counter();
    open('A-1', 25_990);
    synced();
    act('charge', 'A-1');
    synced();
    const first = sale('A-1');
    hear({ kind: 'answer', ref: first, answer: { kind: 'cannot-say', why: 'no word from the bank' } });
    hear({ kind: 'answer', ref: first, answer: { kind: 'cannot-say', why: 'no word from the bank' } });
    synced();
    expect(act('look', 'A-1')).toBe('unknown');
    open('B-1', 5_100);
    synced();
    expect(shown.at(-1)).toContain('51.00');
    hear({ kind: 'answer', ref: first, answer: { kind: 'approved', slip: SLIP } });
    synced();
    expect(act('look', 'A-1')).toBe('settled');
    expect(shown.at(-1)).toContain('51.00');
  });
});

describe('a counter without a printer', () => {
  it('waits for none after a restart, however many receipts nobody printed', () => {
    const disk = memoryDisk();
    const { open, act, synced, sale, hear, crash } = counter(disk);
    open('A-1', 25_990);
    synced();
    act('charge', 'A-1');
    synced();
    hear({ kind: 'answer', ref: sale('A-1'), answer: { kind: 'approved', slip: SLIP } });
    synced();
    crash();
    expect(counter(disk).loop.health()).toMatchObject({ jobsWaiting: 0, ports: { printer: 'none' } });
  });
});

describe('a counter without a card reader', () => {
  it('charges nothing and says why, instead of waiting for a result that nobody will tell', () => {
    const { open, act, synced, scan } = counter(memoryDisk(), false);
    open('A-1', 25_990);
    synced();
    expect(act('charge', 'A-1')).toBe('READER_AWAY');
    // Off line it goes on at full price by itself.
    scan('6212345678901234567');
    synced();
    synced();
    expect(act('look', 'A-1')).toBe('not-charged');
  });
});

describe('a code that is no text', () => {
  it.each([
    ['the separators of a drug box', '010950110102091721abc\u001d10LOT7'],
    ['more than any code of ours has', 'x'.repeat(5_000)],
  ])('is told to the cashier like any other that is not known: %s', (_, code) => {
    const { open, synced, scan, act, loop } = counter();
    const views: SaleView[] = [];
    loop.watch((view) => void views.push(view));
    open('A-1', 25_990);
    synced();
    scan(code);
    synced();
    expect(views.at(-1)).toMatchObject({ state: 'opened', reason: 'code-unknown' });
    expect(act('charge', 'A-1')).toBe('charging');
  });
});
