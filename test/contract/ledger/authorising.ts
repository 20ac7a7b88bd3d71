/** May this coupon be taken off this sale? Every answer, and what it reserves. */
import { beforeEach, describe, expect, it } from 'vitest';
import {
  authorised,
  Counter,
  claimed,
  claimOp,
  commit,
  commitOne,
  holderId,
  LEASE_MS,
  MORNING,
} from '../ledger-fixture.js';
import { LATER, type LedgerInTest } from './ledger-in-test.js';

export function authorising(its: LedgerInTest): void {
  describe('authorise', () => {
    beforeEach(() => claimed(its.ledger, claimOp('ann', ['s20', 's40', 's80'])));

    it('reserves the largest face that fits', async () => {
      expect(await authorised(its.ledger, new Counter().asks('a', 'ann', 25_990))).toBe(4);
      expect(await authorised(its.ledger, new Counter().asks('b', 'ann', 25_990))).toBe(0);
    });

    it('says what is missing below the threshold', async () => {
      const outcome = await commitOne(its.ledger, new Counter().asks('a', 'ann', 9_990));
      expect(outcome).toMatchObject({
        answer: { kind: 'refused', reason: 'below-threshold', next: { faceFen: 2_000, missingFen: 10 } },
      });
    });

    it('gives the same request the same answer, and a new lease', async () => {
      const counter = new Counter();
      const op = counter.asks('a', 'ann', 30_000);
      const first = await commitOne(its.ledger, op);
      expect(await commitOne(its.ledger, { ...op, id: 'again' }, MORNING + LEASE_MS - 1)).toEqual(first);
      const other = new Counter('d2').asks('b', 'ann', 30_000);
      expect(await authorised(its.ledger, other, LATER)).toBe(4);
    });

    it('repeats a refusal to the same message, and decides anew when asked anew', async () => {
      const blocked = new Counter('d2').asks('b', 'ben', 30_000);
      expect(await authorised(its.ledger, blocked)).toBe('no-coupon-held');
      await claimed(its.ledger, claimOp('ben', ['s20']));
      expect(await authorised(its.ledger, blocked)).toBe('no-coupon-held');
      expect(await authorised(its.ledger, { ...blocked, id: 'q9' })).toBe(1);
    });

    it('lets exactly one of two counters have the only coupon', async () => {
      await claimed(its.ledger, claimOp('ben', ['s20']));
      const [one, two] = await commit(its.ledger, [
        new Counter('d1').asks('a', 'ben', 15_000),
        new Counter('d2').asks('b', 'ben', 15_000),
      ]);
      expect(one).toMatchObject({ answer: { kind: 'reserved', serial: 1 } });
      expect(two).toMatchObject({ answer: { kind: 'refused', reason: 'coupon-reserved' } });
    });

    it('takes a coupon whose lease has lapsed', async () => {
      await claimed(its.ledger, claimOp('ben', ['s20']));
      expect(await authorised(its.ledger, new Counter('d1').asks('a', 'ben', 15_000))).toBe(1);
      const other = new Counter('d2').asks('b', 'ben', 15_000);
      expect(await authorised(its.ledger, other, MORNING + LEASE_MS)).toBe('coupon-reserved');
      expect(await authorised(its.ledger, { ...other, id: 'q2' }, LATER)).toBe(1);
    });

    it('gives back what a sale had, when it asks with something else shown', async () => {
      const counter = new Counter();
      expect(await authorised(its.ledger, counter.asks('a', 'ann', 30_000))).toBe(7);
      await claimed(its.ledger, claimOp('ben', ['s20']));
      expect(await authorised(its.ledger, counter.asks('a', 'ben', 30_000))).toBe(1);
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ann', 30_000))).toBe(7);
    });

    it('keeps what a sale has, when an earlier question of it comes late', async () => {
      await claimed(its.ledger, claimOp('ben', ['s20']));
      const counter = new Counter();
      const early = counter.asks('a', 'nobody', 30_000, { id: '1.9' });
      expect(await authorised(its.ledger, early)).toBe('no-coupon-held');
      expect(await authorised(its.ledger, counter.asks('a', 'ben', 30_000, { id: '1.10' }))).toBe(1);
      expect(await authorised(its.ledger, early)).toBe('REQUEST_OVERTAKEN');
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ben', 15_000))).toBe('coupon-reserved');
    });

    it('tells a sale that has gone on that it can not ask any more', async () => {
      const counter = new Counter();
      await its.sell(counter, 'a', 'ann', 30_000);
      expect(await authorised(its.ledger, counter.asks('a', 'ann', 12_000))).toBe('SALE_DIFFERS');
    });

    it('says that a used coupon is used', async () => {
      await claimed(its.ledger, claimOp('ben', ['s20']));
      await its.sell(new Counter(), 'a', 'ben', 15_000);
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ben', 15_000))).toBe('already-used');
    });

    it('refuses what was refused at the door, what is outside the hours, and merchants that are not listed', async () => {
      const shown = { presented: { kind: 'refused', reason: 'presentation-forged' } } as const;
      expect(await authorised(its.ledger, new Counter().asks('a', 'ann', 30_000, shown))).toBe('presentation-forged');
      const night = MORNING + 13 * 3_600_000;
      expect(await authorised(its.ledger, new Counter().asks('b', 'ann', 30_000), night)).toBe('outside-hours');
      expect(await authorised(its.ledger, new Counter('d1', 'next-door').asks('c', 'ann', 30_000))).toBe(
        'merchant-not-listed',
      );
    });

    it('takes a presentation once, but lets the same sale ask again', async () => {
      const shown = (counter: number) =>
        ({ presented: { kind: 'verified', holder: holderId('ann'), nonce: counter, evidence: 'CP1:' } }) as const;
      const op = new Counter().asks('a', 'ann', 30_000, shown(5));
      expect(await authorised(its.ledger, op)).toBe(7);
      expect(await authorised(its.ledger, { ...op, id: 'again' })).toBe(7);
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ann', 30_000, shown(5)))).toBe(
        'presentation-replayed',
      );
      expect(await authorised(its.ledger, new Counter('d2').asks('c', 'ann', 30_000, shown(4)))).toBe(
        'presentation-replayed',
      );
      expect(await authorised(its.ledger, new Counter('d2').asks('d', 'ann', 30_000, shown(6)))).toBe(4);
    });
  });
}
