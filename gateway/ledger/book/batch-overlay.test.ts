/** A batch overlay: reads see its own writes, others fall through, and its changes are complete. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PaymentNumber } from '#protocol/codes/payment-code.js';
import type { HolderId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { sha256 } from '#protocol/node/crypto.js';
import { claimOp, holderId, MORNING, paymentNumber, serialOf } from '../../../test/contract/ledger-fixture.js';
import { d1, morning, OneBook } from '../../../test/contract/one-book.js';
import { arbitrate } from '../decide/arbitrate.js';
import { isAuditIntact } from './audit.js';
import { BatchOverlay } from './batch-overlay.js';
import type { Coupon, CouponState, Holder, Identity, JournalChunk, SaleKey } from './book.js';
import { entryOf } from './entries.js';
import { MemoryBook } from './memory-book.js';
import { couponsAt } from './tally.js';

const ann = holderId('ann');
const ben = holderId('ben');
const identity = (name: string): Identity => ({ phone: `p${name}`, idCard: `i${name}`, device: `d${name}` });
const holder = (id: HolderId, change: Partial<Holder> = {}): Holder => ({
  id,
  identities: [identity(id)],
  counter: -1,
  counterSale: null,
  ...change,
});
type Change = CouponState & { readonly holder?: HolderId; readonly usableFrom?: number };
const coupon = (serial: number, change: Change = HELD): Coupon => ({
  ...{ serial: serialOf(serial), holder: ann, usableFrom: 0, version: 1 },
  ...change,
});
const HELD = { state: 'held' } as const;
const RESERVED = { state: 'reserved', sale: 'd1/a' as SaleKey, leaseEnds: 5 } as const;
const USED = { state: 'used', sale: 'd1/a' as SaleKey } as const;
const chunk = (first: number, last: number, device: string = d1): JournalChunk => ({
  ...{ device, first, last, prev: '', hash: '' },
  bodies: [],
});

/** Ann has coupon 0, a number and a sale. */
function book(): MemoryBook {
  const known = new MemoryBook(3);
  known.putHolder(holder(ann, { number: paymentNumber('ann') }));
  known.putCoupon(coupon(0), 0);
  known.apply({ ...NOTHING, chunks: [chunk(1, 3)] });
  return known;
}
const NOTHING = {
  devices: [],
  chunks: [],
  holders: [],
  coupons: [],
  sales: [],
  tallies: [],
  acts: [],
  confirmations: [],
};

describe('a draft', () => {
  it('without a write is the book itself, and nothing to commit', () => {
    const under = book();
    const overlay = new BatchOverlay(under);
    expect([overlay.holder(ann), overlay.coupon(serialOf(0)), overlay.totals, overlay.audit]).toEqual([
      under.holder(ann),
      under.coupon(serialOf(0)),
      under.totals,
      under.audit,
    ]);
    expect(overlay.couponsOf(ann)).toEqual([0]);
    expect(overlay.holdersWith('phone', `p${ann}`)).toEqual([ann]);
    expect(overlay.holderByCode(paymentNumber('ann'))?.id).toBe(ann);
    expect(overlay.chunkAt(d1, 2)).toEqual(chunk(1, 3));
    expect([
      overlay.holder(ben),
      overlay.salesOf(ann),
      overlay.tally(couponsAt(d1)),
      overlay.act('x'),
      overlay.confirmation('1'),
    ]).toEqual([undefined, [], undefined, undefined, undefined]);
    expect(overlay.changes(MORNING, sha256)).toBeUndefined();
  });

  it('reads again what it wrote, and leaves the book as it was', () => {
    const under = book();
    const overlay = new BatchOverlay(under);
    overlay.putDevice({ device: d1, seq: 1, hash: 'h', fork: null, forkEvidence: 0 });
    overlay.putHolder(holder(ben, { number: '000000001' as PaymentNumber }));
    overlay.putCoupon(coupon(4, { state: 'held', holder: ben }));
    overlay.putTally({ name: couponsAt(d1), hour: 1, inHour: 1, day: 1, inDay: 1 });
    overlay.addChunk(chunk(4, 6));
    overlay.addConfirmation({ rrn: '1', netFen: 5, act: 'x' });
    overlay.putTotals({ holders: 9 });
    expect(overlay.device(d1)?.seq).toBe(1);
    expect(overlay.holderByCode('000000001')?.id).toBe(ben);
    expect(overlay.holdersWith('idCard', `i${ben}`)).toEqual([ben]);
    expect([overlay.couponsOf(ben), overlay.couponsOf(ann)]).toEqual([[4], [0]]);
    expect(overlay.tally(couponsAt(d1))?.inHour).toBe(1);
    expect([overlay.chunkAt(d1, 5), overlay.chunkAt(d1, 7), overlay.chunkAt('d2', 5)]).toEqual([
      chunk(4, 6),
      undefined,
      undefined,
    ]);
    expect([overlay.chunkAt(d1, 4), overlay.chunkAt(d1, 6), overlay.chunkAt(d1, 3)]).toEqual([
      chunk(4, 6),
      chunk(4, 6),
      chunk(1, 3),
    ]);
    expect(overlay.confirmation('1')?.netFen).toBe(5);
    expect([overlay.totals.holders, under.totals.holders]).toEqual([9, 0]);
    expect([under.holder(ben), under.coupon(serialOf(4)), under.device(d1)]).toEqual([undefined, undefined, undefined]);
  });

  it('finds a holder by the number of now, not by the one of before', () => {
    const overlay = new BatchOverlay(book());
    overlay.putHolder(holder(ann, { number: '000000002' as PaymentNumber }));
    expect(overlay.holderByCode(paymentNumber('ann'))).toBeUndefined();
    expect(overlay.holderByCode('000000002')?.id).toBe(ann);
    expect(overlay.holderByCode('000000003')).toBeUndefined();
  });

  it('counts an identity of a holder once, and finds both holders of one', () => {
    const overlay = new BatchOverlay(book());
    const known = overlay.holder(ann);
    if (known === undefined) throw new Error('ann');
    overlay.putHolder({ ...known, counter: 5 });
    expect(overlay.holdersWith('phone', `p${ann}`)).toEqual([ann]);
    overlay.putHolder({ ...known, identities: [...known.identities, identity('second')] });
    overlay.putHolder(holder(ben, { identities: [identity('second')] }));
    expect(overlay.holdersWith('device', 'dsecond')).toEqual([ann, ben]);
    expect(overlay.changes(MORNING, sha256)?.identified).toEqual(
      ['phone psecond', 'idCard isecond', 'device dsecond'].flatMap((name) => [
        [name, ann],
        [name, ben],
      ]),
    );
  });

  it('notes a sale with its holder when it becomes theirs, once', () => {
    const overlay = new BatchOverlay(book());
    const entry = entryOf(
      { overlay, rules: morning().rules, now: MORNING, device: d1, verdicts: new Map(), newestAt: undefined },
      'a' as never,
    );
    overlay.putSale(entry);
    overlay.putSale({ ...entry, holder: ann });
    overlay.putSale({ ...entry, holder: ann, state: 'charging' });
    expect([overlay.salesOf(ann), overlay.sale(entry.key)?.state]).toEqual([['d1/a'], 'charging']);
    overlay.putSale({ ...entry, holder: ben });
    expect(overlay.salesOf(ben)).toEqual(['d1/a']);
  });

  it('gives a coupon one version more than the book’s, however often it changes in the batch', () => {
    const overlay = new BatchOverlay(book());
    overlay.putCoupon(coupon(0, RESERVED));
    overlay.putCoupon(coupon(0, USED));
    overlay.putCoupon(coupon(5));
    overlay.putCoupon(coupon(5, RESERVED));
    expect([overlay.coupon(serialOf(0))?.version, overlay.coupon(serialOf(5))?.version]).toEqual([2, 1]);
    expect(overlay.couponsOf(ann)).toEqual([0, 5]);
  });

  it('numbers postings and evidence on from the book', () => {
    const under = book();
    under.totals = { ...under.totals, postingSets: 4, evidence: 7 };
    const overlay = new BatchOverlay(under);
    for (let n = 0; n < 2; n += 1) {
      overlay.addPostings({ kind: 'redemption', sale: 'd1/a' as SaleKey, legs: [] });
      overlay.addEvidence({ kind: 'fork', device: d1, at: 0, detail: n });
    }
    const changes = overlay.changes(MORNING, sha256);
    expect(changes?.postings.map(({ id }) => id)).toEqual([5, 6]);
    expect(changes?.evidence.map(({ id }) => id)).toEqual([8, 9]);
    expect(changes?.totals).toMatchObject({ postingSets: 6, evidence: 9 });
  });
});

describe('what a batch has to commit', () => {
  const note = { what: 'x' };
  it.each<readonly [string, (overlay: BatchOverlay) => void, boolean]>([
    ['nothing', () => undefined, false],
    ['an alarm only', (overlay) => overlay.alert({ code: 'COUNTER_TOO_FAST', what: '', device: d1 }), false],
    ['a note', (overlay) => overlay.record(note), true],
    ['a device', (overlay) => overlay.putDevice({ device: d1, seq: 0, hash: '', fork: null, forkEvidence: 0 }), true],
    ['a coupon', (overlay) => overlay.putCoupon(coupon(0)), true],
    ['a holder', (overlay) => overlay.putHolder(holder(ben)), true],
    ['a tally', (overlay) => overlay.putTally({ name: couponsAt(d1), hour: 0, inHour: 0, day: 0, inDay: 0 }), true],
    ['evidence', (overlay) => overlay.addEvidence({ kind: 'fork', device: d1, at: 0, detail: 0 }), true],
  ])('of %s', (_what, write, isWritten) => {
    const overlay = new BatchOverlay(book());
    write(overlay);
    const changes = overlay.changes(MORNING, sha256);
    expect(changes !== undefined).toBe(isWritten);
    if (changes === undefined) return;
    // The audit continues the book's chain, over exactly the recorded events.
    expect(isAuditIntact(sha256, changes.audit === null ? [] : [changes.audit])).toBe(true);
    expect(changes.audit).toMatchObject({ seq: 1, at: MORNING });
  });

  it('has null for totals that are as they were', () => {
    const overlay = new BatchOverlay(book());
    overlay.record(note);
    expect(overlay.changes(MORNING, sha256)?.totals).toBeNull();
    overlay.putTotals({ claimedFen: fen(1) });
    expect(overlay.changes(MORNING, sha256)?.totals).toMatchObject({ claimedFen: 1 });
  });
});

describe('the spent set', () => {
  it.each<readonly [string, Change, Change, readonly number[], readonly number[]]>([
    ['gets a coupon that is used up', RESERVED, USED, [0], []],
    ['has one already that was used before', USED, USED, [], []],
    ['gives back one that is held again', USED, { state: 'held', usableFrom: MORNING }, [], [0]],
    ['keeps one that is back tomorrow', USED, { state: 'held', usableFrom: MORNING + 1 }, [], []],
    ['knows nothing of one that was only reserved', HELD, RESERVED, [], []],
    ['knows nothing of one that is free again', RESERVED, HELD, [], []],
  ])('%s', (_what, before, after, spent, restored) => {
    const under = new MemoryBook(1);
    under.putCoupon(coupon(0, before), 0);
    const overlay = new BatchOverlay(under);
    overlay.putCoupon(coupon(0, after));
    expect(overlay.spending(MORNING)).toEqual({ spent, restored });
  });
});

it('a batch decides as its operations one by one, wherever it is cut', () => {
  const op = fc.record({
    who: fc.constantFrom('ann', 'ben', 'cem'),
    tier: fc.constantFrom('s20', 's40', 's80'),
    shared: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(op, { maxLength: 8 }), fc.nat(8), (list, cut) => {
      const ops = list.map(({ who, tier, shared }) => claimOp(who, [tier], shared ? { phone: 'one' } : {}));
      const [whole, pieces] = [new OneBook(), new OneBook()];
      const together = arbitrate(whole.ledger.book, whole.rules, ops, MORNING).committed.outcomes;
      const apart = [ops.slice(0, cut), ...ops.slice(cut).map((one) => [one])].flatMap(
        (some) => pieces.commits(some).outcomes,
      );
      expect(apart).toEqual(together);
    }),
    { numRuns: 60 },
  );
});
