/**
 * The dynamic payment code: 19 digits that are valid for a minute and pay once. It stands in for UnionPay's own code
 * (云闪付付款码), which this project can't issue.
 *
 * | digits | content |
 * |---|---|
 * | 2 | `62`, UnionPay's |
 * | 9 | the holder's number, the same in each code |
 * | 8 | the time-step code: RFC 6238 with HMAC-SHA-256, a step of 30 s, 8 digits, over the holder's secret of 32 bytes |
 *
 * The verifier also accepts the previous and the next step, so a code lives between 30 and 60 s and a phone's clock may be
 * half a minute off. Guessing: three of 10^8 codes are valid for a known number at any moment, so one guess in 33 million
 * succeeds; the gateway limits a counter's guesses to a few an hour (`gateway/ledger/decide/pace.ts`).
 */
import type { HmacSha256 } from '../kernel/crypto.js';
import { err, ok, type Result } from '../kernel/result.js';
import type { Millis, WallMs } from '../kernel/time.js';

/** A holder's number as it appears in their codes: 9 digits. */
export type PaymentNumber = string & { readonly __id: 'payment-number' };

export const PAYMENT_STEP_MS: Millis = 30_000;
/** The form of a holder's number: one of 10^9. */
export const PAYMENT_NUMBER = /^\d{9}$/;
const STEP_CODE_DIGITS = 8;
/** The neighbouring steps: RFC 6238 section 5.2 recommends one for transmission delay. */
const STEPS_AROUND = 1;
/**
 * Within ten minutes a code is reported as expired or early instead of wrong. A screen left open and a fast phone clock are
 * honest mistakes, and the counter can say what helps.
 */
const STEPS_KNOWN_AGAIN = 20;

const PREFIX = '62';
const CODE = /^62(\d{9})(\d{8})$/;

export interface PaymentSecret {
  readonly number: PaymentNumber;
  readonly secret: Uint8Array;
}

/** The code that a phone shows at this moment. */
export function paymentCodeAt({ number, secret }: PaymentSecret, at: WallMs, hmac: HmacSha256): string {
  return `${PREFIX}${number}${stepCode(secret, stepAt(at), hmac)}`;
}

/** undefined: not 19 digits beginning with 62. */
export function paymentNumberOf(code: string): PaymentNumber | undefined {
  return CODE.exec(code)?.[1] as PaymentNumber | undefined;
}

export type PaymentCodeRefusal = 'payment-code-expired' | 'phone-clock-ahead' | 'payment-code-wrong';

/** The time step of the code if it is valid at `at`. */
export function checkPaymentCode(
  code: string,
  secret: Uint8Array,
  at: WallMs,
  hmac: HmacSha256,
): Result<number, PaymentCodeRefusal> {
  const shown = CODE.exec(code)?.[2];
  const now = stepAt(at);
  for (let away = 0; away <= STEPS_KNOWN_AGAIN; away++) {
    for (const step of away === 0 ? [now] : [now - away, now + away]) {
      if (step < 0 || stepCode(secret, step, hmac) !== shown) continue;
      if (away <= STEPS_AROUND) return ok(step);
      return err(step < now ? 'payment-code-expired' : 'phone-clock-ahead');
    }
  }
  return err('payment-code-wrong');
}

const stepAt = (at: WallMs): number => Math.floor(at / PAYMENT_STEP_MS);

/**
 * RFC 4226 section 5.3, dynamic truncation: four bytes from the offset in the last half byte, without the sign, as decimal
 * digits.
 */
export function stepCode(secret: Uint8Array, step: number, hmac: HmacSha256): string {
  const counter = new Uint8Array(8);
  const view = new DataView(counter.buffer);
  view.setBigUint64(0, BigInt(step));
  const mac = hmac(secret, counter);
  const from = (mac[mac.length - 1] ?? 0) & 0x0f;
  const number = new DataView(mac.buffer, mac.byteOffset).getUint32(from) & 0x7fff_ffff;
  return String(number % 10 ** STEP_CODE_DIGITS).padStart(STEP_CODE_DIGITS, '0');
}
