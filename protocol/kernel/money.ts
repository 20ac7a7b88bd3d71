/**
 * Money as a whole number of fen (分, 1/100 yuan).
 *
 * The brand keeps an amount from being confused with a count or a time. Every amount from outside passes `parseFen` before
 * it carries the brand.
 */
import { err, ok, type Result } from './result.js';

export type Fen = number & { readonly __unit: 'fen' };

/** The largest amount of one sale: CRP/1 carries 1..99999999 fen (hardware.md section 3). */
export const MAX_SALE_FEN = 99_999_999 as Fen;

export const ZERO_FEN = 0 as Fen;

/** Brands a constant in the source. Throws RangeError on anything that isn't a whole, safe number of fen. */
export function fen(amount: number): Fen {
  if (!Number.isSafeInteger(amount)) throw new RangeError(`${amount} is not a whole number of fen`);
  return amount as Fen;
}

export type AmountFault = 'AMOUNT_NOT_A_WHOLE_NUMBER' | 'AMOUNT_NOT_POSITIVE' | 'AMOUNT_TOO_LARGE';

/** Parses an amount from outside: a whole number from 1 to MAX_SALE_FEN. Strings must be plain decimal. */
export function parseFen(value: unknown): Result<Fen, AmountFault> {
  const amount = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount)) return err('AMOUNT_NOT_A_WHOLE_NUMBER');
  if (amount <= 0) return err('AMOUNT_NOT_POSITIVE');
  if (amount > MAX_SALE_FEN) return err('AMOUNT_TOO_LARGE');
  return ok(amount as Fen);
}

export const subtractFen = (a: Fen, b: Fen): Fen => fen(a - b);

/** `12345` fen -> `123.45`, the form on receipts and screens. */
export function formatYuan(amount: Fen): string {
  const sign = amount < 0 ? '-' : '';
  const digits = String(Math.abs(amount)).padStart(3, '0');
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** `5100` fen -> `51`, `5150` -> `51.50`: the form in sentences. */
export const formatYuanShort = (amount: Fen): string => formatYuan(amount).replace(/\.00$/, '');
