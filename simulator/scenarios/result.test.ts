import { expect, it } from 'vitest';
import { junitXml, text } from './result.js';

it.each([
  ['characters beyond the basic plane', '𠮷野家 👍', '𠮷野家 👍'],
  ['half of one', '\ud83d!', '\ufffd!'],
  ['control characters', '\u001b[1m\u0000', '\ufffd[1m\ufffd'],
  ['what is XML’s own', '<a b="c">&</a>', '&lt;a b=&quot;c&quot;&gt;&amp;&lt;/a&gt;'],
  ['lines', 'one\ntwo', 'one&#10;two'],
])('XML keeps what it can of %s', (_, raw, written) => {
  expect(text(raw)).toBe(written);
});

it('JUnit has each case under a name of its own, what was not reached as skipped, and when it began', () => {
  const check = { name: 'receipt of A1', tookMs: 1, wrong: null };
  const xml = junitXml([
    {
      scenario: 'mine',
      seed: 7,
      window: { firstDay: '2026-11-28', days: 15, opens: '00:00', closes: '24:00' },
      sales: 1,
      redeemed: 0,
      violations: [],
      checks: [check, check, { name: 'step 3, wait A1', tookMs: 2, wrong: 'not within 1 ms' }],
      notReached: ['step 4, sell A2'],
      beganAt: Date.UTC(2026, 10, 29, 8, 9, 10),
      tookMs: 10,
      books: null,
      kills: { agent: 0, gateway: 0 },
    },
  ]);
  const names = [...xml.matchAll(/<testcase classname="mine" name="([^"]*)"/g)].map(([, name]) => name);
  expect(names).toEqual(['receipt of A1', 'receipt of A1 (2)', 'step 3, wait A1', 'step 4, sell A2']);
  expect(xml).toContain('tests="4" failures="1" errors="0" skipped="1" timestamp="2026-11-29T08:09:10"');
  expect(xml).toContain('name="step 4, sell A2" time="0.000"><skipped message="not reached"/></testcase>');
});
