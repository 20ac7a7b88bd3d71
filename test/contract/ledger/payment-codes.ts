/** Dynamic payment codes: one use, one sale, whatever the ledger is made of; and counters that guess. */
import { describe, expect, it } from 'vitest';
import type { CheckedPresentation } from '#gateway/ports/ledger.js';
import { err } from '#protocol/kernel/result.js';
import { authorised, Counter, claimed, claimOp, paymentNumber, showing } from '../ledger-fixture.js';
import { HOUR, LATER, type LedgerInTest } from './ledger-in-test.js';

const guessing = (who: string): CheckedPresentation => ({
  kind: 'opaque',
  code: `62${paymentNumber(who)}00000000`,
  readCode: { number: paymentNumber(who), step: err('payment-code-wrong') },
});

export function paymentCodes(its: LedgerInTest): void {
  describe('a payment code', () => {
    it('is for one sale: it may ask again, and no other counter gets anything for it, not even after a restart', async () => {
      await claimed(its.ledger, claimOp('ann', ['s20', 's40']));
      const [one, two] = [new Counter('d1'), new Counter('d2')];
      const presented = showing('ann');
      const asks = one.asks('a', 'ann', 15_000, { presented });
      expect(await authorised(its.ledger, asks)).toBe(0);
      expect(await authorised(its.ledger, asks)).toBe(0);
      expect(await authorised(its.ledger, one.asks('a', 'ann', 25_000, { presented }))).toBe(4);
      expect(await authorised(its.ledger, two.asks('b', 'ann', 15_000, { presented }))).toBe('payment-code-used');
      if (its.isDurable) await its.reopenAsItWas();
      expect(await authorised(its.ledger, two.asks('b', 'ann', 15_000, { presented }), LATER)).toBe(
        'payment-code-used',
      );
      expect(await authorised(its.ledger, two.asks('b', 'ann', 15_000), LATER)).toBe(0);
    });

    it('that is older than one taken is not taken any more', async () => {
      await claimed(its.ledger, claimOp('ann', ['s20']));
      const [older, newer] = [showing('ann'), showing('ann')];
      const counter = new Counter();
      await authorised(its.ledger, counter.asks('a', 'ann', 5_000, { presented: newer }));
      expect(await authorised(its.ledger, counter.asks('b', 'ann', 15_000, { presented: older }))).toBe(
        'payment-code-used',
      );
    });

    it('that a sale below the threshold was shown pays nowhere else', async () => {
      await claimed(its.ledger, claimOp('ann', ['s20']));
      const presented = showing('ann');
      expect(await authorised(its.ledger, new Counter('d1').asks('a', 'ann', 500, { presented }))).toBe(
        'below-threshold',
      );
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ann', 15_000, { presented }))).toBe(
        'payment-code-used',
      );
    });
  });

  describe('a counter that guesses payment codes', () => {
    it('is refused every payment code for the rest of the hour, and of the day, also after a restart', async () => {
      await claimed(its.ledger, claimOp('ann', ['s20']));
      const [counter, other] = [new Counter('d1'), new Counter('d2')];
      let sales = 0;
      const guesses = async (count: number, now: number): Promise<readonly (number | string)[]> => {
        const answers = [];
        for (let guess = 0; guess < count; guess += 1) {
          sales += 1;
          const asks = counter.asks(`g${sales}`, 'ann', 15_000, { presented: guessing('ann') });
          answers.push(await authorised(its.ledger, asks, now));
        }
        return answers;
      };
      const wrong = (count: number) => Array<string>(count).fill('payment-code-wrong');
      expect(await guesses(12, LATER)).toEqual([...wrong(10), 'too-many-wrong-codes', 'too-many-wrong-codes']);
      if (its.isDurable) await its.reopenAsItWas();
      expect(await authorised(its.ledger, counter.asks('a', 'ann', 15_000), LATER)).toBe('too-many-wrong-codes');
      expect(await guesses(11, LATER + HOUR)).toEqual([...wrong(10), 'too-many-wrong-codes']);
      expect(await guesses(1, LATER + 2 * HOUR)).toEqual(['too-many-wrong-codes']);
      expect(await authorised(its.ledger, other.asks('b', 'ann', 15_000), LATER + 2 * HOUR)).toBe(0);
    });

    it('does not count codes of customers who have no coupons, and codes that are merely late', async () => {
      await claimed(its.ledger, claimOp('ann', ['s20']));
      const counter = new Counter();
      const { code, readCode: shown } = guessing('ann') as Extract<CheckedPresentation, { kind: 'opaque' }>;
      const late: CheckedPresentation = {
        kind: 'opaque',
        code,
        readCode: { ...shown, step: err('payment-code-expired') },
      };
      for (let sale = 0; sale < 30; sale += 1) {
        await authorised(its.ledger, counter.asks(`n${sale}`, 'ann', 15_000, { presented: guessing('nobody') }));
        await authorised(its.ledger, counter.asks(`l${sale}`, 'ann', 15_000, { presented: late }));
      }
      expect(await authorised(its.ledger, counter.asks('a', 'ann', 15_000))).toBe(0);
    });
  });
}
