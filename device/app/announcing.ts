/** Chooses the announcement at a sale's end: amounts in number words, and no names. */
import { unreachable } from '#protocol/kernel/machine.js';
import { ZERO_FEN } from '#protocol/kernel/money.js';
import type { SaleEffect } from '../core/sale/sale.js';
import { refundedWords, saleWords } from '../drivers/voices/words.js';

export function announcementText({ of, settlement }: Extract<SaleEffect, { kind: 'announce' }>): string {
  const { netFen, coupon } = settlement.charge;
  switch (of) {
    case 'sale':
      return saleWords(netFen, coupon?.faceFen ?? ZERO_FEN);
    case 'refund':
      return refundedWords(netFen);
    default:
      return unreachable(of);
  }
}
