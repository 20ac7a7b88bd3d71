import { describe, expect, it } from 'vitest';
import { exampleCampaign } from '#protocol/campaign/example-campaign.js';
import type { DeviceId, MerchantId, OrderNo, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { wallMs } from '#protocol/kernel/time.js';
import { receiptNo, type SaleEffect } from '../core/sale/sale.js';
import { generic58 } from '../drivers/printers/models/generic-58.js';
import { receiptTypesetter } from './receipt-typesetter.js';

const facts = {
  sale: 's000001-abcdef' as SaleId,
  order: 'A-1' as OrderNo,
  amountFen: fen(5_100),
  device: 'counter-1' as DeviceId,
  merchant: 'shop-1' as MerchantId,
};
const charge = { netFen: fen(5_100), coupon: null, reason: null, next: null, readerMark: null };
type Receipt = Extract<SaleEffect, { kind: 'receipt' }>;

function printed(change: Partial<Receipt>, readerTime = '20230327090511', campaign = exampleCampaign()): string {
  const slip = { auth: '', rrn: '', last4: '', scheme: '', readerTime };
  const receipt = receiptNo(facts.device, facts.sale);
  const settlement = { charge, slip, receipt, settledAt: null };
  const typeset = receiptTypesetter({
    model: generic58,
    language: 'zh',
    merchantName: '门店',
    campaign: () => campaign,
    log: () => {},
  });
  const effect: Receipt = { kind: 'receipt', facts, settlement, of: 'sale', receipt, slip, when: null, ...change };
  return new TextDecoder('gb18030').decode(typeset(effect, 'original'));
}

describe('the time on a receipt', () => {
  const at = wallMs(Date.parse('2023-03-27T01:05:11Z'));

  it("is the campaign's, where this counter knows it", () => {
    expect(printed({ when: { earliest: at, latest: at } }, '20200101000000')).toContain('2023-03-27 09:05:11');
  });

  it('is that of the card reader, where this counter trusts no clock of its own', () => {
    expect(printed({})).toContain('2023-03-27 09:05:11');
  });

  it('is said to be unknown, where the reader told none; that of the sale is none of the refund', () => {
    expect(printed({}, '')).toContain('本机时间未校准');
    const slip = { auth: '', rrn: '', last4: '', scheme: '', readerTime: '' };
    expect(printed({ of: 'refund', slip })).toContain('本机时间未校准');
    expect(printed({ of: 'refund', slip })).not.toContain('09:05:11');
    expect(printed({ of: 'refund', slip: { ...slip, readerTime: '20230328101500' } })).toContain('2023-03-28 10:15:00');
  });
});

it('names the merchant as the list does', () => {
  expect(printed({})).toContain('鑫亿家');
  expect(printed({}, '', { ...exampleCampaign(), merchants: [] })).toContain('门店');
});
