/**
 * Lays out a receipt as a receiptline document.
 *
 * Every line is laid out here to the column, because only plain text and spaces land in the same place on every printer;
 * receiptline does centring, emphasis and the QR code. Chinese first, English labels by choice: the merchant's and the
 * campaign's own words stay unchanged.
 */

import type { OrderNo, ReceiptNo } from '#protocol/kernel/ids.js';
import { unreachable } from '#protocol/kernel/machine.js';
import { type Fen, fen, formatYuan, formatYuanShort, subtractFen } from '#protocol/kernel/money.js';
import type { CouponFate } from './coupon-fate.js';
import { displayWidth, escapeMarkup, printable, trimToWidth, wrapToWidth } from './receipt-text.js';

export type ReceiptLanguage = 'zh' | 'en';

interface CommonFacts {
  /** A reprint is marked 补打, because it is no second sale. */
  readonly copy: 'original' | 'reprint';
  readonly receipt: ReceiptNo;
  /** From the campaign or the configuration. */
  readonly merchant: string;
  /** The plate's or device's number. */
  readonly device: string;
  readonly order: OrderNo;
  /** Already in the campaign's time zone, e.g. `2023-03-27 09:05:11`; null without a trusted clock. */
  readonly time: string | null;
  /** The amount paid (sale) or given back (refund). */
  readonly netFen: Fen;
  readonly card: {
    readonly scheme: string;
    readonly last4: string;
    readonly auth: string;
    readonly rrn: string;
  } | null;
  readonly campaign: { readonly name: string; readonly line: string } | null;
}

export interface SaleReceiptFacts extends CommonFacts {
  readonly kind: 'sale';
  /** After the merchant's own discounts, before the coupon. */
  readonly amountFen: Fen;
  readonly coupon: { readonly faceFen: Fen; readonly thresholdFen: Fen; readonly offline: boolean } | null;
  /** The reason's sentence where a presentation brought no coupon. */
  readonly noCoupon: { readonly zh: string; readonly en: string } | null;
}

export interface RefundReceiptFacts extends CommonFacts {
  readonly kind: 'refund';
  /** The sale's receipt. */
  readonly original: ReceiptNo;
  /** The sale's coupon, and what the refund does to it. */
  readonly coupon: { readonly faceFen: Fen; readonly fate: CouponFate } | null;
}

/** On request, for a customer who wants it in writing that nothing was charged. */
export interface AttemptReceiptFacts extends CommonFacts {
  readonly kind: 'attempt';
  readonly amountFen: Fen;
  /** The reason, with the bank's code. */
  readonly why: { readonly zh: string; readonly en: string };
  readonly coupon: { readonly faceFen: Fen } | null;
}

export type ReceiptFacts = SaleReceiptFacts | RefundReceiptFacts | AttemptReceiptFacts;

export interface ReceiptLayout {
  /** Half-width columns: 32 on 58 mm paper, 48 on 80 mm. */
  readonly columns: 32 | 48;
  readonly language: ReceiptLanguage;
}

/** The QR code's content: enough for a till or a bank to find the receipt, and nothing about a person. */
export const receiptCode = (receipt: ReceiptNo): string => `CPR:${receipt}`;

/** Limits of texts from outside, in lines of paper: a hostile name must not empty the roll. */
const NAME_LINES = 3;
const NOTE_LINES = 4;
/** Four dots (0.5 mm) a module scan easily from thermal paper; a version 4 code is then 17 mm wide. */
const QR_CELL_DOTS = 4;

export function receiptDocument(facts: ReceiptFacts, layout: ReceiptLayout): string {
  const page = pageOf(layout);
  const say = WORDS[layout.language];

  // A name of nothing but control bytes prints nothing; the plate's number then identifies the place.
  page.centre(printable(facts.merchant).trim() === '' ? facts.device : facts.merchant, 'big', NAME_LINES);
  // Most campaigns' own line begins with their name: once is enough, and paper is money.
  if (facts.campaign !== null && !facts.campaign.line.includes(facts.campaign.name))
    page.centre(facts.campaign.name, 'plain', NAME_LINES);
  if (facts.kind === 'refund') page.centre(say.refund, 'big', 1);
  if (facts.kind === 'attempt') page.centre(say.notCharged, 'big', 1);
  else if (facts.copy === 'reprint') page.centre(say.reprint, 'big', 1);
  page.rule();
  page.pair(say.device, facts.device);
  page.pair(say.order, facts.order);
  page.pair(say.time, facts.time ?? say.noTime);
  page.rule();
  switch (facts.kind) {
    case 'sale':
      saleLines(page, facts, layout.language);
      break;
    case 'refund':
      refundLines(page, facts, layout.language);
      break;
    case 'attempt':
      attemptLines(page, facts, layout.language);
      break;
    default:
      unreachable(facts);
  }
  if (facts.card !== null) {
    page.rule();
    if (facts.card.scheme !== '' || facts.card.last4 !== '') {
      page.pair(
        say.card,
        `${say.schemes[facts.card.scheme.toUpperCase()] ?? facts.card.scheme} ${facts.card.last4 === '' ? '' : `**** ${facts.card.last4}`}`,
      );
    }
    if (facts.card.auth !== '') page.pair(say.auth, facts.card.auth);
    if (facts.card.rrn !== '') page.pair(say.reference, facts.card.rrn);
  }
  page.rule();
  page.qr(receiptCode(facts.receipt));
  page.centre(`${say.receipt} ${facts.receipt}`, 'plain', 2);
  if (facts.campaign !== null && facts.campaign.line !== '') campaignLine(page, facts.campaign.line, layout);
  page.centre(say.thanks, 'plain', 2);
  return page.document();
}

/** A receipt with every kind of line and no meaning: to test a printer, and to warm up before the first customer. */
export function sampleReceipt(layout: ReceiptLayout): string {
  return receiptDocument(
    {
      kind: 'sale',
      copy: 'reprint',
      receipt: 'TEST-0' as ReceiptNo,
      merchant: '打印测试 Printer test',
      device: 'test',
      order: 'TEST' as OrderNo,
      time: null,
      amountFen: fen(25990),
      netFen: fen(21990),
      coupon: { faceFen: fen(4000), thresholdFen: fen(20000), offline: true },
      noCoupon: null,
      card: { scheme: '银联', last4: '0000', auth: '000000', rrn: '000000000000' },
      campaign: { name: '打印测试', line: '此小票仅供测试，不是付款凭证' },
    },
    layout,
  );
}

/** If it doesn't fit on one line of paper, it breaks at a space that its author left: 某活动　某区人民政府. */
function campaignLine(page: Page, line: string, { columns }: ReceiptLayout): void {
  const text = printable(line);
  if (displayWidth(text) <= columns) {
    page.centre(text, 'plain', 1);
    return;
  }
  const [first = '', ...rest] = text.split('\u3000').filter((part) => part.trim() !== '');
  if (rest.length === 0 || rest.length >= NOTE_LINES) page.centre(text, 'plain', NOTE_LINES);
  else for (const part of [first, ...rest]) page.centre(part, 'plain', Math.floor(NOTE_LINES / (rest.length + 1)));
}

function saleLines(page: Page, facts: SaleReceiptFacts, language: ReceiptLanguage): void {
  const say = WORDS[language];
  const saved = subtractFen(facts.amountFen, facts.netFen);
  page.pair(say.amount, formatYuan(facts.amountFen));
  if (facts.coupon !== null) {
    page.pair(say.coupon(facts.coupon.thresholdFen, facts.coupon.faceFen), `-${formatYuan(saved)}`);
    if (facts.coupon.offline) page.left(say.offline);
  }
  page.pair(say.paid, `￥${formatYuan(facts.netFen)}`, 'big');
  if (facts.coupon !== null) page.left(say.saved(saved), 'strong');
  else if (facts.noCoupon !== null) page.left(`${say.noCoupon}${facts.noCoupon[language]}`);
}

function refundLines(page: Page, facts: RefundReceiptFacts, language: ReceiptLanguage): void {
  const say = WORDS[language];
  page.pair(say.originalReceipt, facts.original);
  page.pair(say.refunded, `￥${formatYuan(facts.netFen)}`, 'big');
  if (facts.coupon === null) return;
  page.pair(say.couponUsed, `${formatYuan(facts.coupon.faceFen)}`);
  page.left(say.afterRefund[facts.coupon.fate]);
}

function attemptLines(page: Page, facts: AttemptReceiptFacts, language: ReceiptLanguage): void {
  const say = WORDS[language];
  page.pair(say.amount, formatYuan(facts.amountFen));
  page.pair(say.charged, `￥${formatYuan(fen(0))}`, 'big');
  page.left(facts.why[language]);
  if (facts.coupon !== null) page.left(say.couponFree);
}

type Weight = 'plain' | 'strong' | 'big';

interface Page {
  left(text: string, weight?: Weight): void;
  centre(text: string, weight: Weight, maxLines: number): void;
  /** A label on the left and its value on the right; the value takes lines of its own if both don't fit on one. */
  pair(label: string, value: string, weight?: Weight): void;
  rule(): void;
  qr(content: string): void;
  document(): string;
}

function pageOf({ columns }: ReceiptLayout): Page {
  const lines: string[] = [];
  const put = (before: string, text: string, after: string, weight: Weight): void => {
    // An empty line says nothing, and some printers' paper savers would drop it.
    if (text.trim() !== '') lines.push(`${before}${WEIGHTS[weight](escapeMarkup(text))}${after}`);
  };
  return {
    left: (text, weight = 'plain') => {
      for (const line of wrapToWidth(printable(text), columns, NOTE_LINES)) put('|', line, '', weight);
    },
    centre: (text, weight, maxLines) => {
      for (const line of wrapToWidth(printable(text), columns, maxLines)) put('', line, '', weight);
    },
    pair: (label, value, weight = 'plain') => {
      const name = trimToWidth(printable(label), columns);
      const content = printable(value).trim();
      const gap = columns - displayWidth(name) - displayWidth(content);
      if (gap >= 1) {
        put('|', `${name}${' '.repeat(gap)}${content}`, '', weight);
        return;
      }
      put('|', name, '', weight);
      for (const line of wrapToWidth(content, columns, NAME_LINES)) {
        put('|', `${' '.repeat(columns - displayWidth(line))}${line}`, '', weight);
      }
    },
    rule: () => lines.push('-'),
    qr: (content) => {
      // Every character but letters and digits as \xHH: in a property `;`, `}` and `\` have meanings of their own.
      const data = content.replace(/[^A-Za-z0-9]/g, (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`);
      lines.push(`{option:qrcode,${QR_CELL_DOTS},m;code:${data}}`);
    },
    document: () => lines.join('\n'),
  };
}

/** Double height only, never double width, so that firmware that doesn't enlarge Hanzi (`GS !`) shifts no column. */
const WEIGHTS: Readonly<Record<Weight, (markup: string) => string>> = {
  plain: (markup) => markup,
  strong: (markup) => `"${markup}"`,
  big: (markup) => `"^^${markup}^^"`,
};

interface Words {
  readonly refund: string;
  readonly reprint: string;
  readonly device: string;
  readonly order: string;
  readonly time: string;
  readonly noTime: string;
  readonly amount: string;
  coupon(threshold: Fen, face: Fen): string;
  readonly offline: string;
  readonly paid: string;
  saved(fen: Fen): string;
  readonly noCoupon: string;
  readonly originalReceipt: string;
  readonly refunded: string;
  readonly couponUsed: string;
  readonly afterRefund: Readonly<Record<CouponFate, string>>;
  readonly notCharged: string;
  readonly charged: string;
  readonly couponFree: string;
  readonly card: string;
  /** Card schemes by the name that customers know; others print as the reader names them. */
  readonly schemes: Readonly<Partial<Record<string, string>>>;
  readonly auth: string;
  readonly reference: string;
  readonly receipt: string;
  readonly thanks: string;
}

const WORDS: Readonly<Record<ReceiptLanguage, Words>> = {
  zh: {
    refund: '退款凭证',
    reprint: '** 补打 **',
    device: '码牌编号',
    order: '订单号',
    time: '时间',
    noTime: '本机时间未校准',
    amount: '消费金额',
    coupon: (threshold, face) => `消费券 满${formatYuanShort(threshold)}减${formatYuanShort(face)}`,
    offline: '（离线核销）',
    paid: '实付',
    saved: (saved) => `本单已为您节省 ${formatYuan(saved)} 元`,
    noCoupon: '未用消费券：',
    originalReceipt: '原小票号',
    refunded: '退款金额',
    couponUsed: '原单消费券',
    afterRefund: {
      used: '退还实付金额；消费券视为已使用，不予退还。',
      held: '退还实付金额；消费券退回原账户，活动期内可再用。',
      'held-next-day': '退还实付金额；消费券次日退回原账户，活动期内可再用。',
      unsure: '退还实付金额；消费券能否退回按活动规则，以顾客的消费券账户为准。',
    },
    notCharged: '未收款凭证',
    charged: '实收',
    couponFree: '消费券已退回，可再用',
    card: '支付方式',
    schemes: { UNIONPAY: '银联', VISA: 'Visa', MASTERCARD: '万事达' },
    auth: '授权码',
    reference: '参考号',
    receipt: '小票号',
    thanks: '谢谢惠顾，请保留小票',
  },
  en: {
    refund: 'REFUND',
    reprint: '** REPRINT 补打 **',
    device: 'Plate',
    order: 'Order',
    time: 'Time',
    noTime: 'clock not set',
    amount: 'Amount',
    coupon: (threshold, face) => `Coupon ${formatYuanShort(face)} off ${formatYuanShort(threshold)}`,
    offline: '(accepted offline)',
    paid: 'Paid',
    saved: (saved) => `You saved ${formatYuan(saved)} yuan`,
    noCoupon: 'No coupon: ',
    originalReceipt: 'Receipt refunded',
    refunded: 'Refunded',
    couponUsed: 'Coupon of the sale',
    afterRefund: {
      used: 'What was paid is refunded. The coupon counts as used and is not given back.',
      held: 'What was paid is refunded. The coupon is given back and can be used while the campaign lasts.',
      'held-next-day': 'What was paid is refunded. The coupon is given back the next day, while the campaign lasts.',
      unsure:
        "What was paid is refunded. Whether the coupon comes back, the campaign's rule decides: see your coupons.",
    },
    notCharged: 'NOT CHARGED',
    charged: 'Charged',
    couponFree: 'The coupon is free again',
    card: 'Paid by',
    schemes: { UNIONPAY: 'UnionPay', VISA: 'Visa', MASTERCARD: 'Mastercard' },
    auth: 'Authorisation',
    reference: 'Reference',
    receipt: 'Receipt',
    thanks: 'Thank you. Please keep this receipt.',
  },
};
