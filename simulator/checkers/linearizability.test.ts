import { describe, expect, it } from 'vitest';
import type { CouponSerial } from '#protocol/kernel/ids.js';
import { type CouponOp, linearizable } from './linearizability.js';

const serial = 7 as CouponSerial;
const FOR_EVER = Number.POSITIVE_INFINITY;

const claim = (asked: number, answered: number, holder = 'ann'): CouponOp => ({
  kind: 'claim',
  holder,
  sale: holder,
  asked,
  answered,
});
const reserve = (sale: string, asked: number, answered: number, lapses = asked + 120): CouponOp => ({
  kind: 'reserve',
  sale,
  asked,
  answered,
  lapses,
});
const hold = (sale: string, asked: number, answered: number): CouponOp => ({ kind: 'hold', sale, asked, answered });
const redeem = (sale: string, asked: number, answered: number, kept = true): CouponOp => ({
  kind: 'redeem',
  sale,
  asked,
  answered,
  kept,
});
const release = (sale: string, asked: number, answered: number): CouponOp => ({
  kind: 'release',
  sale,
  asked,
  answered,
});
const restore = (sale: string, asked: number, answered: number): CouponOp => ({
  kind: 'restore',
  sale,
  asked,
  answered,
});

const GOOD: Readonly<Record<string, readonly CouponOp[]>> = {
  'claimed, reserved, charged, redeemed': [claim(0, 1), reserve('a', 2, 3), hold('a', 4, 5), redeem('a', 6, 7)],
  'released and taken by another sale': [claim(0, 1), reserve('a', 2, 3), release('a', 4, 5), reserve('b', 6, 7)],
  'a lease that lapsed': [claim(0, 1), reserve('a', 2, 3, 100), reserve('b', 150, 160), redeem('b', 170, 180)],
  'a release whose answer came late, overlapping the next reservation': [
    claim(0, 1),
    reserve('a', 2, 3),
    release('a', 4, 50),
    reserve('b', 10, 20),
  ],
  'two counters offline: the first in the ledger keeps it': [
    claim(0, 1),
    redeem('a', 10, 90),
    redeem('b', 20, 80, false),
  ],
  'redeemed, refunded, restored, redeemed again': [
    claim(0, 1),
    redeem('a', 2, 3),
    restore('a', 4, 5),
    reserve('b', 6, 7),
    redeem('b', 8, 9),
  ],
  'an answer that never came': [claim(0, 1), reserve('a', 2, 3), redeem('a', 4, FOR_EVER)],
};

const BAD: Readonly<Record<string, readonly CouponOp[]>> = {
  'claimed by two people': [claim(0, 1, 'ann'), claim(2, 3, 'ben')],
  'reserved before anybody had claimed it': [reserve('a', 0, 1), claim(2, 3)],
  'reserved for two sales at once': [claim(0, 1), reserve('a', 2, 3), reserve('b', 4, 5)],
  'reserved while the first one charges, long after its lease': [
    claim(0, 1),
    reserve('a', 2, 3, 100),
    hold('a', 4, 5),
    reserve('b', 150, 160),
  ],
  'reserved after it was used': [claim(0, 1), redeem('a', 2, 3), reserve('b', 4, 5)],
  'kept by two sales': [claim(0, 1), redeem('a', 2, 3), redeem('b', 4, 5)],
  'kept by two sales at the same time': [claim(0, 1), redeem('a', 2, 9), redeem('b', 3, 8)],
  'a conflict with nobody': [claim(0, 1), redeem('a', 2, 3, false)],
  'a conflict with a sale that came after its answer': [claim(0, 1), redeem('a', 2, 3, false), redeem('b', 4, 5)],
  'a conflict with itself': [claim(0, 1), redeem('a', 2, 3), redeem('a', 4, 5, false)],
  'given back by a refund that came before the sale': [claim(0, 1), restore('a', 2, 3), redeem('a', 4, 5)],
  'used again although no refund gave it back': [claim(0, 1), redeem('a', 2, 3), release('a', 4, 5), redeem('b', 6, 7)],
};

describe('the history of a coupon', () => {
  it.each(Object.entries(GOOD))('is explained: %s', (_, ops) => {
    expect(linearizable({ serial, ops })).toBeUndefined();
    expect(linearizable({ serial, ops: ops.toReversed() })).toBeUndefined();
  });

  it.each(Object.entries(BAD))('is flagged: %s', (_, ops) => {
    expect(linearizable({ serial, ops })).toContain('no order explains');
    expect(linearizable({ serial, ops: ops.toReversed() })).toContain('no order explains');
  });

  it('of a hundred sales of a busy afternoon is searched at once', () => {
    const ops = [claim(0, 1)];
    for (let at = 0; at < 60; at++)
      ops.push(reserve(`s${at}`, at * 10 + 2, at * 10 + 9), release(`s${at}`, at * 10 + 8, at * 10 + 14));
    expect(linearizable({ serial, ops })).toBeUndefined();
  });
});
