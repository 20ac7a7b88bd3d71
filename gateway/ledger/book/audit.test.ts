/** The audit chain: a row that vanishes, appears, changes or moves is detected. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sha256 } from '#protocol/node/crypto.js';
import { auditHash, EMPTY_AUDIT, isAuditIntact } from './audit.js';
import type { AuditRow } from './book.js';

function chain(bodies: readonly string[]): AuditRow[] {
  let { hash } = EMPTY_AUDIT;
  return bodies.map((body, at) => {
    hash = auditHash(sha256, hash, at * 10, body);
    return { seq: at + 1, at: at * 10, hash, body };
  });
}
const rows = chain(['[]', '[{"what":"claim"}]', '[{"what":"redeem"}]', '[]']);
const [first, second, third, fourth] = rows as [AuditRow, AuditRow, AuditRow, AuditRow];

it.each<readonly [string, readonly AuditRow[], boolean]>([
  ['all of it', rows, true],
  ['nothing', [], true],
  ['its beginning', [first, second], true],
  ['a row less at the start', [second, third, fourth], false],
  ['a row less in the middle', [first, third, fourth], false],
  ['a row twice', [first, second, second, third], false],
  ['two rows in the other order', [first, third, second, fourth], false],
  ['another body', [first, { ...second, body: '[]' }, third], false],
  ['another time', [first, { ...second, at: 11 }, third], false],
  ['another hash', [first, { ...second, hash: first.hash }], false],
  ['another number', [first, { ...second, seq: 3 }], false],
])('%s: intact is %s', (_what, some, isIntact) => {
  expect(isAuditIntact(sha256, some)).toBe(isIntact);
});

it('goes on from any row, and from no other', () => {
  expect(isAuditIntact(sha256, [third, fourth], second)).toBe(true);
  expect(isAuditIntact(sha256, [third, fourth], first)).toBe(false);
  expect(isAuditIntact(sha256, [third, fourth], { ...second, seq: 1 })).toBe(false);
});

it('whatever is changed in one row is seen', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 6 }), fc.nat(), fc.string(), (bodies, at, other) => {
      const known = chain(bodies);
      const row = known[at % known.length];
      if (row === undefined || row.body === other) return;
      expect(isAuditIntact(sha256, known)).toBe(true);
      expect(
        isAuditIntact(
          sha256,
          known.map((one) => (one === row ? { ...row, body: other } : one)),
        ),
      ).toBe(false);
    }),
  );
});
