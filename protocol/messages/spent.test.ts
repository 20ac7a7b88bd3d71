import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CampaignId, CouponSerial } from '../kernel/ids.js';
import { parseSpent } from './index.js';
import {
  applySpent,
  isSpent,
  MAX_DELTA_SERIALS,
  MAX_SPENT_SERIALS,
  NOTHING_SPENT,
  type SpentDelta,
  type SpentSet,
  spentFull,
  withChange,
} from './spent.js';
import { MAX_PAYLOAD_BYTES } from './topics.js';

const CAMPAIGN = 'youhao-2023' as CampaignId;
const serials = (...numbers: number[]) => numbers as CouponSerial[];
const delta = (version: number, spent: number[], restored: number[] = []): SpentDelta => ({
  v: 1,
  type: 'spent-delta',
  campaign: CAMPAIGN,
  version,
  spent: serials(...spent),
  restored: serials(...restored),
});
const applied = (set: SpentSet, message: Parameters<typeof applySpent>[1]) => {
  const update = applySpent(set, message);
  if (!update.ok) throw new Error(update.fault);
  return update.value;
};
const members = (set: SpentSet): number[] =>
  Array.from({ length: set.bits.length * 8 }, (_, n) => n).filter((n) => isSpent(set, n as CouponSerial));

describe('the spent set', () => {
  it('knows the spent coupons, and no others', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(2_000)), (numbers) => {
        const set = withChange(NOTHING_SPENT, 1, serials(...numbers));
        expect(members(set)).toEqual([...numbers].sort((a, b) => a - b));
        expect(isSpent(set, 5_000 as CouponSerial)).toBe(false);
        expect(isSpent(set, 0xffff_fffe as CouponSerial)).toBe(false);
      }),
    );
  });

  it('holds the 10,000 coupons of the reference campaign in 1,250 bytes', () => {
    expect(withChange(NOTHING_SPENT, 1, serials(9_999)).bits).toHaveLength(1_250);
  });

  it('is the same after its journey as a whole message', () => {
    const set = withChange(NOTHING_SPENT, 7, serials(0, 9, 9_999));
    const parsed = parseSpent(new TextEncoder().encode(JSON.stringify(spentFull(CAMPAIGN, set))));
    if (!parsed.ok) throw new Error(parsed.fault.what);
    expect(applied(NOTHING_SPENT, parsed.value)).toEqual({ set, outcome: 'applied' });
  });

  it('fits one payload at its largest, as does the largest delta', () => {
    const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
    const full = withChange(NOTHING_SPENT, 1, serials(MAX_SPENT_SERIALS - 1));
    const whole = bytes(spentFull(CAMPAIGN, full));
    expect(whole.length).toBeLessThan(MAX_PAYLOAD_BYTES);
    expect(parseSpent(whole).ok).toBe(true);
    const many = Array.from({ length: MAX_DELTA_SERIALS }, (_, n) => MAX_SPENT_SERIALS - 1 - n);
    expect(bytes(delta(1, many)).length).toBeLessThan(MAX_PAYLOAD_BYTES);
    expect(() => withChange(NOTHING_SPENT, 1, serials(MAX_SPENT_SERIALS))).toThrow(RangeError);
  });

  it('follows deltas one by one, and is changed by none of them twice', () => {
    const first = applied(NOTHING_SPENT, delta(1, [3]));
    const second = applied(first.set, delta(2, [4], [3]));
    expect(members(second.set)).toEqual([4]);
    expect(applied(second.set, delta(1, [3]))).toEqual({ set: second.set, outcome: 'already' });
    expect(applied(second.set, delta(2, [4], [3])).outcome).toBe('already');
    expect(members(first.set)).toEqual([3]);
  });

  it('stays careful across a gap: spends what it hears of, restores nothing, and waits for the whole', () => {
    const held = applied(NOTHING_SPENT, delta(1, [3])).set;
    const update = applied(held, delta(5, [9], [3]));
    expect(update.outcome).toBe('gap');
    expect(update.set.version).toBe(1);
    expect(members(update.set)).toEqual([3, 9]);
    const whole = spentFull(CAMPAIGN, withChange(NOTHING_SPENT, 5, serials(9)));
    expect(members(applied(update.set, whole).set)).toEqual([9]);
    expect(applied(update.set, { ...whole, version: 0 }).outcome).toBe('already');
  });

  it('refuses a bitmap that is none, and a serial that no set holds', () => {
    const bad = { ok: false, fault: 'SPENT_SET_MALFORMED' };
    expect(applySpent(NOTHING_SPENT, { ...spentFull(CAMPAIGN, NOTHING_SPENT), bits: '!!' })).toEqual(bad);
    expect(applySpent(NOTHING_SPENT, delta(1, [MAX_SPENT_SERIALS]))).toEqual(bad);
  });
});
