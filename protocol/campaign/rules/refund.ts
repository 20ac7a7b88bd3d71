/**
 * What a refund does to the coupon and to the money.
 *
 * The customer gets back what was paid, never the coupon's value in cash. The merchant returns the face in proportion to
 * the goods that came back. Cities differ in what happens to the coupon:
 *
 * | rule | whole sale refunded | part of it |
 * |---|---|---|
 * | `stays-used` (Youhao) | stays used; its face goes to the refund account | stays used; its part goes there |
 * | `restored-if-full` (Yunnan) | held again, if it can still be used; its face goes back to the sponsors | as above |
 * | `restored-next-day` (Hangzhou) | the same, held again from the next day | as above |
 * | `pro-rata` (e-CNY) | held again, if it can still be used; its face goes back to the sponsors | stays used; its part goes back to the sponsors |
 */
import { unreachable } from '../../kernel/machine.js';
import { type Fen, fen } from '../../kernel/money.js';
import type { RefundRule } from '../schema.js';

export interface RefundAsk {
  /** What the customer paid. */
  readonly netFen: Fen;
  /** The coupon's face; zero without a coupon. */
  readonly faceFen: Fen;
  /** How much of the net goes back to the customer, earlier refunds of this sale included. */
  readonly refundedNetFen: Fen;
  /**
   * Whether the campaign still takes coupons when this one would return (today or from tomorrow on), and no other sale has
   * used it meanwhile.
   */
  readonly usableAgain: boolean;
}

export interface RefundOutcome {
  readonly coupon: 'none' | 'used' | 'held' | 'held-next-day';
  /** The part of the face that the merchant returns. */
  readonly faceBackFen: Fen;
  /** The account that receives it: the sponsors', or the account for coupons that stay used after a refund. */
  readonly faceTo: 'sponsors' | 'refund-account' | null;
}

export function refundOutcome(rule: RefundRule, ask: RefundAsk): RefundOutcome {
  const { netFen, faceFen, refundedNetFen, usableAgain } = ask;
  if (faceFen === 0) return { coupon: 'none', faceBackFen: faceFen, faceTo: null };
  if (refundedNetFen === 0) return { coupon: 'used', faceBackFen: fen(0), faceTo: null };
  const isWhole = refundedNetFen >= netFen;
  const faceBackFen = isWhole ? faceFen : partOf(faceFen, refundedNetFen, netFen);
  const toRefundAccount: RefundOutcome = { coupon: 'used', faceBackFen, faceTo: 'refund-account' };
  switch (rule) {
    case 'stays-used':
      return toRefundAccount;
    case 'restored-if-full':
    case 'restored-next-day':
      if (!isWhole || !usableAgain) return toRefundAccount;
      return {
        coupon: rule === 'restored-if-full' ? 'held' : 'held-next-day',
        faceBackFen,
        faceTo: 'sponsors',
      };
    case 'pro-rata':
      return { coupon: isWhole && usableAgain ? 'held' : 'used', faceBackFen, faceTo: 'sponsors' };
    default:
      return unreachable(rule);
  }
}

/**
 * Rounds down, in the merchant's favour. The arithmetic is exact: face and net belong to one sale of less than 10^8 fen, so
 * their product stays below 2.5 * 10^15, and 2^53 is 9 * 10^15.
 */
const partOf = (faceFen: Fen, refundedNetFen: Fen, netFen: Fen): Fen =>
  fen(Math.floor((faceFen * refundedNetFen) / netFen));

export interface RefundExample {
  readonly refund: string;
  readonly rule: RefundRule;
  /** In yuan. */
  readonly net: number;
  readonly face: number;
  readonly refunded: number;
  readonly usableAgain?: boolean;
  readonly gives: readonly [coupon: RefundOutcome['coupon'], faceBackYuan: number, to: RefundOutcome['faceTo']];
}

export const REFUND_EXAMPLES: readonly RefundExample[] = [
  {
    refund: 'all, in Youhao',
    rule: 'stays-used',
    net: 219.9,
    face: 40,
    refunded: 219.9,
    gives: ['used', 40, 'refund-account'],
  },
  {
    refund: 'half, in Youhao',
    rule: 'stays-used',
    net: 220,
    face: 40,
    refunded: 110,
    gives: ['used', 20, 'refund-account'],
  },
  {
    refund: 'a bottle of milk out of a large basket, in Youhao',
    rule: 'stays-used',
    net: 220,
    face: 80,
    refunded: 5.5,
    gives: ['used', 2, 'refund-account'],
  },
  {
    refund: 'a fen, in Youhao',
    rule: 'stays-used',
    net: 220,
    face: 80,
    refunded: 0.01,
    gives: ['used', 0, 'refund-account'],
  },
  { refund: 'nothing yet', rule: 'pro-rata', net: 220, face: 40, refunded: 0, gives: ['used', 0, null] },
  { refund: 'a sale without a coupon', rule: 'stays-used', net: 50, face: 0, refunded: 50, gives: ['none', 0, null] },
  {
    refund: 'all, in Yunnan',
    rule: 'restored-if-full',
    net: 220,
    face: 40,
    refunded: 220,
    gives: ['held', 40, 'sponsors'],
  },
  {
    refund: 'all but a fen, in Yunnan',
    rule: 'restored-if-full',
    net: 220,
    face: 40,
    refunded: 219.99,
    gives: ['used', 39.99, 'refund-account'],
  },
  {
    refund: 'all, in Yunnan, when it is over',
    rule: 'restored-if-full',
    net: 220,
    face: 40,
    refunded: 220,
    usableAgain: false,
    gives: ['used', 40, 'refund-account'],
  },
  {
    refund: 'all, in Hangzhou',
    rule: 'restored-next-day',
    net: 220,
    face: 40,
    refunded: 220,
    gives: ['held-next-day', 40, 'sponsors'],
  },
  {
    refund: 'all, in Hangzhou, on the last day',
    rule: 'restored-next-day',
    net: 220,
    face: 40,
    refunded: 220,
    usableAgain: false,
    gives: ['used', 40, 'refund-account'],
  },
  {
    refund: 'half, in Hangzhou',
    rule: 'restored-next-day',
    net: 220,
    face: 40,
    refunded: 110,
    gives: ['used', 20, 'refund-account'],
  },
  { refund: 'all, pro rata', rule: 'pro-rata', net: 220, face: 40, refunded: 220, gives: ['held', 40, 'sponsors'] },
  { refund: 'half, pro rata', rule: 'pro-rata', net: 220, face: 40, refunded: 110, gives: ['used', 20, 'sponsors'] },
  {
    refund: 'a third, pro rata, rounded down',
    rule: 'pro-rata',
    net: 60,
    face: 20,
    refunded: 20,
    gives: ['used', 6.66, 'sponsors'],
  },
  {
    refund: 'all, pro rata, when it is over',
    rule: 'pro-rata',
    net: 220,
    face: 40,
    refunded: 220,
    usableAgain: false,
    gives: ['used', 40, 'sponsors'],
  },
];
