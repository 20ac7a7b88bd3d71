/** A batch: each operation decided after the one before, and all its changes returned together. */
import { describe, expect, it } from 'vitest';
import { EMPTY_CHAIN } from '#protocol/records/chain.js';
import {
  abandoned,
  Counter,
  charging,
  claimOp,
  holderId,
  MORNING,
  settled,
} from '../../../test/contract/ledger-fixture.js';
import { d1, morning, OneBook, of, rulesWith } from '../../../test/contract/one-book.js';
import { MemoryBook } from '../book/memory-book.js';
import { arbitrate } from './arbitrate.js';

describe('a batch', () => {
  it('answers each operation in its place, the later ones knowing of the earlier', () => {
    const counter = new Counter();
    const { outcomes } = new OneBook().commits([
      claimOp('ann', ['s80']),
      counter.asks('a', 'ann', 30_000),
      { kind: 'hello', device: d1, id: 'h', head: EMPTY_CHAIN },
      counter.sends([charging(of('a')), settled(of('a'))]),
      { kind: 'act', id: 'x', by: 'li', why: '', act: { kind: 'confirm', references: [] } },
      new Counter('d2').asks('b', 'ann', 30_000),
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual([
      'claimed',
      'authorised',
      'welcome',
      'have',
      'acted',
      'authorised',
    ]);
    expect(outcomes.at(-1)).toMatchObject({ answer: { kind: 'refused', reason: 'already-used' } });
  });

  it('that changes nothing is no commit', () => {
    expect(arbitrate(new MemoryBook(3), rulesWith(), [], MORNING)).toEqual({
      committed: { outcomes: [], spent: [], restored: [], alerts: [], findings: [] },
      changes: undefined,
    });
  });

  it('says which coupons it used up, and which are back', () => {
    const book = morning();
    book.asks('a');
    expect(book.says([charging(of('a'))])).toMatchObject({ spent: [], restored: [] });
    expect(book.says([settled(of('a'))])).toMatchObject({ spent: [7], restored: [] });
    expect(book.says([abandoned('b')])).toMatchObject({ spent: [], restored: [] });
  });

  it('changes nothing itself: what it hands over does, once', () => {
    const book = new MemoryBook(3);
    const op = claimOp('ann', ['s20']);
    const first = arbitrate(book, rulesWith(), [op], MORNING);
    expect(book.holder(holderId('ann'))).toBeUndefined();
    expect(arbitrate(book, rulesWith(), [op], MORNING)).toEqual(first);
  });

  it('raises what its doors and its findings have to say', () => {
    const book = new OneBook(
      rulesWith({}, { pace: { device: { perHour: 1, perDay: 9 }, merchant: { perHour: 9, perDay: 9 } } }),
    ).claims('ann', 's80');
    const { alerts } = book.commits([
      book.counter().asks('a', 'ann', 30_000),
      book.counter().sends([{ ...charging(of('a')), netFen: 1 }]),
    ]);
    expect(alerts.map(({ code }) => code)).toEqual(['COUNTER_TOO_FAST', 'SALE_DOUBTED']);
  });
});

it.each([
  ['of release 0.1 has none from now on', undefined, MORNING],
  ['of today keeps its own', 5, 5],
  ['that was begun here has always had them', 0, 0],
])('a ledger %s', (_what, since, after) => {
  const book = new MemoryBook(3);
  const { allowancesSince: _, ...totals } = book.totals;
  book.totals = since === undefined ? totals : { ...totals, allowancesSince: since };
  const { changes } = arbitrate(book, rulesWith(), [claimOp('ann', ['s20'])], MORNING);
  expect(changes?.totals?.allowancesSince).toBe(after);
});
