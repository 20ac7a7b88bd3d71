/** What a person decides about a counter's open cases, and what becomes of it when the counter speaks again. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Act, PaymentVerdict } from '#gateway/ledger/book/acts.js';
import type { Case } from '#gateway/ledger/report/cases.js';
import type { Outcome } from '#gateway/ports/ledger.js';
import type { DeviceId, SaleId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import { GENESIS } from '#protocol/records/chain.js';
import {
  asked,
  authorised,
  Counter,
  charging,
  claimed,
  claimOp,
  commitOne,
  MORNING,
  notCharged,
  refunded,
  settled,
  unknown,
} from '../ledger-fixture.js';
import { HOUR, LATER, type LedgerInTest } from './ledger-in-test.js';

const NEXT_DAY = MORNING + 25 * HOUR;
const SALE = { sale: 'a', amountFen: 30_000, serial: 7 };

export function acts(its: LedgerInTest): void {
  describe('an operator’s act', () => actsIn(its));
}

function actsIn(its: LedgerInTest): void {
  let nth = 0;
  const does = (act: Act, now: number = NEXT_DAY, change: object = {}): Promise<Outcome> => {
    nth += 1;
    return commitOne(its.ledger, { kind: 'act', id: `act-${nth}`, by: 'li', why: 'slip seen', act, ...change }, now);
  };
  const about = (counter: Counter, sale = 'a') => ({ device: counter.device, sale: sale as SaleId });
  const decide = (counter: Counter, verdict: PaymentVerdict, sale = 'a') =>
    does({ kind: 'decide', ...about(counter, sale), verdict });
  const cases = (now: number = NEXT_DAY): Promise<readonly Case[]> =>
    asked((done) => its.ledger.cases(wallMs(now), done));
  const ids = async (now?: number) => (await cases(now)).map(({ id, kind }) => `${kind} ${id}`);
  const isIntact = (): Promise<boolean> => asked((done) => its.ledger.auditIntact(done));

  /** Charged, and never heard of again. */
  async function silent(counter: Counter, sale = 'a'): Promise<void> {
    await authorised(its.ledger, counter.asks(sale, 'ann', 30_000));
    await commitOne(its.ledger, counter.sends([charging({ ...SALE, sale })]));
  }
  /** A counter that takes what nobody reserved. */
  async function disputes(counter: Counter, sale = 'x', amountFen = 30_000): Promise<void> {
    const facts = { ...SALE, sale, amountFen };
    await commitOne(its.ledger, counter.sends([charging(facts), settled(facts)]));
  }

  beforeEach(async () => {
    nth = 0;
    await claimed(its.ledger, claimOp('ann', ['s80']));
  });

  describe('a charge that nobody ends', () => {
    it('is a case after a day, and holds the coupon until a person says that nothing was charged', async () => {
      const counter = new Counter();
      await silent(counter);
      expect(await ids(MORNING + 23 * HOUR)).toEqual([]);
      expect(await ids()).toEqual(['stuck sale:d1:a']);
      expect((await cases())[0]).toMatchObject({
        device: 'd1',
        sales: [{ order: 'order-a', merchant: 'm1', amountFen: 30_000, netFen: 22_000, faceFen: 8_000, serial: 7 }],
        acts: ['release', 'free', 'decide paid', 'decide not-paid', 'decide write-off'],
      });
      const other = new Counter('d2');
      expect(await authorised(its.ledger, other.asks('b', 'ann', 30_000), NEXT_DAY)).toBe('coupon-reserved');
      expect(await does({ kind: 'release', ...about(counter) })).toMatchObject({
        kind: 'acted',
        again: false,
        result: { kind: 'coupon-freed', serial: 7 },
      });
      expect(await ids()).toEqual([]);
      expect(await authorised(its.ledger, other.asks('c', 'ann', 30_000), NEXT_DAY)).toBe(7);
      expect(await its.saleOf(counter, 'a')).toMatchObject({ state: 'not-charged' });
      expect(await isIntact()).toBe(true);
    });

    it.each(['paid', 'write-off'] as const)('is paid for once where a person decides %s', async (verdict) => {
      const counter = new Counter();
      await silent(counter);
      expect(await decide(counter, verdict)).toMatchObject({ result: { kind: 'decided', movedFen: 8_000 } });
      const isPaid = verdict === 'paid';
      expect(await its.sums()).toMatchObject({
        settledSales: 1,
        redeemed: isPaid ? 1 : 0,
        held: isPaid ? 0 : 1,
        used: isPaid ? 1 : 0,
        postingsFen: 0,
        accounts: {
          'merchant:m1': 8_000,
          ...(isPaid ? { 'sponsor:district': -5_600, 'sponsor:bank': -2_400 } : { 'write-off': -8_000 }),
        },
      });
      // The counter comes back and says the same: nothing is booked twice.
      await commitOne(its.ledger, counter.sends([settled(SALE)]), NEXT_DAY);
      expect(await its.sums()).toMatchObject({ settledSales: 1, accounts: { 'merchant:m1': 8_000 }, flags: {} });
      // And gives the money back like any other sale.
      await commitOne(its.ledger, counter.sends([refunded('a', 22_000)]), NEXT_DAY);
      expect(await its.sums()).toMatchObject({ refunded: 1, postingsFen: 0 });
    });

    it.each(['release', 'free'] as const)(
      '%s: what the counter says later waits in suspense and is a case again',
      async (kind) => {
        const counter = new Counter();
        await silent(counter);
        await does({ kind, ...about(counter) });
        await commitOne(its.ledger, counter.sends([settled(SALE)]), NEXT_DAY);
        expect(await its.sums()).toMatchObject({
          disputed: 1,
          redeemed: 0,
          held: 1,
          postingsFen: 0,
          accounts: { 'disputed:d1': 8_000 },
        });
        expect((await its.saleOf(counter, 'a'))?.flags).toContain('settled-after-decision');
        expect(await ids()).toEqual(['disputed sale:d1:a']);
        expect((await cases())[0]?.evidence).toHaveLength(1);
        expect(await decide(counter, 'paid')).toMatchObject({ result: { booking: 'kept', movedFen: 8_000 } });
        expect(await its.sums()).toMatchObject({ redeemed: 1, used: 1, accounts: { 'merchant:m1': 8_000 } });
        expect(await ids()).toEqual([]);
      },
    );

    it('free: a charge that begins again takes no coupon any more', async () => {
      const counter = new Counter();
      await silent(counter);
      await does({ kind: 'free', ...about(counter) });
      await commitOne(its.ledger, counter.sends([charging(SALE)]), NEXT_DAY);
      expect(await its.sums()).toMatchObject({ held: 1, reserved: 0 });
      await commitOne(its.ledger, counter.sends([notCharged('a')]), NEXT_DAY);
      expect(await its.saleOf(counter, 'a')).toMatchObject({ state: 'not-charged' });
    });

    it('of a device that is gone is a case at once', async () => {
      await its.reopen({}, { isEnrolled: (device) => device !== 'd1' });
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      await silent(counter);
      expect(await ids(MORNING + 1)).toEqual(['stuck sale:d1:a']);
      expect(await does({ kind: 'free', ...about(counter) }, MORNING + 1)).toMatchObject({ kind: 'acted' });
    });

    it('that its counter calls unknown may be released at once, but is not given back without a word before a day', async () => {
      const counter = new Counter();
      await silent(counter);
      expect(await does({ kind: 'release', ...about(counter) }, LATER)).toMatchObject({ code: 'ACT_NOT_ALLOWED' });
      await commitOne(its.ledger, counter.sends([unknown('a')]), LATER);
      expect(await does({ kind: 'free', ...about(counter) }, LATER)).toMatchObject({
        code: 'ACT_NOT_ALLOWED',
        what: expect.stringContaining('release, decide paid'),
      });
      expect(await does({ kind: 'release', ...about(counter) }, LATER)).toMatchObject({ kind: 'acted' });
    });
  });

  describe('a disputed sale', () => {
    it.each<[PaymentVerdict, object]>([
      [
        'paid',
        {
          redeemed: 1,
          used: 1,
          accounts: { 'merchant:m1': 8_000, 'sponsor:district': -5_600, 'sponsor:bank': -2_400 },
        },
      ],
      ['not-paid', { redeemed: 0, held: 1, accounts: {} }],
      ['write-off', { redeemed: 0, held: 1, accounts: { 'merchant:m1': 8_000, 'write-off': -8_000 } }],
    ])('leaves suspense by a decision: %s', async (verdict, sums) => {
      const counter = new Counter();
      await disputes(counter);
      expect(await ids()).toEqual(['disputed sale:d1:x']);
      expect(await decide(counter, verdict, 'x')).toMatchObject({ kind: 'acted' });
      const after = await its.sums();
      expect(after).toMatchObject({ ...sums, disputed: 0, postingsFen: 0 });
      expect(
        Object.entries(after.accounts).filter(([name, moved]) => name.startsWith('disputed') && moved !== 0),
      ).toEqual([]);
      expect(await ids()).toEqual([]);
      // Nothing is left to decide.
      expect(await decide(counter, 'paid', 'x')).toMatchObject({ kind: 'act-refused', code: 'ACT_NOT_ALLOWED' });
      expect((await its.sums()).accounts).toEqual(after.accounts);
    });

    it('moves no more than the face, whatever the counter says that it took', async () => {
      const counter = new Counter();
      const facts = { sale: 'x', amountFen: 99_999_999, serial: 7 };
      await commitOne(
        its.ledger,
        counter.sends([charging(facts), { ...settled(facts), faceFen: 99_999_999, netFen: 0 }]),
      );
      expect(await decide(counter, 'paid', 'x')).toMatchObject({ result: { movedFen: 8_000 } });
      expect(await its.sums()).toMatchObject({ redeemedFen: 8_000, accounts: { 'merchant:m1': 8_000 } });
    });

    it('of a coupon that another sale has used is paid within the budget only', async () => {
      // All of the budget is handed out: the sponsors have nothing for a second redemption.
      await its.reopen({ budgetFen: 28_000, offline: { ...its.campaign.offline, conflictAccount: 'sponsor' } });
      await claimed(its.ledger, claimOp('ann', ['s20', 's40', 's80']));
      for (const who of ['b', 'c']) await claimed(its.ledger, claimOp(who, ['s20', 's40']));
      await claimed(its.ledger, claimOp('d', ['s20']));
      await its.sell(new Counter('d2'), 'a', 'ann', 30_000);
      const counter = new Counter();
      await disputes(counter);
      expect(await decide(counter, 'paid', 'x')).toMatchObject({ code: 'ACT_BEYOND_BUDGET' });
      expect(await decide(counter, 'write-off', 'x')).toMatchObject({ kind: 'acted' });
      expect(await its.sums()).toMatchObject({ redeemed: 1, postingsFen: 0, accounts: { 'write-off': -8_000 } });
    });

    it('waits for the sale that holds the coupon just now', async () => {
      const counter = new Counter();
      await disputes(counter);
      await authorised(its.ledger, new Counter('d2').asks('b', 'ann', 30_000), NEXT_DAY);
      expect(await decide(counter, 'paid', 'x')).toMatchObject({ what: expect.stringContaining('holds the coupon') });
    });

    it('of a coupon that never was can only be refused its money, or closed', async () => {
      const counter = new Counter();
      const facts = { sale: 'x', amountFen: 30_000, serial: 99_999 };
      await commitOne(its.ledger, counter.sends([charging(facts), settled(facts)]));
      expect(await decide(counter, 'write-off', 'x')).toMatchObject({ code: 'ACT_NOT_ALLOWED' });
      expect(await does({ kind: 'close', about: 'sale:d1:x' })).toMatchObject({ result: { kind: 'closed' } });
      expect(await ids()).toEqual([]);
      expect(await its.sums()).toMatchObject({ disputed: 1 });
    });
  });

  it('a double spend is a case until a person has seen it, and not-paid takes back what was booked', async () => {
    const [early, late] = [new Counter('d1'), new Counter('d2', 'm2')];
    await authorised(its.ledger, early.asks('a', 'ann', 30_000));
    await authorised(its.ledger, late.asks('b', 'ann', 30_000), LATER);
    for (const [counter, sale] of [[late, 'b'] as const, [early, 'a'] as const]) {
      const facts = { sale, amountFen: 30_000, serial: 7, merchant: counter.merchant };
      await commitOne(its.ledger, counter.sends([charging(facts), settled(facts)]), LATER);
    }
    expect(await ids()).toContain('conflict sale:d1:a');
    expect((await cases()).find(({ kind }) => kind === 'conflict')?.evidence).toHaveLength(1);
    await decide(early, 'not-paid');
    expect(await its.sums()).toMatchObject({ conflicts: 0, redeemed: 1, postingsFen: 0 });
    expect(Object.entries((await its.sums()).accounts).filter(([, moved]) => moved !== 0)).toEqual([
      ['merchant:m2', 8_000],
      ['sponsor:bank', -2_400],
      ['sponsor:district', -5_600],
    ]);
  });

  describe('a fork', () => {
    const plain = (sale: string) => settled({ sale, amountFen: 1_000, serial: null });
    const hello = (counter: Counter) =>
      ({ kind: 'hello', device: counter.device, id: 'h', head: counter.head }) as const;
    const unfork = (device: DeviceId, at: { seq?: number; hash?: string } = {}) =>
      does({ kind: 'unfork', device, ...at });

    it('that a stranger made with a hash of his own: the counter goes on where it was', async () => {
      const counter = new Counter();
      await commitOne(its.ledger, counter.sends([plain('a'), plain('b')]));
      const lie = { ...hello(counter), head: { seq: 2, hash: 'f'.repeat(64) } };
      expect(await commitOne(its.ledger, lie)).toMatchObject({ kind: 'forked' });
      expect(await ids()).toEqual(['fork fork:d1']);
      expect(await unfork(counter.device)).toMatchObject({
        result: { kind: 'unforked', seq: 2, hash: counter.head.hash },
      });
      expect(await ids()).toEqual([]);
      expect(await commitOne(its.ledger, hello(counter))).toMatchObject({ kind: 'welcome', isInSync: true });
      expect(await commitOne(its.ledger, counter.sends([plain('c')]))).toMatchObject({
        kind: 'have',
        head: { seq: 3 },
      });
    });

    it('whose other card is the right one: all of it is booked from the place where both agree on, ours is kept', async () => {
      const [ours, theirs] = [new Counter(), new Counter()];
      const common = ours.sends([plain('a'), plain('b')]);
      theirs.sends([plain('a'), plain('b')]);
      await commitOne(its.ledger, common);
      await commitOne(its.ledger, ours.sends([plain('c'), plain('d')]));
      const news = theirs.sends([plain('x'), plain('y'), plain('z')]);
      expect(await commitOne(its.ledger, news)).toMatchObject({ kind: 'forked' });
      const away = { hash: 'f'.repeat(64) };
      expect(await unfork(ours.device, { seq: 2, ...away })).toMatchObject({ code: 'ACT_NOT_ALLOWED' });
      expect(await unfork(ours.device, { seq: 9 })).toMatchObject({ code: 'ACT_NOT_ALLOWED' });
      expect(await unfork(ours.device, { seq: 2, hash: news.prev })).toMatchObject({
        result: { seq: 2, hash: news.prev },
      });
      expect(await commitOne(its.ledger, hello(theirs))).toEqual({
        kind: 'welcome',
        head: { seq: 2, hash: news.prev },
        isInSync: false,
      });
      expect(await commitOne(its.ledger, news)).toEqual({ kind: 'have', head: theirs.head });
      // Late and again: nothing forks over it.
      expect(await commitOne(its.ledger, common)).toEqual({ kind: 'have', head: theirs.head });
      expect(await commitOne(its.ledger, news)).toEqual({ kind: 'have', head: theirs.head });
      if (its.isDurable) await its.reopenAsItWas();
      expect(await commitOne(its.ledger, hello(theirs))).toMatchObject({ kind: 'welcome', isInSync: true });
      expect(await commitOne(its.ledger, theirs.sends([plain('q')]))).toMatchObject({ kind: 'have' });
      expect(await its.sums()).toMatchObject({ settledSales: 8, reportedNetFen: 8_000 });
      // The other card comes back: that is a fork again.
      expect(await commitOne(its.ledger, ours.sends([plain('e')]))).toMatchObject({ kind: 'forked' });
      expect(await isIntact()).toBe(true);
    });

    it('of a counter whose card was lost: it begins anew, and nothing of before counts twice', async () => {
      const [lost, fresh] = [new Counter(), new Counter()];
      await its.sell(lost, 'a', 'ann', 30_000);
      expect(await commitOne(its.ledger, hello(fresh))).toMatchObject({ kind: 'welcome', isInSync: false });
      expect(await unfork(fresh.device)).toMatchObject({
        code: 'ACT_NOT_ALLOWED',
        what: expect.stringContaining('seq'),
      });
      expect(await unfork(fresh.device, { seq: 0 })).toMatchObject({ result: { seq: 0, hash: GENESIS } });
      expect(await commitOne(its.ledger, hello(fresh))).toMatchObject({ kind: 'welcome', isInSync: true });
      await commitOne(its.ledger, fresh.sends([charging(SALE), settled(SALE), plain('n')]));
      expect(await its.sums()).toMatchObject({ redeemed: 1, settledSales: 2, accounts: { 'merchant:m1': 8_000 } });
    });
  });

  it('an act is done once: again it answers the same, with other content it is refused', async () => {
    const counter = new Counter();
    await silent(counter);
    const release: Act = { kind: 'release', ...about(counter) };
    const first = await does(release, NEXT_DAY, { id: 'one' });
    expect(first).toMatchObject({ kind: 'acted', again: false });
    expect(await does(release, NEXT_DAY, { id: 'one' })).toEqual({ ...first, again: true });
    if (its.isDurable) {
      await its.reopenAsItWas();
      expect(await does(release, NEXT_DAY, { id: 'one' })).toEqual({ ...first, again: true });
    }
    expect(await does(release, NEXT_DAY, { id: 'one', why: 'another reason' })).toMatchObject({ code: 'ACT_DIFFERS' });
    expect(await does(release, NEXT_DAY)).toMatchObject({ code: 'ACT_NOT_ALLOWED' });
    expect(await does({ kind: 'release', ...about(counter, 'nowhere') })).toMatchObject({ code: 'CASE_UNKNOWN' });
    expect(await does({ kind: 'close', about: '__proto__' })).toMatchObject({ code: 'CASE_UNKNOWN' });
    expect(await does({ kind: 'close', about: 'fork:d1' })).toMatchObject({ code: 'CASE_UNKNOWN' });
  });
}
