/** A device's journal as it arrives: taken once, in order, or a fork. */
import { describe, expect, it } from 'vitest';
import { GENESIS } from '#protocol/records/chain.js';
import { authorised, Counter, charging, commit, commitOne, recordsOp, settled } from '../ledger-fixture.js';
import type { LedgerInTest } from './ledger-in-test.js';

export function records(its: LedgerInTest): void {
  describe("a device's records", () => {
    const plain = (sale: string) => settled({ sale, amountFen: 1_000, serial: null });

    it('are taken once, however they are cut and however often they come', async () => {
      const counter = new Counter();
      const bodies = ['a', 'b', 'c', 'd'].map((sale) => JSON.stringify(plain(sale)));
      const whole = counter.sends(['a', 'b', 'c', 'd'].map(plain));
      const genesis = { seq: 0, hash: GENESIS };
      const first = recordsOp(counter.device, genesis, bodies.slice(0, 3));
      expect(await commitOne(its.ledger, first)).toMatchObject({ kind: 'have', head: { seq: 3 } });
      expect(await commitOne(its.ledger, whole)).toEqual({ kind: 'have', head: counter.head });
      expect(await commitOne(its.ledger, first)).toEqual({ kind: 'have', head: counter.head });
      expect(await commitOne(its.ledger, recordsOp(counter.device, genesis, bodies.slice(0, 1)))).toEqual({
        kind: 'have',
        head: counter.head,
      });
      expect(await its.sums()).toMatchObject({ settledSales: 4 });
    });

    it('wait for those before them', async () => {
      const counter = new Counter();
      const first = counter.sends([plain('a')]);
      const second = counter.sends([plain('b')]);
      expect(await commitOne(its.ledger, second)).toEqual({ kind: 'have', head: { seq: 0, hash: GENESIS } });
      expect(await commit(its.ledger, [first, second])).toEqual([
        { kind: 'have', head: { seq: 1, hash: second.prev } },
        { kind: 'have', head: counter.head },
      ]);
    });

    it('stop a device whose journal says something else than before, and both are kept', async () => {
      const [honest, clone] = [new Counter(), new Counter()];
      await commitOne(its.ledger, honest.sends([plain('a'), plain('b')]));
      const fork = await commitOne(its.ledger, clone.sends([plain('a'), plain('x')]));
      expect(fork).toEqual({ kind: 'forked', seq: 2, mine: honest.head.hash });
      expect(await commitOne(its.ledger, honest.sends([plain('c')]))).toMatchObject({ kind: 'forked', seq: 2 });
      expect(await authorised(its.ledger, honest.asks('d', 'ann', 30_000))).toBe('device-not-admitted');
      expect((await its.evidence()).map(({ kind }) => kind)).toEqual(['fork', 'fork']);
      expect(await its.sums()).toMatchObject({ settledSales: 2 });
    });

    it('fork in the middle of what is known, too', async () => {
      const [honest, clone] = [new Counter(), new Counter()];
      await commitOne(its.ledger, honest.sends([plain('a'), plain('b'), plain('c')]));
      expect(await commitOne(its.ledger, clone.sends([plain('x')]))).toMatchObject({ kind: 'forked', seq: 1 });
    });

    it('that cannot be read are kept in the chain, and nothing stops', async () => {
      const counter = new Counter();
      const news = counter.sends([{ kind: 'from-the-future' }, plain('a')]);
      expect(await commitOne(its.ledger, news)).toEqual({ kind: 'have', head: counter.head, unreadable: [1] });
      expect(await commitOne(its.ledger, news)).toEqual({ kind: 'have', head: counter.head });
      expect(await its.sums()).toMatchObject({ settledSales: 1 });
      expect(await commitOne(its.ledger, counter.sends([plain('b')]))).toMatchObject({ head: { seq: 3 } });
    });

    it('books a sale whose counter knows a reason that this gateway does not', async () => {
      const counter = new Counter();
      const charged = { ...charging({ sale: 'a', amountFen: 30_000, serial: null }), reason: 'no-coupon-on-mondays' };
      const news = counter.sends([charged, settled({ sale: 'a', amountFen: 30_000, serial: null })]);
      expect(await commitOne(its.ledger, news)).toEqual({ kind: 'have', head: counter.head });
      expect(await its.sums()).toMatchObject({ settledSales: 1, reportedNetFen: 30_000 });
    });

    it('are where hello says, or the device is told what is here; elsewhere is a fork', async () => {
      const counter = new Counter();
      const hello = { kind: 'hello', device: counter.device, id: 'h' } as const;
      const start = { seq: 0, hash: GENESIS };
      expect(await commitOne(its.ledger, { ...hello, head: start })).toMatchObject({
        kind: 'welcome',
        head: start,
        isInSync: true,
      });
      await commitOne(its.ledger, counter.sends([plain('a'), plain('b')]));
      expect(await commitOne(its.ledger, { ...hello, head: counter.head })).toMatchObject({
        kind: 'welcome',
        head: counter.head,
        isInSync: true,
      });
      const ahead = { seq: 9, hash: 'f'.repeat(64) };
      expect(await commitOne(its.ledger, { ...hello, head: ahead })).toEqual({
        kind: 'welcome',
        head: counter.head,
        isInSync: false,
      });
      // An old hello that comes late is no crime; a device that really has less sees it in the answer, and stops.
      expect(await commitOne(its.ledger, { ...hello, head: start })).toEqual({
        kind: 'welcome',
        head: counter.head,
        isInSync: false,
      });
      const elsewhere = { seq: 2, hash: 'f'.repeat(64) };
      expect(await commitOne(its.ledger, { ...hello, head: elsewhere })).toMatchObject({ kind: 'forked', seq: 2 });
    });

    it.each([
      ['a start that is no journal’s', { seq: 0, hash: 'f'.repeat(64) }],
      ['more records than any journal has', { seq: 1_000_000_001, hash: 'f'.repeat(64) }],
    ])('that cannot be any journal’s are refused, and stop nobody: %s', async (_, head) => {
      const counter = new Counter();
      await commitOne(its.ledger, counter.sends([plain('a')]));
      const { device } = counter;
      const impossible = { kind: 'rejected', code: 'HEAD_IMPOSSIBLE' };
      expect(await commitOne(its.ledger, { kind: 'hello', device, id: 'h', head })).toMatchObject(impossible);
      const records = { ...counter.sends([plain('x')]), from: head.seq + 1, prev: head.hash };
      expect(await commitOne(its.ledger, records)).toMatchObject(impossible);
      expect(await its.evidence()).toEqual([]);
      const hello = { kind: 'hello', device, id: 'h', head: { seq: 0, hash: GENESIS } } as const;
      expect(await commitOne(its.ledger, hello)).toMatchObject({ kind: 'welcome', head: { seq: 1 } });
    });
  });
}
