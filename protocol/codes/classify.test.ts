import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from './classify.js';
import { encodeEmv } from './emv.js';

const UNIONPAY = '6212345678901234567';

describe('what a scanned text is', () => {
  it.each([
    [UNIONPAY, 'unionpay-payment-code', '62*************4567'],
    ['621234567890123456', 'unknown', '62… (18 characters: digits)'],
    ['62123456789012345678', 'unknown', '62… (20 characters: digits)'],
    ['101234567890123456', 'wechat-payment-code', '10************3456'],
    ['151234567890123456', 'wechat-payment-code', '15************3456'],
    ['161234567890123456', 'unknown', '16… (18 characters: digits)'],
    ['2512345678901234', 'alipay-payment-code', '25**********1234'],
    ['301234567890123456789012', 'alipay-payment-code', '30******************9012'],
    ['3112345678901234', 'unknown', '31… (16 characters: digits)'],
    ['CP1:ABC', 'presentation', 'CP1:ABC'],
    ['cp1:abcdefghijklmnopqrstuvwxyz', 'presentation', 'CP1:ABCDEFGH…WXYZ'],
    [
      'https://qr.95516.com/00010000/62011234567890123456789012',
      'unionpay-plate',
      'https://qr.95516.com/00010000/62********************9012',
    ],
    [
      'HTTPS://QR.95516.COM/00010000/62011234567890123456789012',
      'unionpay-plate',
      'HTTPS://QR.95516.COM/00010000/62********************9012',
    ],
    ['https://qr.95516.com/0001000/62011234567890123456789012', 'unknown', undefined],
    ['6901234567892', 'unknown', '69… (13 characters: digits)'],
    ['', 'unknown', '… (0 characters)'],
    ['友好区', 'unknown', '… (3 characters: Hanzi)'],
  ] as const)('%s is %s', (text, kind, masked) => {
    const scanned = classify(text);
    expect(scanned.kind).toBe(kind);
    if (masked !== undefined) expect(scanned.masked).toBe(masked);
  });

  it('knows an EMVCo merchant code, right or wrong', () => {
    const code = encodeEmv({ '01': '11', '16': '4761360000000017', '58': 'CN' });
    expect(classify(code)).toMatchObject({ kind: 'emv-merchant', decoded: { ok: true } });
    expect(classify(`${code}x`)).toMatchObject({ kind: 'emv-merchant', decoded: { ok: false } });
  });

  it('lets no run of 13 digits and no control character through, whatever the text', () => {
    const unit = fc.constantFrom(...'0123456789', ' ', '-', '\u001b', '\n', '友', 'x', ':', 'C', 'P');
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit, maxLength: 120 }), fc.string({ unit: 'binary' })), (text) => {
        const { masked } = classify(text);
        expect(masked).not.toMatch(/\d{13}/);
        expect(masked).not.toMatch(/\p{Cc}/u);
        expect(Array.from(masked).length).toBeLessThanOrEqual(81);
      }),
    );
  });
});
