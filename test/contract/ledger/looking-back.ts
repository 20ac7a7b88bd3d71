/** The campaign's rules that look at a customer's other payments. */
import { describe, expect, it } from 'vitest';
import {
  authorised,
  Counter,
  charging,
  claimed,
  claimOp,
  commitOne,
  MORNING,
  settled,
  signedBy,
} from '../ledger-fixture.js';
import { HOUR, type LedgerInTest } from './ledger-in-test.js';

export function lookingBack(its: LedgerInTest): void {
  describe('the rules that look back', () => {
    const tenMinutes = MORNING + 10 * 60_000;

    it('take no coupon off what looks like one order split in two', async () => {
      await its.reopen({ splitGuard: { minutes: 30, maxPayments: 1 } });
      await claimed(its.ledger, claimOp('ann', ['s20', 's40', 's80']));
      await its.sell(new Counter(), 'a', 'ann', 10_000);
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ann', 20_000), tenMinutes)).toBe('split-order');
      expect(await authorised(its.ledger, new Counter('d3', 'm2').asks('b', 'ann', 20_000), tenMinutes)).toBe(4);
      expect(await authorised(its.ledger, new Counter('d4').asks('b', 'ann', 30_000), MORNING + 30 * 60_000)).toBe(7);
    });

    it('count a sale for whom it is, once, whoever else showed a code at it', async () => {
      await its.reopen({ splitGuard: { minutes: 30, maxPayments: 2 } });
      await claimed(its.ledger, claimOp('ann', ['s20', 's40', 's80']));
      await claimed(its.ledger, claimOp('ben', ['s20', 's40']));
      const counter = new Counter();
      const shown = { a: ['ann', 'ben', 'ann'], b: ['ann', 'ben'] };
      for (const [sale, people] of Object.entries(shown)) {
        for (const who of people) await authorised(its.ledger, counter.asks(sale, who, 10_000));
      }
      expect(await authorised(its.ledger, counter.asks('c', 'ann', 20_000))).toBe(4);
      expect(await authorised(its.ledger, counter.asks('d', 'ann', 30_000))).toBe('split-order');
    });

    it('count no sale that was asked about and not charged before its reservation had lapsed', async () => {
      await its.reopen({ splitGuard: { minutes: 30, maxPayments: 1 } });
      await claimed(its.ledger, claimOp('ann', ['s20', 's40']));
      expect(await authorised(its.ledger, new Counter().asks('a', 'ann', 10_000))).toBe(0);
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ann', 20_000))).toBe('split-order');
      expect(await authorised(its.ledger, new Counter('d3').asks('c', 'ann', 20_000), tenMinutes)).toBe(4);
    });

    it('cap what a customer pays on plates in a day', async () => {
      await its.reopen({ plateCapFen: 50_000 });
      await claimed(its.ledger, claimOp('ann', ['s20', 's40', 's80']));
      const plate = { mode: 'plate' } as const;
      const counter = new Counter();
      expect(await authorised(its.ledger, counter.asks('a', 'ann', 30_000, plate))).toBe(7);
      const facts = { sale: 'a', amountFen: 30_000, serial: 7 };
      await commitOne(its.ledger, counter.sends([charging(facts), settled(facts)]));
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ann', 32_001, plate), tenMinutes)).toBe(
        'plate-cap',
      );
      expect(await authorised(its.ledger, new Counter('d3').asks('b', 'ann', 32_000, plate), tenMinutes)).toBe(4);
    });

    it('count a payment made offline at its own time, not when it arrives', async () => {
      await its.reopen({ splitGuard: { minutes: 30, maxPayments: 1 } });
      await claimed(its.ledger, claimOp('ann', ['s20', 's40', 's80']));
      const verdict = signedBy('ann', [0], 1);
      const facts = { sale: 'a', amountFen: 10_000, serial: 0, presentation: 'CP1:ONE' };
      const records = [{ ...charging(facts), at: { earliest: MORNING, latest: MORNING } }, settled(facts)];
      const evening = MORNING + 8 * HOUR;
      await commitOne(its.ledger, new Counter().sends(records, [['CP1:ONE', verdict]]), evening);
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ann', 20_000), evening)).toBe(4);
    });
  });
}
