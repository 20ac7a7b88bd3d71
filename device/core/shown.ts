/** What a scanned code means to a sale. */
import type { Scanned } from '#protocol/codes/classify.js';
import { unreachable } from '#protocol/machine.js';
import type { Shown } from './sale.js';

export function shownBy(code: Scanned): Shown {
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
