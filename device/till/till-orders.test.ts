/** Order numbers and keys at the counter: repeated numbers, keys pressed twice, codes shown too early. */
import { describe, expect, it } from 'vitest';
import type { OrderNo } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { monoMs, wallMs } from '#protocol/kernel/time.js';
import { memoryDisk } from '#simulator/doubles/memory-journal.js';
import { counter, type MoreOfIt, SLIP } from '../../test/doubles/counter-bench.js';
import { CODE_HELD_MS } from '../core/limits.js';
import type { TrustedTime } from '../core/trusted-time.js';
import type { TillReply } from '../ports/till.js';

const HOUR = 3_600_000;
const order = 'A-1' as OrderNo;
const PAYMENT_CODE = '6212345678901234567';

/** The harness starts its clock at 1 s. */
const timeAt = (text: string): TrustedTime => {
  const at = wallMs(Date.parse(text));
  return { anchor: { earliest: at, latest: at, heardAt: monoMs(1_000) }, floor: at };
};
const MORNING = timeAt('2023-03-28T09:00:00+08:00');

function shop(more: MoreOfIt = {}, disk = memoryDisk()) {
  const box = counter(disk, true, more);
  const replyTo = (amount: number): TillReply => {
    let reply: TillReply | undefined;
    box.loop.request({ kind: 'open', order, amountFen: fen(amount) }, (given) => {
      reply = given;
    });
    box.synced();
    if (reply === undefined) throw new Error('no answer');
    return reply;
  };
  const pay = (): void => {
    box.act('charge', order);
    box.synced();
    box.hear({ kind: 'answer', ref: box.sale(order), answer: { kind: 'approved', slip: SLIP } });
    box.synced();
  };
  return { ...box, replyTo, pay, disk };
}

describe('an order number', () => {
  it('that comes again the same day is the same sale, and says so', () => {
    const { replyTo, pay, pass, ask } = shop({ time: MORNING });
    expect(replyTo(5_100)).toMatchObject({ ok: true, again: false, sale: { state: 'opened', settledAt: null } });
    pay();
    pass(8 * HOUR);
    const openedAt = Date.parse('2023-03-28T09:00:00+08:00');
    expect(replyTo(5_100)).toMatchObject({
      ok: true,
      again: true,
      sale: { state: 'settled', openedAt, settledAt: openedAt },
    });
    expect(replyTo(9_900)).toMatchObject({ ok: false, fault: 'ORDER_DIFFERS' });
    expect(ask({ kind: 'charge', order })).toMatchObject({ ok: true, again: true });
    expect(ask({ kind: 'look', order })).toMatchObject({ ok: true, again: false });
  });

  it('of yesterday is a new sale today, with another amount too, and the old one is still there under its own number', () => {
    const { replyTo, pay, pass, sale, ask, act, synced } = shop({ time: MORNING });
    replyTo(5_100);
    pay();
    const yesterdays = sale(order);
    pass(24 * HOUR);
    expect(replyTo(9_900)).toMatchObject({ ok: true, again: false, sale: { state: 'opened', amountFen: 9_900 } });
    expect(ask({ kind: 'look', order: String(yesterdays) as OrderNo })).toMatchObject({
      ok: true,
      sale: { sale: yesterdays, order, state: 'settled', amountFen: 5_100 },
    });
    act('cancel', order);
    synced();
    expect(act('refund', String(yesterdays))).toBe('refunding');
  });

  it('of yesterday is a new sale after a restart too', () => {
    const before = shop({ time: MORNING });
    before.replyTo(5_100);
    before.pay();
    before.crash();
    const tomorrow = shop({ time: timeAt('2023-03-29T09:00:00+08:00') }, before.disk);
    expect(tomorrow.replyTo(5_100)).toMatchObject({ ok: true, again: false, sale: { state: 'opened' } });
  });

  it('that was paid on a day that nobody can name opens nothing, and is called neither paid nor new', () => {
    const before = shop();
    before.replyTo(5_100);
    before.pay();
    // A repeat within minutes is a repeat, whatever the clocks.
    expect(before.replyTo(5_100)).toMatchObject({ ok: true, again: true, sale: { state: 'settled' } });
    before.crash();
    const after = shop({}, before.disk);
    expect(after.replyTo(5_100)).toMatchObject({
      ok: false,
      fault: 'ORDER_DAY_UNKNOWN',
      sale: { state: 'settled', openedAt: null },
    });
    expect(after.act('look', order)).toBe('settled');
  });

  it('of a payment that nobody could clear up keeps its number', () => {
    const { replyTo, act, synced, hear, sale, pass } = shop({ time: MORNING });
    replyTo(5_100);
    act('charge', order);
    synced();
    const silence = { kind: 'cannot-say', why: 'no word from the bank' } as const;
    for (let times = 0; times < 2; times++) hear({ kind: 'answer', ref: sale(order), answer: silence });
    synced();
    pass(30 * HOUR);
    expect(replyTo(5_100)).toMatchObject({ ok: true, again: true, sale: { state: 'unknown' } });
  });
});

describe('a counter with an unresolved payment', () => {
  it('never says that all is well', () => {
    const { replyTo, act, synced, hear, sale, loop } = shop({ time: MORNING });
    replyTo(5_100);
    act('charge', order);
    synced();
    const silence = { kind: 'cannot-say', why: 'no word from the bank' } as const;
    for (let times = 0; times < 2; times++) hear({ kind: 'answer', ref: sale(order), answer: silence });
    synced();
    const { line, troubles } = loop.health();
    expect(troubles.map(({ code }) => code)).toEqual(['payment-unknown', 'line-never-up']);
    expect(line.zh).toMatch(/付款结果不明：订单 A-1.*再次查询/);
  });
});

describe('a reprint', () => {
  it('without a printer is answered so', () => {
    const { replyTo, pay, act } = shop();
    replyTo(5_100);
    pay();
    expect(act('reprint', order)).toBe('PRINTER_AWAY');
  });

  it('asked for by three taps prints once', () => {
    const { replyTo, pay, ask, loop } = shop({ hasPrinter: true });
    replyTo(5_100);
    pay();
    const { jobsWaiting } = loop.health();
    const taps = [1, 2, 3].map(() => ask({ kind: 'reprint', order }));
    expect(taps.map((reply) => reply?.ok === true && reply.again)).toEqual([false, true, true]);
    expect(loop.health().jobsWaiting).toBe(jobsWaiting + 1);
  });
});

describe('a code shown before the amount', () => {
  it('is said to be read, and counts once the amount is there', () => {
    const { scan, loop, replyTo, act, synced } = shop();
    scan(PAYMENT_CODE);
    expect(loop.health().line.zh).toBe('已扫码，请输入金额');
    replyTo(5_100);
    synced();
    // Offline, a payment code goes on at full price by itself: it has been shown.
    expect(act('look', order)).toBe('charging');
    expect(loop.health().line.zh).not.toContain('已扫码');
  });

  it('is dropped after 30 s, and when a sale ends', () => {
    const late = shop();
    late.scan(PAYMENT_CODE);
    late.pass(CODE_HELD_MS);
    late.replyTo(5_100);
    expect(late.act('look', order)).toBe('opened');

    const ended = shop();
    ended.replyTo(5_100);
    ended.act('charge', order);
    ended.synced();
    const silence = { kind: 'cannot-say', why: 'no word from the bank' } as const;
    const first = ended.sale(order);
    for (let times = 0; times < 2; times++) ended.hear({ kind: 'answer', ref: first, answer: silence });
    ended.synced();
    ended.scan(PAYMENT_CODE);
    ended.hear({ kind: 'answer', ref: first, answer: { kind: 'approved', slip: SLIP } });
    ended.synced();
    ended.open('B-1', 5_100);
    ended.synced();
    expect(ended.act('look', 'B-1')).toBe('opened');
  });

  it('that is no coupon’s is told to come after the amount', () => {
    const { scan, loop } = shop();
    scan('6901234567892');
    expect(loop.health().line.zh).toBe('请先在收银机上输入金额，再扫码');
  });
});
