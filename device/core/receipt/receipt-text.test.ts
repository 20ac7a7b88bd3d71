import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth, escapeMarkup, printable, trimToWidth, wrapToWidth } from './receipt-text.js';

const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ unit: 'grapheme', maxLength: 60 }));

describe('printable text', () => {
  it.each([
    ['友好\x1bp\x00\x19\xfa超市', '友好p\u00fa超市'],
    ['a\x00\x07b\x7fc\x85d', 'abcd'],
    ['two\nlines\r\nhere', 'two lines here'],
    ['¥20', '￥20'],
    ['a\u00a0b\u2009c\u3000d', 'a b c\u3000d'],
    ['\u200e\u202eabc\u2066', 'abc'],
    ['e\u0301', '\u00e9'],
    ['x\u0315\u0316', 'x□□'],
    ['\ud800|\ue000', '□|□'],
    ['\ufeff店', '店'],
  ])('%j prints as %j', (from, to) => expect(printable(from)).toBe(to));

  it('holds no control character, no half-width yen, and is the same when done twice', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const once = printable(text);
        expect(once).not.toMatch(/[\p{Cc}\p{Cf}\p{M}\p{Cs}\u00a5]/u);
        expect(once.normalize('NFC')).toBe(once);
        expect(printable(once)).toBe(once);
      }),
    );
  });
});

describe('width on paper', () => {
  it.each([
    ['abc', 3],
    ['友好', 4],
    ['￥1.00', 6],
    ['é', 2],
    ['😀', 2],
    ['', 0],
  ])('%j takes %i columns', (text, columns) => expect(displayWidth(text)).toBe(columns));

  it('cuts a long name at a whole character and says so', () => {
    expect(trimToWidth('伊春市友好区', 12)).toBe('伊春市友好区');
    expect(trimToWidth('伊春市友好区', 11)).toBe('伊春市友…');
  });

  it('breaks English at a space and Chinese anywhere', () => {
    expect(wrapToWidth('one two three four', 10, 3)).toEqual(['one two', 'three four']);
    expect(wrapToWidth('伊春市友好区', 5, 3)).toEqual(['伊春', '市友', '好区']);
    expect(wrapToWidth('伊春市友好区', 5, 2)).toEqual(['伊春', '市…']);
  });

  it('never exceeds the columns or the lines, and loses nothing unmarked', () => {
    fc.assert(
      fc.property(
        anyText,
        fc.integer({ min: 4, max: 48 }),
        fc.integer({ min: 1, max: 6 }),
        (raw, columns, maxLines) => {
          const text = printable(raw);
          const lines = wrapToWidth(text, columns, maxLines);
          expect(lines.length).toBeLessThanOrEqual(maxLines);
          for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
          const all = lines.join('');
          if (!all.endsWith('…')) expect(all.replace(/ /g, '')).toBe(text.replace(/ /g, ''));
        },
      ),
    );
  });
});

describe('escaped markup', () => {
  it('turns every sign of receiptline into plain text', () => {
    expect(escapeMarkup('{w:1}|^"~_\\`')).toBe('\\x7bw:1\\x7d\\x7c\\x5e\\x22\\x7e\\x5f\\x5c\\x60');
  });

  it('keeps a name made of dashes or equals signs from being a rule or a cut', () => {
    expect(escapeMarkup('----')).toBe('\\x2d---');
    expect(escapeMarkup('====')).toBe('\\x3d===');
  });
});
