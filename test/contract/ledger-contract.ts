/** What every ledger does, whatever it is made of. Rows of a counter's day against a small campaign. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Evidence } from '#gateway/core/book.js';
import type { Rules } from '#gateway/core/rules.js';
import type { Ledger, Reconciliation } from '#gateway/ports/ledger.js';
import type { CouponSerial, SaleId } from '#protocol/ids.js';
import { GENESIS } from '#protocol/records/chain.js';
import { wallMs } from '#protocol/time.js';
import {
  abandoned,
  asked,
  authorised,
  Counter,
  charging,
  claimed,
  claimOp,
  commit,
  commitOne,
  holderId,
  LEASE_MS,
  MORNING,
  notCharged,
  recordsOp,
  refunded,
  settled,
  testRules,
  unknown,
} from './ledger-fixture.js';

export interface LedgerUnderTest {
  /** Opens it; a second time, what was committed before is there. */
  open(rules: Rules): Promise<Ledger>;
  /** Whether it outlives its object. */
  readonly isDurable: boolean;
  cleanUp(): void;
}

const HOUR = 3_600_000;
const LATER = MORNING + LEASE_MS + 10_000;

export function ledgerContract(make: () => LedgerUnderTest): void {
  let under: LedgerUnderTest;
  let ledger: Ledger;
  beforeEach(async () => {
    under = make();
    ledger = await under.open(testRules());
  });
  afterEach(async () => {
    await close(ledger);
    under.cleanUp();
  });

  const sums = (): Promise<Reconciliation> => asked((done) => ledger.reconciliation(done));
  const evidence = (): Promise<readonly Evidence[]> => asked((done) => ledger.evidence(done));
  const spent = async (now: number = MORNING): Promise<readonly number[]> =>
    (await asked<{ readonly serials: readonly number[] }>((done) => ledger.spent(wallMs(now), done))).serials;
  const saleOf = (counter: Counter, sale: string) =>
    asked<Awaited<{ readonly state: string; readonly flags: readonly string[]; readonly booking: string } | undefined>>(
      (done) => ledger.sale(counter.device, sale as SaleId, done),
    );

  async function reopen(change: Parameters<typeof testRules>[0]): Promise<void> {
    await close(ledger);
    under.cleanUp();
    under = make();
    ledger = await under.open(testRules(change));
  }

  /** A whole sale, charged and acknowledged. */
  async function sell(counter: Counter, sale: string, who: string, amountFen: number, now: number = MORNING) {
    const serial = await authorised(ledger, counter.asks(sale, who, amountFen), now);
    const taken = typeof serial === 'number' ? serial : null;
    await commitOne(ledger, counter.sends([charging({ sale, amountFen, serial: taken })]), now);
    return commitOne(ledger, counter.sends([settled({ sale, amountFen, serial: taken })]), now);
  }

  describe('claiming', () => {
    it('gives each person one of a tier, serial after serial', async () => {
      expect(await claimed(ledger, claimOp('ann', ['s20', 's40', 's80']))).toEqual([0, 4, 7]);
      expect(await claimed(ledger, claimOp('bob', ['s20', 's40', 's80']))).toEqual([1, 5, 'tier-gone']);
      expect(await claimed(ledger, claimOp('ann', ['s20']))).toEqual(['already-claimed']);
    });

    it('knows a person again by any one identifier where the campaign says so', async () => {
      await claimed(ledger, claimOp('ann', ['s20']));
      expect(await claimed(ledger, claimOp('x1', ['s20', 's40'], { phone: 'ann' }))).toEqual(['already-claimed', 4]);
      expect(await claimed(ledger, claimOp('x2', ['s20'], { idCard: 'ann' }))).toEqual(['already-claimed']);
      expect(await claimed(ledger, claimOp('x3', ['s20'], { device: 'ann' }))).toEqual(['already-claimed']);
    });

    it('needs all identifiers to agree where the campaign says so', async () => {
      const { claim } = testRules().campaign;
      await reopen({ claim: { ...claim, samePerson: 'all' } });
      await claimed(ledger, claimOp('ann', ['s20']));
      expect(await claimed(ledger, claimOp('x1', ['s20'], { phone: 'ann', idCard: 'ann' }))).toEqual([1]);
      expect(await claimed(ledger, claimOp('x2', ['s20'], { phone: 'ann', idCard: 'ann', device: 'ann' }))).toEqual([
        'already-claimed',
      ]);
    });

    it('hands out exactly the stock to a crowd in one batch, nobody getting two', async () => {
      const people = Array.from({ length: 50 }, (_, n) => claimOp(`p${n % 25}`, ['s20', 's20', 's80']));
      const outcomes = await commit(ledger, people);
      const given = outcomes.flatMap((outcome) => (outcome.kind === 'claimed' ? outcome.tiers : []));
      const serials = given.flatMap(({ serial }) => (serial === null ? [] : [serial]));
      expect(serials.toSorted()).toEqual([0, 1, 2, 3, 7]);
      expect(new Set(given.filter(({ serial }) => serial === null).map(({ reason }) => reason))).toEqual(
        new Set(['tier-gone', 'already-claimed']),
      );
    });

    it('never hands out more than the budget covers', async () => {
      await reopen({ budgetFen: 5_000 });
      expect(await claimed(ledger, claimOp('ann', ['s40', 's20']))).toEqual([4, 'budget-exhausted']);
    });

    it('says when it has not opened, and that it knows no such tier', async () => {
      expect(await claimed(ledger, claimOp('ann', ['s20']), MORNING - 3_600_001)).toEqual(['claim-not-open']);
      expect(await claimed(ledger, claimOp('ann', ['__proto__']))).toEqual(['unknown-tier']);
    });

    it("tells nothing to a stranger who read the key off somebody's code, and gives nothing into that wallet", async () => {
      await claimed(ledger, claimOp('ann', ['s20']));
      const stranger = { ...claimOp('eve', ['s20', 's40']), holder: holderId('ann') };
      expect(await commitOne(ledger, stranger)).toMatchObject({
        tiers: [{ reason: 'wallet-of-another' }, { reason: 'wallet-of-another' }],
        holder: null,
        paymentCode: null,
        serials: [],
      });
      expect(await claimed(ledger, claimOp('ann', ['s40']))).toEqual([4]);
      const withNewSim = claimOp('ann', ['s80'], { phone: 'ann-2' });
      expect(await commitOne(ledger, withNewSim)).toMatchObject({ holder: holderId('ann'), serials: [0, 4, 7] });
    });

    it('tells a holder all that was ever given', async () => {
      await claimed(ledger, claimOp('ann', ['s40']));
      const outcome = await commitOne(ledger, claimOp('ann', ['s20', 's40']));
      expect(outcome).toMatchObject({ kind: 'claimed', holder: holderId('ann'), serials: [0, 4] });
    });
  });

  describe('authorise', () => {
    beforeEach(() => claimed(ledger, claimOp('ann', ['s20', 's40', 's80'])));

    it('reserves the largest face that fits', async () => {
      expect(await authorised(ledger, new Counter().asks('a', 'ann', 25_990))).toBe(4);
      expect(await authorised(ledger, new Counter().asks('b', 'ann', 25_990))).toBe(0);
    });

    it('says what is missing below the threshold', async () => {
      const outcome = await commitOne(ledger, new Counter().asks('a', 'ann', 9_990));
      expect(outcome).toMatchObject({
        answer: { kind: 'refused', reason: 'below-threshold', next: { faceFen: 2_000, missingFen: 10 } },
      });
    });

    it('gives the same request the same answer, and a new lease', async () => {
      const counter = new Counter();
      const op = counter.asks('a', 'ann', 30_000);
      const first = await commitOne(ledger, op);
      expect(await commitOne(ledger, { ...op, id: 'again' }, MORNING + LEASE_MS - 1)).toEqual(first);
      const other = new Counter('d2').asks('b', 'ann', 30_000);
      expect(await authorised(ledger, other, LATER)).toBe(4);
    });

    it('repeats a refusal to the same message, and decides anew when asked anew', async () => {
      const blocked = new Counter('d2').asks('b', 'ben', 30_000);
      expect(await authorised(ledger, blocked)).toBe('no-coupon-held');
      await claimed(ledger, claimOp('ben', ['s20']));
      expect(await authorised(ledger, blocked)).toBe('no-coupon-held');
      expect(await authorised(ledger, { ...blocked, id: 'q9' })).toBe(1);
    });

    it('lets exactly one of two counters have the only coupon', async () => {
      await claimed(ledger, claimOp('ben', ['s20']));
      const [one, two] = await commit(ledger, [
        new Counter('d1').asks('a', 'ben', 15_000),
        new Counter('d2').asks('b', 'ben', 15_000),
      ]);
      expect(one).toMatchObject({ answer: { kind: 'reserved', serial: 1 } });
      expect(two).toMatchObject({ answer: { kind: 'refused', reason: 'coupon-reserved' } });
    });

    it('takes a coupon whose lease has lapsed', async () => {
      await claimed(ledger, claimOp('ben', ['s20']));
      expect(await authorised(ledger, new Counter('d1').asks('a', 'ben', 15_000))).toBe(1);
      const other = new Counter('d2').asks('b', 'ben', 15_000);
      expect(await authorised(ledger, other, MORNING + LEASE_MS)).toBe('coupon-reserved');
      expect(await authorised(ledger, { ...other, id: 'q2' }, LATER)).toBe(1);
    });

    it('gives back what a sale had, when it asks with something else shown', async () => {
      const counter = new Counter();
      expect(await authorised(ledger, counter.asks('a', 'ann', 30_000))).toBe(7);
      await claimed(ledger, claimOp('ben', ['s20']));
      expect(await authorised(ledger, counter.asks('a', 'ben', 30_000))).toBe(1);
      expect(await authorised(ledger, new Counter('d2').asks('b', 'ann', 30_000))).toBe(7);
    });

    it('keeps what a sale has, when an earlier question of it comes late', async () => {
      await claimed(ledger, claimOp('ben', ['s20']));
      const counter = new Counter();
      const early = counter.asks('a', 'nobody', 30_000, { id: '1.9' });
      expect(await authorised(ledger, early)).toBe('no-coupon-held');
      expect(await authorised(ledger, counter.asks('a', 'ben', 30_000, { id: '1.10' }))).toBe(1);
      expect(await authorised(ledger, early)).toBe('REQUEST_OVERTAKEN');
      expect(await authorised(ledger, new Counter('d2').asks('b', 'ben', 15_000))).toBe('coupon-reserved');
    });

    it('tells a sale that has gone on that it can not ask any more', async () => {
      const counter = new Counter();
      await sell(counter, 'a', 'ann', 30_000);
      expect(await authorised(ledger, counter.asks('a', 'ann', 12_000))).toBe('SALE_DIFFERS');
    });

    it('says that a used coupon is used', async () => {
      await claimed(ledger, claimOp('ben', ['s20']));
      await sell(new Counter(), 'a', 'ben', 15_000);
      expect(await authorised(ledger, new Counter('d2').asks('b', 'ben', 15_000))).toBe('already-used');
    });

    it('refuses what was refused at the door, what is outside the hours, and merchants that are not listed', async () => {
      const shown = { presented: { kind: 'refused', reason: 'presentation-forged' } } as const;
      expect(await authorised(ledger, new Counter().asks('a', 'ann', 30_000, shown))).toBe('presentation-forged');
      const night = MORNING + 13 * 3_600_000;
      expect(await authorised(ledger, new Counter().asks('b', 'ann', 30_000), night)).toBe('outside-hours');
      expect(await authorised(ledger, new Counter('d1', 'next-door').asks('c', 'ann', 30_000))).toBe(
        'merchant-not-listed',
      );
    });

    it('takes a presentation once, but lets the same sale ask again', async () => {
      const shown = (counter: number) =>
        ({ presented: { kind: 'verified', holder: holderId('ann'), counter, evidence: 'CP1:' } }) as const;
      const op = new Counter().asks('a', 'ann', 30_000, shown(5));
      expect(await authorised(ledger, op)).toBe(7);
      expect(await authorised(ledger, { ...op, id: 'again' })).toBe(7);
      expect(await authorised(ledger, new Counter('d2').asks('b', 'ann', 30_000, shown(5)))).toBe(
        'presentation-replayed',
      );
      expect(await authorised(ledger, new Counter('d2').asks('c', 'ann', 30_000, shown(4)))).toBe(
        'presentation-replayed',
      );
      expect(await authorised(ledger, new Counter('d2').asks('d', 'ann', 30_000, shown(6)))).toBe(4);
    });
  });

  describe('the rules that look back', () => {
    const tenMinutes = MORNING + 10 * 60_000;

    it('take no coupon off what looks like one order split in two', async () => {
      await reopen({ splitGuard: { minutes: 30, maxPayments: 1 } });
      await claimed(ledger, claimOp('ann', ['s20', 's40', 's80']));
      await sell(new Counter(), 'a', 'ann', 10_000);
      expect(await authorised(ledger, new Counter('d2').asks('b', 'ann', 20_000), tenMinutes)).toBe('split-order');
      expect(await authorised(ledger, new Counter('d3', 'm2').asks('b', 'ann', 20_000), tenMinutes)).toBe(4);
      expect(await authorised(ledger, new Counter('d4').asks('b', 'ann', 30_000), MORNING + 30 * 60_000)).toBe(7);
    });

    it('count a sale for whom it is, once, whoever else showed a code at it', async () => {
      await reopen({ splitGuard: { minutes: 30, maxPayments: 2 } });
      await claimed(ledger, claimOp('ann', ['s20', 's40', 's80']));
      await claimed(ledger, claimOp('ben', ['s20', 's40']));
      const counter = new Counter();
      const shown = { a: ['ann', 'ben', 'ann'], b: ['ann', 'ben'] };
      for (const [sale, people] of Object.entries(shown)) {
        for (const who of people) await authorised(ledger, counter.asks(sale, who, 10_000));
      }
      expect(await authorised(ledger, counter.asks('c', 'ann', 20_000))).toBe(4);
      expect(await authorised(ledger, counter.asks('d', 'ann', 30_000))).toBe('split-order');
    });

    it('cap what a customer pays on plates in a day', async () => {
      await reopen({ plateCapFen: 50_000 });
      await claimed(ledger, claimOp('ann', ['s20', 's40', 's80']));
      const plate = { mode: 'plate' } as const;
      const counter = new Counter();
      expect(await authorised(ledger, counter.asks('a', 'ann', 30_000, plate))).toBe(7);
      const facts = { sale: 'a', amountFen: 30_000, serial: 7 };
      await commitOne(ledger, counter.sends([charging(facts), settled(facts)]));
      expect(await authorised(ledger, new Counter('d2').asks('b', 'ann', 32_001, plate), tenMinutes)).toBe('plate-cap');
      expect(await authorised(ledger, new Counter('d3').asks('b', 'ann', 32_000, plate), tenMinutes)).toBe(4);
    });

    it('count a payment made off line at its own time, not when it arrives', async () => {
      await reopen({ splitGuard: { minutes: 30, maxPayments: 1 } });
      await claimed(ledger, claimOp('ann', ['s20', 's40', 's80']));
      const verdict = { ok: true, holder: holderId('ann'), serials: [0 as never], counter: 1 } as const;
      const facts = { sale: 'a', amountFen: 10_000, serial: 0, presentation: 'CP1:ONE' };
      const records = [{ ...charging(facts), at: { earliest: MORNING, latest: MORNING } }, settled(facts)];
      const evening = MORNING + 8 * HOUR;
      await commitOne(ledger, new Counter().sends(records, [['CP1:ONE', verdict]]), evening);
      expect(await authorised(ledger, new Counter('d2').asks('b', 'ann', 20_000), evening)).toBe(4);
    });
  });

  describe('a sale', () => {
    beforeEach(() => claimed(ledger, claimOp('ann', ['s20', 's40', 's80'])));

    it('redeems the coupon and posts it from the sponsors to the merchant', async () => {
      expect(await sell(new Counter(), 'a', 'ann', 30_000)).toMatchObject({ kind: 'have', head: { seq: 2 } });
      expect(await sums()).toMatchObject({
        redeemed: 1,
        redeemedFen: 8_000,
        netFen: 22_000,
        used: 1,
        postingsFen: 0,
        accounts: { 'merchant:m1': 8_000, 'sponsor:bank': -2_400, 'sponsor:district': -5_600 },
        merchants: { m1: { redeemed: 1, redeemedFen: 8_000 } },
      });
      expect(await spent()).toEqual([7]);
    });

    it.each([
      ['declined', notCharged('a')],
      ['abandoned', abandoned('a')],
      ['charged in full', charging({ sale: 'a', amountFen: 30_000, serial: null })],
    ])('frees the coupon when it is %s', async (_, record) => {
      const counter = new Counter();
      await authorised(ledger, counter.asks('a', 'ann', 30_000));
      await commitOne(ledger, counter.sends([record]));
      expect(await authorised(ledger, new Counter('d2').asks('b', 'ann', 30_000))).toBe(7);
    });

    it.each([
      ['a charge that has begun', [charging({ sale: 'a', amountFen: 30_000, serial: 7 })]],
      ['an unknown outcome', [charging({ sale: 'a', amountFen: 30_000, serial: 7 }), unknown('a')]],
    ])('holds the coupon past the lease after %s', async (_, records) => {
      const counter = new Counter();
      await authorised(ledger, counter.asks('a', 'ann', 30_000));
      await commitOne(ledger, counter.sends(records));
      const muchLater = MORNING + 3_600_000;
      expect(await authorised(ledger, new Counter('d2').asks('b', 'ann', 30_000), muchLater)).toBe(4);
      await commitOne(ledger, counter.sends([notCharged('a')]), muchLater);
      expect(await authorised(ledger, new Counter('d2').asks('c', 'ann', 30_000), muchLater)).toBe(7);
    });

    it('redeems late, when nobody else came in between', async () => {
      const counter = new Counter();
      await authorised(ledger, counter.asks('a', 'ann', 30_000));
      const sale = { sale: 'a', amountFen: 30_000, serial: 7 };
      await commitOne(ledger, counter.sends([charging(sale), settled(sale)]), MORNING + 86_400_000);
      expect(await sums()).toMatchObject({ redeemed: 1, conflicts: 0 });
    });

    it('leaves the coupon to the first in the ledger and books the other, with evidence', async () => {
      const [early, late] = [new Counter('d1'), new Counter('d2', 'm2')];
      await authorised(ledger, early.asks('a', 'ann', 30_000));
      await authorised(ledger, late.asks('b', 'ann', 30_000), LATER);
      for (const [counter, sale] of [[late, 'b'] as const, [early, 'a'] as const]) {
        const facts = { sale, amountFen: 30_000, serial: 7, merchant: counter.merchant };
        await commitOne(ledger, counter.sends([charging(facts), settled(facts)]), LATER);
      }
      expect(await sums()).toMatchObject({
        redeemed: 1,
        conflicts: 1,
        conflictFen: 8_000,
        used: 1,
        postingsFen: 0,
        accounts: { 'merchant:m1': 8_000, 'merchant:m2': 8_000, 'conflict:bank': -8_000 },
      });
      expect(await saleOf(early, 'a')).toMatchObject({
        booking: 'conflict',
        flags: expect.arrayContaining(['coupon-already-used']),
      });
      expect(await evidence()).toMatchObject([
        { kind: 'double-spend', detail: { serial: 7, first: { sale: 'd2/b' }, second: { sale: 'd1/a' } } },
      ]);
    });

    it('has the conflict account bear no more than the face, whatever the counter says it took', async () => {
      const [honest, greedy] = [new Counter('d1'), new Counter('d2')];
      await authorised(ledger, greedy.asks('a', 'ann', 9_100_000));
      await authorised(ledger, honest.asks('a', 'ann', 9_100_000), LATER);
      for (const [counter, faceFen] of [[honest, 8_000] as const, [greedy, 9_000_000] as const]) {
        const facts = { sale: 'a', amountFen: 9_100_000, serial: 7 };
        const records = [charging(facts), { ...settled(facts), faceFen, netFen: 9_100_000 - faceFen }];
        await commitOne(ledger, counter.sends(records), LATER);
      }
      expect(await sums()).toMatchObject({
        conflicts: 1,
        postingsFen: 0,
        accounts: { 'conflict:bank': -8_000, disputed: -8_992_000, 'merchant:m1': 9_008_000 },
      });
      expect((await saleOf(greedy, 'a'))?.flags).toContain('face-differs');
    });

    it('keeps both presentations of an offline double spend', async () => {
      const verdict = { ok: true, holder: holderId('ann'), serials: [7 as never], counter: 1 } as const;
      for (const [device, shown] of [['d1', 'CP1:ONE'] as const, ['d2', 'CP1:TWO'] as const]) {
        const facts = { sale: 'a', amountFen: 30_000, serial: 7, presentation: shown };
        await commitOne(ledger, new Counter(device).sends([charging(facts), settled(facts)], [[shown, verdict]]));
      }
      expect(await sums()).toMatchObject({ redeemed: 1, conflicts: 1, postingsFen: 0 });
      expect(await evidence()).toMatchObject([
        { detail: { first: { presented: 'CP1:ONE' }, second: { presented: 'CP1:TWO' } } },
      ]);
    });

    it('pays nobody for one showing that a counter used twice, but for one that two counters were shown', async () => {
      await claimed(ledger, claimOp('ben', ['s20', 's40']));
      const verdict = { ok: true, holder: holderId('ben'), serials: [1 as never, 5 as never], counter: 3 } as const;
      const take = (counter: Counter, sale: string, serial: number) => {
        const facts = { sale, amountFen: 30_000, serial, presentation: 'CP1:BEN' };
        return commitOne(ledger, counter.sends([charging(facts), settled(facts)], [['CP1:BEN', verdict]]));
      };
      const [one, two] = [new Counter('d1'), new Counter('d2')];
      await take(one, 'a', 5);
      await take(two, 'a', 5);
      expect(await sums()).toMatchObject({ redeemed: 1, conflicts: 1, disputed: 0 });
      // The same again, and the holder's other coupon.
      await take(one, 'b', 5);
      await take(one, 'c', 1);
      expect(await saleOf(one, 'b')).toMatchObject({
        booking: 'disputed',
        flags: expect.arrayContaining(['presentation-replayed']),
      });
      expect(await sums()).toMatchObject({
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
      await commitOne(ledger, new Counter().sends([charging(facts), settled(facts)], verdicts));
      expect(await sums()).toMatchObject({ redeemed: 0, disputed: 1, held: 3, postingsFen: 0 });
    });

    it('leaves the coupon with its holder when the sale that held it proves nothing in the end', async () => {
      const verdict = { ok: true, holder: holderId('ben'), serials: [], counter: 1 } as const;
      const facts = { sale: 'a', amountFen: 30_000, serial: 7 };
      const records = [charging({ ...facts, presentation: 'CP1:BEN' }), charging(facts), settled(facts)];
      await commitOne(ledger, new Counter().sends(records, [['CP1:BEN', verdict]]));
      expect(await sums()).toMatchObject({ disputed: 1, held: 3, reserved: 0, postingsFen: 0 });
      expect(await authorised(ledger, new Counter('d2').asks('b', 'ann', 30_000))).toBe(7);
    });

    it('flags a coupon that was taken off line outside the hours, or at no known time', async () => {
      const verdict = { ok: true, holder: holderId('ann'), serials: [7 as never], counter: 1 } as const;
      const night = MORNING + 13 * HOUR;
      for (const [device, at, flags] of [
        ['d1', { earliest: MORNING, latest: MORNING }, []],
        ['d2', { earliest: night - 2 * HOUR, latest: night }, ['coupon-already-used', 'outside-hours']],
        ['d3', null, ['coupon-already-used', 'outside-hours']],
      ] as const) {
        const facts = { sale: 'a', amountFen: 30_000, serial: 7, presentation: `CP1:${device}` };
        const counter = new Counter(device);
        const records = [{ ...charging(facts), at }, settled(facts)];
        await commitOne(ledger, counter.sends(records, [[facts.presentation, verdict]]), night);
        expect((await saleOf(counter, 'a'))?.flags.toSorted()).toEqual(flags);
      }
    });

    it('books no coupon on a mere word: neither one that was never reserved, nor one that does not exist', async () => {
      const counter = new Counter();
      for (const [sale, serial] of [['a', 7] as const, ['b', 3] as const, ['c', 4_000] as const]) {
        const facts = { sale, amountFen: 30_000, serial };
        await commitOne(ledger, counter.sends([charging(facts), settled(facts)]));
        expect(await saleOf(counter, sale)).toMatchObject({ booking: 'disputed' });
      }
      expect((await saleOf(counter, 'a'))?.flags).toContain('never-reserved');
      expect(await sums()).toMatchObject({ settledSales: 3, redeemed: 0, disputed: 3, held: 3, postingsFen: 0 });
      expect((await sums()).accounts).not.toHaveProperty('sponsor:district');
      expect((await evidence()).map(({ kind }) => kind)).toEqual(['disputed', 'disputed', 'disputed']);
    });

    it('holds no coupon for a counter that says it charges and was given nothing', async () => {
      await commitOne(ledger, new Counter().sends([charging({ sale: 'a', amountFen: 30_000, serial: 7 })]));
      expect(await authorised(ledger, new Counter('d2').asks('b', 'ann', 30_000))).toBe(7);
    });

    it('takes no other coupon than the one that was reserved, or was shown', async () => {
      await claimed(ledger, claimOp('ben', ['s20']));
      const [online, offline] = [new Counter('d1'), new Counter('d2')];
      expect(await authorised(ledger, online.asks('a', 'ben', 30_000))).toBe(1);
      const facts = { sale: 'a', amountFen: 30_000, serial: 1, presentation: 'CP1:BEN' };
      const verdict = { ok: true, holder: holderId('ben'), serials: [1 as never], counter: 1 } as const;
      await commitOne(ledger, online.sends([charging({ sale: 'a', amountFen: 30_000, serial: 1 })]));
      await commitOne(ledger, online.sends([settled({ sale: 'a', amountFen: 30_000, serial: 7 })]));
      await commitOne(ledger, offline.sends([charging(facts)], [['CP1:BEN', verdict]]));
      await commitOne(ledger, offline.sends([settled({ sale: 'a', amountFen: 30_000, serial: 7 })]));
      expect(await sums()).toMatchObject({ redeemed: 0, disputed: 2, used: 0, postingsFen: 0 });
    });

    it('goes by what was reserved for the sale, also when a later question of it was answered otherwise', async () => {
      const [early, late] = [new Counter('d1'), new Counter('d2')];
      expect(await authorised(ledger, early.asks('a', 'ann', 30_000))).toBe(7);
      expect(await authorised(ledger, late.asks('b', 'ann', 30_000), LATER)).toBe(7);
      expect(await authorised(ledger, early.asks('a', 'nobody', 30_000), LATER)).toBe('no-coupon-held');
      await commitOne(ledger, late.sends([notCharged('b')]), LATER);
      const facts = { sale: 'a', amountFen: 30_000, serial: 7 };
      await commitOne(ledger, early.sends([charging(facts), settled(facts)]), LATER);
      expect(await sums()).toMatchObject({ redeemed: 1, disputed: 0, used: 1 });
    });

    it('has no sponsor pay a merchant who is not on the list', async () => {
      const counter = new Counter();
      expect(await authorised(ledger, counter.asks('a', 'ann', 30_000))).toBe(7);
      const facts = { sale: 'a', amountFen: 30_000, serial: 7, merchant: 'elsewhere' };
      await commitOne(ledger, counter.sends([charging(facts), settled(facts)]));
      expect(await saleOf(counter, 'a')).toMatchObject({ booking: 'disputed', flags: ['merchant-not-listed'] });
      expect((await sums()).accounts).toEqual({ disputed: -8_000, 'merchant:elsewhere': 8_000 });
    });

    it('charges the sponsor a double spend within the budget only', async () => {
      const offline = { ...testRules().campaign.offline, conflictAccount: 'sponsor' };
      await reopen({ offline, budgetFen: 12_000 });
      await claimed(ledger, claimOp('ann', ['s80']));
      const verdict = { ok: true, holder: holderId('ann'), serials: [7 as never], counter: 1 } as const;
      for (const device of ['d1', 'd2', 'd3']) {
        const facts = { sale: 'a', amountFen: 30_000, serial: 7, presentation: 'CP1:ANN' };
        const records = [charging(facts), settled(facts)];
        await commitOne(ledger, new Counter(device).sends(records, [['CP1:ANN', verdict]]));
      }
      expect((await sums()).accounts).toMatchObject({ 'conflict:beyond-budget': -16_000 });
    });
  });

  describe('a refund', () => {
    /** Shown at any counter, it proves the coupon of 80. */
    const shown = [
      ['CP1:ANN', { ok: true, holder: holderId('ann'), serials: [7 as CouponSerial], counter: 1 }],
    ] as const;

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
      await reopen({ refund });
      await claimed(ledger, claimOp('ann', ['s20', 's40', 's80']));
      const counter = new Counter();
      await sell(counter, 'a', 'ann', 30_000);
      await commitOne(ledger, counter.sends([refunded('a', 22_000)]));
      expect(await sums()).toMatchObject({ refunded: 1, refundedFen: 22_000, postingsFen: 0, ...expected });
      expect(await authorised(ledger, new Counter('d2').asks('b', 'ann', 30_000))).toBe(nextCoupon);
      const tomorrow = MORNING + 86_400_000;
      const answer = await authorised(ledger, new Counter('d3').asks('c', 'ann', 30_000), tomorrow);
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
        await reopen({ budgetFen, offline: { ...testRules().campaign.offline, conflictAccount } });
        await claimed(ledger, claimOp('ann', ['s80']));
        const facts = { sale: 'a', amountFen: 30_000, serial: 7, merchant: 'm2', presentation: 'CP1:ANN' };
        const first = [charging({ ...facts, merchant: 'm1' }), settled(facts)];
        const second = [charging(facts), settled(facts), refunded('a', 5_500)];
        await commitOne(ledger, new Counter('d1').sends(first, shown));
        await commitOne(ledger, new Counter('d2').sends(second, shown));
        const { accounts, postingsFen } = await sums();
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
      await reopen({ refund });
      await claimed(ledger, claimOp('ann', ['s80']));
      const facts = { sale: 'a', amountFen: 30_000, serial: 7, presentation: 'CP1:ANN' };
      const [first, second] = [new Counter('d1'), new Counter('d2')];
      await commitOne(ledger, first.sends([charging(facts), settled(facts)], shown));
      await commitOne(ledger, second.sends([charging(facts), settled(facts)], shown));
      await commitOne(ledger, first.sends([refunded('a', 22_000)]));
      expect(await sums()).toMatchObject({ used: 1, held: 0, conflicts: 1, postingsFen: 0 });
      expect((await sums()).accounts).toEqual({ 'merchant:m1': 8_000, 'conflict:bank': -8_000, ...accounts });
      const tomorrow = MORNING + 86_400_000;
      expect(await authorised(ledger, new Counter('d3').asks('b', 'ann', 30_000), tomorrow)).toBe('already-used');
    });

    it('of a double spend leaves its part of the budget to the next one', async () => {
      const offline = { ...testRules().campaign.offline, conflictAccount: 'sponsor' };
      await reopen({ offline, budgetFen: 16_000 });
      await claimed(ledger, claimOp('ann', ['s80']));
      const facts = { sale: 'a', amountFen: 30_000, serial: 7, presentation: 'CP1:ANN' };
      for (const [device, records] of [
        ['d1', []],
        ['d2', [refunded('a', 22_000)]],
        ['d3', []],
        ['d4', []],
      ] as const) {
        await commitOne(ledger, new Counter(device).sends([charging(facts), settled(facts), ...records], shown));
      }
      expect((await sums()).accounts).toMatchObject({ 'conflict:sponsor': -8_000, 'conflict:beyond-budget': -8_000 });
    });

    it.each([
      ['restored-if-full', [7], []],
      ['restored-next-day', [], [7]],
    ])('tells counters without a line that the coupon is back when it is (%s)', async (refund, restored, today) => {
      await reopen({ refund });
      await claimed(ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      await sell(counter, 'a', 'ann', 30_000);
      const back = counter.sends([refunded('a', 22_000)]);
      const committed = await asked((done) => ledger.commit([back], wallMs(MORNING), done));
      expect(committed).toMatchObject({ spent: [], restored });
      expect([await spent(), await spent(MORNING + 24 * HOUR)]).toEqual([today, []]);
    });

    it('comes once', async () => {
      await claimed(ledger, claimOp('ann', ['s80']));
      const counter = new Counter();
      await sell(counter, 'a', 'ann', 30_000);
      await commitOne(ledger, counter.sends([refunded('a', 22_000), refunded('a', 22_000)]));
      expect(await sums()).toMatchObject({ refunded: 1, accounts: { 'refund:test-2023': 8_000 } });
      expect(await saleOf(counter, 'a')).toMatchObject({ flags: ['refunded-after-refunded'] });
    });
  });

  describe("a device's records", () => {
    const plain = (sale: string) => settled({ sale, amountFen: 1_000, serial: null });

    it('are taken once, however they are cut and however often they come', async () => {
      const counter = new Counter();
      const bodies = ['a', 'b', 'c', 'd'].map((sale) => JSON.stringify(plain(sale)));
      const whole = counter.sends(['a', 'b', 'c', 'd'].map(plain));
      const genesis = { seq: 0, hash: GENESIS };
      const first = recordsOp(counter.device, genesis, bodies.slice(0, 3));
      expect(await commitOne(ledger, first)).toMatchObject({ kind: 'have', head: { seq: 3 } });
      expect(await commitOne(ledger, whole)).toEqual({ kind: 'have', head: counter.head });
      expect(await commitOne(ledger, first)).toEqual({ kind: 'have', head: counter.head });
      expect(await commitOne(ledger, recordsOp(counter.device, genesis, bodies.slice(0, 1)))).toEqual({
        kind: 'have',
        head: counter.head,
      });
      expect(await sums()).toMatchObject({ settledSales: 4 });
    });

    it('wait for those before them', async () => {
      const counter = new Counter();
      const first = counter.sends([plain('a')]);
      const second = counter.sends([plain('b')]);
      expect(await commitOne(ledger, second)).toEqual({ kind: 'have', head: { seq: 0, hash: GENESIS } });
      expect(await commit(ledger, [first, second])).toEqual([
        { kind: 'have', head: { seq: 1, hash: second.prev } },
        { kind: 'have', head: counter.head },
      ]);
    });

    it('stop a device whose journal says something else than before, and both are kept', async () => {
      const [honest, clone] = [new Counter(), new Counter()];
      await commitOne(ledger, honest.sends([plain('a'), plain('b')]));
      const fork = await commitOne(ledger, clone.sends([plain('a'), plain('x')]));
      expect(fork).toEqual({ kind: 'forked', seq: 2, mine: honest.head.hash });
      expect(await commitOne(ledger, honest.sends([plain('c')]))).toMatchObject({ kind: 'forked', seq: 2 });
      expect(await authorised(ledger, honest.asks('d', 'ann', 30_000))).toBe('device-not-admitted');
      expect((await evidence()).map(({ kind }) => kind)).toEqual(['fork', 'fork']);
      expect(await sums()).toMatchObject({ settledSales: 2 });
    });

    it('fork in the middle of what is known, too', async () => {
      const [honest, clone] = [new Counter(), new Counter()];
      await commitOne(ledger, honest.sends([plain('a'), plain('b'), plain('c')]));
      expect(await commitOne(ledger, clone.sends([plain('x')]))).toMatchObject({ kind: 'forked', seq: 1 });
    });

    it('that cannot be read are kept in the chain, and nothing stops', async () => {
      const counter = new Counter();
      const news = counter.sends([{ kind: 'from-the-future' }, plain('a')]);
      expect(await commitOne(ledger, news)).toEqual({ kind: 'have', head: counter.head, unreadable: [1] });
      expect(await commitOne(ledger, news)).toEqual({ kind: 'have', head: counter.head });
      expect(await sums()).toMatchObject({ settledSales: 1 });
      expect(await commitOne(ledger, counter.sends([plain('b')]))).toMatchObject({ head: { seq: 3 } });
    });

    it('are where hello says, or the device is told what is here; elsewhere is a fork', async () => {
      const counter = new Counter();
      const hello = { kind: 'hello', device: counter.device, id: 'h' } as const;
      const start = { seq: 0, hash: GENESIS };
      expect(await commitOne(ledger, { ...hello, head: start })).toEqual({
        kind: 'welcome',
        head: start,
        isInSync: true,
      });
      await commitOne(ledger, counter.sends([plain('a'), plain('b')]));
      expect(await commitOne(ledger, { ...hello, head: counter.head })).toEqual({
        kind: 'welcome',
        head: counter.head,
        isInSync: true,
      });
      const ahead = { seq: 9, hash: 'f'.repeat(64) };
      expect(await commitOne(ledger, { ...hello, head: ahead })).toEqual({
        kind: 'welcome',
        head: counter.head,
        isInSync: false,
      });
      // An old hello that comes late is no crime; a device that really has less sees it in the answer, and stops.
      expect(await commitOne(ledger, { ...hello, head: start })).toEqual({
        kind: 'welcome',
        head: counter.head,
        isInSync: false,
      });
      const elsewhere = { seq: 2, hash: 'f'.repeat(64) };
      expect(await commitOne(ledger, { ...hello, head: elsewhere })).toMatchObject({ kind: 'forked', seq: 2 });
    });
  });

  describe('the book', () => {
    it('decides a batch as it decides its operations one by one', async () => {
      const operations = () => {
        const counter = new Counter();
        const facts = { sale: 'a', amountFen: 30_000, serial: 7 };
        return [
          claimOp('ann', ['s20', 's40', 's80']),
          claimOp('ben', ['s20', 's80']),
          counter.asks('a', 'ann', 30_000),
          counter.asks('b', 'ben', 30_000),
          counter.sends([charging(facts)]),
          counter.sends([settled(facts), abandoned('b')]),
          new Counter('d2').asks('c', 'ben', 10_000),
        ];
      };
      const together = await commit(ledger, operations());
      const bookTogether = await sums();
      await reopen({});
      const singly = [];
      for (const op of operations()) singly.push(await commitOne(ledger, op));
      expect(together).toEqual(singly);
      expect(bookTogether).toEqual(await sums());
    });

    it('has an audit chain that holds', async () => {
      await claimed(ledger, claimOp('ann', ['s20', 's80']));
      await sell(new Counter(), 'a', 'ann', 30_000);
      expect(await asked((done) => ledger.auditIntact(done))).toBe(true);
    });

    it('shows a holder what became of each coupon', async () => {
      await claimed(ledger, claimOp('ann', ['s20', 's80']));
      await sell(new Counter(), 'a', 'ann', 30_000);
      const found = await asked<unknown>((done) => ledger.holder(holderId('ann'), done));
      expect(found).toMatchObject({
        holder: { id: holderId('ann') },
        coupons: [
          { serial: 0, state: 'held' },
          { serial: 7, state: 'used' },
        ],
      });
      expect(await asked((done) => ledger.holder(holderId('nobody'), done))).toBeUndefined();
    });

    it('is there again after it was closed', async () => {
      if (!under.isDurable) return;
      const counter = new Counter();
      await claimed(ledger, claimOp('ann', ['s20', 's80']));
      await sell(counter, 'a', 'ann', 30_000);
      const before = await sums();
      await close(ledger);
      ledger = await under.open(testRules());
      expect(await sums()).toEqual(before);
      expect(await authorised(ledger, counter.asks('b', 'ann', 30_000))).toBe(0);
    });
  });
}

const close = (ledger: Ledger): Promise<void> => new Promise((closed) => ledger.close(closed));
