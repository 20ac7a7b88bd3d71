/**
 * The repertoires of Chinese printers' fonts.
 *
 * receiptline encodes characters as GB18030; this file decides from the bytes whether a printer may receive them. A
 * four-byte sequence shifts the line on a two-byte printer, and a two-byte code outside the font prints an arbitrary glyph.
 */
import type { PrinterModel } from './printer.js';

export type Charset = PrinterModel['charset'];

/** Whether a printer with this charset has a glyph for the character with these GB18030 bytes. */
export function holds(charset: Charset, bytes: readonly number[]): boolean {
  const [first, second] = bytes;
  if (first === undefined) return false;
  if (second === undefined) return first >= 0x20 && first <= 0x7e;
  switch (charset) {
    case 'gb2312':
      return bytes.length === 2 && inGb2312(first, second);
    case 'gbk':
      return bytes.length === 2 && inGbk(first, second);
    case 'gb18030':
      return bytes.length === 2 ? !userDefined(first, second) : inExtensionA(bytes);
  }
}

/** GB 2312-1980: the assigned cells of each row, lead byte -> trail byte ranges. Rows 16-55 and 56-87 are Hanzi. */
const GB2312_SIGNS: Readonly<Record<number, readonly (readonly [number, number])[]>> = {
  161: [[0xa1, 0xfe]], // punctuation and signs
  162: [
    [0xb1, 0xe2],
    [0xe5, 0xee],
    [0xf1, 0xfc],
  ], // numerals: 1. (1) ① ㈠ Ⅰ
  163: [[0xa1, 0xfe]], // full-width ASCII
  164: [[0xa1, 0xf3]], // hiragana
  165: [[0xa1, 0xf6]], // katakana
  166: [
    [0xa1, 0xb8],
    [0xc1, 0xd8],
  ], // Greek
  167: [
    [0xa1, 0xc1],
    [0xd1, 0xf1],
  ], // Cyrillic
  168: [
    [0xa1, 0xba],
    [0xc5, 0xe9],
  ], // pinyin letters, bopomofo
  169: [[0xa4, 0xef]], // box drawing
};

function inGb2312(first: number, second: number): boolean {
  if (first >= 0xb0 && first <= 0xf7) return second >= 0xa1 && second <= (first === 0xd7 ? 0xf9 : 0xfe);
  return (GB2312_SIGNS[first] ?? []).some(([low, high]) => second >= low && second <= high);
}

/**
 * GBK in printers' fonts (code page 936): every assigned two-byte cell except the few signs that only GB 18030-2000 put
 * there.
 */
function inGbk(first: number, second: number): boolean {
  return !userDefined(first, second) && !ONLY_IN_GB18030.has((first << 8) | second);
}

const range = (low: number, high: number): readonly number[] =>
  Array.from({ length: high - low + 1 }, (_, index) => low + index);

/** €, more vertical punctuation, ḿ, ǹ, and the ideographic description characters with 〾. */
const ONLY_IN_GB18030 = new Set([
  0xa2e3,
  ...range(0xa6d9, 0xa6df),
  ...range(0xa6ec, 0xa6ed),
  0xa6f3,
  0xa8bc,
  0xa8bf,
  ...range(0xa989, 0xa995),
]);

/** The three user-defined areas of GBK, and FE50-FEA0, which code page 936 leaves empty: makers fill them differently. */
function userDefined(first: number, second: number): boolean {
  return (
    (first >= 0xaa && first <= 0xaf && second >= 0xa1) ||
    (first >= 0xf8 && second >= 0xa1) ||
    (first >= 0xa1 && first <= 0xa7 && second <= 0xa0) ||
    (first === 0xfe && second >= 0x50)
  );
}

/**
 * The four-byte characters that GB 18030-2000 makes compulsory: CJK Extension A, U+3400 (81 39 EE 39) to U+4DB5 (82 35 87
 * 38). The rest of Unicode can be encoded too, but no receipt printer's font must hold it.
 */
function inExtensionA(bytes: readonly number[]): boolean {
  if (bytes.length !== 4) return false;
  const code = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  return code >= 0x81_39_ee_39 && code <= 0x82_35_87_38;
}
