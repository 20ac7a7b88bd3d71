/** Proof that a counter was entitled to a coupon: each lie of a counter beside the doubt that it raises. */
import { describe, expect, it } from 'vitest';
import type { DeviceId, MerchantId, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { type JournalRecord, type RecordOf, recordSchema } from '#protocol/records/record.js';
import { charging, serialOf, settled } from '../../../../test/contract/ledger-fixture.js';
import { type Body, d1, m1, rulesWith } from '../../../../test/contract/one-book.js';
import type { Offer, SaleEntry, SaleKey } from '../../book/book.js';
import { merchantDoubts, reservationDoubts, settlementDoubts, tierDoubts } from './proof.js';

const rules = rulesWith({}, { merchantOf: (device) => (device === 'd1' ? m1 : undefined) });
const m2 = 'm2' as MerchantId;
const d2 = 'd2' as DeviceId;
const facts = { sale: 'a', amountFen: 30_000, serial: 7 };

function readAs<Kind extends JournalRecord['kind']>(kind: Kind, body: Body): RecordOf<Kind> {
  const record = recordSchema.parse(body);
  if (record.kind !== kind) throw new Error(`a ${record.kind} is no ${kind}`);
  return record as RecordOf<Kind>;
}

const offer: Offer = {
  serial: serialOf(7),
  tier: 's80',
  faceFen: fen(8_000),
  thresholdFen: fen(30_000),
  netFen: fen(22_000),
  merchant: m1,
};

/** A sale of 300 yuan at m1 whose answer was coupon 7. */
const asked: SaleEntry = {
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
  request: 'q',
  requestId: 'q1',
  answer: { kind: 'reserved', ...offer, leaseMs: 60_000 },
  presented: null,
  state: 'asked',
  booking: 'none',
  legs: [],
  flags: [],
  at: 0,
};
const refused: SaleEntry = {
  ...asked,
  answer: { kind: 'refused', reason: 'no-coupon-held', next: null },
  serial: null,
};

const coupon = (change: Body): Body => ({ coupon: { ...charging(facts).coupon, ...change } });

describe('a charge with a coupon that was reserved', () => {
  it.each<readonly [string, Body, readonly string[]]>([
    ['as it was offered', {}, []],
    ['another tier', coupon({ tier: 's40' }), ['tier-differs']],
    ['a smaller face', coupon({ faceFen: 7_999 }), ['face-differs']],
    ['a larger face', coupon({ faceFen: 8_001 }), ['face-differs']],
    ['another threshold', coupon({ thresholdFen: 0 }), ['threshold-differs']],
    ['a fen more asked', { amountFen: 30_001 }, ['amount-differs']],
    ['a fen less asked', { amountFen: 29_999 }, ['amount-differs']],
    ['a fen less paid', { netFen: 21_999 }, ['sums-differ']],
    ['another listed merchant', { merchant: 'm2' }, ['merchant-differs']],
    ['another coupon', coupon({ serial: 4 }), ['never-reserved']],
    [
      'all of it made up',
      { ...coupon({ tier: 'x', faceFen: 1, thresholdFen: 1 }), merchant: 'm2', amountFen: 1, netFen: 1 },
      ['merchant-differs', 'tier-differs', 'face-differs', 'threshold-differs', 'amount-differs', 'sums-differ'],
    ],
  ])('says %s', (_what, change, doubts) => {
    expect(doubtsOf(asked, change)).toEqual(doubts);
  });

  it.each<readonly [string, SaleEntry, readonly string[]]>([
    ['that was refused', refused, ['never-reserved']],
    ['that was never asked for', { ...asked, answer: null }, ['never-reserved']],
    ['by an earlier answer', { ...refused, reservedBefore: [offer] }, []],
    [
      'by an earlier answer, beside a newer one with another coupon',
      { ...asked, answer: { kind: 'reserved', ...offer, serial: serialOf(4), leaseMs: 1 }, reservedBefore: [offer] },
      [],
    ],
    [
      'by an earlier answer for another net',
      { ...refused, reservedBefore: [{ ...offer, netFen: fen(1) }] },
      ['amount-differs', 'sums-differ'],
    ],
    [
      'by an earlier answer with another coupon',
      { ...refused, reservedBefore: [{ ...offer, serial: serialOf(4) }] },
      ['never-reserved'],
    ],
    ['by an answer of release 0.1, which kept the serial only', { ...refused, reservedBefore: [serialOf(7)] }, []],
    ['by another serial of release 0.1', { ...refused, reservedBefore: [serialOf(4)] }, ['never-reserved']],
    [
      'by a serial of release 0.1 whose tier the sale was too small for',
      { ...refused, amountFen: fen(29_999), reservedBefore: [serialOf(7)] },
      ['never-reserved'],
    ],
    [
      'by a serial of release 0.1 for another amount',
      { ...refused, amountFen: fen(30_001), reservedBefore: [serialOf(7)] },
      ['amount-differs', 'sums-differ'],
    ],
  ])('%s', (_what, known, doubts) => {
    expect(doubtsOf(known)).toEqual(doubts);
  });

  it('a serial of release 0.1 that no tier has is no offer', () => {
    const known = { ...refused, reservedBefore: [serialOf(99)] };
    expect(doubtsOf(known, coupon({ serial: 99 }))).toEqual(['never-reserved']);
  });

  it.each<readonly [string, DeviceId, string, SaleEntry, readonly string[]]>([
    ['an offer for no merchant, at the device’s own', d1, 'm1', { ...asked, merchant: null }, []],
    ['an offer for no merchant, at another’s', d1, 'm2', { ...asked, merchant: null }, ['merchant-of-another-device']],
    [
      'an offer for no merchant, at one that is not listed',
      d2,
      'evil',
      { ...asked, merchant: null },
      ['merchant-not-listed'],
    ],
    [
      'an offer for a merchant that was taken off the list since',
      d2,
      'm3',
      { ...asked, merchant: 'm3' as MerchantId },
      [],
    ],
    ['no offer, and another’s merchant', d1, 'm2', refused, ['merchant-of-another-device', 'never-reserved']],
  ])('%s', (_what, device, merchant, known, doubts) => {
    expect(doubtsOf(known, { merchant }, device)).toEqual(doubts);
  });

  function doubtsOf(known: SaleEntry, change: Body = {}, device = d1): readonly string[] {
    const record = readAs('charging', { ...charging(facts), ...change });
    if (record.coupon === null) throw new Error('no coupon');
    return reservationDoubts({ rules, device, known, record, taken: record.coupon });
  }
});

describe('a coupon that nobody offered, by the campaign’s tier', () => {
  const tier = rules.tierOf(serialOf(7));
  const taken = { tier: 's80', faceFen: fen(8_000), thresholdFen: fen(30_000) };
  it.each<readonly [string, number, number, Partial<Record<keyof typeof taken, unknown>>, readonly string[]]>([
    ['at the threshold', 30_000, 22_000, {}, []],
    ['above it', 30_001, 22_001, {}, []],
    ['a fen below it', 29_999, 21_999, {}, ['below-threshold']],
    ['with a net of its own', 30_000, 22_001, {}, ['sums-differ']],
    ['with a face of its own', 30_000, 22_000, { faceFen: 8_001 }, ['face-differs']],
    ['with a face and a net of its own', 30_000, 21_999, { faceFen: 8_001 }, ['face-differs', 'sums-differ']],
    ['with a threshold of its own', 30_000, 22_000, { thresholdFen: 29_999 }, ['threshold-differs']],
    ['with another tier’s name', 30_000, 22_000, { tier: 's40' }, ['tier-differs']],
  ])('%s', (_what, amountFen, netFen, change, doubts) => {
    const said = { ...taken, ...change } as typeof taken;
    expect(tierDoubts(tier, { amountFen: fen(amountFen), netFen: fen(netFen) }, said)).toEqual(doubts);
  });
  it('of no tier was never handed out, whatever else is said', () => {
    expect(tierDoubts(undefined, { amountFen: fen(1), netFen: fen(9) }, taken)).toEqual(['coupon-never-handed-out']);
  });
});

describe('a settlement', () => {
  const charged: SaleEntry = { ...asked, state: 'charging' };
  const full: SaleEntry = { ...charged, serial: null, faceFen: fen(0), netFen: fen(30_000), answer: null };
  const atFull: Body = { serial: null, faceFen: 0, netFen: 30_000 };
  it.each<readonly [string, SaleEntry, Body, readonly string[]]>([
    ['that repeats its charge', charged, {}, []],
    ['with another amount', charged, { amountFen: 30_001 }, ['amount-differs']],
    ['with another net', charged, { netFen: 21_999 }, ['sums-differ']],
    ['with another face', charged, { faceFen: 7_999 }, ['face-differs']],
    ['of an unknown end', { ...charged, state: 'unknown' }, {}, []],
    ['without the coupon of its charge', charged, atFull, ['serial-differs']],
    ['with another coupon', charged, { serial: 4 }, ['serial-differs', 'never-reserved']],
    [
      'with another coupon that was offered, too',
      { ...charged, reservedBefore: [{ ...offer, serial: serialOf(4) }] },
      { serial: 4 },
      ['serial-differs'],
    ],
    ['with a coupon, of a charge without', full, {}, ['serial-differs', 'never-reserved']],
    ['at full price', full, atFull, []],
    [
      'at full price with a face',
      full,
      { ...atFull, faceFen: 1, netFen: 29_999 },
      ['sums-differ', 'face-differs', 'face-without-coupon'],
    ],
    ['at full price, a fen short', full, { ...atFull, netFen: 29_999 }, ['sums-differ', 'sums-differ']],
    ['after nothing was charged', { ...charged, state: 'not-charged' }, {}, ['settled-after-not-charged']],
    ['after it was given up', { ...charged, state: 'abandoned' }, {}, ['settled-after-abandoned']],
    ['whose charge could not be read', asked, {}, ['settled-without-charge']],
    [
      'whose charge could not be read, with another net',
      asked,
      { netFen: 1 },
      ['settled-without-charge', 'sums-differ'],
    ],
    [
      'whose charge could not be read, with another amount',
      asked,
      { amountFen: 1 },
      ['settled-without-charge', 'amount-differs'],
    ],
    ['whose charge could not be read, with a coupon of nobody’s offer', asked, { serial: 4 }, ['never-reserved']],
    ['that comes first of all, at full price', refused, atFull, []],
    [
      'that comes first of all, at full price with a face',
      refused,
      { ...atFull, faceFen: 1 },
      ['face-without-coupon', 'sums-differ'],
    ],
  ])('%s', (_what, before, change, doubts) => {
    expect(settlementDoubts(rules, before, readAs('settled', { ...settled(facts), ...change }))).toEqual(doubts);
  });
});

it.each<readonly [DeviceId, MerchantId, readonly string[]]>([
  [d1, m1, []],
  [d1, m2, ['merchant-of-another-device']],
  [d1, 'evil' as MerchantId, ['merchant-of-another-device']],
  [d2, m2, []],
  [d2, 'evil' as MerchantId, ['merchant-not-listed']],
])('device %s at merchant %s: %o', (device, merchant, doubts) => {
  expect(merchantDoubts(rules, device, merchant)).toEqual(doubts);
  // The bank may have installed a device outside the campaign.
  const elsewhere = rulesWith({}, { merchantOf: () => 'm9' as MerchantId });
  expect(merchantDoubts(elsewhere, device, 'm9' as MerchantId)).toEqual(['merchant-not-listed']);
});
