import { describe, expect, it } from 'vitest';
import { fen } from '../kernel/money.js';
import type { Tier } from './schema.js';
import { couponCount, serialRange, tierOfSerial, totalFaceFen } from './tiers.js';

const tier = (id: string, quantity: number): Tier => ({
  id,
  quantity,
  faceFen: fen(2_000),
  thresholdFen: fen(10_000),
  modes: ['plate'],
});
const campaign = { tiers: [tier('a', 4_000), tier('b', 1), tier('c', 2_000)] };

describe('serials are dense, tier after tier', () => {
  it.each([
    [0, 'a'],
    [3_999, 'a'],
    [4_000, 'b'],
    [4_001, 'c'],
    [6_000, 'c'],
    [6_001, undefined],
    [-1, undefined],
    [0.5, undefined],
    [Number.NaN, undefined],
  ])('coupon %s is of tier %s', (serial, id) => {
    expect(tierOfSerial(campaign, serial)?.id).toBe(id);
  });

  it('so a tier is a range of serials', () => {
    expect(serialRange(campaign, 'a')).toEqual({ first: 0, last: 3_999 });
    expect(serialRange(campaign, 'b')).toEqual({ first: 4_000, last: 4_000 });
    expect(serialRange(campaign, 'c')).toEqual({ first: 4_001, last: 6_000 });
    expect(serialRange(campaign, 'd')).toBeUndefined();
  });

  it('and all of them are counted', () => {
    expect(couponCount(campaign)).toBe(6_001);
    expect(totalFaceFen(campaign)).toBe(6_001 * 2_000);
  });
});
