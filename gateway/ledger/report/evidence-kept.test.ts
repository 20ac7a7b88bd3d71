/** What the ledger keeps of a double spend and of a sale that nothing proves: both sides, each with what was shown for it. */
import { expect, it } from 'vitest';
import { charging, MORNING, settled } from '../../../test/contract/ledger-fixture.js';
import { morning, of, offline, shown } from '../../../test/contract/one-book.js';

const at = { earliest: MORNING, latest: MORNING };
const LATER = MORNING + 60_000;

it('of two sales by one coupon both sides are kept: by their counters, with what was shown', () => {
  const book = morning();
  book.says([charging(offline('a', 7, 'A')), settled(of('a'))], { signed: [shown('A', [7], 1)] });
  book.says([charging(offline('b', 7, 'B')), settled(of('b'))], { device: 'd2', signed: [shown('B', [7], 2)] });
  const common = { merchant: 'm1', serial: 7, shownAt: null, by: 'counter', at };
  expect(book.ledger.evidenceRows).toMatchObject([
    {
      kind: 'double-spend',
      device: 'd2',
      at: MORNING,
      detail: {
        serial: 7,
        first: { ...common, sale: 'd1/a', device: 'd1', presented: 'CP1:A' },
        second: { ...common, sale: 'd2/b', device: 'd2', presented: 'CP1:B' },
      },
    },
  ]);
});

it('a side that the gateway had reserved for stands under the gateway’s time, with the code that it saw', () => {
  const book = morning();
  const presented = { kind: 'verified' as const, holder: book.couponRow(7).holder, nonce: 1, evidence: 'CP1:A' };
  expect(book.asks('a', 30_000, { presented })).toBe(7);
  book.says([charging(of('a')), settled(of('a'))]);
  book.says([charging(offline('b', 7, 'B')), settled(of('b'))], {
    device: 'd2',
    signed: [shown('B', [7], 2)],
    at: LATER,
  });
  expect(book.ledger.evidenceRows).toMatchObject([
    {
      detail: {
        first: { sale: 'd1/a', by: 'gateway', at, presented: 'CP1:A' },
        second: { sale: 'd2/b', by: 'counter' },
      },
    },
  ]);
});

it('a sale that nothing proves is kept with its doubts, and no other beside it', () => {
  const book = morning();
  book.says([charging(of('x', 4)), settled(of('x', 4))]);
  const { flags } = book.sale('x');
  expect(flags.length).toBeGreaterThan(0);
  expect(book.ledger.evidenceRows).toMatchObject([
    {
      kind: 'disputed',
      detail: {
        sale: 'd1/x',
        serial: 4,
        doubts: flags,
        claim: { by: 'counter', at: null, presented: null },
        earlier: null,
      },
    },
  ]);
});

it('a sale of another coupon than was reserved is its counter’s word, and names no time', () => {
  const book = morning();
  expect(book.asks('a')).toBe(7);
  book.says([charging(of('a', 4)), settled(of('a', 4))]);
  expect(book.ledger.evidenceRows).toMatchObject([{ detail: { claim: { serial: 4, by: 'counter', at: null } } }]);
});
