import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wallMs } from '../kernel/time.js';
import { hmacSha256 } from '../node/crypto.js';
import {
  checkPaymentCode,
  PAYMENT_STEP_MS,
  type PaymentNumber,
  paymentCodeAt,
  paymentNumberOf,
  stepCode,
} from './payment-code.js';

const utf8 = new TextEncoder();
/** The secret and the times of RFC 6238, appendix B. */
const RFC_SECRET = utf8.encode('12345678901234567890123456789012');
const number = '000000042' as PaymentNumber;
const li = { number, secret: RFC_SECRET };
const codeAt = (ms: number): string => paymentCodeAt(li, wallMs(ms), hmacSha256);
const check = (code: string, ms: number) => checkPaymentCode(code, RFC_SECRET, wallMs(ms), hmacSha256);
const NOON = Date.UTC(2023, 2, 27, 4);

describe('the time-step code', () => {
  it.each([
    [59, '46119246'],
    [1_111_111_109, '68084774'],
    [1_111_111_111, '67062674'],
    [1_234_567_890, '91819424'],
    [2_000_000_000, '90698825'],
    [20_000_000_000, '77737706'],
  ])('at second %i is %s, as RFC 6238 prints it for SHA-256', (second, expected) => {
    expect(stepCode(RFC_SECRET, Math.floor(second / 30), hmacSha256)).toBe(expected);
    expect(codeAt(second * 1_000)).toBe(`62${number}${expected}`);
  });
});

describe('a payment code', () => {
  it('is 19 digits that scanners know, and names its holder', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (ms) => {
        const code = codeAt(ms);
        expect(code).toMatch(/^62\d{17}$/);
        expect(paymentNumberOf(code)).toBe(number);
      }),
    );
  });

  it('is good for its step and the neighbouring ones, and for no other moment', () => {
    const step = NOON / PAYMENT_STEP_MS;
    const code = codeAt(NOON);
    for (const [seconds, expected] of [
      [-600, { ok: false, fault: 'phone-clock-ahead' }],
      [-31, { ok: false, fault: 'phone-clock-ahead' }],
      [-30, { ok: true, value: step }],
      [0, { ok: true, value: step }],
      [59, { ok: true, value: step }],
      [60, { ok: false, fault: 'payment-code-expired' }],
      [629, { ok: false, fault: 'payment-code-expired' }],
      [630, { ok: false, fault: 'payment-code-wrong' }],
    ] as const) {
      expect(check(code, NOON + seconds * 1_000), `${seconds} s`).toEqual(expected);
    }
  });

  it('with another last digit is wrong, and so is one of another secret', () => {
    const code = codeAt(NOON);
    const last = Number(code.at(-1));
    expect(check(`${code.slice(0, -1)}${(last + 1) % 10}`, NOON)).toEqual({ ok: false, fault: 'payment-code-wrong' });
    const other = paymentCodeAt({ number, secret: RFC_SECRET.map((byte) => byte ^ 1) }, wallMs(NOON), hmacSha256);
    expect(check(other, NOON)).toEqual({ ok: false, fault: 'payment-code-wrong' });
  });
});
