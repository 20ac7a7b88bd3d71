/**
 * Holders' numbers and secrets for dynamic payment codes (`protocol/codes/payment-code.ts`).
 *
 * Both are derived from the gateway's own key, so that neither the ledger nor its backup holds a secret: with the ledger
 * alone nobody can make a code.
 */
import {
  checkPaymentCode,
  type PaymentCodeRefusal,
  type PaymentNumber,
  paymentNumberOf,
} from '#protocol/codes/payment-code.js';
import type { HmacSha256 } from '#protocol/kernel/crypto.js';
import type { HolderId } from '#protocol/kernel/ids.js';
import type { Result } from '#protocol/kernel/result.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { KeyedHash } from './claims/claim-handling.js';

/** The content of a payment code; the ledger knows its holder and its earlier uses. */
export interface ReadPaymentCode {
  readonly number: PaymentNumber;
  /** The time step, if the code is valid now. */
  readonly step: Result<number, PaymentCodeRefusal>;
}

export interface PaymentCodes {
  /** Candidates in order: a new holder gets the first free one. */
  numbersFor(holder: HolderId): readonly PaymentNumber[];
  secretOf(number: PaymentNumber): Uint8Array;
  /** undefined: not 19 digits beginning with 62. */
  read(code: string, now: WallMs): ReadPaymentCode | undefined;
}

/** With a million holders, one number in a thousand is taken: all of these are taken once in 10^12. */
const NUMBERS_TRIED = 4;
const NUMBERS = 1_000_000_000;
/** 48 bits: far beyond the numbers, and exact in a double. */
const HEX_DIGITS = 12;

export function paymentCodes(keyedHash: KeyedHash, hmac: HmacSha256): PaymentCodes {
  const secretOf = (number: PaymentNumber): Uint8Array =>
    Uint8Array.from(keyedHash(`payment code\n${number}`).match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  return {
    secretOf,
    numbersFor: (holder) =>
      Array.from({ length: NUMBERS_TRIED }, (_, at) => {
        const hash = keyedHash(`payment number\n${holder}\n${at}`);
        return String(Number.parseInt(hash.slice(0, HEX_DIGITS), 16) % NUMBERS).padStart(9, '0') as PaymentNumber;
      }),
    read(code, now) {
      const number = paymentNumberOf(code);
      return number === undefined ? undefined : { number, step: checkPaymentCode(code, secretOf(number), now, hmac) };
    },
  };
}
