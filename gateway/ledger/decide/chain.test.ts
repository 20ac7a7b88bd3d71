/** A device's records on arrival, by the table in the file's head: kept, compared, refused, forked. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '#protocol/node/crypto.js';
import { type ChainHead, EMPTY_CHAIN, extend } from '#protocol/records/chain.js';
import { abandoned, MORNING, recordsOp } from '../../../test/contract/ledger-fixture.js';
import { type Body, d1, OneBook } from '../../../test/contract/one-book.js';
import type { RecordsOp } from '../../ports/ledger.js';

const MAX_SEQ = 1_000_000_000;
const HASH = 'f'.repeat(64);
const opened = (sale: string): Body => ({ kind: 'opened', sale, order: `order-${sale}`, amountFen: 1, at: null });
const texts = (bodies: readonly Body[]): string[] => bodies.map((body) => JSON.stringify(body));
const JOURNAL = texts(['a', 'b', 'c', 'd', 'e'].map(opened));
const headAt = (seq: number, journal = JOURNAL): ChainHead => extend(sha256, EMPTY_CHAIN, journal.slice(0, seq));
/** Records `from` to `to` of the journal. */
const piece = (from: number, to: number, journal = JOURNAL): RecordsOp =>
  recordsOp(d1, headAt(from - 1, journal), journal.slice(from - 1, to));
const have = (seq: number, journal = JOURNAL) => ({ kind: 'have', head: headAt(seq, journal) });
const rejected = { kind: 'rejected', code: 'HEAD_IMPOSSIBLE' };

/** A gateway that has the first three. */
function withThree(): OneBook {
  const book = new OneBook();
  expect(book.commit(piece(1, 3))).toEqual(have(3));
  return book;
}
/** Another journal from the third record on. */
const OTHER = [...JOURNAL.slice(0, 2), ...texts(['x', 'y', 'z'].map(opened))];

describe('records', () => {
  it.each<readonly [string, RecordsOp, object, number]>([
    ['the next ones', piece(4, 5), have(5), 5],
    ['the next one', piece(4, 4), have(4), 4],
    ['none at the place that is next', piece(4, 3), have(3), 3],
    ['those that are here', piece(1, 3), have(3), 3],
    ['some of those that are here', piece(2, 2), have(3), 3],
    ['old ones and new ones', piece(2, 5), have(5), 5],
    ['all of them from the start', piece(1, 5), have(5), 5],
    ['past a gap', piece(5, 5), have(3), 3],
    ['a last one that is another', piece(3, 3, OTHER), { kind: 'forked', seq: 3, mine: headAt(3).hash }, 3],
    [
      'an old one that is another',
      piece(1, 2, ['{}', ...JOURNAL]),
      { kind: 'forked', seq: 2, mine: headAt(2).hash },
      3,
    ],
    ['another one, and new ones behind it', piece(3, 5, OTHER), { kind: 'forked', seq: 3, mine: headAt(3).hash }, 3],
    [
      'new ones behind another hash',
      recordsOp(d1, { seq: 3, hash: HASH }, JOURNAL.slice(3)),
      { kind: 'forked', seq: 3, mine: headAt(3).hash },
      3,
    ],
    [
      'a first one behind another hash than the empty one',
      recordsOp(d1, { seq: 0, hash: HASH }, JOURNAL.slice(0, 1)),
      rejected,
      3,
    ],
    ['where no journal can be', recordsOp(d1, { seq: MAX_SEQ + 1, hash: HASH }, ['{}']), rejected, 3],
    ['up to where no journal can be', recordsOp(d1, { seq: MAX_SEQ, hash: HASH }, ['{}']), rejected, 3],
    ['up to the last place', recordsOp(d1, { seq: MAX_SEQ - 1, hash: HASH }, ['{}']), have(3), 3],
  ])('%s', (_what, op, outcome, seq) => {
    const book = withThree();
    expect(book.commit(op)).toMatchObject(outcome);
    expect(book.chain().seq).toBe(seq);
    expect(book.chain().fork === null).toBe(!('mine' in outcome));
  });

  it('that the gateway can’t read are kept and named, by their place', () => {
    const book = withThree();
    const bodies = ['{"kind":"of a later version"}', JSON.stringify(opened('d')), '{"kind":"of another"}'];
    const op = recordsOp(d1, headAt(3), bodies);
    expect(book.commit(op)).toEqual({ kind: 'have', head: extend(sha256, headAt(3), bodies), unreadable: [4, 6] });
    expect(book.ledger.auditRows.at(-1)?.body).toContain('unreadable-record');
    // Sent again they are old ones.
    expect(book.commit(op)).not.toHaveProperty('unreadable');
  });

  it('are applied once: what is here already is not applied again', () => {
    const book = new OneBook();
    const journal = texts([abandoned('a'), opened('b')]);
    book.commit(recordsOp(d1, EMPTY_CHAIN, journal.slice(0, 1)));
    expect(book.sale('a').state).toBe('abandoned');
    const { audit } = book.ledger.book;
    book.commit(recordsOp(d1, EMPTY_CHAIN, journal.slice(0, 1)));
    expect(book.ledger.book.audit).toEqual(audit);
  });

  it('give the device’s row its newest time, which a message without times leaves', () => {
    const book = new OneBook();
    const timed = (sale: string, at: number) => ({ ...opened(sale), at: { earliest: at, latest: at + 5 } });
    const journal = texts([timed('a', MORNING - 50), timed('b', MORNING - 90), opened('c')]);
    book.commit(recordsOp(d1, EMPTY_CHAIN, journal.slice(0, 2)));
    expect(book.chain().newestAt).toBe(MORNING - 50);
    book.commit(recordsOp(d1, extend(sha256, EMPTY_CHAIN, journal.slice(0, 2)), journal.slice(2)));
    expect(book.chain()).toMatchObject({ newestAt: MORNING - 50, seq: 3 });
    expect(withThree().chain()).not.toHaveProperty('newestAt');
  });

  it('cut in any way, in any overlap, leave the same chain', () => {
    const cuts = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })), { maxLength: 12 });
    fc.assert(
      fc.property(cuts, (list) => {
        const book = new OneBook();
        let seq = 0;
        for (const [from, to] of list) {
          if (to < from) continue;
          const outcome = book.commit(piece(from, to));
          if (from <= seq + 1) seq = Math.max(seq, to);
          expect(outcome).toEqual(have(seq));
        }
        book.commit(piece(seq + 1, 5));
        expect(book.chain()).toMatchObject(headAt(5));
      }),
      { numRuns: 50 },
    );
  });
});

describe('a device that has forked', () => {
  it('is stopped with the place, both copies are kept, and nothing of it is taken any more', () => {
    const book = withThree();
    book.commit(piece(3, 5, OTHER), MORNING + 9);
    expect(book.chain()).toMatchObject({
      seq: 3,
      fork: { seq: 3, hash: headAt(3).hash },
      forkedAt: MORNING + 9,
      forkEvidence: 1,
    });
    expect(book.ledger.evidenceRows).toMatchObject([
      {
        kind: 'fork',
        device: 'd1',
        at: MORNING + 9,
        detail: { from: 3, prev: headAt(2).hash, bodies: OTHER.slice(2), mine: { seq: 3 } },
      },
    ]);
    const forked = { kind: 'forked', seq: 3, mine: headAt(3).hash };
    expect(book.commit(piece(4, 5))).toEqual(forked);
    expect(book.commit({ kind: 'hello', device: d1, id: 'h', head: headAt(3) })).toEqual(forked);
    expect(book.chain().seq).toBe(3);
    expect(book.asks('z')).toBe('device-not-admitted');
  });

  it('fills no disk with its copies: twenty are kept', () => {
    const book = withThree();
    for (let n = 0; n < 25; n += 1) book.commit(piece(3, 5, OTHER));
    expect(book.ledger.evidenceRows).toHaveLength(20);
    expect(book.chain().forkEvidence).toBe(20);
  });
});

describe('a hello', () => {
  const hello = (head: ChainHead) => ({ kind: 'hello', device: d1, id: 'h', head }) as const;
  it.each<readonly [string, ChainHead, object]>([
    ['where we are', headAt(3), { kind: 'welcome', head: headAt(3), isInSync: true, allowance: { device: 'd1' } }],
    ['behind us', headAt(2), { kind: 'welcome', head: headAt(3), isInSync: false }],
    ['of an empty journal', EMPTY_CHAIN, { kind: 'welcome', head: headAt(3), isInSync: false }],
    ['ahead of us', { seq: 4, hash: HASH }, { kind: 'welcome', head: headAt(3), isInSync: false }],
    ['where we are, with another hash', { seq: 3, hash: HASH }, { kind: 'forked', seq: 3, mine: headAt(3).hash }],
    ['behind us, with another hash', { seq: 2, hash: HASH }, { kind: 'forked', seq: 2, mine: headAt(2).hash }],
    ['of no journal', { seq: 0, hash: HASH }, rejected],
    ['at the last place', { seq: MAX_SEQ, hash: HASH }, { kind: 'welcome', isInSync: false }],
    ['past it', { seq: MAX_SEQ + 1, hash: HASH }, rejected],
  ])('%s', (_what, head, outcome) => {
    const book = withThree();
    const answer = book.commit(hello(head));
    expect(answer).toMatchObject(outcome);
    expect('allowance' in answer).toBe('allowance' in outcome);
    expect(book.chain().fork === null).toBe(!('mine' in outcome));
    const evidence = 'mine' in outcome ? [{ kind: 'fork', detail: { hello: head, have: { seq: head.seq } } }] : [];
    expect(book.ledger.evidenceRows).toMatchObject(evidence);
    if ('mine' in outcome) expect(book.chain().forkedAt).toBe(MORNING);
  });

  it('that changes nothing is no commit', () => {
    const book = withThree();
    book.commit(hello(headAt(3)));
    const { audit } = book.ledger.book;
    expect(book.commit(hello(headAt(3)))).toMatchObject({ isInSync: true, allowance: { device: 'd1' } });
    expect(book.ledger.book.audit).toEqual(audit);
  });

  it('of a device that nobody has heard of is welcome', () => {
    expect(new OneBook().commit(hello(EMPTY_CHAIN))).toMatchObject({
      kind: 'welcome',
      head: EMPTY_CHAIN,
      isInSync: true,
    });
  });
});

describe('a journal that a person takes anew', () => {
  const forked = (): OneBook => {
    const book = withThree();
    book.hello('d1', MORNING); // an honest hello of an empty journal
    book.commit({ kind: 'hello', device: d1, id: 'h', head: headAt(3) });
    book.commit(piece(3, 5, OTHER));
    return book;
  };
  const unfork = (book: OneBook, seq?: number, hash?: string) =>
    book.acts({ kind: 'unfork', device: d1, ...(seq !== undefined && { seq }), ...(hash !== undefined && { hash }) });

  it.each<readonly [string, number | undefined, string | undefined, string]>([
    ['from our end', undefined, undefined, 'acted'],
    ['from our end, by its hash', 3, headAt(3).hash, 'acted'],
    ['from a place before', 2, headAt(2).hash, 'acted'],
    ['from the start', 0, undefined, 'acted'],
    ['from a place that we have not', 4, undefined, 'act-refused'],
    ['from a place where the hash is another', 2, HASH, 'act-refused'],
  ])('%s', (_what, seq, hash, kind) => {
    const book = forked();
    expect(unfork(book, seq, hash).kind).toBe(kind);
    expect(book.chain().fork === null).toBe(kind === 'acted');
  });

  it('goes on with the device’s own records behind that place; our copy stays under its old name', () => {
    const book = forked();
    const { allowances } = book.chain();
    expect(allowances).toHaveLength(1);
    unfork(book, 2);
    expect(book.chain()).toEqual({
      device: 'd1',
      ...headAt(2),
      fork: null,
      forkEvidence: 0,
      journals: 1,
      base: headAt(2),
      allowances,
    });
    expect(book.commit(piece(3, 5, OTHER))).toEqual(have(5, OTHER));
    // Before that place there is nothing to compare with.
    expect(book.commit(piece(1, 1, ['{}', ...OTHER]))).toEqual(have(5, OTHER));
    expect(book.commit(piece(3, 4, OTHER))).toEqual(have(5, OTHER));
    expect(book.commit(piece(2, 4, OTHER))).toEqual(have(5, OTHER));
    expect(book.commit({ kind: 'hello', device: d1, id: 'h', head: headAt(1) })).toMatchObject({ kind: 'welcome' });
    expect(book.commit(piece(3, 3))).toEqual({ kind: 'forked', seq: 3, mine: headAt(3, OTHER).hash });
    // A second restart can't go back behind the first.
    expect(unfork(book, 1).kind).toBe('act-refused');
    expect(unfork(book, 2).kind).toBe('acted');
    expect(book.chain().journals).toBe(2);
  });

  it('at our very end goes on as it was', () => {
    const book = forked();
    unfork(book);
    expect(book.chain()).toMatchObject({ ...headAt(3), fork: null, forkEvidence: 1 });
    expect(book.chain()).not.toHaveProperty('base');
    expect(book.chain()).not.toHaveProperty('forkedAt');
    expect(book.commit(piece(4, 5))).toEqual(have(5));
  });
});
