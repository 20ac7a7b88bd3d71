/** What a sale's records make of its coupon and who pays: redeemed, freed, conflict or disputed. */
import { beforeEach, describe, expect, it } from 'vitest';
import {
  abandoned,
  authorised,
  Counter,
  charging,
  claimed,
  claimOp,
  commitOne,
  MORNING,
  notCharged,
  settled,
  signedBy,
  testRules,
  unknown,
} from '../ledger-fixture.js';
import { HOUR, LATER, type LedgerInTest } from './ledger-in-test.js';

export function sales(its: LedgerInTest): void {
  describe('a sale', () => {
    beforeEach(() => claimed(its.ledger, claimOp('ann', ['s20', 's40', 's80'])));

    it('redeems the coupon and posts it from the sponsors to the merchant', async () => {
      expect(await its.sell(new Counter(), 'a', 'ann', 30_000)).toMatchObject({ kind: 'have', head: { seq: 2 } });
      expect(await its.sums()).toMatchObject({
        redeemed: 1,
        redeemedFen: 8_000,
        reportedNetFen: 22_000,
        used: 1,
        postingsFen: 0,
        accounts: { 'merchant:m1': 8_000, 'sponsor:bank': -2_400, 'sponsor:district': -5_600 },
        merchants: { m1: { redeemed: 1, redeemedFen: 8_000 } },
      });
      expect(await its.spent()).toEqual([7]);
    });

    it.each([
      ['declined', notCharged('a')],
      ['abandoned', abandoned('a')],
      ['charged in full', charging({ sale: 'a', amountFen: 30_000, serial: null })],
    ])('frees the coupon when it is %s', async (_, record) => {
      const counter = new Counter();
      await authorised(its.ledger, counter.asks('a', 'ann', 30_000));
      await commitOne(its.ledger, counter.sends([record]));
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ann', 30_000))).toBe(7);
    });

    it.each([
      ['a charge that has begun', [charging({ sale: 'a', amountFen: 30_000, serial: 7 })]],
      ['an unknown outcome', [charging({ sale: 'a', amountFen: 30_000, serial: 7 }), unknown('a')]],
    ])('holds the coupon past the lease after %s', async (_, records) => {
      const counter = new Counter();
      await authorised(its.ledger, counter.asks('a', 'ann', 30_000));
      await commitOne(its.ledger, counter.sends(records));
      const muchLater = MORNING + 3_600_000;
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ann', 30_000), muchLater)).toBe(4);
      await commitOne(its.ledger, counter.sends([notCharged('a')]), muchLater);
      expect(await authorised(its.ledger, new Counter('d2').asks('c', 'ann', 30_000), muchLater)).toBe(7);
    });

    it('redeems late, when nobody else came in between', async () => {
      const counter = new Counter();
      await authorised(its.ledger, counter.asks('a', 'ann', 30_000));
      const sale = { sale: 'a', amountFen: 30_000, serial: 7 };
      await commitOne(its.ledger, counter.sends([charging(sale), settled(sale)]), MORNING + 86_400_000);
      expect(await its.sums()).toMatchObject({ redeemed: 1, conflicts: 0 });
    });

    it('leaves the coupon to the first in the ledger and books the other, with evidence', async () => {
      const [early, late] = [new Counter('d1'), new Counter('d2', 'm2')];
      await authorised(its.ledger, early.asks('a', 'ann', 30_000));
      await authorised(its.ledger, late.asks('b', 'ann', 30_000), LATER);
      for (const [counter, sale] of [[late, 'b'] as const, [early, 'a'] as const]) {
        const facts = { sale, amountFen: 30_000, serial: 7, merchant: counter.merchant };
        await commitOne(its.ledger, counter.sends([charging(facts), settled(facts)]), LATER);
      }
      expect(await its.sums()).toMatchObject({
        redeemed: 1,
        conflicts: 1,
        conflictFen: 8_000,
        used: 1,
        postingsFen: 0,
        accounts: { 'merchant:m1': 8_000, 'merchant:m2': 8_000, 'conflict:bank': -8_000 },
      });
      expect(await its.saleOf(early, 'a')).toMatchObject({
        booking: 'conflict',
        flags: expect.arrayContaining(['coupon-already-used']),
      });
      expect(await its.evidence()).toMatchObject([
        { kind: 'double-spend', detail: { serial: 7, first: { sale: 'd2/b' }, second: { sale: 'd1/a' } } },
      ]);
    });

    it('pays nobody for a double spend whose counter says that it took more than the face', async () => {
      const [honest, greedy] = [new Counter('d1'), new Counter('d2')];
      await authorised(its.ledger, greedy.asks('a', 'ann', 9_100_000));
      await authorised(its.ledger, honest.asks('a', 'ann', 9_100_000), LATER);
      for (const [counter, faceFen] of [[honest, 8_000] as const, [greedy, 9_000_000] as const]) {
        const facts = { sale: 'a', amountFen: 9_100_000, serial: 7 };
        const records = [charging(facts), { ...settled(facts), faceFen, netFen: 9_100_000 - faceFen }];
        await commitOne(its.ledger, counter.sends(records), LATER);
      }
      expect(await its.sums()).toMatchObject({
        conflicts: 0,
        disputed: 1,
        postingsFen: 0,
        accounts: { 'merchant:m1': 8_000, 'disputed:d2': 8_000 },
      });
      expect((await its.saleOf(greedy, 'a'))?.flags).toContain('face-differs');
    });

    it('keeps both presentations of an offline double spend', async () => {
      const verdict = signedBy('ann', [7], 1);
      for (const [device, shown] of [['d1', 'CP1:ONE'] as const, ['d2', 'CP1:TWO'] as const]) {
        const facts = { sale: 'a', amountFen: 30_000, serial: 7, presentation: shown };
        await commitOne(its.ledger, new Counter(device).sends([charging(facts), settled(facts)], [[shown, verdict]]));
      }
      expect(await its.sums()).toMatchObject({ redeemed: 1, conflicts: 1, postingsFen: 0 });
      expect(await its.evidence()).toMatchObject([
        { detail: { first: { presented: 'CP1:ONE' }, second: { presented: 'CP1:TWO' } } },
      ]);
    });

    it('pays nobody for one showing that a counter used twice, but for one that two counters were shown', async () => {
      await claimed(its.ledger, claimOp('ben', ['s20', 's40']));
      const verdict = signedBy('ben', [1, 5], 3);
      const take = (counter: Counter, sale: string, serial: number) => {
        const facts = { sale, amountFen: 30_000, serial, presentation: 'CP1:BEN' };
        return commitOne(its.ledger, counter.sends([charging(facts), settled(facts)], [['CP1:BEN', verdict]]));
      };
      const [one, two] = [new Counter('d1'), new Counter('d2')];
      await take(one, 'a', 5);
      await take(two, 'a', 5);
      expect(await its.sums()).toMatchObject({ redeemed: 1, conflicts: 1, disputed: 0 });
      // The same again, and the holder's other coupon.
      await take(one, 'b', 5);
      await take(one, 'c', 1);
      expect(await its.saleOf(one, 'b')).toMatchObject({
        booking: 'disputed',
        flags: expect.arrayContaining(['presentation-replayed']),
      });
      expect(await its.sums()).toMatchObject({
        redeemed: 1,
        conflicts: 1,
        disputed: 2,
        postingsFen: 0,
        accounts: { 'conflict:bank': -4_000, disputed: -6_000 },
      });
    });

    it('takes no coupon for a presentation that proves nothing', async () => {
      const facts = { sale: 'a', amountFen: 30_000, serial: 7, presentation: 'CP1:BAD' };
      const verdicts: [string, { ok: false; reason: 'presentation-forged' }][] = [
        ['CP1:BAD', { ok: false, reason: 'presentation-forged' }],
      ];
      await commitOne(its.ledger, new Counter().sends([charging(facts), settled(facts)], verdicts));
      expect(await its.sums()).toMatchObject({ redeemed: 0, disputed: 1, held: 3, postingsFen: 0 });
    });

    it('leaves the coupon with its holder when the sale that held it proves nothing in the end', async () => {
      const verdict = signedBy('ben', [], 1);
      const facts = { sale: 'a', amountFen: 30_000, serial: 7 };
      const records = [charging({ ...facts, presentation: 'CP1:BEN' }), charging(facts), settled(facts)];
      await commitOne(its.ledger, new Counter().sends(records, [['CP1:BEN', verdict]]));
      expect(await its.sums()).toMatchObject({ disputed: 1, held: 3, reserved: 0, postingsFen: 0 });
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ann', 30_000))).toBe(7);
    });

    it('disputes a coupon that was taken offline outside the hours, or at no known time', async () => {
      const night = MORNING + 13 * HOUR;
      for (const [device, at, flags] of [
        ['d1', { earliest: MORNING, latest: MORNING }, []],
        ['d2', { earliest: night, latest: night }, ['outside-hours']],
        ['d3', { earliest: MORNING, latest: night }, ['no-trusted-time', 'outside-hours']],
        ['d4', null, ['no-trusted-time']],
      ] as const) {
        const facts = { sale: 'a', amountFen: 30_000, serial: 7, presentation: `CP1:${device}` };
        const counter = new Counter(device);
        const verdict = signedBy('ann', [7], Number(device[1]), { shownAt: at?.earliest ?? MORNING });
        const records = [{ ...charging(facts), at }, settled(facts)];
        await commitOne(its.ledger, counter.sends(records, [[facts.presentation, verdict]]), night);
        expect(await its.saleOf(counter, 'a')).toMatchObject({
          flags: expect.arrayContaining([...flags]),
          booking: flags.length > 0 ? 'disputed' : 'kept',
        });
      }
    });

    it('books no coupon on a mere word: neither one that was never reserved, nor one that does not exist', async () => {
      const counter = new Counter();
      for (const [sale, serial] of [['a', 7] as const, ['b', 3] as const, ['c', 4_000] as const]) {
        const facts = { sale, amountFen: 30_000, serial };
        await commitOne(its.ledger, counter.sends([charging(facts), settled(facts)]));
        expect(await its.saleOf(counter, sale)).toMatchObject({ booking: 'disputed' });
      }
      expect((await its.saleOf(counter, 'a'))?.flags).toContain('never-reserved');
      // Where a person sees that there is something to look at.
      expect((await its.sums()).flags).toEqual({
        'charged-without-reservation': 3,
        'coupon-never-handed-out': 2,
        'never-reserved': 3,
      });
      expect(await its.sums()).toMatchObject({ settledSales: 3, redeemed: 0, disputed: 3, held: 3, postingsFen: 0 });
      expect((await its.sums()).accounts).not.toHaveProperty('sponsor:district');
      expect((await its.evidence()).map(({ kind }) => kind)).toEqual(['disputed', 'disputed', 'disputed']);
    });

    it('holds no coupon for a counter that says it charges and was given nothing', async () => {
      await commitOne(its.ledger, new Counter().sends([charging({ sale: 'a', amountFen: 30_000, serial: 7 })]));
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ann', 30_000))).toBe(7);
    });

    it('takes no other coupon than the one that was reserved, or was shown', async () => {
      await claimed(its.ledger, claimOp('ben', ['s20']));
      const [online, offline] = [new Counter('d1'), new Counter('d2')];
      expect(await authorised(its.ledger, online.asks('a', 'ben', 30_000))).toBe(1);
      const facts = { sale: 'a', amountFen: 30_000, serial: 1, presentation: 'CP1:BEN' };
      const verdict = signedBy('ben', [1], 1);
      await commitOne(its.ledger, online.sends([charging({ sale: 'a', amountFen: 30_000, serial: 1 })]));
      await commitOne(its.ledger, online.sends([settled({ sale: 'a', amountFen: 30_000, serial: 7 })]));
      await commitOne(its.ledger, offline.sends([charging(facts)], [['CP1:BEN', verdict]]));
      await commitOne(its.ledger, offline.sends([settled({ sale: 'a', amountFen: 30_000, serial: 7 })]));
      expect(await its.sums()).toMatchObject({ redeemed: 0, disputed: 2, used: 0, postingsFen: 0 });
    });

    it('goes by what was reserved for the sale, also when a later question of it was answered otherwise', async () => {
      const [early, late] = [new Counter('d1'), new Counter('d2')];
      expect(await authorised(its.ledger, early.asks('a', 'ann', 30_000))).toBe(7);
      expect(await authorised(its.ledger, late.asks('b', 'ann', 30_000), LATER)).toBe(7);
      expect(await authorised(its.ledger, early.asks('a', 'nobody', 30_000), LATER)).toBe('no-coupon-held');
      await commitOne(its.ledger, late.sends([notCharged('b')]), LATER);
      const facts = { sale: 'a', amountFen: 30_000, serial: 7 };
      await commitOne(its.ledger, early.sends([charging(facts), settled(facts)]), LATER);
      expect(await its.sums()).toMatchObject({ redeemed: 1, disputed: 0, used: 1 });
    });

    it('has no sponsor pay a merchant who is not on the list', async () => {
      const counter = new Counter();
      expect(await authorised(its.ledger, counter.asks('a', 'ann', 30_000))).toBe(7);
      const facts = { sale: 'a', amountFen: 30_000, serial: 7, merchant: 'elsewhere' };
      await commitOne(its.ledger, counter.sends([charging(facts), settled(facts)]));
      expect(await its.saleOf(counter, 'a')).toMatchObject({ booking: 'disputed', flags: ['merchant-differs'] });
      expect((await its.sums()).accounts).toEqual({ disputed: -8_000, 'disputed:d1': 8_000 });
    });

    it('charges the sponsor a double spend within the budget only', async () => {
      const offline = { ...testRules().campaign.offline, conflictAccount: 'sponsor' };
      await its.reopen({ offline, budgetFen: 12_000 });
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const verdict = signedBy('ann', [7], 1);
      for (const device of ['d1', 'd2', 'd3']) {
        const facts = { sale: 'a', amountFen: 30_000, serial: 7, presentation: 'CP1:ANN' };
        const records = [charging(facts), settled(facts)];
        await commitOne(its.ledger, new Counter(device).sends(records, [['CP1:ANN', verdict]]));
      }
      expect((await its.sums()).accounts).toMatchObject({ 'conflict:beyond-budget': -16_000 });
    });
  });
}
