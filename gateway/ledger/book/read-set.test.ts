/** A batch's read set: every key that its decision reads, by operation. */
import { describe, expect, it } from 'vitest';
import type { DeviceId, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { EMPTY_CHAIN } from '#protocol/records/chain.js';
import {
  abandoned,
  Counter,
  charging,
  claimOp,
  holderId,
  settled,
  signedBy,
} from '../../../test/contract/ledger-fixture.js';
import { d1, m1, of, offline } from '../../../test/contract/one-book.js';
import type { Op } from '../../ports/ledger.js';
import type { Act } from './acts.js';
import { probesOf, type ReadSet, readSetOf } from './read-set.js';
import { couponsAt, couponsOf } from './tally.js';

const d2 = 'd2' as DeviceId;
const a = 'a' as SaleId;
const act = (what: Act): Op => ({ kind: 'act', id: 'x-1', by: 'li', why: '', act: what });
const ann = holderId('ann');
const question = new Counter().asks('a', 'ann', 100, {
  presented: { kind: 'verified', holder: ann, nonce: 5, evidence: '' },
});

function needs(...ops: readonly Op[]): Partial<ReadSet> {
  return Object.fromEntries(
    Object.entries(readSetOf(ops)).filter(([, keys]: [string, readonly unknown[]]) => keys.length > 0),
  );
}

it.each<readonly [string, Op, Partial<ReadSet>]>([
  [
    'a question by a verified code',
    question,
    { devices: ['d1'], sales: ['d1/a'], holders: [ann], tallies: ['coupons-at d1', 'coupons-of m1'] as never },
  ],
  [
    'a question by a payment code',
    new Counter('d2').asks('b', 'ann', 100, {
      presented: { kind: 'opaque', code: '62x', readCode: { number: '7' as never, step: { ok: true, value: 1 } } },
    }),
    {
      devices: ['d2'],
      sales: ['d2/b'],
      codes: ['7', '62x'],
      tallies: ['coupons-at d2', 'coupons-of m1', 'wrong-codes d2'] as never,
    },
  ],
  [
    'a question that the door refused',
    new Counter().asks('a', 'ann', 100, { presented: { kind: 'refused', reason: 'code-unknown' } }),
    { devices: ['d1'], sales: ['d1/a'], tallies: ['coupons-at d1', 'coupons-of m1'] as never },
  ],
  [
    'a hello',
    { kind: 'hello', device: d1, id: 'h', head: { ...EMPTY_CHAIN, seq: 4 } },
    { devices: ['d1'], tallies: [couponsAt(d1)], probes: [{ device: d1, seq: 4 }] },
  ],
  [
    'a claim',
    claimOp('ann', ['s20']),
    {
      holders: [ann],
      codes: [...claimOp('ann', []).numbers],
      identities: Object.entries(claimOp('ann', []).identity).map(([kind, hash]) => `${kind} ${hash}`),
    },
  ],
  [
    'records',
    new Counter().sends([
      charging(of('a')),
      settled(of('b', 4)),
      charging(of('c', null)),
      settled(of('c', null)),
      abandoned('d'),
      { kind: 'later' },
    ]),
    { devices: ['d1'], sales: ['d1/a', 'd1/b', 'd1/c', 'd1/d'], serials: [7, 4], probes: [{ device: d1, seq: 6 }] },
  ],
  [
    'records of what was taken offline',
    new Counter().sends(
      [charging(offline('a', 7, 'A'))],
      [
        ['CP1:A', signedBy('ann', [7], 5)],
        ['CP1:B', { ok: false, reason: 'presentation-forged' }],
      ],
    ),
    {
      devices: ['d1'],
      sales: ['d1/a'],
      serials: [7],
      holders: [ann],
      showings: [`5 ${ann}`],
      tallies: [couponsAt(d1), couponsOf(m1)],
      probes: [{ device: d1, seq: 1 }],
    },
  ],
  [
    'a record of no sale',
    new Counter().sends([{ kind: 'printed', receipt: 'R-1', copy: 'original', outcome: 'printed', at: null }]),
    { devices: ['d1'], probes: [{ device: d1, seq: 1 }] },
  ],
  ['release', act({ kind: 'release', device: d1, sale: a }), { acts: ['x-1'], sales: ['d1/a'] }],
  ['free', act({ kind: 'free', device: d1, sale: a }), { acts: ['x-1'], sales: ['d1/a'] }],
  ['decide', act({ kind: 'decide', device: d2, sale: a, verdict: 'paid' }), { acts: ['x-1'], sales: ['d2/a'] }],
  ['unfork from our end', act({ kind: 'unfork', device: d1 }), { acts: ['x-1'], devices: ['d1'] }],
  [
    'unfork from a place',
    act({ kind: 'unfork', device: d1, seq: 3 }),
    { acts: ['x-1'], devices: ['d1'], probes: [{ device: d1, seq: 3 }] },
  ],
  ['close a sale', act({ kind: 'close', about: 'sale:d1:a' }), { acts: ['x-1'], sales: ['d1/a'] }],
  ['close a fork', act({ kind: 'close', about: 'fork:d1' }), { acts: ['x-1'], devices: ['d1'] }],
  ['close a reference', act({ kind: 'close', about: 'rrn:4711' }), { acts: ['x-1'] }],
  [
    'confirm',
    act({
      kind: 'confirm',
      references: [
        { rrn: '1', netFen: fen(1) },
        { rrn: '2', netFen: fen(2) },
      ],
    }),
    { acts: ['x-1'], references: ['1', '2'] },
  ],
])('%s', (_what, op, expected) => {
  expect(needs(op)).toEqual(expected);
});

describe('a batch', () => {
  it('needs what its operations need, each key once', () => {
    const counter = new Counter();
    const batch = [question, counter.sends([charging(of('a'))]), counter.sends([settled(of('a'))]), question];
    expect(needs(...batch)).toMatchObject({ devices: ['d1'], sales: ['d1/a'], serials: [7], holders: [ann] });
    expect(needs()).toEqual({});
  });

  it('has the places of its journals compared, whatever else is at hand', () => {
    const counter = new Counter('d2');
    const batch = [counter.sends([abandoned('a'), abandoned('b')]), counter.sends([abandoned('c')]), question];
    expect(probesOf(batch)).toEqual([
      { device: 'd2', seq: 2 },
      { device: 'd2', seq: 3 },
    ]);
  });
});
