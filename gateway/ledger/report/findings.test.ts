/** Findings of a batch: each sale that became disputed or a conflict, each new doubt; once. */
import { describe, expect, it } from 'vitest';
import type { MerchantId, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { abandoned, charging, serialOf, settled } from '../../../test/contract/ledger-fixture.js';
import { d1, m1, morning, of, offline, shown } from '../../../test/contract/one-book.js';
import { account } from '../book/accounts.js';
import type { SaleEntry, SaleKey } from '../book/book.js';
import { alertOf, type Finding, findingsOf } from './findings.js';

const sale: SaleEntry = {
  key: 'd1/a' as SaleKey,
  device: d1,
  sale: 'a' as SaleId,
  order: null,
  merchant: m1,
  amountFen: fen(30_000),
  netFen: fen(22_000),
  faceFen: fen(8_000),
  mode: null,
  holder: null,
  serial: serialOf(7),
  request: null,
  requestId: null,
  answer: null,
  presented: null,
  state: 'settled',
  booking: 'none',
  legs: [],
  flags: [],
  at: 0,
};
const suspense = [
  { account: 'disputed' as const, fen: -500 },
  { account: account.suspense(d1), fen: 500 },
];
const borne = [
  { account: 'conflict:bank' as const, fen: -8_000 },
  { account: account.merchant('m1' as MerchantId), fen: 8_000 },
];

describe('a sale', () => {
  it.each<readonly [string, Partial<SaleEntry>, Partial<SaleEntry> | undefined, Partial<Finding> | undefined]>([
    ['that is as it was', {}, {}, undefined],
    ['that is new, and nothing speaks against', {}, undefined, undefined],
    ['that was kept', { booking: 'kept', legs: borne }, {}, undefined],
    [
      'that is disputed now',
      { booking: 'disputed', flags: ['sums-differ'], legs: suspense },
      {},
      { kind: 'disputed', doubts: ['sums-differ'], fen: 500 },
    ],
    [
      'that is disputed from its first record on',
      { booking: 'disputed', legs: suspense },
      undefined,
      { kind: 'disputed', doubts: [], fen: 500 },
    ],
    ['that was disputed before', { booking: 'disputed', legs: suspense }, { booking: 'disputed' }, undefined],
    [
      'whose coupon another sale used',
      { booking: 'conflict', flags: ['coupon-already-used'], legs: borne },
      {},
      { kind: 'coupon-spent-twice', doubts: ['coupon-already-used'], fen: 8_000 },
    ],
    [
      'whose showing another sale took',
      { booking: 'conflict', flags: ['showing-used-before'], legs: borne },
      { flags: ['showing-used-before'] },
      { kind: 'showing-taken-twice', doubts: [], fen: 8_000 },
    ],
    [
      'with a doubt that would dispute it',
      { state: 'charging', flags: ['never-reserved'] },
      {},
      { kind: 'doubted', doubts: ['never-reserved'], fen: 0 },
    ],
    [
      'with a doubt that changes nothing',
      { flags: ['refund-in-part'] },
      {},
      { kind: 'flagged', doubts: ['refund-in-part'], fen: 0 },
    ],
    ['with a doubt that is known', { flags: ['refund-in-part'] }, { flags: ['refund-in-part'] }, undefined],
    [
      'with a known doubt and a new one',
      { flags: ['never-reserved', 'refund-in-part'] },
      { flags: ['never-reserved'] },
      { kind: 'flagged', doubts: ['refund-in-part'], fen: 0 },
    ],
    ['with a doubt less', { flags: [] }, { flags: ['never-reserved'] }, undefined],
    [
      'that was kept, with a doubt that came later',
      { booking: 'kept', legs: borne, flags: ['coupon-used-again'] },
      { booking: 'kept', legs: borne },
      { kind: 'flagged', doubts: ['coupon-used-again'], fen: 0 },
    ],
  ])('%s', (_what, now, before, finding) => {
    const was = before === undefined ? undefined : { ...sale, ...before };
    const found = findingsOf([{ ...sale, ...now }], (key) => (key === sale.key ? was : undefined));
    const common = { device: 'd1', sale: 'a', merchant: 'm1', serial: 7 };
    expect(found).toEqual(finding === undefined ? [] : [{ ...common, ...finding }]);
  });

  it('whose flags are the very ones of before is looked at no further', () => {
    const flags = ['never-reserved'] as const;
    expect(findingsOf([{ ...sale, flags }], () => ({ ...sale, flags }))).toEqual([]);
  });
});

describe('an alarm', () => {
  const finding: Finding = {
    kind: 'disputed',
    device: d1,
    sale: 'a' as SaleId,
    merchant: m1,
    serial: serialOf(7),
    doubts: ['sums-differ', 'face-differs'],
    fen: 500,
  };
  it.each<readonly [Partial<Finding>, string, string]>([
    [{}, 'SALE_DISPUTED', 'sale a, coupon 7, 500 fen: sums-differ, face-differs'],
    [{ kind: 'coupon-spent-twice', fen: 1, doubts: [] }, 'COUPON_SPENT_TWICE', 'sale a, coupon 7, 1 fen'],
    [{ kind: 'showing-taken-twice', fen: 0 }, 'SHOWING_TAKEN_TWICE', 'sale a, coupon 7: sums-differ, face-differs'],
    [{ kind: 'doubted', serial: null, fen: 0 }, 'SALE_DOUBTED', 'sale a, no coupon: sums-differ, face-differs'],
    [{ kind: 'flagged', serial: serialOf(0), fen: 0, doubts: [] }, 'SALE_FLAGGED', 'sale a, coupon 0'],
  ])('of %o is %s: %s', (change, code, what) => {
    expect(alertOf({ ...finding, ...change })).toEqual({ code, what, device: 'd1' });
  });
});

describe('a batch', () => {
  it('of honest records finds nothing', () => {
    const book = morning();
    book.asks('a');
    const { findings, alerts } = book.says([
      charging(of('a')),
      settled(of('a')),
      charging(of('b', null)),
      abandoned('b'),
    ]);
    expect([findings, alerts]).toEqual([[], []]);
  });

  it('tells of each sale once, whatever it went through, and of it never again', () => {
    const book = morning();
    const lie = { ...charging(of('a')), netFen: 1 };
    const { findings } = book.says([lie, { ...settled(of('a')), netFen: 1 }, { ...settled(of('a')), netFen: 1 }]);
    expect(findings).toMatchObject([{ kind: 'disputed', sale: 'a', fen: 8_000 }]);
    expect(book.says([charging(of('c', null))]).findings).toEqual([]);
  });

  it('that makes a double spend tells of both sales', () => {
    const book = morning();
    book.says([charging(offline('a', 7, 'A')), settled(of('a'))], { signed: [shown('A', [7], 1)] });
    const second = [charging(offline('b', 7, 'B')), settled(of('b'))];
    expect(book.says(second, { device: 'd2', signed: [shown('B', [7], 2)] }).findings).toMatchObject([
      { kind: 'coupon-spent-twice', device: 'd2', sale: 'b', fen: 8_000 },
      { kind: 'flagged', device: 'd1', sale: 'a', doubts: ['coupon-used-again'], fen: 0 },
    ]);
  });
});
