import { describe, expect, it } from 'vitest';
import { DOUBTS, isConflict, isDistrusted, weightOf } from './doubts.js';

describe('a doubt', () => {
  it.each([
    ['presentation-unchecked', 'distrust'],
    ['presentation-stale', 'distrust'],
    ['below-threshold', 'distrust'],
    ['sums-differ', 'distrust'],
    ['outside-hours', 'distrust'],
    ['refund-beyond-paid', 'distrust'],
    ['showing-used-before', 'conflict'],
    ['redeemed-without-reservation', 'flag'],
  ] as const)('%s weighs: %s', (doubt, weight) => {
    expect(weightOf(doubt)).toBe(weight);
  });

  it('that this version does not know is distrusted, and so is a name that every object has', () => {
    for (const flag of ['presentation-forgd', 'constructor', '']) expect(isDistrusted([flag])).toBe(true);
  });

  it('decides for all that stand beside it: one distrust is enough', () => {
    expect(isDistrusted(['coupon-used-again', 'presentation-forged'])).toBe(true);
    expect([isDistrusted(['coupon-used-again']), isConflict(['coupon-used-again'])]).toEqual([false, false]);
    expect(isDistrusted([])).toBe(false);
  });

  it('weighs something, each of them', () => {
    for (const doubt of Object.keys(DOUBTS)) expect(['distrust', 'conflict', 'flag']).toContain(weightOf(doubt));
  });
});
