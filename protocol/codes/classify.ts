/**
 * What a scanned text is. A scanner reads whatever is held under it: the right wallet's code, another wallet's, the
 * merchant's own plate, a bottle. Each gets a kind, and a form that may stand in a log.
 */
import { decodeEmv, looksLikeEmv } from './emv.js';
import { decodePresentation } from './presentation.js';

export type Scanned =
  /** UnionPay (云闪付): can be approved online only. `code` is as good as money: it never goes into a log. */
  | { readonly kind: 'unionpay-payment-code'; readonly masked: string; readonly code: string }
  /** Other wallets: recognised so that the cashier can be told which app to ask for. Their code is not kept. */
  | { readonly kind: 'wechat-payment-code'; readonly masked: string }
  | { readonly kind: 'alipay-payment-code'; readonly masked: string }
  | {
      readonly kind: 'presentation';
      readonly masked: string;
      readonly code: string;
      readonly decoded: ReturnType<typeof decodePresentation>;
    }
  | { readonly kind: 'emv-merchant'; readonly masked: string; readonly decoded: ReturnType<typeof decodeEmv> }
  /** A merchant's UnionPay plate: scanned by customers, so at the counter it is a mistake. */
  | {
      readonly kind: 'unionpay-plate';
      readonly masked: string;
      readonly institution: string;
      readonly plate: string;
    }
  | { readonly kind: 'unknown'; readonly masked: string };

export type ScannedKind = Scanned['kind'];

/** The wallets' own published patterns. No two overlap: the first two digits differ. */
export const UNIONPAY_PAYMENT_CODE = /^62\d{17}$/;
const WECHAT_PAYMENT_CODE = /^1[0-5]\d{16}$/;
const ALIPAY_PAYMENT_CODE = /^(2[5-9]|30)\d{14,22}$/;
const UNIONPAY_PLATE = /^https:\/\/qr\.95516\.com\/(\d{8})\/(\d{26,32})$/;
/** Any layout and any case: a damaged or newer presentation should be called a presentation. */
const LIKE_PRESENTATION = /^CP\d{1,2}:/i;

/** Of a text that nobody knows, a log keeps this much. */
const MASKED_CHARACTERS = 80;

export function classify(text: string): Scanned {
  if (UNIONPAY_PAYMENT_CODE.test(text)) return { kind: 'unionpay-payment-code', masked: mask(text), code: text };
  if (WECHAT_PAYMENT_CODE.test(text)) return { kind: 'wechat-payment-code', masked: mask(text) };
  if (ALIPAY_PAYMENT_CODE.test(text)) return { kind: 'alipay-payment-code', masked: mask(text) };
  if (LIKE_PRESENTATION.test(text)) {
    return { kind: 'presentation', masked: mask(text), code: text, decoded: decodePresentation(text) };
  }
  if (looksLikeEmv(text)) return { kind: 'emv-merchant', masked: mask(text), decoded: decodeEmv(text) };
  const [, institution, plate] = UNIONPAY_PLATE.exec(text) ?? [];
  if (institution !== undefined && plate !== undefined) {
    return { kind: 'unionpay-plate', masked: mask(text), institution, plate };
  }
  return { kind: 'unknown', masked: mask(text) };
}

/**
 * The form for logs and screens. 13 digits and more, blanks and dashes between them or not, may be a card or payment
 * code (ISO/IEC 7812-1: card numbers have up to 19 digits): all but the first 2 and last 4 become stars. A
 * presentation keeps only its ends, and no control character gets through to a terminal.
 */
export function mask(text: string): string {
  if (LIKE_PRESENTATION.test(text) && text.length > 24) {
    return `${maskWithin(text.slice(0, 12))}…${maskWithin(text.slice(-4))}`;
  }
  const masked = maskWithin(text);
  const characters = Array.from(masked);
  return characters.length <= MASKED_CHARACTERS ? masked : `${characters.slice(0, MASKED_CHARACTERS).join('')}…`;
}

/** `mask` without shortening: for sentences of our own that may quote something from outside. */
export const maskWithin = (text: string): string => maskDigits(text).replace(CONTROL, '\ufffd');

/** Digits of any script: a full-width ６２ is read as easily as 62. */
const LONG_NUMBER = /\p{Nd}(?:[ \-\u00a0]?\p{Nd}){12,}/gu;
/** C0, DEL, C1, and the marks that change the direction of what follows. */
const CONTROL = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

const maskDigits = (text: string): string =>
  text.replace(LONG_NUMBER, (run) => {
    const characters = Array.from(run);
    return `${characters.slice(0, 2).join('')}${'*'.repeat(characters.length - 6)}${characters.slice(-4).join('')}`;
  });
