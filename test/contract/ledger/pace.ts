/** How fast coupons may be taken, whatever the ledger is made of. */
import { describe, expect, it } from 'vitest';
import { authorised, Counter, claimed, claimOp, commitOne, notCharged } from '../ledger-fixture.js';
import { HOUR, LATER, type LedgerInTest } from './ledger-in-test.js';

const PEOPLE = ['ann', 'bob', 'cyd', 'dan'];

export function pace(its: LedgerInTest): void {
  describe('a counter that takes coupons too fast', () => {
    it('gets no more in this hour, nor does its merchant in this day, also after a restart; others go on', async () => {
      const limits = { device: { perHour: 2, perDay: 9 }, merchant: { perHour: 9, perDay: 3 } };
      await its.reopen({}, { pace: limits });
      for (const who of PEOPLE) await claimed(its.ledger, claimOp(who, ['s20']));
      const [one, two, other] = [new Counter('d1', 'm1'), new Counter('d2', 'm1'), new Counter('d3', 'm2')];
      const asks = one.asks('a', 'ann', 15_000);
      expect(await authorised(its.ledger, asks, LATER)).toBe(0);
      // Asked again, and with another amount: one sale, counted once.
      expect(await authorised(its.ledger, asks, LATER)).toBe(0);
      expect(await authorised(its.ledger, one.asks('a', 'ann', 16_000), LATER)).toBe(0);
      await commitOne(its.ledger, one.sends([notCharged('a')]), LATER);
      expect(await authorised(its.ledger, one.asks('b', 'bob', 15_000), LATER)).toBe(1);
      if (its.isDurable) await its.reopenAsItWas({ pace: limits });
      expect(await authorised(its.ledger, one.asks('c', 'cyd', 15_000), LATER)).toBe('counter-over-limit');
      // No coupon, no matter: the reason is the coupon's own.
      expect(await authorised(its.ledger, one.asks('d', 'cyd', 500), LATER)).toBe('below-threshold');
      expect(await authorised(its.ledger, one.asks('e', 'cyd', 15_000), LATER + HOUR)).toBe(2);
      expect(await authorised(its.ledger, two.asks('f', 'dan', 15_000), LATER + HOUR)).toBe('counter-over-limit');
      expect(await authorised(its.ledger, other.asks('g', 'dan', 15_000), LATER + HOUR)).toBe(3);
    });
  });
}
