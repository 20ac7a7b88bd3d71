/** What holds for the book as a whole, however it is written and read. */
import { describe, expect, it } from 'vitest';
import {
  abandoned,
  asked,
  authorised,
  Counter,
  charging,
  claimed,
  claimOp,
  commit,
  commitOne,
  holderId,
  settled,
} from '../ledger-fixture.js';
import type { LedgerInTest } from './ledger-in-test.js';

export function book(its: LedgerInTest): void {
  describe('the book', () => {
    it('decides a batch as it decides its operations one by one', async () => {
      const operations = () => {
        const counter = new Counter();
        const facts = { sale: 'a', amountFen: 30_000, serial: 7 };
        return [
          claimOp('ann', ['s20', 's40', 's80']),
          claimOp('ben', ['s20', 's80']),
          counter.asks('a', 'ann', 30_000),
          counter.asks('b', 'ben', 30_000),
          counter.sends([charging(facts)]),
          counter.sends([settled(facts), abandoned('b')]),
          new Counter('d2').asks('c', 'ben', 10_000),
        ];
      };
      const together = await commit(its.ledger, operations());
      const bookTogether = await its.sums();
      await its.reopen({});
      const singly = [];
      for (const op of operations()) singly.push(await commitOne(its.ledger, op));
      expect(together).toEqual(singly);
      expect(bookTogether).toEqual(await its.sums());
    });

    it('has an audit chain that holds', async () => {
      await claimed(its.ledger, claimOp('ann', ['s20', 's80']));
      await its.sell(new Counter(), 'a', 'ann', 30_000);
      expect(await asked((done) => its.ledger.auditIntact(done))).toBe(true);
    });

    it('shows a holder what became of each coupon', async () => {
      await claimed(its.ledger, claimOp('ann', ['s20', 's80']));
      await its.sell(new Counter(), 'a', 'ann', 30_000);
      const found = await asked<unknown>((done) => its.ledger.holder(holderId('ann'), done));
      expect(found).toMatchObject({
        holder: { id: holderId('ann') },
        coupons: [
          { serial: 0, state: 'held' },
          { serial: 7, state: 'used' },
        ],
      });
      expect(await asked((done) => its.ledger.holder(holderId('nobody'), done))).toBeUndefined();
    });

    it('is there again after it was closed', async () => {
      if (!its.isDurable) return;
      const counter = new Counter();
      await claimed(its.ledger, claimOp('ann', ['s20', 's80']));
      await its.sell(counter, 'a', 'ann', 30_000);
      const before = await its.sums();
      await its.reopenAsItWas();
      expect(await its.sums()).toEqual(before);
      expect(await authorised(its.ledger, counter.asks('b', 'ann', 30_000))).toBe(0);
    });
  });
}
