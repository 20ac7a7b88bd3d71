/** Arbitration's view of a campaign: tiers by serial, the merchant's district, the claim's hours, the choice of a coupon. */
import { describe, expect, it } from 'vitest';
import type { DeviceId, MerchantId, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { type WallMs, wallMs } from '#protocol/kernel/time.js';
import { MORNING, serialOf } from '../../../test/contract/ledger-fixture.js';
import { DAY, m1, rulesWith } from '../../../test/contract/one-book.js';
import type { SaleEntry, SaleKey } from '../book/book.js';
import type { PaymentAsked } from './rules.js';

const OPENS = Date.UTC(2023, 2, 27, 1);
const ENDS = Date.UTC(2023, 3, 10, 14) - 1;

it.each<readonly [number, number, string | undefined]>([
  [0, 0, 's20'],
  [3, 0, 's20'],
  [4, 1, 's40'],
  [6, 1, 's40'],
  [7, 2, 's80'],
  [8, -1, undefined],
  [99, -1, undefined],
])('coupon %i is of tier %i: %s', (serial, index, id) => {
  const rules = rulesWith();
  expect([rules.tierIndexOf(serialOf(serial)), rules.tierOf(serialOf(serial))?.id]).toEqual([index, id]);
});

it('knows the listed merchants, and where the bank put a device', () => {
  const rules = rulesWith(
    {},
    { merchantOf: (device) => (device === 'd1' ? m1 : undefined), isEnrolled: (device) => device !== 'd9' },
  );
  expect([rules.isListed(m1), rules.isListed('evil' as MerchantId)]).toEqual([true, false]);
  expect([rules.merchantOf('d1' as DeviceId), rules.merchantOf('d2' as DeviceId)]).toEqual(['m1', undefined]);
  expect([rules.isEnrolled('d1' as DeviceId), rules.isEnrolled('d9' as DeviceId)]).toEqual([true, false]);
  const plain = rulesWith();
  expect([plain.merchantOf('d1' as DeviceId), plain.isEnrolled('d9' as DeviceId), plain.pace]).toEqual([
    undefined,
    true,
    undefined,
  ]);
});

it.each([
  [OPENS - 1, 'claim-not-open'],
  [OPENS, undefined],
  [ENDS, undefined],
  [ENDS + 1, 'claim-closed'],
])('a claim at %i: %s', (at, reason) => {
  expect(rulesWith().claimRefusal(wallMs(at))).toBe(reason);
});

it.each([
  [{}, false],
  [{ plateCapFen: 1 }, true],
  [{ splitGuard: { minutes: 30, maxPayments: 1 } }, true],
])('%o looks back: %s', (change, needsHistory) => {
  expect(rulesWith(change).needsHistory).toBe(needsHistory);
});

const payment = (change: Partial<SaleEntry> = {}): SaleEntry => ({
  key: 'd1/z' as SaleKey,
  device: 'd1' as DeviceId,
  sale: 'z' as SaleId,
  order: null,
  merchant: m1,
  amountFen: fen(30_000),
  netFen: fen(1_000),
  faceFen: fen(0),
  mode: 'plate',
  holder: null,
  serial: null,
  request: null,
  requestId: null,
  answer: null,
  presented: null,
  state: 'settled',
  booking: 'none',
  legs: [],
  flags: [],
  at: MORNING,
  ...change,
});
const reserved = {
  kind: 'reserved',
  serial: serialOf(0),
  tier: 's20',
  faceFen: fen(0),
  thresholdFen: fen(0),
  netFen: fen(0),
  leaseMs: 1,
} as const;
const refused = { kind: 'refused', reason: 'no-coupon-held', next: null } as const;

function choose(
  change: Parameters<typeof rulesWith>[0],
  asked: Partial<Omit<PaymentAsked, 'history'>>,
  history: readonly SaleEntry[] = [],
) {
  const choice = rulesWith(change).choose({
    serials: [serialOf(0), serialOf(4), serialOf(7)],
    amountFen: fen(30_000),
    merchant: m1,
    mode: 'plate',
    now: MORNING,
    history: () => history,
    ...asked,
  });
  return choice.kind === 'chosen' ? choice.chosen.serial : choice.reason;
}

describe('the coupon that is chosen', () => {
  it.each<readonly [string, Partial<Omit<PaymentAsked, 'history'>>, number | string]>([
    ['is the largest that fits', {}, 7],
    ['is a smaller one for less', { amountFen: fen(29_999) }, 4],
    ['is the only one that there is', { serials: [serialOf(0)] }, 0],
    ['is none below all thresholds', { amountFen: fen(9_999) }, 'below-threshold'],
    ['is none of nobody’s coupons', { serials: [] }, 'no-coupon-held'],
    ['is none at a merchant who is not listed', { merchant: 'evil' as MerchantId }, 'merchant-not-listed'],
    ['is none after hours', { now: wallMs(Date.UTC(2023, 2, 27, 14)) }, 'outside-hours'],
  ])('%s', (_what, asked, chosen) => {
    expect(choose({}, asked)).toBe(chosen);
  });

  it('carries its tier’s amounts and what is left to pay', () => {
    const choice = rulesWith().choose({
      serials: [serialOf(4)],
      amountFen: fen(20_000),
      merchant: m1,
      mode: 'plate',
      now: MORNING,
      history: () => [],
    });
    expect(choice).toEqual({
      kind: 'chosen',
      chosen: { serial: 4, tier: 's40', faceFen: 4_000, thresholdFen: 20_000, netFen: 16_000 },
    });
  });
});

describe('with a cap of 230 yuan a day on plates', () => {
  const cap = { plateCapFen: 23_000 };
  it.each<readonly [string, Partial<SaleEntry>, boolean]>([
    ['nothing but 10 yuan', {}, true],
    ['a fen more than the cap leaves', { netFen: fen(1_001) }, false],
    ['as much by a code of the phone', { netFen: fen(1_001), mode: 'customer-code' }, true],
    ['as much at another merchant', { netFen: fen(1_001), merchant: 'm2' as MerchantId }, false],
    ['as much the day before', { netFen: fen(1_001), at: MORNING - DAY }, true],
    ['as much a minute after midnight', { netFen: fen(1_001), at: Date.UTC(2023, 2, 26, 16, 1) }, false],
    ['as much a minute before midnight', { netFen: fen(1_001), at: Date.UTC(2023, 2, 26, 15, 59) }, true],
    ['as much on its way', { netFen: fen(1_001), state: 'charging' }, false],
    ['as much at an end that nobody knows', { netFen: fen(1_001), state: 'unknown' }, false],
    ['as much reserved', { netFen: fen(1_001), state: 'asked', answer: reserved }, false],
    ['as much asked in vain', { netFen: fen(1_001), state: 'asked', answer: refused }, true],
    ['as much given back', { netFen: fen(1_001), state: 'refunded' }, true],
    ['as much not charged', { netFen: fen(1_001), state: 'not-charged' }, true],
  ])('%s paid today lets the sale have its coupon: %s', (_what, change, isChosen) => {
    expect(choose(cap, {}, [payment(change)]) === 7).toBe(isChosen);
  });
  it('nothing is looked up for a code of the phone', () => {
    expect(choose(cap, { mode: 'customer-code' }, [payment({ netFen: fen(99_999) })])).toBe(7);
  });
});

describe('where orders are not to be split', () => {
  const guard = { splitGuard: { minutes: 30, maxPayments: 1 } };
  it.each<readonly [string, Partial<SaleEntry>, boolean]>([
    ['just now', {}, false],
    ['an hour ago', { at: (MORNING - 3_600_000) as WallMs }, true],
    ['just now elsewhere', { merchant: 'm2' as MerchantId }, true],
    ['just now, and nothing was charged', { state: 'abandoned' }, true],
    ['just now, and it is on its way', { state: 'charging' }, false],
    ['just now by a code of the phone', { mode: 'customer-code' }, false],
  ])('a payment %s: the next has its coupon: %s', (_what, change, isChosen) => {
    expect(choose(guard, {}, [payment(change)]) === 7).toBe(isChosen);
  });
});
