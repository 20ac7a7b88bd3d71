/** Coupons handed out: to whom, how many, and what a stranger is told. */
import { describe, expect, it } from 'vitest';
import { claimed, claimOp, commit, commitOne, holderId, MORNING, testRules } from '../ledger-fixture.js';
import type { LedgerInTest } from './ledger-in-test.js';

export function claiming(its: LedgerInTest): void {
  describe('claiming', () => {
    it('gives each person one of a tier, serial after serial', async () => {
      expect(await claimed(its.ledger, claimOp('ann', ['s20', 's40', 's80']))).toEqual([0, 4, 7]);
      expect(await claimed(its.ledger, claimOp('bob', ['s20', 's40', 's80']))).toEqual([1, 5, 'tier-gone']);
      expect(await claimed(its.ledger, claimOp('ann', ['s20']))).toEqual(['already-claimed']);
    });

    it('knows a person again by any one identifier where the campaign says so', async () => {
      await claimed(its.ledger, claimOp('ann', ['s20']));
      expect(await claimed(its.ledger, claimOp('x1', ['s20', 's40'], { phone: 'ann' }))).toEqual([
        'already-claimed',
        4,
      ]);
      expect(await claimed(its.ledger, claimOp('x2', ['s20'], { idCard: 'ann' }))).toEqual(['already-claimed']);
      expect(await claimed(its.ledger, claimOp('x3', ['s20'], { device: 'ann' }))).toEqual(['already-claimed']);
    });

    it('needs all identifiers to agree where the campaign says so', async () => {
      const { claim } = testRules().campaign;
      await its.reopen({ claim: { ...claim, samePerson: 'all' } });
      await claimed(its.ledger, claimOp('ann', ['s20']));
      expect(await claimed(its.ledger, claimOp('x1', ['s20'], { phone: 'ann', idCard: 'ann' }))).toEqual([1]);
      expect(await claimed(its.ledger, claimOp('x2', ['s20'], { phone: 'ann', idCard: 'ann', device: 'ann' }))).toEqual(
        ['already-claimed'],
      );
    });

    it('hands out exactly the stock to a crowd in one batch, nobody getting two', async () => {
      const people = Array.from({ length: 50 }, (_, n) => claimOp(`p${n % 25}`, ['s20', 's20', 's80']));
      const outcomes = await commit(its.ledger, people);
      const given = outcomes.flatMap((outcome) => (outcome.kind === 'claimed' ? outcome.tiers : []));
      const serials = given.flatMap(({ serial }) => (serial === null ? [] : [serial]));
      expect(serials.toSorted()).toEqual([0, 1, 2, 3, 7]);
      expect(new Set(given.filter(({ serial }) => serial === null).map(({ reason }) => reason))).toEqual(
        new Set(['tier-gone', 'already-claimed']),
      );
    });

    it('never hands out more than the budget covers', async () => {
      await its.reopen({ budgetFen: 5_000 });
      expect(await claimed(its.ledger, claimOp('ann', ['s40', 's20']))).toEqual([4, 'budget-exhausted']);
    });

    it('says when it has not opened, and that it knows no such tier', async () => {
      expect(await claimed(its.ledger, claimOp('ann', ['s20']), MORNING - 3_600_001)).toEqual(['claim-not-open']);
      expect(await claimed(its.ledger, claimOp('ann', ['__proto__']))).toEqual(['unknown-tier']);
    });

    it('opens a wallet to its owner under any name that is proved, and to nobody with other names only', async () => {
      await claimed(its.ledger, claimOp('ann', ['s20']));
      const stranger = { ...claimOp('eve', ['s20', 's40']), holder: holderId('ann') };
      expect(await commitOne(its.ledger, stranger)).toMatchObject({
        tiers: [{ reason: 'wallet-of-another' }, { reason: 'wallet-of-another' }],
        holder: null,
        number: null,
        serials: [],
      });
      expect(await claimed(its.ledger, claimOp('ann', ['s40']))).toEqual([4]);
      const withNewSim = claimOp('ann', ['s80'], { phone: 'ann-2' });
      expect(await commitOne(its.ledger, withNewSim)).toMatchObject({ holder: holderId('ann'), serials: [0, 4, 7] });
      // A name that agrees and isn't proved opens nothing.
      const asserted = {
        ...claimOp('eve', ['s20'], { idCard: 'ann' }),
        holder: holderId('ann'),
        proved: ['phone'] as const,
      };
      expect(await commitOne(its.ledger, asserted)).toMatchObject({ holder: null, number: null, serials: [] });
    });

    it('tells a holder all that was ever given', async () => {
      await claimed(its.ledger, claimOp('ann', ['s40']));
      const outcome = await commitOne(its.ledger, claimOp('ann', ['s20', 's40']));
      expect(outcome).toMatchObject({ kind: 'claimed', holder: holderId('ann'), serials: [0, 4] });
    });
  });
}
