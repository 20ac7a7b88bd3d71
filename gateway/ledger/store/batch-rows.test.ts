import { describe, expect, it } from 'vitest';
import type { CouponSerial, DeviceId, HolderId } from '#protocol/kernel/ids.js';
import { type Changes, type Coupon, emptyTotals, type SaleKey } from '../book/book.js';
import { BatchRows } from './batch-rows.js';

const NO_CHANGES: Changes = {
  audit: null,
  devices: [],
  chunks: [],
  holders: [],
  identified: [],
  coupons: [],
  sales: [],
  postings: [],
  evidence: [],
  tallies: [],
  acts: [],
  confirmations: [],
  totals: null,
};
const chunk = (device: string, bodies: readonly string[]): Changes['chunks'][number] => ({
  device: device as DeviceId,
  first: 1,
  last: bodies.length,
  prev: '0',
  hash: '1',
  bodies,
});

/** The entities of one column, cut out of the bytes as the statement does it. */
function docsOf(rows: ReturnType<BatchRows['of']>, column: number): readonly unknown[] {
  const [docs] = rows;
  if (!(docs instanceof Buffer)) throw new Error('no bytes');
  return (JSON.parse(String(rows[column])) as readonly (readonly unknown[])[]).map((row) => {
    const [begins, bytes] = row.slice(-2).map(Number);
    return JSON.parse(docs.subarray((begins ?? 0) - 1, (begins ?? 0) - 1 + (bytes ?? 0)).toString('utf8'));
  });
}
const CHUNKS = 3;

const versioned = (rows: readonly object[]) => rows.map((row) => ({ v: 1, ...row }));

describe('the rows of a batch', () => {
  it('point at each entity, also behind others that are not ASCII', () => {
    const chunks = [chunk('a', ['{"why":"读卡器没有回答"}']), chunk('b', ['😀', 'é']), chunk('c', [])];
    expect(docsOf(new BatchRows().of({ ...NO_CHANGES, chunks }), CHUNKS)).toEqual(versioned(chunks));
  });

  it('have room for a batch of any size, and forget the one before', () => {
    const rows = new BatchRows();
    const large = Array.from({ length: 800 }, (_, n) => chunk(`d${n}`, ['券'.repeat(2_000)]));
    expect(docsOf(rows.of({ ...NO_CHANGES, chunks: large }), CHUNKS)).toEqual(versioned(large));
    const [small] = large;
    const again = rows.of({ ...NO_CHANGES, chunks: small === undefined ? [] : [small] });
    expect(docsOf(again, CHUNKS)).toEqual(versioned(small === undefined ? [] : [small]));
    expect((again[0] as Buffer).length).toBeLessThan(10_000);
  });

  it('have nothing in the columns of what did not change', () => {
    const row = {
      serial: 1 as CouponSerial,
      holder: 'h' as HolderId,
      usableFrom: 0,
    } as const;
    const sale = 'd1/a' as SaleKey;
    const coupons: Coupon[] = [
      { ...row, state: 'held', version: 1 },
      { ...row, state: 'reserved', sale, leaseEnds: 9, version: 3 },
      { ...row, state: 'used', sale, version: 4 },
    ];
    const rows = new BatchRows().of({ ...NO_CHANGES, coupons, totals: emptyTotals(3) });
    expect(rows.slice(5, 8)).toEqual([
      null,
      JSON.stringify([
        [1, 'h', 'held', null, null, 0, 1],
        [1, 'h', 'reserved', 'd1/a', 9, 0, 3],
        [1, 'h', 'used', 'd1/a', null, 0, 4],
      ]),
      null,
    ]);
  });
});
