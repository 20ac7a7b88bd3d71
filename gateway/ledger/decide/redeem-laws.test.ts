/** Laws of the book for any records in any order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { abandoned, charging, notCharged, refunded, settled, unknown } from '../../../test/contract/ledger-fixture.js';
import { type Body, morning, verified } from '../../../test/contract/one-book.js';
import type { SaleEntry } from '../book/book.js';

describe('whatever two counters say, in whatever order', () => {
  const step = fc.record({
    device: fc.constantFrom('d1', 'd2'),
    sale: fc.constantFrom('a', 'b'),
    serial: fc.constantFrom(0, 4, 7, null),
    amountFen: fc.constantFrom(30_000, 20_000, 5),
    faceFen: fc.constantFrom(0, 2_000, 8_000, 99_999),
    kind: fc.constantFrom('asks', 'charging', 'offline', 'settled', 'not-charged', 'abandoned', 'unknown', 'refunded'),
    n: fc.integer({ min: 1, max: 4 }),
  });
  const bodyOf = ({
    kind,
    sale,
    serial,
    amountFen,
    faceFen,
    n,
  }: typeof step extends fc.Arbitrary<infer S> ? S : never): Body => {
    const facts = { sale, serial, amountFen };
    switch (kind) {
      case 'settled':
        return faceFen === 99_999 ? { ...settled(facts), faceFen } : settled(facts);
      case 'offline':
        return charging({ ...facts, presentation: `CP1:${n}` });
      case 'not-charged':
        return notCharged(sale);
      case 'abandoned':
        return abandoned(sale);
      case 'unknown':
        return unknown(sale);
      case 'refunded':
        return refunded(sale, Math.max(0, amountFen - faceFen));
      default:
        return charging(facts);
    }
  };
  const isBody = (body: Body): boolean => Number(body['netFen'] ?? 0) >= 0;

  it('all postings balance, and merchants never get more than a face a coupon from the sponsors', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 14 }), (steps) => {
        const book = morning();
        for (const one of steps) {
          if (one.kind === 'asks') book.asks(one.sale, one.amountFen, { device: one.device });
          else {
            const body = bodyOf(one);
            if (!isBody(body)) continue;
            book.says([body], { device: one.device, signed: [[`CP1:${one.n}`, verified('ann', [0, 4, 7], one.n)]] });
          }
          const accounts = book.accounts();
          const sponsors = (accounts['sponsor:district'] ?? 0) + (accounts['sponsor:bank'] ?? 0);
          const used = [0, 4, 7].filter((serial) => book.couponRow(serial).state === 'used');
          const faces = used.reduce((sum, serial) => sum + ({ 0: 2_000, 4: 4_000, 7: 8_000 }[serial] ?? 0), 0);
          expect(sponsors).toBe(0 - faces);
          expect(accounts['merchant:m1'] ?? 0).toBeGreaterThanOrEqual(0);
          // A used coupon names a believed sale.
          for (const serial of used) expect(book.coupon(serial)).toMatch(/^used d[12]\/[ab]$/);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('a journal cut into messages anywhere gives the same book', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 8 }),
        fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
        (steps, cuts) => {
          const bodies = steps
            .filter(({ kind }) => kind !== 'asks')
            .map(bodyOf)
            .filter(isBody);
          const signed = [1, 2, 3, 4].map((n) => [`CP1:${n}`, verified('ann', [0, 4, 7], n)] as const);
          const whole = morning();
          whole.asks('a');
          if (bodies.length > 0) whole.says(bodies, { signed });
          const pieces = morning();
          pieces.asks('a');
          let piece: Body[] = [];
          for (const [at, body] of bodies.entries()) {
            piece.push(body);
            if (cuts[at] !== true && at < bodies.length - 1) continue;
            pieces.says(piece, { signed });
            piece = [];
          }
          expect(pieces.accounts()).toEqual(whole.accounts());
          expect([0, 4, 7].map((serial) => pieces.coupon(serial))).toEqual(
            [0, 4, 7].map((serial) => whole.coupon(serial)),
          );
          const without = ({ request: _r, ...sale }: SaleEntry) => sale;
          expect([...pieces.ledger.book.sales.values()].map(without)).toEqual(
            [...whole.ledger.book.sales.values()].map(without),
          );
        },
      ),
      { numRuns: 50 },
    );
  });
});
