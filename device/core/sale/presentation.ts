/** Turns a scanned code into the presentation that a sale uses. */
import type { Scanned } from '#protocol/codes/classify.js';
import { unreachable } from '#protocol/kernel/machine.js';
import type { Presentation } from './sale.js';

export function presentationOf(code: Scanned): Presentation {
  switch (code.kind) {
    case 'unionpay-payment-code':
      return { kind: 'opaque', code: code.code };
    case 'presentation':
      return code.decoded.ok
        ? { kind: 'verifiable', code: code.code }
        : { kind: 'other', reason: 'presentation-malformed' };
    case 'wechat-payment-code':
    case 'alipay-payment-code':
      return { kind: 'other', reason: 'wrong-wallet-app' };
    case 'emv-merchant':
    case 'unionpay-plate':
    case 'unknown':
      return { kind: 'other', reason: 'code-unknown' };
    default:
      return unreachable(code);
  }
}
