/**
 * Holders' numbers and secrets for dynamic payment codes (`protocol/codes/payment-code.ts`). Both are derived from the
 * gateway's own key, so neither the ledger nor its backup holds a secret: whoever has only the ledger can show no code.
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

/** What a shown code says of itself; whose it is and whether it was used, the ledger knows. */
export interface ReadPaymentCode {
  readonly number: PaymentNumber;
  /** The time step, where the code is good just now. */
  readonly step: Result<number, PaymentCodeRefusal>;
}

export interface PaymentCodes {
  /** A new holder takes the first that nobody has. */
  numbersFor(holder: HolderId): readonly PaymentNumber[];
  secretOf(number: PaymentNumber): Uint8Array;
  /** undefined: not 19 digits that begin with 62. */
  read(code: string, now: WallMs): ReadPaymentCode | undefined;
}

/** With a million holders, one in a thousand numbers is taken: all of these are once in 10^12. */
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
