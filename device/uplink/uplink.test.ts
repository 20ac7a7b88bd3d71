import { describe, expect, it } from 'vitest';
import type { DeviceId, MerchantId, OrderNo, SaleId } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';
import { monoMs } from '#protocol/kernel/time.js';
import type { UpMessage } from '#protocol/messages/up.js';
import { sha256 } from '#protocol/node/crypto.js';
import type { ChainHead } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import { openMemoryJournal } from '#simulator/doubles/memory-journal.js';
import type { BrokerEvents } from '../ports/broker.js';
import { EventQueue } from '../runtime/event-queue.js';
import { Uplink } from './uplink.js';

const SALE = 's9' as SaleId;
const note = (n: number): JournalRecord => ({ kind: 'abandoned', sale: `s${n}` as SaleId, why: 'till', at: null });

/** An uplink that is up, to a gateway that the test scripts. */
function lineUp({ hasJournal = true, have }: { readonly hasJournal?: boolean; readonly have?: ChainHead } = {}) {
  const opened = openMemoryJournal({ sha256 });
  if (!opened.ok) throw new Error(opened.fault.message);
  const journal = opened.value;
  const sent: UpMessage[] = [];
  const alarms: (() => void)[] = [];
  const alarmOf = (ring: () => void): (() => void) => {
    alarms.push(ring);
    return nothing;
  };
  const heard: string[] = [];
  let hear: BrokerEvents | undefined;
  const nothing = (): void => {};
  const knew: number[] = [];
  const line = new Uplink({
    device: 'plate-001' as DeviceId,
    agent: 'test',
    boot: 1,
    broker: {
      connect: (events) => {
        hear = events;
      },
      publish: (_topic, payload) => sent.push(JSON.parse(payload)) > 0,
      discard: nothing,
    },
    journal,
    hasJournal,
    clock: { mono: () => monoMs(0), wakeAt: (_after, ring) => alarmOf(ring) },
    random: { next: () => 0, hex: (n) => '0'.repeat(2 * n) },
    queue: new EventQueue(),
    now: () => ({ mono: monoMs(0), wall: undefined }),
    log: nothing,
    events: {
      onOnline: nothing,
      onOffline: nothing,
      onStillOffline: nothing,
      onAuthorised: (_sale, answer, known) => {
        heard.push(answer.kind);
        knew.push(known);
      },
      onWelcome: nothing,
      onBeacon: nothing,
      onAcknowledged: nothing,
      onWentBack: nothing,
      onAllowance: nothing,
      onCampaign: nothing,
      onJournalFault: nothing,
    },
  });
  const say = (message: object): void =>
    hear?.onMessage('codeplate/v1/plate-001/down', Buffer.from(JSON.stringify({ v: 1, ...message })));
  line.start();
  hear?.onUp();
  say({ type: 'welcome', re: sent[0]?.id, have: have ?? journal.head, time: 0 });
  return {
    line,
    say,
    heard,
    knew,
    /** The gateway's answer to the newest request: 40 off 200 yuan, except for the given changes. */
    reserve: (change: object) =>
      say({
        type: 'authorised',
        re: sent.at(-1)?.id,
        sale: SALE,
        answer: {
          kind: 'reserved',
          serial: 1,
          tier: 'yuan-40',
          faceFen: 4_000,
          thresholdFen: 20_000,
          netFen: 16_000,
          leaseMs: 1,
          ...change,
        },
      }),
    sent: () => sent.slice(1).map(({ type }) => type),
    write: (n: number, urgent: boolean): ChainHead => {
      let at: ChainHead | undefined;
      journal.append([note(n)], (_fault, head) => {
        at = head;
        line.recordsAppended(head, urgent);
      });
      if (at === undefined) throw new Error('not written');
      return at;
    },
    drop: () => hear?.onDown({ code: 'LINE_CLOSED', what: 'gone' }),
    /** The reconnect timer fires, and the gateway welcomes with its head. */
    reconnect: (have: ChainHead) => {
      for (const ring of alarms.splice(0)) ring();
      hear?.onUp();
      say({ type: 'welcome', re: sent.at(-1)?.id, have, time: 0 });
    },
    ask: () =>
      line.authorise({
        sale: SALE,
        order: 'M1' as OrderNo,
        merchant: 'yh-01' as MerchantId,
        amountFen: 20_000 as Fen,
        mode: 'customer-code',
        presented: { kind: 'opaque', code: '6212345678901234567' },
      }),
  };
}

describe('a question for a coupon', () => {
  it('leaves at once where nothing urgent waits', () => {
    const { write, ask, sent } = lineUp();
    write(1, false);
    ask();
    expect(sent()).toEqual(['authorise']);
  });

  it('never overtakes the release of the coupon that it asks for', () => {
    const { write, ask, sent, say } = lineUp();
    const first = write(1, true); // these two, unanswered, fill the window
    write(2, true);
    const release = write(3, true);
    ask();
    expect(sent()).toEqual(['records', 'records']);
    say({ type: 'have', re: 'x', ...first });
    expect(sent()).toEqual(['records', 'records', 'records', 'authorise']);
    say({ type: 'have', re: 'x', ...release });
    ask();
    expect(sent()).toEqual(['records', 'records', 'records', 'authorise', 'authorise']);
  });

  it('is answered with how many records the gateway had when it was asked, not when the answer came', () => {
    const { write, ask, say, reserve, knew } = lineUp();
    const first = write(1, true);
    ask();
    reserve({});
    ask();
    say({ type: 'have', re: 'x', ...first });
    reserve({});
    ask();
    reserve({});
    expect(knew).toEqual([0, 0, 1]);
  });

  it('is not sent late over a new connection: its sale has long gone on without it', () => {
    const { write, ask, sent, say, drop } = lineUp();
    const first = write(1, true);
    write(2, true);
    write(3, true);
    ask();
    drop();
    say({ type: 'have', re: 'x', ...first });
    expect(sent()).toEqual(['records', 'records']);
  });

  it.each([
    ['fits', {}, ['reserved']],
    ['takes one sum off and leaves another', { netFen: 15_999 }, []],
    ['leaves nothing to pay', { faceFen: 20_000, netFen: 0 }, []],
    ['takes off more than there is', { faceFen: 20_001 }, []],
  ])('is answered by a reservation that %s: %j', (_what, change, expected) => {
    const { ask, reserve, heard } = lineUp();
    ask();
    reserve(change);
    expect(heard).toEqual(expected);
  });
});

describe('a counter whose journal could not be opened', () => {
  const have: ChainHead = { seq: 7, hash: 'a'.repeat(64) };

  it('calls nothing a fork, since it knows of no record: it is online to say how it stands', () => {
    const { line } = lineUp({ hasJournal: false, have });
    expect(line).toMatchObject({ online: true, forked: false });
    expect(line.publishState('{}')).toBe(true);
  });

  it('is told from one whose journal was put back', () => {
    expect(lineUp({ have }).line).toMatchObject({ online: false, forked: true });
  });
});

describe('a counter that was greeted with records still unsent', () => {
  it('greets once more when the gateway has them all: only then is there a new allowance', () => {
    const { write, sent, say, drop, reconnect } = lineUp();
    drop();
    const head = write(1, true);
    reconnect({ seq: 0, hash: '0'.repeat(64) });
    expect(sent()).toEqual(['hello', 'records']);
    say({ type: 'have', re: 'x', ...head });
    expect(sent()).toEqual(['hello', 'records', 'hello']);
    say({ type: 'have', re: 'x', ...head });
    expect(sent()).toEqual(['hello', 'records', 'hello']);
  });
});
