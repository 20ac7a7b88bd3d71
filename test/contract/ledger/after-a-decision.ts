/** What a counter says after a person has decided about its sale brings its merchant no coupon twice, and no face of goods that came back. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Act, PaymentVerdict } from '#gateway/ledger/book/acts.js';
import type { Outcome } from '#gateway/ports/ledger.js';
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
  refunded,
  settled,
} from '../ledger-fixture.js';
import { LATER, type LedgerInTest } from './ledger-in-test.js';

export function afterADecision(its: LedgerInTest): void {
  describe('after a person’s decision', () => afterOne(its));
}

function afterOne(its: LedgerInTest): void {
  let counter = new Counter();
  let nth = 0;
  beforeEach(async () => {
    counter = new Counter();
    await claimed(its.ledger, claimOp('ann', ['s80']));
  });

  const decide = (verdict: PaymentVerdict, sale = 'x'): Promise<Outcome> => {
    const act: Act = { kind: 'decide', device: counter.device, sale: sale as SaleId, verdict };
    nth += 1;
    return commitOne(its.ledger, { kind: 'act', id: `after-${nth}`, by: 'li', why: 'slip seen', act }, LATER);
  };
  const says = (...records: readonly Readonly<Record<string, unknown>>[]) =>
    commitOne(its.ledger, counter.sends(records), LATER);
  const takes = (sale: string) => {
    const facts = { sale, amountFen: 30_000, serial: 7 };
    return says(charging(facts), settled(facts));
  };
  const balances = async () => {
    const { accounts, postingsFen } = await its.sums();
    expect(postingsFen).toBe(0);
    return Object.fromEntries(Object.entries(accounts).filter(([, fen]) => fen !== 0));
  };
  const cases = async () => (await asked(ofNow)).map(({ id, kind }) => `${kind} ${id}`);
  const ofNow = (done: Parameters<typeof its.ledger.cases>[1]): void => its.ledger.cases(wallMs(LATER), done);

  it('no counter is paid for a coupon again, by its records or by another decision', async () => {
    // A reservation that lapses, and could be settled late; then the coupon is another counter's.
    await authorised(its.ledger, counter.asks('late', 'ann', 30_000));
    await its.sell(new Counter('d2'), 'honest', 'ann', 30_000, LATER);
    await takes('x');
    expect(await decide('paid')).toMatchObject({ result: { booking: 'conflict', movedFen: 8_000 } });
    const paid = await balances();
    expect(paid).toMatchObject({ 'merchant:m1': 16_000 });
    await takes('late');
    expect(await balances()).toEqual({ ...paid, disputed: -8_000, 'disputed:d1': 8_000 });
    expect(await decide('paid', 'late')).toMatchObject({
      code: 'ACT_NOT_ALLOWED',
      what: expect.stringContaining('paid for the coupon already'),
    });
    expect(await decide('not-paid', 'late')).toMatchObject({ kind: 'acted' });
    expect(await balances()).toEqual(paid);
  });

  it('what was written off goes back with the goods, part by part', async () => {
    await takes('x');
    await decide('write-off');
    expect(await balances()).toEqual({ 'merchant:m1': 8_000, 'write-off': -8_000 });
    await says(refunded('x', 5_500, 'one'));
    expect(await balances()).toEqual({ 'merchant:m1': 6_000, 'write-off': -6_000 });
    await says(refunded('x', 16_500, 'two'));
    expect(await balances()).toEqual({});
    expect(await its.sums()).toMatchObject({ held: 1, used: 0 });
  });

  describe.each(['paid', 'write-off'] as const)('that a sale with half of its goods back is %s', (verdict) => {
    beforeEach(async () => {
      await takes('x');
      await says(refunded('x', 11_000, 'one'));
      expect(await decide(verdict)).toMatchObject({ result: { movedFen: 4_000 } });
      expect(await balances()).toMatchObject({ 'merchant:m1': 4_000 });
    });

    it('the merchant keeps nothing once the rest is back', async () => {
      await says(refunded('x', 11_000, 'two'));
      expect(await balances()).not.toHaveProperty('merchant:m1');
      expect(await cases()).toEqual([]);
    });

    it('the rest may come in parts, too', async () => {
      await says(refunded('x', 5_500, 'two'));
      expect(await balances()).toMatchObject({ 'merchant:m1': 2_000 });
      await says(refunded('x', 5_500, 'three'));
      expect(await balances()).not.toHaveProperty('merchant:m1');
    });

    it('more than the rest is a case again, and there is nothing left to pay', async () => {
      await says(refunded('x', 11_001, 'two'));
      expect(await balances()).toMatchObject({ 'disputed:d1': 4_000 });
      expect(await cases()).toEqual(['disputed sale:d1:x']);
      expect(await decide('paid')).toMatchObject({ code: 'ACT_NOT_ALLOWED' });
    });
  });

  it.each(['paid', 'write-off'] as const)('%s: more back than was paid is a case again', async (verdict) => {
    await takes('x');
    await decide(verdict);
    await says(refunded('x', 22_001));
    expect(await balances()).toMatchObject({ 'disputed:d1': 8_000 });
    expect(await cases()).toEqual(['disputed sale:d1:x']);
  });
}
