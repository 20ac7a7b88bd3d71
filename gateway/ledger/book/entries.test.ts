/** A sale in the book while records are applied: found, flagged, posted, contradicted. */
import { describe, expect, it } from 'vitest';
import type { SaleId } from '#protocol/kernel/ids.js';
import { sha256 } from '#protocol/node/crypto.js';
import { MORNING } from '../../../test/contract/ledger-fixture.js';
import { d1, m1, rulesWith } from '../../../test/contract/one-book.js';
import { account } from './accounts.js';
import { BatchOverlay } from './batch-overlay.js';
import type { Leg } from './book.js';
import { contradict, entryOf, flagged, post, type RecordContext } from './entries.js';
import { MemoryBook } from './memory-book.js';

const a = 'a' as SaleId;
const context = (): RecordContext => ({
  overlay: new BatchOverlay(new MemoryBook(3)),
  rules: rulesWith({}, { merchantOf: (device) => (device === d1 ? m1 : undefined) }),
  now: MORNING,
  device: d1,
  verdicts: new Map(),
  newestAt: undefined,
});
const legs: readonly Leg[] = [
  { account: account.sponsor('bank'), fen: -5 },
  { account: account.merchant(m1), fen: 5 },
];
const changesOf = ({ overlay }: RecordContext) => overlay.changes(MORNING, sha256);

it('a sale that nobody has heard of begins as asked, at its device’s own merchant, and is nowhere yet', () => {
  const at = context();
  expect(entryOf(at, a)).toMatchObject({
    key: 'd1/a',
    merchant: 'm1',
    state: 'asked',
    booking: 'none',
    serial: null,
    flags: [],
    at: MORNING,
  });
  expect(changesOf(at)).toBeUndefined();
  expect(entryOf({ ...at, device: 'd2' as typeof d1 }, a)).toMatchObject({ key: 'd2/a', merchant: null });
});

it('a sale that is known is found as it is', () => {
  const at = context();
  at.overlay.putSale({ ...entryOf(at, a), state: 'unknown' });
  expect(entryOf({ ...at, now: (MORNING + 9) as typeof MORNING }, a)).toMatchObject({ state: 'unknown', at: MORNING });
});

it('each doubt stands once, in the order in which it came', () => {
  const entry = entryOf(context(), a);
  expect(flagged(entry, [])).toBe(entry);
  const once = flagged(entry, ['sums-differ', 'face-differs', 'sums-differ']);
  expect(once.flags).toEqual(['sums-differ', 'face-differs']);
  expect(flagged(once, ['face-differs', 'outside-hours']).flags).toEqual([
    'sums-differ',
    'face-differs',
    'outside-hours',
  ]);
});

describe('what is posted', () => {
  it.each(['redemption', 'conflict', 'disputed', 'decision'] as const)('as %s stands in the sale, too', (kind) => {
    const at = context();
    post(at, entryOf(at, a), kind, legs);
    expect(at.overlay.sale(entryOf(at, a).key)?.legs).toEqual(legs);
    expect(changesOf(at)?.postings).toEqual([{ id: 1, kind, sale: 'd1/a', legs }]);
  });

  it('as refund leaves in the sale what its redemption had moved', () => {
    const at = context();
    post(at, { ...entryOf(at, a), legs }, 'refund', [...legs].reverse());
    expect(at.overlay.sale(entryOf(at, a).key)?.legs).toEqual(legs);
    expect(changesOf(at)?.postings).toHaveLength(1);
  });

  it('of no leg is no set', () => {
    const at = context();
    post(at, entryOf(at, a), 'disputed', []);
    expect(changesOf(at)).toMatchObject({ postings: [], sales: [{ key: 'd1/a' }] });
  });

  it('that does not balance is a fault of ours, and nothing of it is kept', () => {
    const at = context();
    expect(() => post(at, entryOf(at, a), 'redemption', legs.slice(1))).toThrow('do not sum to zero');
    expect(changesOf(at)).toBeUndefined();
  });
});

it('a contradiction is a flag and a line of the audit, and nothing else', () => {
  const at = context();
  const before = { ...entryOf(at, a), state: 'settled' as const };
  contradict(at, before, 'charging-after-settled');
  const changes = changesOf(at);
  expect(changes).toMatchObject({
    sales: [{ ...before, flags: ['charging-after-settled'] }],
    postings: [],
    coupons: [],
  });
  expect(JSON.parse(changes?.audit?.body ?? '')).toEqual([
    { what: 'contradiction', device: 'd1', sale: 'a', detail: 'charging after settled' },
  ]);
});
