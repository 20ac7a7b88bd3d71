/** Counts the fonts' repertoires: the standards give the number of characters of each. */
import { describe, expect, it } from 'vitest';
import { type Charset, holds } from './charsets.js';

/** Every two-byte cell that decodes to one character of the Basic Multilingual Plane outside private use. */
function cells(): readonly (readonly [number, number])[] {
  const decoder = new TextDecoder('gb18030', { fatal: true });
  const found: (readonly [number, number])[] = [];
  for (let first = 0x81; first <= 0xfe; first++) {
    for (let second = 0x40; second <= 0xfe; second++) {
      if (second === 0x7f) continue;
      const code = decoder.decode(Uint8Array.of(first, second)).charCodeAt(0);
      if (code < 0xe000 || code > 0xf8ff) found.push([first, second]);
    }
  }
  return found;
}

describe('a font', () => {
  it.each([
    // 6,763 Hanzi and 682 signs (GB 2312-1980, section 3).
    ['gb2312', 7_445],
    // Code page 936: 21,003 Hanzi of Unicode 1.1 and compatibility, and its signs.
    ['gbk', 21_791],
  ] as const)('of %s holds %i two-byte characters', (charset, count) => {
    expect(cells().filter((bytes) => holds(charset, bytes))).toHaveLength(count);
  });

  it.each([
    ['gb2312', [0x41], true],
    ['gb2312', [0x1b], false],
    ['gb2312', [0x7f], false],
    ['gb2312', [], false],
    ['gbk', [0xa3, 0xa4], true], // ￥
    ['gbk', [0xa2, 0xe3], false], // €
    ['gb18030', [0xa2, 0xe3], true],
    ['gb18030', [0x81, 0x30, 0x84, 0x36], false], // U+00A5
    ['gb18030', [0x81, 0x39, 0xee, 0x39], true], // U+3400, the first of Extension A
    ['gb18030', [0x82, 0x35, 0x87, 0x38], true], // U+4DB5, the last
    ['gb18030', [0x94, 0x39, 0xda, 0x33], false], // an emoji
    ['gbk', [0x81, 0x39, 0xee, 0x39], false],
  ] as const)('of %s, asked for %j: %s', (charset: Charset, bytes, expected) => {
    expect(holds(charset, bytes)).toBe(expected);
  });
});
