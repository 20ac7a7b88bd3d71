import { expect, it } from 'vitest';
import { text } from './result.js';

it.each([
  ['characters beyond the basic plane', '𠮷野家 👍', '𠮷野家 👍'],
  ['half of one', '\ud83d!', '\ufffd!'],
  ['control characters', '\u001b[1m\u0000', '\ufffd[1m\ufffd'],
  ['what is XML’s own', '<a b="c">&</a>', '&lt;a b=&quot;c&quot;&gt;&amp;&lt;/a&gt;'],
  ['lines', 'one\ntwo', 'one&#10;two'],
])('XML keeps what it can of %s', (_, raw, written) => {
  expect(text(raw)).toBe(written);
});
