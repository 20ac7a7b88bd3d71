/** Goods that came back: what becomes of coupon and money. */
import { describe, expect, it } from 'vitest';
import type { Case } from '#gateway/ledger/report/cases.js';
import type { SaleId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import {
  asked,
  authorised,
  Counter,
  charging,
  claimed,
  claimOp,
  commitOne,
  MORNING,
  refunded,
  settled,
  signedBy,
  testRules,
} from '../ledger-fixture.js';
import { HOUR, type LedgerInTest } from './ledger-in-test.js';

export function refunds(its: LedgerInTest): void {
  describe('a refund', () => {
    /** Shown at any counter, it proves the coupon of 80. */
    const shown = [['CP1:ANN', signedBy('ann', [7], 1)]] as const;

    it.each([
      [
        'stays-used',
        { used: 1, held: 2, accounts: { 'merchant:m1': 0, 'refund:test-2023': 8_000, 'sponsor:bank': -2_400 } },
        4,
      ],
      ['restored-if-full', { used: 0, held: 3, accounts: { 'merchant:m1': 0, 'sponsor:bank': 0 } }, 7],
      ['restored-next-day', { used: 0, held: 3, accounts: { 'merchant:m1': 0, 'sponsor:bank': 0 } }, 4],
      ['pro-rata', { used: 0, held: 3, accounts: { 'merchant:m1': 0, 'sponsor:bank': 0 } }, 7],
    ])('follows the rule %s', async (refund, expected, nextCoupon) => {
      await its.reopen({ refund });
      await claimed(its.ledger, claimOp('ann', ['s20', 's40', 's80']));
      const counter = new Counter();
      await its.sell(counter, 'a', 'ann', 30_000);
      await commitOne(its.ledger, counter.sends([refunded('a', 22_000)]));
      expect(await its.sums()).toMatchObject({ refunded: 1, reportedRefundedFen: 22_000, postingsFen: 0, ...expected });
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ann', 30_000))).toBe(nextCoupon);
      const tomorrow = MORNING + 86_400_000;
      const answer = await authorised(its.ledger, new Counter('d3').asks('c', 'ann', 30_000), tomorrow);
      expect(answer).toBe(refund === 'stays-used' ? 4 : 7);
    });

    it.each([
      ['bank', 28_000],
      ['merchant', 28_000],
      ['sponsor', 28_000],
      ['sponsor', 12_000],
    ])(
      'of a part leaves the merchant the rest of a face that the %s bears (budget %i fen)',
      async (conflictAccount, budgetFen) => {
        await its.reopen({ budgetFen, offline: { ...testRules().campaign.offline, conflictAccount } });
        await claimed(its.ledger, claimOp('ann', ['s80']));
        const facts = { sale: 'a', amountFen: 30_000, serial: 7, merchant: 'm2', presentation: 'CP1:ANN' };
        const first = [charging({ ...facts, merchant: 'm1' }), settled(facts)];
        const second = [charging(facts), settled(facts), refunded('a', 5_500)];
        await commitOne(its.ledger, new Counter('d1').sends(first, shown));
        await commitOne(its.ledger, new Counter('d2').sends(second, shown));
        const { accounts, postingsFen } = await its.sums();
        const conflicts = Object.entries(accounts).filter(([account]) => account.startsWith('conflict:'));
        expect(conflicts.map(([, amount]) => amount)).toEqual([-6_000]);
        expect([accounts['merchant:m2'], postingsFen]).toEqual([6_000, 0]);
      },
    );

    it.each([
      ['restored-if-full', { 'refund:test-2023': 8_000, 'sponsor:district': -5_600, 'sponsor:bank': -2_400 }],
      ['restored-next-day', { 'refund:test-2023': 8_000, 'sponsor:district': -5_600, 'sponsor:bank': -2_400 }],
      ['pro-rata', { 'sponsor:district': 0, 'sponsor:bank': 0 }],
    ])('gives no coupon back that another sale took off, too (%s)', async (refund, accounts) => {
      await its.reopen({ refund });
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const facts = { sale: 'a', amountFen: 30_000, serial: 7, presentation: 'CP1:ANN' };
      const [first, second] = [new Counter('d1'), new Counter('d2')];
      await commitOne(its.ledger, first.sends([charging(facts), settled(facts)], shown));
      await commitOne(its.ledger, second.sends([charging(facts), settled(facts)], shown));
      await commitOne(its.ledger, first.sends([refunded('a', 22_000)]));
      expect(await its.sums()).toMatchObject({ used: 1, held: 0, conflicts: 1, postingsFen: 0 });
      expect((await its.sums()).accounts).toEqual({ 'merchant:m1': 8_000, 'conflict:bank': -8_000, ...accounts });
      const tomorrow = MORNING + 86_400_000;
      expect(await authorised(its.ledger, new Counter('d3').asks('b', 'ann', 30_000), tomorrow)).toBe('already-used');
    });

    it('of a double spend leaves its part of the budget to the next one', async () => {
      const offline = { ...testRules().campaign.offline, conflictAccount: 'sponsor' };
      await its.reopen({ offline, budgetFen: 16_000 });
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const facts = { sale: 'a', amountFen: 30_000, serial: 7, presentation: 'CP1:ANN' };
      for (const [device, records] of [
        ['d1', []],
        ['d2', [refunded('a', 22_000)]],
        ['d3', []],
        ['d4', []],
      ] as const) {
        await commitOne(its.ledger, new Counter(device).sends([charging(facts), settled(facts), ...records], shown));
      }
      expect((await its.sums()).accounts).toMatchObject({
        'conflict:sponsor': -8_000,
        'conflict:beyond-budget': -8_000,
      });
    });

    it.each([
      ['restored-if-full', [7], []],
      ['restored-next-day', [], [7]],
    ])('tells counters without a line that the coupon is back when it is (%s)', async (refund, restored, today) => {
      await its.reopen({ refund });
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      await its.sell(counter, 'a', 'ann', 30_000);
      const back = counter.sends([refunded('a', 22_000)]);
      const committed = await asked((done) => its.ledger.commit([back], wallMs(MORNING), done));
      expect(committed).toMatchObject({ spent: [], restored });
      expect([await its.spent(), await its.spent(MORNING + 24 * HOUR)]).toEqual([today, []]);
    });

    it('says of a coupon that is back tomorrow that it is, and takes it then', async () => {
      await its.reopen({ refund: 'restored-next-day' });
      await claimed(its.ledger, claimOp('ann', ['s20', 's80']));
      const counter = new Counter();
      await its.sell(counter, 'a', 'ann', 30_000);
      await its.sell(counter, 'b', 'ann', 30_000);
      await commitOne(its.ledger, counter.sends([refunded('a', 22_000)]));
      expect(await authorised(its.ledger, counter.asks('c', 'ann', 30_000))).toBe('usable-later');
      expect(await authorised(its.ledger, counter.asks('d', 'ann', 30_000), MORNING + 24 * HOUR)).toBe(7);
    });

    it.each(['stays-used', 'restored-if-full', 'restored-next-day', 'pro-rata'] as const)(
      'in several parts comes to what one of the whole would (%s)',
      async (refund) => {
        const goesBack = async (...records: readonly ReturnType<typeof refunded>[]) => {
          await its.reopen({ refund });
          await claimed(its.ledger, claimOp('ann', ['s80']));
          const counter = new Counter();
          await its.sell(counter, 'a', 'ann', 30_000);
          for (const record of records) await commitOne(its.ledger, counter.sends([record]));
          const { accounts, held, used, redeemed, refunded: back, reportedRefundedFen, postingsFen } = await its.sums();
          const moved = Object.fromEntries(Object.entries(accounts).filter(([, amount]) => amount !== 0));
          return { moved, held, used, redeemed, back, reportedRefundedFen, postingsFen };
        };
        const whole = await goesBack(refunded('a', 22_000));
        expect(await goesBack(refunded('a', 7_333, '1'), refunded('a', 1, '2'), refunded('a', 14_666, '3'))).toEqual(
          whole,
        );
        expect(whole.moved).not.toHaveProperty('merchant:m1');
        // A part that comes again is the same part.
        const part = await goesBack(refunded('a', 5_500, '1'));
        expect(await goesBack(refunded('a', 5_500, '1'), refunded('a', 5_500, '1'))).toEqual(part);
        expect(part).toMatchObject({ moved: { 'merchant:m1': 6_000 }, reportedRefundedFen: 5_500 });
      },
    );

    it('in parts beyond what was paid is disputed: the merchant loses the rest, and a person decides', async () => {
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      await its.sell(counter, 'a', 'ann', 30_000);
      await commitOne(its.ledger, counter.sends([refunded('a', 11_000, '1'), refunded('a', 11_001, '2')]));
      expect(await its.saleOf(counter, 'a')).toMatchObject({
        booking: 'disputed',
        flags: ['refund-in-part', 'refund-beyond-paid'],
      });
      expect((await its.sums()).accounts).toMatchObject({ 'merchant:m1': 0, 'disputed:d1': 4_000 });
      const cases = () => asked<readonly Case[]>((done) => its.ledger.cases(wallMs(MORNING), done));
      expect((await cases()).map(({ id, kind }) => `${kind} ${id}`)).toEqual(['disputed sale:d1:a']);
      const act = { kind: 'decide', device: counter.device, sale: 'a' as SaleId, verdict: 'not-paid' } as const;
      await commitOne(its.ledger, { kind: 'act', id: 'one', by: 'li', why: 'slips seen', act });
      expect(await cases()).toEqual([]);
      const { accounts, postingsFen } = await its.sums();
      expect(Object.values(accounts).every((moved) => moved === 0)).toBe(true);
      expect(postingsFen).toBe(0);
    });

    it('of a part of a disputed sale leaves the rest to a person, who pays no more than the rest', async () => {
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      const facts = { sale: 'x', amountFen: 30_000, serial: 7 };
      await commitOne(its.ledger, counter.sends([charging(facts), settled(facts), refunded('x', 11_000)]));
      const act = { kind: 'decide', device: counter.device, sale: 'x' as SaleId, verdict: 'paid' } as const;
      expect(await commitOne(its.ledger, { kind: 'act', id: 'one', by: 'li', why: 'slip seen', act })).toMatchObject({
        result: { kind: 'decided', movedFen: 4_000 },
      });
      expect((await its.sums()).accounts).toMatchObject({ 'merchant:m1': 4_000, 'disputed:d1': 0 });
    });

    it('comes once', async () => {
      expect((await its.sums()).flags).toEqual({});
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      await its.sell(counter, 'a', 'ann', 30_000);
      await commitOne(its.ledger, counter.sends([refunded('a', 22_000), refunded('a', 22_000)]));
      expect(await its.sums()).toMatchObject({ refunded: 1, accounts: { 'refund:test-2023': 8_000 } });
      expect(await its.saleOf(counter, 'a')).toMatchObject({ flags: ['refunded-after-refunded'] });
    });
  });
}
