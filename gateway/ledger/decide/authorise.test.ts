import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { exampleCampaign } from '#protocol/campaign/example-campaign.js';
import type { PaymentNumber } from '#protocol/codes/payment-code.js';
import type { DeviceId, HolderId, MerchantId, OrderNo, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { ok } from '#protocol/kernel/result.js';
import { type WallMs, wallMs } from '#protocol/kernel/time.js';
import type { AuthoriseOp, CheckedPresentation, Op, Outcome } from '../../ports/ledger.js';
import { MemoryBook } from '../book/memory-book.js';
import { arbitrate } from './arbitrate.js';
import { LEASE_MARGIN_MS } from './authorise.js';
import { compileRules } from './rules.js';

const NOON = Date.parse('2023-03-28T12:00:00+08:00');
const LEASE_MS = 120_000;
const NUMBER = '123456789' as PaymentNumber;
let shown = 0;
/** A payment code of the holder, newer than each before. */
const code = (): CheckedPresentation => {
  shown += 1;
  return { kind: 'opaque', code: `62${NUMBER}00000000`, readCode: { number: NUMBER, step: ok(shown) } };
};
const campaign = exampleCampaign();
const rules = compileRules({
  campaign: {
    ...campaign,
    merchants: [...campaign.merchants, { id: 'shop-2' as MerchantId, name: '荣光', category: '' }],
  },
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
  leaseMs: LEASE_MS,
  merchantOf: (device) => (device === 'd1' ? ('shop-1' as MerchantId) : undefined),
});

function ledger() {
  const book = new MemoryBook(campaign.tiers.length);
  return (op: Op, at: WallMs = wallMs(NOON)): Outcome | undefined => {
    const { committed, changes } = arbitrate(book, rules, [op], at);
    if (changes !== undefined) {
      book.apply(changes);
      book.totals = changes.totals ?? book.totals;
    }
    return committed.outcomes[0];
  };
}

function withCoupon() {
  const commit = ledger();
  const identity = { phone: 'p', idCard: 'i', device: 'd' };
  commit({
    kind: 'claim',
    holder: '02aa' as HolderId,
    identity,
    proved: ['phone'],
    tiers: ['yuan-20'],
    numbers: [NUMBER],
  });
  return commit;
}

const asks = (sale: string, change: Partial<AuthoriseOp> = {}): AuthoriseOp => ({
  kind: 'authorise',
  device: 'd1' as DeviceId,
  id: `1.${sale.length}`,
  sale: sale as SaleId,
  order: sale as OrderNo,
  merchant: 'shop-1' as MerchantId,
  amountFen: fen(10_000),
  mode: 'customer-code',
  presented: code(),
  request: sale,
  ...change,
});
const answerTo = (outcome: Outcome | undefined): unknown => {
  if (outcome?.kind !== 'authorised') return outcome?.kind;
  return outcome.answer.kind === 'refused' ? outcome.answer.reason : outcome.answer.kind;
};

describe('a counter', () => {
  it('takes coupons for the merchant whom the bank gave it to, and for no other one on the list', () => {
    const commit = withCoupon();
    expect(answerTo(commit(asks('a', { merchant: 'shop-2' as MerchantId })))).toBe('device-of-another-merchant');
    expect(answerTo(commit(asks('a')))).toBe('reserved');
  });

  it('that the bank has given to nobody is taken at its word', () => {
    const commit = withCoupon();
    const elsewhere = { device: 'd2' as DeviceId, merchant: 'shop-2' as MerchantId };
    expect(answerTo(commit(asks('a', elsewhere)))).toBe('reserved');
  });
});

describe('a lease', () => {
  it.each([
    ['the moment before it ends here', LEASE_MS + LEASE_MARGIN_MS - 1, 'coupon-reserved'],
    ['the moment at which it ends', LEASE_MS + LEASE_MARGIN_MS, 'reserved'],
  ])('%s: another sale is answered %s ms after it: %s', (_when, after, expected) => {
    const commit = withCoupon();
    commit(asks('a'));
    expect(answerTo(commit(asks('another'), wallMs(NOON + after)))).toBe(expected);
  });

  it('has ended at the counter before it ends here, however far apart two crystals run', () => {
    // The counter counts from the request's departure, the gateway from its decision. Both use LEASE_MS.
    const crystalsApartPpm = 1_000;
    const endsAtCounter = LEASE_MS * (1 + crystalsApartPpm / 1e6);
    expect(endsAtCounter).toBeLessThan(LEASE_MS + LEASE_MARGIN_MS);
  });

  it('begins anew with the same question, and is no longer than before', () => {
    const commit = withCoupon();
    commit(asks('a'));
    expect(answerTo(commit(asks('a'), wallMs(NOON + LEASE_MS)))).toBe('reserved');
    const again = NOON + LEASE_MS + LEASE_MS + LEASE_MARGIN_MS;
    expect(answerTo(commit(asks('another'), wallMs(again - 1)))).toBe('coupon-reserved');
    expect(answerTo(commit(asks('another', { id: '1.8' }), wallMs(again)))).toBe('reserved');
  });
});
