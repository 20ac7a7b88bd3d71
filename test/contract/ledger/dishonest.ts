/**
 * A counter that lies in its records: nothing but a proven coupon's face is ever credited to a merchant. Each row is one lie;
 * its sale is disputed, and what it claims stands in the counter's suspense account.
 */
import { describe, expect, it } from 'vitest';
import type { Committed } from '#gateway/ports/ledger.js';
import type { DeviceId } from '#protocol/kernel/ids.js';
import { EMPTY_CHAIN } from '#protocol/records/chain.js';
import {
  ALLOWANCE,
  asked,
  authorised,
  Counter,
  charging,
  claimed,
  claimOp,
  commit,
  commitOne,
  greet,
  MORNING,
  notCharged,
  refunded,
  settled,
  signedBy,
  testRules,
} from '../ledger-fixture.js';
import { HOUR, type LedgerInTest } from './ledger-in-test.js';

const SECOND = 1_000;
const exactly = (at: number) => ({ earliest: at, latest: at });
type Body = Readonly<Record<string, unknown>>;

export function dishonest(its: LedgerInTest): void {
  const merchantsFen = async (): Promise<number> => {
    const { accounts } = await its.sums();
    return Object.entries(accounts).reduce((sum, [name, fen]) => (name.startsWith('merchant:') ? sum + fen : sum), 0);
  };

  describe('a counter that lies about what the gateway has reserved', () => {
    const facts = { sale: 'a', amountFen: 30_000, serial: 7 };
    const coupon = (change: Body): Body => ({ coupon: { ...charging(facts).coupon, ...change } });
    const rows: readonly (readonly [string, Body, Body, string])[] = [
      [
        'a face of 999,999.99 yuan',
        { amountFen: 99_999_999, netFen: 0, ...coupon({ faceFen: 99_999_999 }) },
        { amountFen: 99_999_999, netFen: 0, faceFen: 99_999_999 },
        'face-differs',
      ],
      [
        'a larger amount',
        { amountFen: 40_000, netFen: 32_000 },
        { amountFen: 40_000, netFen: 32_000 },
        'amount-differs',
      ],
      ['a smaller net', { netFen: 0 }, { netFen: 0 }, 'sums-differ'],
      ['another tier', coupon({ tier: 's40' }), {}, 'tier-differs'],
      ['another threshold', coupon({ thresholdFen: 0 }), {}, 'threshold-differs'],
      ["another merchant's name", { merchant: 'm2' }, {}, 'merchant-differs'],
      ['a merchant that there is not', { merchant: 'evil-0' }, {}, 'merchant-differs'],
      ['another face only once it is settled', {}, { faceFen: 99_999_999, netFen: 0 }, 'face-differs'],
      ['another net only once it is settled', {}, { netFen: 1 }, 'sums-differ'],
      ['another coupon only once it is settled', {}, { serial: 4, faceFen: 4_000, netFen: 26_000 }, 'serial-differs'],
    ];
    it.each(rows)('as %s gets nothing', async (_lie, inCharging, inSettled, doubt) => {
      await claimed(its.ledger, claimOp('ann', ['s20', 's40', 's80']));
      const counter = new Counter();
      expect(await authorised(its.ledger, counter.asks('a', 'ann', 30_000))).toBe(7);
      const records = [
        { ...charging(facts), ...inCharging },
        { ...settled(facts), ...inSettled },
      ];
      await commitOne(its.ledger, counter.sends(records));
      expect(await its.saleOf(counter, 'a')).toMatchObject({
        booking: 'disputed',
        flags: expect.arrayContaining([doubt]),
      });
      const sums = await its.sums();
      const { accounts } = sums;
      expect(sums).toMatchObject({ redeemed: 0, redeemedFen: 0, disputed: 1, merchants: {}, postingsFen: 0 });
      expect(await merchantsFen()).toBe(0);
      // No more is in dispute than the coupon is worth, and it is seen which counter disputes it.
      expect(sums.disputedFen).toBeLessThanOrEqual(8_000);
      expect(sums.devices).toEqual({ d1: { disputed: 1, disputedFen: accounts['disputed:d1'] } });
      // And the customer has the coupon still.
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ann', 30_000))).toBe(7);
    });

    it('as net sums fills no account: they are named as what counters report', async () => {
      const counter = new Counter();
      const lie = { sale: 'a', amountFen: 99_999_999, serial: null };
      await commitOne(its.ledger, counter.sends([charging(lie), settled(lie)]));
      expect(await its.sums()).toMatchObject({
        reportedNetFen: 99_999_999,
        redeemedFen: 0,
        accounts: {},
        merchants: {},
      });
    });

    it('as a sale that came to nothing, and was settled all the same, gets nothing', async () => {
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      await authorised(its.ledger, counter.asks('a', 'ann', 30_000));
      await commitOne(its.ledger, counter.sends([charging(facts), notCharged('a'), settled(facts)]));
      expect(await its.saleOf(counter, 'a')).toMatchObject({ booking: 'disputed' });
      expect(await merchantsFen()).toBe(0);
    });

    it('as an earlier offer of this sale, with amounts of its own, gets nothing', async () => {
      await claimed(its.ledger, claimOp('ann', ['s20', 's40', 's80']));
      const counter = new Counter();
      await authorised(its.ledger, counter.asks('a', 'ann', 30_000));
      expect(await authorised(its.ledger, counter.asks('a', 'ann', 20_000))).toBe(4);
      const lie = { amountFen: 90_000, netFen: 82_000 };
      await commitOne(
        its.ledger,
        counter.sends([
          { ...charging(facts), ...lie },
          { ...settled(facts), ...lie },
        ]),
      );
      expect(await its.saleOf(counter, 'a')).toMatchObject({
        booking: 'disputed',
        flags: expect.arrayContaining(['amount-differs']),
      });
      expect(await merchantsFen()).toBe(0);
    });
  });

  describe('a counter that lies about what it took offline', () => {
    const facts = { sale: 'a', amountFen: 30_000, serial: 7, presentation: 'CP1:ANN' };
    const later = MORNING + 8 * HOUR;
    const rows: readonly (readonly [
      string,
      Body,
      { readonly shownAt?: number; readonly expiresAt?: number },
      string,
    ])[] = [
      ['shown 20 h before', {}, { shownAt: MORNING - 20 * HOUR }, 'presentation-stale'],
      ['shown 62.001 s before', {}, { shownAt: MORNING - 62 * SECOND - 1 }, 'presentation-stale'],
      ['shown 5 days later', {}, { shownAt: MORNING + 120 * HOUR }, 'phone-clock-ahead'],
      ['whose grant is over', {}, { expiresAt: MORNING - 2 * SECOND - 1 }, 'grant-expired'],
      ['5 days from now', { at: exactly(later + 120 * HOUR) }, { shownAt: later + 120 * HOUR }, 'time-in-future'],
      ['at no time', { at: null }, {}, 'no-trusted-time'],
      ['in 1970', { at: exactly(0) }, { shownAt: 0 }, 'allowance-not-in-force'],
      ['some time that day', { at: { earliest: MORNING, latest: later } }, {}, 'no-trusted-time'],
      [
        'before its line was last up',
        { at: exactly(MORNING - HOUR) },
        { shownAt: MORNING - HOUR },
        'allowance-not-in-force',
      ],
      ['of 1 fen', { amountFen: 1, netFen: 0 }, {}, 'below-threshold'],
      [
        'with a face of its own',
        { coupon: { ...charging(facts).coupon, faceFen: 29_000 }, netFen: 1_000 },
        {},
        'face-differs',
      ],
      ['with a net of its own', { netFen: 1 }, {}, 'sums-differ'],
      ["under another merchant's name", { merchant: 'evil-0' }, {}, 'merchant-not-listed'],
    ];
    it.each(rows)('%s gets nothing', async (_lie, change, shown, doubt) => {
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      const record: Body = { ...charging(facts), ...change };
      const { amountFen, netFen } = record;
      const verdicts = [['CP1:ANN', signedBy('ann', [7], 1, shown)] as const];
      await commitOne(its.ledger, counter.sends([record, { ...settled(facts), amountFen, netFen }], verdicts), later);
      expect(await its.saleOf(counter, 'a')).toMatchObject({
        booking: 'disputed',
        flags: expect.arrayContaining([doubt]),
      });
      expect(await merchantsFen()).toBe(0);
      expect(await its.sums()).toMatchObject({ held: 1, postingsFen: 0 });
    });

    it('gets what it took honestly, in the same seconds', async () => {
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      const verdicts = [['CP1:ANN', signedBy('ann', [7], 1, { shownAt: MORNING - 61 * SECOND })] as const];
      await commitOne(its.ledger, counter.sends([charging(facts), settled(facts)], verdicts), later);
      expect(await its.saleOf(counter, 'a')).toMatchObject({ booking: 'kept', flags: [] });
      expect(await merchantsFen()).toBe(8_000);
    });

    it('whose presentation nobody has checked gets nothing', async () => {
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      await commitOne(its.ledger, counter.sends([charging(facts), settled(facts)]));
      expect(await its.saleOf(counter, 'a')).toMatchObject({ booking: 'disputed', flags: ['presentation-unchecked'] });
    });

    it('of a customer who had just paid there online gets none of the other coupons', async () => {
      await claimed(its.ledger, claimOp('ann', ['s40', 's80']));
      const counter = new Counter();
      const holder = signedBy('ann', [4, 7], 1);
      if (!holder.ok) throw new Error('signed');
      const presented = { kind: 'verified', holder: holder.holder, nonce: 1, evidence: 'CP1:ANN' } as const;
      expect(await authorised(its.ledger, counter.asks('a', 'ann', 30_000, { presented }))).toBe(7);
      const honest = { sale: 'a', amountFen: 30_000, serial: 7 };
      await commitOne(its.ledger, counter.sends([charging(honest), settled(honest)]));
      const lie = { sale: 'b', amountFen: 30_000, serial: 4, presentation: 'CP1:ANN' };
      await commitOne(its.ledger, counter.sends([charging(lie), settled(lie)], [['CP1:ANN', holder]]));
      expect(await its.saleOf(counter, 'b')).toMatchObject({ booking: 'disputed', flags: ['presentation-replayed'] });
      expect(await merchantsFen()).toBe(8_000);
    });

    it('and shares one showing with two others has one sale: theirs are conflicts, and use no coupon up', async () => {
      const offline = { ...testRules().campaign.offline, conflictAccount: 'merchant' };
      await its.reopen({ offline });
      await claimed(its.ledger, claimOp('ann', ['s20', 's40', 's80']));
      const verdict = signedBy('ann', [0, 4, 7], 1);
      for (const [device, serial] of [['d1', 7] as const, ['d2', 4] as const, ['d3', 0] as const]) {
        const taken = { ...facts, serial };
        const counter = new Counter(device);
        await commitOne(its.ledger, counter.sends([charging(taken), settled(taken)], [['CP1:ANN', verdict]]));
      }
      expect(await its.saleOf(new Counter('d2'), 'a')).toMatchObject({
        booking: 'conflict',
        flags: ['showing-used-before'],
      });
      // Its merchant bears them, as this campaign says.
      expect(await its.sums()).toMatchObject({ redeemed: 1, conflicts: 2, used: 1, held: 2, postingsFen: 0 });
      const { accounts } = await its.sums();
      expect([accounts['merchant:m1'], accounts['conflict:merchant:m1']]).toEqual([14_000, -6_000]);
      expect(await its.evidence()).toMatchObject([
        {
          kind: 'double-spend',
          format: 2,
          detail: { first: { sale: 'd1/a' }, second: { sale: 'd2/a', device: 'd2' } },
        },
        { kind: 'double-spend', format: 2, detail: { second: { sale: 'd3/a' } } },
      ]);
    });

    it('is paid once for a coupon that was used elsewhere, however often its holder shows it', async () => {
      const offline = { ...testRules().campaign.offline, maxPerHolder: 9 };
      await its.reopen({ offline });
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const take = async (counter: Counter, sale: string, n: number) => {
        const taken = { ...facts, sale, presentation: `CP1:ANN${n}` };
        const verdicts = [[taken.presentation, signedBy('ann', [7], n)] as const];
        await commitOne(its.ledger, counter.sends([charging(taken), settled(taken)], verdicts));
      };
      const [honest, liar] = [new Counter('d1'), new Counter('d2')];
      await take(honest, 'a', 1);
      await take(honest, 'b', 2);
      for (const n of [3, 4, 5]) await take(liar, `a${n}`, n);
      expect(await its.saleOf(honest, 'b')).toMatchObject({ booking: 'disputed', flags: ['coupon-taken-here-before'] });
      expect(await its.sums()).toMatchObject({ redeemed: 1, conflicts: 1, disputed: 3, conflictFen: 8_000 });
      expect(await merchantsFen()).toBe(16_000);
    });

    it('a showing that was taken offline is not taken online for another sale', async () => {
      await claimed(its.ledger, claimOp('ann', ['s40', 's80']));
      const holder = signedBy('ann', [4, 7], 1);
      if (!holder.ok) throw new Error('signed');
      await commitOne(its.ledger, new Counter().sends([charging(facts), settled(facts)], [['CP1:ANN', holder]]));
      const presented = { kind: 'verified', holder: holder.holder, nonce: 1, evidence: 'CP1:ANN' } as const;
      expect(await authorised(its.ledger, new Counter('d2').asks('b', 'ann', 30_000, { presented }))).toBe(
        'presentation-replayed',
      );
    });
  });

  describe('an allowance', () => {
    const sale = (name: string, who: string, serial: number, allowance = ALLOWANCE) => {
      const facts = { sale: name, amountFen: 30_000, serial, presentation: `CP1:${who}`, allowance };
      return {
        records: [charging(facts), settled(facts)],
        verdict: [`CP1:${who}`, signedBy(who, [serial], 1)] as const,
      };
    };
    const take = async (counter: Counter, ...made: readonly ReturnType<typeof sale>[]) =>
      commitOne(
        its.ledger,
        counter.sends(
          made.flatMap(({ records }) => records),
          made.map(({ verdict }) => verdict),
        ),
      );

    it.each([
      ['invented', 'd1', 'forged-allowance', 'allowance-unknown'],
      ['of another counter', 'd9', ALLOWANCE, 'allowance-unknown'],
    ])('that is %s is worth nothing', async (_what, device, allowance, doubt) => {
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const counter = new Counter(device);
      await take(counter, sale('a', 'ann', 7, allowance));
      expect(await its.saleOf(counter, 'a')).toMatchObject({ booking: 'disputed', flags: [doubt] });
    });

    it('is counted by the gateway, too: coupons, face and coupons of one holder', async () => {
      const offline = { ...testRules().campaign.offline, maxCoupons: 3, maxFaceFen: 10_000, maxPerHolder: 1 };
      await its.reopen({ offline });
      for (const who of ['ann', 'ben', 'cem', 'dan']) await claimed(its.ledger, claimOp(who, ['s20', 's40']));
      const counter = new Counter();
      await take(counter, sale('a', 'ann', 4), sale('b', 'ben', 5));
      await take(counter, sale('c', 'cem', 6), sale('d', 'dan', 3));
      const flags = async (name: string) => (await its.saleOf(counter, name))?.flags;
      expect([await flags('a'), await flags('b'), await flags('c'), await flags('d')]).toEqual([
        [],
        [],
        ['allowance-exceeded'],
        [],
      ]);
      // By another presentation of ann's: she has had her one.
      const again = { sale: 'e', amountFen: 30_000, serial: 0, presentation: 'CP1:ANN2' };
      const verdict = signedBy('ann', [0], 2);
      await commitOne(its.ledger, counter.sends([charging(again), settled(again)], [['CP1:ANN2', verdict]]));
      expect((await flags('e'))?.toSorted()).toEqual(['allowance-exceeded', 'holder-limit-exceeded']);
      expect(await its.sums()).toMatchObject({ redeemed: 3, redeemedFen: 10_000, disputed: 2 });
    });

    it('counts no charge that came to nothing', async () => {
      const offline = { ...testRules().campaign.offline, maxCoupons: 1 };
      await its.reopen({ offline });
      for (const who of ['ann', 'ben']) await claimed(its.ledger, claimOp(who, ['s20']));
      const counter = new Counter();
      const [first, second] = [sale('a', 'ann', 0), sale('b', 'ben', 1)];
      await commitOne(its.ledger, counter.sends([first.records[0] ?? {}, notCharged('a')], [first.verdict]));
      await take(counter, second);
      expect(await its.saleOf(counter, 'b')).toMatchObject({ booking: 'kept', flags: [] });
    });

    it('that has ended is worth nothing, and a new one goes only to a counter with nothing outstanding', async () => {
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      const day = MORNING + 24 * HOUR;
      const facts = { sale: 'a', amountFen: 30_000, serial: 7, presentation: 'CP1:ANN', at: day + 2 * SECOND };
      const verdict = signedBy('ann', [7], 1, { shownAt: day });
      await commitOne(its.ledger, counter.sends([charging(facts), settled(facts)], [['CP1:ANN', verdict]]), day + HOUR);
      expect(await its.saleOf(counter, 'a')).toMatchObject({ booking: 'disputed', flags: ['allowance-not-in-force'] });
      const hello = { kind: 'hello', device: counter.device, id: 'h' } as const;
      const [behind] = await commit(its.ledger, [{ ...hello, head: { seq: 9, hash: 'f'.repeat(64) } }], day);
      expect(behind).toEqual({ kind: 'welcome', head: counter.head, isInSync: false });
      const [inSync] = await commit(its.ledger, [{ ...hello, head: counter.head }], day);
      expect(inSync).toMatchObject({ allowance: { device: 'd1', issuedAt: day, maxCoupons: 10 } });
    });

    it('is renewed under its own id while nothing has been counted on it, and is another one afterwards', async () => {
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      const greeted = async (at: number) => {
        const op = { kind: 'hello', device: 'd1' as DeviceId, id: 'h', head: counter.head } as const;
        const [outcome] = await commit(its.ledger, [op], at);
        return outcome?.kind === 'welcome' ? [outcome.allowance?.id, outcome.allowance?.expiresAt] : [];
      };
      expect(counter.head).toEqual(EMPTY_CHAIN);
      expect(await greeted(MORNING + HOUR)).toEqual([ALLOWANCE, MORNING + 25 * HOUR]);
      await take(counter, sale('a', 'ann', 7));
      const [id] = await greeted(MORNING + 2 * HOUR);
      expect(id).not.toBe(ALLOWANCE);
      if (its.isDurable) await its.reopenAsItWas();
      expect((await greeted(MORNING + 2 * HOUR + SECOND))[0]).toBe(id);
    });

    it('is there again after a restart, before anybody is told of it', async () => {
      await claimed(its.ledger, claimOp('ann', ['s80']));
      if (its.isDurable) await its.reopenAsItWas();
      const counter = new Counter();
      await take(counter, sale('a', 'ann', 7));
      expect(await its.saleOf(counter, 'a')).toMatchObject({ booking: 'kept' });
      await greet(its.ledger, new Counter('d2'));
    });
  });

  describe('a refund that a counter makes up', () => {
    const facts = { sale: 'a', amountFen: 30_000, serial: 7 };

    it('beyond what was paid leaves the merchant nothing, the coupon used, and the face in suspense', async () => {
      await its.reopen({ refund: 'restored-if-full' });
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      await its.sell(counter, 'a', 'ann', 30_000);
      await commitOne(its.ledger, counter.sends([refunded('a', 22_001)]));
      expect(await its.saleOf(counter, 'a')).toMatchObject({ flags: ['refund-beyond-paid'] });
      const sums = await its.sums();
      expect(sums).toMatchObject({ used: 1, held: 0, postingsFen: 0, disputedFen: 8_000 });
      expect([sums.accounts['merchant:m1'], sums.accounts['disputed:d1']]).toEqual([0, 8_000]);
    });

    it('of a disputed sale moves no merchant and gives its claim up', async () => {
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      await commitOne(its.ledger, counter.sends([charging(facts), settled(facts)]));
      expect((await its.sums()).accounts).toEqual({ disputed: -8_000, 'disputed:d1': 8_000 });
      await commitOne(its.ledger, counter.sends([refunded('a', 22_000)]));
      expect((await its.sums()).accounts).toEqual({ disputed: 0, 'disputed:d1': 0 });
    });

    it('before the sale is settled moves nothing, and the sale gets nothing afterwards', async () => {
      await claimed(its.ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      await authorised(its.ledger, counter.asks('a', 'ann', 30_000));
      await commitOne(its.ledger, counter.sends([charging(facts), refunded('a', 22_000), settled(facts)]));
      expect(await its.saleOf(counter, 'a')).toMatchObject({ booking: 'disputed', flags: ['refunded-after-charging'] });
      expect(await merchantsFen()).toBe(0);
    });
  });

  it('tells of each disputed sale, conflict and doubt, with the device, the sale, the doubts and the money', async () => {
    await claimed(its.ledger, claimOp('ann', ['s80']));
    const shown = [['CP1:ANN', signedBy('ann', [7], 1)]] as const;
    const facts = { sale: 'a', amountFen: 30_000, serial: 7, presentation: 'CP1:ANN' };
    const found = async (counter: Counter, records: readonly Body[]) => {
      const op = counter.sends(records, shown);
      const { findings, alerts: alarms } = await asked<Committed>((done) => its.ledger.commit([op], MORNING, done));
      return [findings, alarms.map(({ code }) => code)];
    };
    const [one, two, liar] = [new Counter('d1'), new Counter('d2'), new Counter('d3')];
    expect(await found(one, [charging(facts), settled(facts)])).toEqual([[], []]);
    expect(await found(two, [charging(facts)])).toEqual([
      [expect.objectContaining({ kind: 'flagged', device: 'd2', sale: 'a', doubts: ['showing-used-before'] })],
      ['SALE_FLAGGED'],
    ]);
    expect(await found(two, [settled(facts)])).toEqual([
      [
        expect.objectContaining({ kind: 'coupon-spent-twice', device: 'd2', fen: 8_000 }),
        expect.objectContaining({ kind: 'flagged', device: 'd1', doubts: ['coupon-used-again'] }),
      ],
      ['COUPON_SPENT_TWICE', 'SALE_FLAGGED'],
    ]);
    const lie = { ...facts, allowance: 'forged' };
    expect(await found(liar, [charging(lie)])).toMatchObject([[{ kind: 'doubted', device: 'd3' }], ['SALE_DOUBTED']]);
    expect(await found(liar, [settled(lie)])).toMatchObject([
      [{ kind: 'disputed', device: 'd3', sale: 'a', serial: 7, fen: 8_000 }],
      ['SALE_DISPUTED'],
    ]);
  });
}
