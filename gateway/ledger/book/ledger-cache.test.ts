/**
 * The ledger cache: its missing rows, its known rows, and its invalidation. With the same rows it decides like the book in
 * memory.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_CHAIN } from '#protocol/records/chain.js';
import {
  abandoned,
  Counter,
  charging,
  claimOp,
  holderId,
  MORNING,
  paymentNumber,
  serialOf,
  settled,
} from '../../../test/contract/ledger-fixture.js';
import { d1, OneBook, of, rulesWith } from '../../../test/contract/one-book.js';
import type { Op } from '../../ports/ledger.js';
import { arbitrate } from '../decide/arbitrate.js';
import { emptyTotals } from './book.js';
import { LedgerCache, type LoadedRows } from './ledger-cache.js';
import type { MemoryBook } from './memory-book.js';
import type { ReadSet } from './read-set.js';

const NO_ROWS: LoadedRows = {
  totals: null,
  audit: null,
  devices: [],
  chunks: [],
  holders: [],
  coupons: [],
  sales: [],
  tallies: [],
  acts: [],
  confirmations: [],
};
const ann = holderId('ann');
const hello = (seq = 0): Op => ({ kind: 'hello', device: d1, id: 'h', head: { ...EMPTY_CHAIN, seq } });

/** All rows of a book, in the form in which a database returns them. */
const wholeOf = (book: MemoryBook): LoadedRows => ({
  totals: book.totals,
  audit: book.audit,
  devices: [...book.devices.values()],
  chunks: [],
  holders: [...book.holders.values()],
  coupons: [...book.coupons.values()],
  sales: [...book.sales.values()],
  tallies: [...book.tallies.values()],
  acts: [...book.acts.values()],
  confirmations: [...book.confirmations.values()],
});
/** The requested rows, and the journals. Holders, coupons and sales come all: a database may return more than requested. */
const rowsFor = (book: MemoryBook, { devices, tallies, acts, references, probes }: ReadSet): LoadedRows => ({
  ...wholeOf(book),
  devices: [...book.devices.values()].filter(({ device }) => devices.includes(device)),
  chunks: probes.flatMap(({ device, seq }) => book.chunkAt(device, seq) ?? []),
  tallies: [...book.tallies.values()].filter(({ name }) => tallies.includes(name)),
  acts: [...book.acts.values()].filter(({ id }) => acts.includes(id)),
  confirmations: [...book.confirmations.values()].filter(({ rrn }) => references.includes(rrn)),
});

/** A morning with a sale, a device and a claim. */
function database(): OneBook {
  const book = new OneBook().claims('ann', 's20', 's80').greets('d1');
  book.asks('a');
  book.says([charging(of('a')), settled(of('a'))]);
  return book;
}

describe('a book that has read nothing', () => {
  it('lacks all that a batch needs, and lacks nothing of it once it was read, rows or not', () => {
    const book = new LedgerCache(3);
    const ops = [claimOp('ann', ['s20'])];
    const missing = book.missing(ops);
    expect(missing).toMatchObject({ holders: [ann], codes: [paymentNumber('ann')] });
    if (missing === undefined) return;
    expect(missing.identities).toHaveLength(3);
    book.add(missing, NO_ROWS);
    expect(book.missing(ops)).toBeUndefined();
    expect(book.missing([claimOp('ben', [])])).toMatchObject({ holders: [holderId('ben')] });
    expect(book.book.totals).toEqual(emptyTotals(3));
  });

  it('reads even for a batch that needs nothing: what the totals are, and where the audit stands', () => {
    const book = new LedgerCache(3);
    const needs = book.missing([]);
    expect(needs).toBeDefined();
    if (needs === undefined) return;
    const totals = { ...emptyTotals(3), holders: 7 };
    book.add(needs, { ...NO_ROWS, totals, audit: { seq: 4, hash: 'h' } });
    expect([book.book.totals, book.book.audit]).toEqual([totals, { seq: 4, hash: 'h' }]);
    expect(book.missing([])).toBeUndefined();
    // They are read once; later commits are the cache's own.
    book.add(needs, { ...NO_ROWS, totals: emptyTotals(3), audit: { seq: 9, hash: 'x' } });
    expect([book.book.totals, book.book.audit.seq]).toEqual([totals, 4]);
  });

  it('knows a holder who came along by the code, too', () => {
    const source = database().ledger.book;
    const book = new LedgerCache(3);
    const needs = book.missing([hello()]);
    if (needs === undefined) throw new Error('nothing is known yet');
    book.add(needs, { ...NO_ROWS, holders: wholeOf(source).holders });
    const left = book.missing([claimOp('ann', [])]);
    expect(left).toMatchObject({ holders: [], codes: [] });
    expect(left?.identities).toHaveLength(3);
  });
});

describe('rows that are here', () => {
  const source = (): LoadedRows => wholeOf(database().ledger.book);
  it('stay as they are when they are read again', () => {
    const rows = source();
    const book = new LedgerCache(3);
    book.addWhole(rows);
    const older = {
      ...rows,
      devices: rows.devices.map((row) => ({ ...row, seq: 0 })),
      holders: rows.holders.map((row) => ({ ...row, counter: 99 })),
      coupons: rows.coupons.map(({ serial, holder, usableFrom }) => ({
        ...{ serial, holder, usableFrom },
        state: 'held' as const,
        version: 1,
      })),
      sales: rows.sales.map((row) => ({ ...row, state: 'asked' as const })),
    };
    book.add(book.missing([hello(2)]) ?? needsNothing(), older);
    expect(book.book.device(d1)?.seq).toBe(2);
    expect(book.book.holder(ann)?.counter).toBe(-1);
    expect(book.book.coupon(serialOf(7))?.state).toBe('used');
    expect([...book.book.sales.values()].map(({ state }) => state)).toEqual(['settled']);
    expect(book.book.couponsOf(ann)).toEqual([0, 7]);
  });
  const needsNothing = (): ReadSet => {
    const needs = new LedgerCache(1).missing([]);
    if (needs === undefined) throw new Error('a new book reads');
    return needs;
  };
});

describe('a whole book', () => {
  const whole = (): LedgerCache => {
    const book = new LedgerCache(3);
    book.addWhole(wholeOf(database().ledger.book));
    return book;
  };
  it.each<readonly [string, Op, boolean]>([
    ['a claim', claimOp('zoe', ['s20']), false],
    ['a question', new Counter('d9').asks('a', 'ann', 1), false],
    ['a hello at the start', hello(0), false],
    ['a hello where the journal stands', hello(2), true],
    ['a hello within the journal', hello(1), true],
    ['a hello ahead of us', hello(3), false],
    ['records of a device that nobody knows', new Counter('d9').sends([abandoned('a')]), false],
  ])('for %s', (_what, op, lacks) => {
    const missing = whole().missing([op]);
    expect(missing !== undefined).toBe(lacks);
    // The rest is a place in a journal, and nothing else.
    if (missing === undefined) return;
    const asked = Object.entries(missing).filter(([, keys]: [string, readonly unknown[]]) => keys.length > 0);
    expect(asked.map(([kind]) => kind)).toEqual(['probes']);
  });

  it('lacks no place that was read, until the next commit', () => {
    const book = whole();
    const needs = book.missing([hello(2)]);
    if (needs === undefined) throw new Error('a place is read');
    const chunk = { device: 'd1', first: 1, last: 2, prev: '', hash: '', bodies: [] };
    book.add(needs, { ...NO_ROWS, chunks: [chunk] });
    expect(book.missing([hello(2)])).toBeUndefined();
    const { changes } = arbitrate(book.book, rulesWith(), [claimOp('zoe', ['s20'])], MORNING);
    if (changes === undefined) throw new Error('a claim is a commit');
    book.apply(changes);
    expect(book.missing([hello(2)])).toBeDefined();
    expect([book.book.audit.seq, book.book.totals.holders]).toEqual([changes.audit?.seq, 2]);
    expect(book.book.holder(holderId('zoe'))).toBeDefined();
  });

  it('that is forgotten reads all anew', () => {
    const book = whole();
    book.forget();
    expect(book.book.holders.size).toBe(0);
    expect(book.missing([claimOp('ann', [])])).toMatchObject({ holders: [ann] });
  });

  it('is forgotten where it has grown beyond its room', () => {
    const book = whole();
    const [coupon] = book.book.coupons.values();
    if (coupon === undefined) throw new Error('a coupon');
    const { sales, coupons, holders } = book.book;
    for (let n = 1_000; sales.size + coupons.size + holders.size < 300_000; n += 1) coupons.set(serialOf(n), coupon);
    expect(book.missing([claimOp('ann', [])])).toBeUndefined();
    book.book.coupons.set(serialOf(9_999_999), coupon);
    expect(book.missing([claimOp('ann', [])])).toBeDefined();
    expect(book.book.coupons.size).toBe(0);
  });
});

it('decides as the book in memory, with the rows that it asks for', () => {
  const step = fc.record({
    kind: fc.constantFrom('claim', 'ask', 'charge', 'settle', 'hello'),
    who: fc.constantFrom('ann', 'ben'),
    device: fc.constantFrom('d1', 'd2'),
    sale: fc.constantFrom('a', 'b'),
    forgets: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 15 }), (steps) => {
      const memory = new OneBook();
      const working = new LedgerCache(3);
      const counters = new Map(['d1', 'd2'].map((device) => [device, new Counter(device)]));
      for (const { kind, who, device, sale, forgets } of steps) {
        const counter = counters.get(device) ?? new Counter(device);
        const ops: Record<typeof kind, () => Op> = {
          claim: () => claimOp(who, ['s20', 's80']),
          ask: () => counter.asks(sale, who, 30_000),
          charge: () => counter.sends([charging(of(sale))]),
          settle: () => counter.sends([settled(of(sale))]),
          hello: () => ({ kind: 'hello', device: counter.device, id: 'h', head: counter.head }),
        };
        const op = (ops[kind] ?? ops.claim)();
        if (forgets) working.forget();
        const needs = working.missing([op]);
        if (needs !== undefined) working.add(needs, rowsFor(memory.ledger.book, needs));
        expect(working.missing([op])).toBeUndefined();
        const { committed, changes } = arbitrate(working.book, memory.rules, [op], MORNING);
        if (changes !== undefined) working.apply(changes);
        expect(committed.outcomes).toEqual(memory.commits([op]).outcomes);
        expect(working.book.audit).toEqual(memory.ledger.book.audit);
        expect(working.book.totals).toEqual(memory.ledger.book.totals);
      }
    }),
    { numRuns: 60 },
  );
});
