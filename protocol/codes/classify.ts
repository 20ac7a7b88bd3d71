/**
 * Classifies a scanned text.
 *
 * A scanner reads anything held under it: the right wallet's code, another wallet's, the merchant's own plate, a bottle.
 * Each text gets a kind, and a masked form for the log.
 */
import { decodeEmv, looksLikeEmv } from './emv.js';
import { LIKE_PRESENTATION, mask, maskWhole } from './mask.js';
import { decodePresentation } from './presentation.js';

export type Scanned =
  /** UnionPay (云闪付): authorised online only. `code` is as good as money and never appears in a log. */
  | { readonly kind: 'unionpay-payment-code'; readonly masked: string; readonly code: string }
  /** Another wallet's code: recognised so that the counter can name the right app. The code isn't kept. */
  | { readonly kind: 'wechat-payment-code'; readonly masked: string }
  | { readonly kind: 'alipay-payment-code'; readonly masked: string }
  | {
      readonly kind: 'presentation';
      readonly masked: string;
      readonly code: string;
      readonly decoded: ReturnType<typeof decodePresentation>;
    }
  | { readonly kind: 'emv-merchant'; readonly masked: string; readonly decoded: ReturnType<typeof decodeEmv> }
  /** A merchant's UnionPay plate: customers scan it, so at the counter it is a mistake. */
  | {
      readonly kind: 'unionpay-plate';
      readonly masked: string;
      readonly institution: string;
      readonly plate: string;
    }
  | { readonly kind: 'unknown'; readonly masked: string };

/** The wallets' published patterns. None overlap: the first two digits differ. */
export const UNIONPAY_PAYMENT_CODE = /^62\d{17}$/;
const WECHAT_PAYMENT_CODE = /^1[0-5]\d{16}$/;
const ALIPAY_PAYMENT_CODE = /^(2[5-9]|30)\d{14,22}$/;
/** Scheme and host in any case (RFC 3986), because a QR code's alphanumeric mode has no lower case. */
const UNIONPAY_PLATE = /^https:\/\/qr\.95516\.com\/(\d{8})\/(\d{26,32})$/i;
export function classify(text: string): Scanned {
  if (UNIONPAY_PAYMENT_CODE.test(text)) return { kind: 'unionpay-payment-code', masked: mask(text), code: text };
  if (WECHAT_PAYMENT_CODE.test(text)) return { kind: 'wechat-payment-code', masked: mask(text) };
  if (ALIPAY_PAYMENT_CODE.test(text)) return { kind: 'alipay-payment-code', masked: mask(text) };
  if (LIKE_PRESENTATION.test(text)) {
    // Some scanners send lower case. The alphabet has one case, so nothing is lost.
    const code = text.toUpperCase();
    return { kind: 'presentation', masked: mask(code), code, decoded: decodePresentation(code) };
  }
  if (looksLikeEmv(text)) return { kind: 'emv-merchant', masked: maskWhole(text), decoded: decodeEmv(text) };
  const [, institution, plate] = UNIONPAY_PLATE.exec(text) ?? [];
  if (institution !== undefined && plate !== undefined) {
    return { kind: 'unionpay-plate', masked: text.slice(0, -plate.length) + mask(plate), institution, plate };
  }
  return { kind: 'unknown', masked: maskWhole(text) };
}
