/** Whose a card payment is: what the acquirer and an operator say, and what of a merchant's money may be paid out by it. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Act } from '#gateway/ledger/book/acts.js';
import type { Case } from '#gateway/ledger/report/cases.js';
import type { Outcome } from '#gateway/ports/ledger.js';
import type { DeviceId, MerchantId, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
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
} from '../ledger-fixture.js';
import { HOUR, LATER, type LedgerInTest } from './ledger-in-test.js';

const NEXT_DAY = MORNING + 25 * HOUR;
const SALE = { sale: 'a', amountFen: 30_000, serial: 7 };

const counterOf = ({ device }: Counter, sale: string) => ({ device, sale: sale as SaleId });

export function cardPayments(its: LedgerInTest): void {
  let nth = 0;
  const does = (act: Act): Promise<Outcome> => {
    nth += 1;
    return commitOne(its.ledger, { kind: 'act', id: `act-${nth}`, by: 'li', why: 'slip seen', act }, NEXT_DAY);
  };
  const cases = (): Promise<readonly Case[]> => asked((done) => its.ledger.cases(wallMs(NEXT_DAY), done));
  const ids = async () => (await cases()).map(({ id, kind }) => `${kind} ${id}`);

  describe('the acquirer’s word', () => {
    beforeEach(async () => {
      nth = 0;
      await claimed(its.ledger, claimOp('ann', ['s80']));
    });

    const slip = (rrn: string) => ({ auth: '1', rrn, last4: '1234', scheme: 'unionpay', readerTime: '20230327100000' });
    const confirm = (...lines: readonly (readonly [string, number])[]) =>
      does({ kind: 'confirm', references: lines.map(([rrn, netFen]) => ({ rrn, netFen: fen(netFen) })) });
    async function pays(counter: Counter, rrn: string): Promise<void> {
      await authorised(its.ledger, counter.asks('a', 'ann', 30_000));
      await commitOne(its.ledger, counter.sends([charging(SALE), { ...settled(SALE), card: slip(rrn) }]));
    }

    it('makes a sale payable, whatever order things come in; without it nothing is', async () => {
      await pays(new Counter(), '230327000001');
      expect((await its.sums()).merchants).toEqual({
        m1: { redeemed: 1, redeemedFen: 8_000, grossFen: 8_000, refundedFen: 0, confirmedFen: 0, unboundFen: 0 },
      });
      const lines = [
        ['230327000001', 22_000],
        ['230327000009', 500],
      ] as const;
      expect(await confirm(...lines)).toMatchObject({ result: { confirmed: 2, already: 0, differs: [] } });
      expect(await confirm(...lines)).toMatchObject({ result: { confirmed: 0, already: 2 } });
      expect(await confirm(['230327000001', 1])).toMatchObject({ result: { differs: ['230327000001'] } });
      expect((await its.sums()).merchants).toMatchObject({ m1: { confirmedFen: 8_000 } });
      expect(await ids()).toEqual([]);
    });

    it('pays no merchant for a slip that was made up, or for one that the acquirer knows with another amount', async () => {
      const counter = new Counter();
      await pays(counter, 'INVENTED');
      await confirm(['230327000001', 22_000]);
      expect((await its.sums()).merchants).toMatchObject({ m1: { redeemedFen: 8_000, confirmedFen: 0 } });
      await confirm(['INVENTED', 21_999]);
      expect((await its.sums()).merchants).toMatchObject({ m1: { confirmedFen: 0 } });
      expect(await ids()).toEqual(['reference rrn:INVENTED']);
      expect((await cases())[0]).toMatchObject({
        confirmedFen: 21_999,
        sales: [{ netFen: 22_000, rrn: 'INVENTED', last4: '1234' }],
      });
    });

    it('isn’t taken away by a sale that brought its merchant nothing and names the same reference; a case says so', async () => {
      await pays(new Counter(), '230327000001');
      const other = new Counter('d2');
      const again = { sale: 'b', amountFen: 22_000, serial: null };
      await commitOne(
        its.ledger,
        other.sends([charging(again), { ...settled(again), card: slip('230327000001') }]),
        LATER,
      );
      await confirm(['230327000001', 22_000]);
      expect(await ids()).toEqual(['reference rrn:230327000001']);
      expect((await cases())[0]?.sales.map(({ device, sale }) => `${device}/${sale}`).toSorted()).toEqual([
        'd1/a',
        'd2/b',
      ]);
      expect((await its.sums()).merchants).toMatchObject({ m1: { confirmedFen: 8_000 } });
      await does({ kind: 'close', about: 'rrn:230327000001' });
      expect(await ids()).toEqual([]);
    });

    it('counts for one sale: a second one with a coupon under the same reference leaves neither payable', async () => {
      await claimed(its.ledger, claimOp('ben', ['s20']));
      await pays(new Counter(), '230327000001');
      const other = new Counter('d2');
      const serial = Number(await authorised(its.ledger, other.asks('b', 'ben', 24_000)));
      const again = { sale: 'b', amountFen: 24_000, serial };
      await commitOne(its.ledger, other.sends([charging(again), { ...settled(again), card: slip('230327000001') }]));
      await confirm(['230327000001', 22_000]);
      expect(await its.sums()).toMatchObject({ redeemed: 2, merchants: { m1: { confirmedFen: 0 } } });
      expect(await ids()).toEqual(['reference rrn:230327000001']);
    });

    describe('on a payment that two sales with coupons name, of the same amount', () => {
      const RRN = '230327000001';
      const [own, liar] = [
        { device: 'd1' as DeviceId, sale: 'a' as SaleId },
        { device: 'd2' as DeviceId, sale: 'b' as SaleId },
      ];
      const payable = async () =>
        Object.fromEntries(
          Object.entries((await its.sums()).merchants).map(([id, { confirmedFen, unboundFen }]) => [
            id,
            [confirmedFen, unboundFen],
          ]),
        );
      beforeEach(async () => {
        await claimed(its.ledger, claimOp('ben', ['s40']));
        await pays(new Counter(), RRN);
        const other = new Counter('d2', 'm2');
        const serial = Number(await authorised(its.ledger, other.asks('b', 'ben', 26_000)));
        const facts = { sale: 'b', amountFen: 26_000, serial, merchant: other.merchant };
        await commitOne(its.ledger, other.sends([charging(facts), { ...settled(facts), card: slip(RRN) }]));
      });

      it('pays neither while nobody says whose it is', async () => {
        await confirm([RRN, 22_000]);
        expect(await payable()).toEqual({ m1: [0, 0], m2: [0, 0] });
        expect((await cases())[0]).toMatchObject({ kind: 'reference', acts: ['assign', 'disown', 'close'] });
      });

      it.each([
        ['its merchant', { merchant: 'm1' as MerchantId }],
        ['its device', { device: 'd1' as DeviceId }],
      ])('pays the one that the acquirer means, by %s', async (_, owner) => {
        const said = { kind: 'confirm', references: [{ rrn: RRN, netFen: fen(22_000), ...owner }] } as const;
        await confirm([RRN, 22_000]);
        // The file of the next day says more than the first one did.
        expect(await does(said)).toMatchObject({ result: { confirmed: 1, already: 0, differs: [] } });
        expect(await does(said)).toMatchObject({ result: { confirmed: 0, already: 1, differs: [] } });
        expect(await payable()).toEqual({ m1: [8_000, 0], m2: [0, 0] });
        expect((await cases()).map(({ id }) => id)).toEqual([`rrn:${RRN}`]);
        const other = {
          kind: 'confirm',
          references: [{ rrn: RRN, netFen: fen(22_000), merchant: 'm2' as MerchantId, device: 'd2' as DeviceId }],
        } as const;
        expect(await does(other)).toMatchObject({ result: { differs: [RRN] } });
        if (its.isDurable) await its.reopenAsItWas();
        expect(await payable()).toEqual({ m1: [8_000, 0], m2: [0, 0] });
        // Not even a person gives it to another merchant.
        await does({ kind: 'assign', ...liar });
        expect(await payable()).toEqual({ m1: [8_000, 0], m2: [0, 0] });
        expect(await ids()).toEqual([`reference rrn:${RRN}`]);
      });

      it('pays the one that a person assigns it to', async () => {
        expect(await does({ kind: 'assign', ...own })).toMatchObject({ result: { kind: 'assigned', rrn: RRN } });
        expect(await payable()).toEqual({ m1: [0, 0], m2: [0, 0] });
        await confirm([RRN, 22_000]);
        expect(await payable()).toEqual({ m1: [8_000, 8_000], m2: [0, 0] });
        expect(await ids()).toEqual([]);
      });

      it('pays the one that is left when a person has disowned the other, whose coupon may then be taken back', async () => {
        await confirm([RRN, 22_000]);
        await does({ kind: 'disown', ...liar });
        expect(await payable()).toEqual({ m1: [8_000, 8_000], m2: [0, 0] });
        expect(await ids()).toEqual([]);
        expect(await its.sums()).toMatchObject({ used: 2, merchants: { m2: { redeemedFen: 4_000 } } });
        expect(await does({ kind: 'decide', ...own, verdict: 'not-paid' })).toMatchObject({ code: 'ACT_NOT_ALLOWED' });
        await does({ kind: 'decide', ...liar, verdict: 'not-paid' });
        expect(await its.sums()).toMatchObject({
          used: 1,
          held: 1,
          postingsFen: 0,
          merchants: { m2: { redeemedFen: 0 } },
        });
      });
    });

    it('under numbers of another register is refused whole: no sale would ever be found by them', async () => {
      const references = [{ rrn: '1', netFen: fen(1), merchant: 'm9' as MerchantId }];
      expect(await does({ kind: 'confirm', references })).toMatchObject({
        code: 'ACT_NOT_ALLOWED',
        what: expect.stringContaining('m9'),
      });
      expect(await confirm(['1', 1])).toMatchObject({ result: { confirmed: 1 } });
    });

    it('cannot be ruled on for a sale that names none', async () => {
      const counter = new Counter();
      await its.sell(counter, 'a', 'ann', 30_000);
      expect(await does({ kind: 'assign', ...counterOf(counter, 'a') })).toMatchObject({ code: 'ACT_NOT_ALLOWED' });
      expect(await does({ kind: 'disown', ...counterOf(counter, 'nowhere') })).toMatchObject({ code: 'CASE_UNKNOWN' });
    });

    it('goes with a refund', async () => {
      const counter = new Counter();
      await pays(counter, '230327000001');
      await confirm(['230327000001', 22_000]);
      await commitOne(its.ledger, counter.sends([refunded('a', 22_000)]));
      const { merchants, accounts } = await its.sums();
      expect(accounts['merchant:m1']).toBe(0);
      expect(merchants).toMatchObject({ m1: { redeemedFen: 0, grossFen: 8_000, refundedFen: 8_000, confirmedFen: 0 } });
    });
  });
}
