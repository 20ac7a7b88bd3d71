import { expect, it } from 'vitest';
import { isVisible } from './visible.js';

it.each([
  ['a name', '鑫亿家', true],
  ['one of four bytes', '𠮷野家', true],
  ['a family of joined emoji', '👨‍👩‍👧', true],
  ['nothing', '', false],
  ['blanks, the wide one too', ' \u3000\u00a0', false],
  ['zero width and direction marks', '\u200b\u200e\u2060\u200d', false],
  ['Hangul fillers', '\u3164\u115f', false],
  ['Braille without a dot', '\u2800', false],
  ['tags and variation selectors', '\u{e0020}\ufe0f', false],
])('%s', (_, text, seen) => {
  expect(isVisible(text)).toBe(seen);
});
