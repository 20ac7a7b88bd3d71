/** A receipt of the reference campaign: 259.90 yuan, 40 off. What tests and benches of paper make theirs of. */

import type { SaleReceiptFacts } from '#device/core/receipt/receipt.js';
import type { OrderNo, ReceiptNo } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';

export const exampleReceipt: SaleReceiptFacts = {
  kind: 'sale',
  copy: 'original',
  receipt: 'YH-0001-000042' as ReceiptNo,
  merchant: '友好利民超市',
  device: 'yh-0001',
  order: 'ORD-0001' as OrderNo,
  time: '2023-03-27 09:05:11',
  amountFen: fen(25990),
  netFen: fen(21990),
  coupon: { faceFen: fen(4000), thresholdFen: fen(20000), offline: false },
  noCoupon: null,
  card: { scheme: '银联', last4: '1234', auth: '123456', rrn: '000012345678' },
  campaign: { name: '“畅购友好·乐享消费”惠民消费季', line: '资金来源：伊春市友好区人民政府' },
};
