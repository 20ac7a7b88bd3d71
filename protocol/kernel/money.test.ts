import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fen, formatYuan, formatYuanShort, MAX_SALE_FEN, parseFen, subtractFen } from './money.js';

describe('an amount from outside', () => {
  it.each([
    [1, 1],
    ['25990', 25_990],
    ['00000000000001', 1],
    [99_999_999, 99_999_999],
    ['99999999', 99_999_999],
  ])('%j is %s fen', (value, expected) => {
    expect(parseFen(value)).toEqual({ ok: true, value: expected });
  });

  it.each([
    [0, 'AMOUNT_NOT_POSITIVE'],
    ['0', 'AMOUNT_NOT_POSITIVE'],
    [-0, 'AMOUNT_NOT_POSITIVE'],
    [-1, 'AMOUNT_NOT_POSITIVE'],
    ['-5100', 'AMOUNT_NOT_POSITIVE'],
    [100_000_000, 'AMOUNT_TOO_LARGE'],
    ['100000000', 'AMOUNT_TOO_LARGE'],
    [2 ** 53, 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    ['9007199254740993', 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    [51.5, 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    ['51.00', 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    ['1e3', 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    ['0x10', 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    ['５１', 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    [' 51', 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    ['51\n', 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    ['', 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    [Number.NaN, 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    [Number.POSITIVE_INFINITY, 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    [null, 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    [undefined, 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    [true, 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    [[51], 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    [{ valueOf: () => 51 }, 'AMOUNT_NOT_A_WHOLE_NUMBER'],
    [51n, 'AMOUNT_NOT_A_WHOLE_NUMBER'],
  ])('%s is refused: %s', (value, fault) => {
    expect(parseFen(value)).toEqual({ ok: false, fault });
  });

  it('is never anything but a whole number that a reader can be asked for', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const parsed = parseFen(value);
        if (!parsed.ok) return;
        expect(Number.isInteger(parsed.value)).toBe(true);
        expect(parsed.value).toBeGreaterThanOrEqual(1);
        expect(parsed.value).toBeLessThanOrEqual(MAX_SALE_FEN);
      }),
    );
  });
});

describe('sums', () => {
  it('are exact, or throw', () => {
    expect(subtractFen(fen(10), fen(20))).toBe(-10);
    expect(() => subtractFen(fen(Number.MAX_SAFE_INTEGER), fen(-1))).toThrow(RangeError);
    expect(() => fen(0.1)).toThrow(RangeError);
  });
});

describe('an amount as people read it', () => {
  it.each([
    [0, '0.00', '0'],
    [1, '0.01', '0.01'],
    [10, '0.10', '0.10'],
    [100, '1.00', '1'],
    [2_000, '20.00', '20'],
    [10_000, '100.00', '100'],
    [5_150, '51.50', '51.50'],
    [10_001, '100.01', '100.01'],
    [-5, '-0.05', '-0.05'],
    [-10_000, '-100.00', '-100'],
    [99_999_999, '999999.99', '999999.99'],
  ])('%s fen: %s, in short %s', (amount, long, short) => {
    expect(formatYuan(fen(amount))).toBe(long);
    expect(formatYuanShort(fen(amount))).toBe(short);
  });

  it('is the amount again, whichever form it is in', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (amount) => {
        for (const text of [formatYuan(fen(amount)), formatYuanShort(fen(amount))]) {
          const [yuan = '', cents = ''] = text.replace('-', '').split('.');
          expect(Number(BigInt(yuan) * 100n + BigInt(cents.padEnd(2, '0')))).toBe(Math.abs(amount));
          expect(text.startsWith('-')).toBe(amount < 0);
        }
      }),
    );
  });
});
