/** Acts of an operator at their edges: whom they are about, what they leave in the book, and what they may not do. */
import { describe, expect, it } from 'vitest';
import type { DeviceId, MerchantId, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { charging, MORNING, settled, testCampaign, unknown } from '../../../test/contract/ledger-fixture.js';
import { DAY, d1, morning, OneBook, of, offline, rulesWith, shown } from '../../../test/contract/one-book.js';

const a = { device: d1, sale: 'a' as SaleId };
const NEXT_DAY = MORNING + DAY;

/** Ann's 80 yuan charged twice: at d1 as reserved, at d2 by what was shown to it without a line. */
function twice(conflictAccount: string): OneBook {
  const rules = rulesWith({ budgetFen: 40_000, offline: { ...testCampaign().offline, conflictAccount } });
  const book = new OneBook(rules).claims('ann', 's80').greets('d1', 'd2');
  book.asks('a');
  book.says([charging(of('a')), settled(of('a'))]);
  book.says([charging(offline('b', 7, 'B')), settled(of('b'))], { device: 'd2', signed: [shown('B', [7], 1)] });
  return book;
}
const b = { device: 'd2' as DeviceId, sale: 'b' as SaleId };

it.each([
  ['sponsor', 'not-paid', 8_000, 0],
  ['bank', 'not-paid', 0, 0],
] as const)(
  'a double spend that the %s bears, decided %s: of the budget %i fen were gone, %i are',
  (account, verdict, before, after) => {
    const book = twice(account);
    expect(book.ledger.book.totals.conflictFen).toBe(before);
    expect(book.acts({ kind: 'decide', ...b, verdict })).toMatchObject({ kind: 'acted' });
    expect(book.ledger.book.totals.conflictFen).toBe(after);
  },
);

describe('a charge without an end', () => {
  const open = (): OneBook => {
    const book = morning();
    book.asks('a');
    book.says([charging(of('a')), unknown('a')]);
    return book;
  };

  it.each([
    ['paid', 'settled', 'kept', 'used d1/a'],
    ['not-paid', 'not-charged', 'none', 'held'],
    ['write-off', 'settled', 'none', 'held'],
  ] as const)('decided %s is %s, booked as %s, and its coupon %s', (verdict, state, booking, coupon) => {
    const book = open();
    book.acts({ kind: 'decide', ...a, verdict, rrn: '007' }, NEXT_DAY);
    expect(book.sale('a')).toMatchObject({
      state,
      booking,
      merchant: 'm1',
      reference: { rrn: '007', auth: '', last4: '' },
      decisions: [{ act: 'act-1', by: 'li', why: 'looked', at: NEXT_DAY, kind: 'decide', verdict }],
    });
    expect(book.coupon(7)).toBe(coupon);
  });

  it.each(['release', 'free'] as const)('%s writes down who did it, and frees no coupon twice', (kind) => {
    const book = open();
    expect(book.acts({ kind, ...a }, NEXT_DAY)).toMatchObject({ result: { serial: 7 } });
    expect(book.sale('a').decisions).toMatchObject([{ by: 'li', kind }]);
    expect(book.acts({ kind, ...a }, NEXT_DAY)).toMatchObject({ code: 'ACT_NOT_ALLOWED' });
  });
});

describe('closing', () => {
  it('a disputed sale writes the decision to the sale, and moves nothing', () => {
    const book = morning();
    book.says([charging(of('a', 4)), settled(of('a', 4))]);
    const before = book.accounts();
    expect(book.acts({ kind: 'close', about: 'sale:d1:a' })).toMatchObject({ result: { kind: 'closed' } });
    expect(book.sale('a').decisions).toMatchObject([{ kind: 'close', by: 'li' }]);
    expect(book.accounts()).toEqual(before);
  });

  it('a fork is possible while it is one', () => {
    const book = morning();
    expect(book.acts({ kind: 'close', about: 'fork:d1' })).toMatchObject({ code: 'CASE_UNKNOWN' });
    book.says([charging(of('x', null))]);
    const head = { seq: 1, hash: 'f'.repeat(64) };
    book.commit({ kind: 'hello', device: d1, id: 'h', head });
    expect(book.acts({ kind: 'close', about: 'fork:d1' })).toMatchObject({ result: { kind: 'closed' } });
    expect(book.acts({ kind: 'close', about: 'fork:d2' })).toMatchObject({ code: 'CASE_UNKNOWN' });
  });

  it.each(['rrn:', 'nothing', 'fork:'])('%j is no case', (about) => {
    expect(morning().acts({ kind: 'close', about })).toMatchObject({ code: 'CASE_UNKNOWN' });
  });
});

it('a device of which nothing ever came has no fork', () => {
  expect(morning().acts({ kind: 'unfork', device: 'd9' as DeviceId })).toMatchObject({ code: 'CASE_UNKNOWN' });
  expect(morning().acts({ kind: 'unfork', device: d1 })).toMatchObject({ code: 'ACT_NOT_ALLOWED' });
});

describe('the acquirer’s word', () => {
  const rules = () => rulesWith({}, { isEnrolled: (device) => device === d1 });
  const payment = { rrn: '1', netFen: fen(100) };
  it.each([
    ['names nobody', payment, true],
    ['names a merchant and a device of ours', { ...payment, merchant: 'm1' as MerchantId, device: d1 }, true],
    ['names a device alone', { ...payment, device: d1 }, true],
    ['names a merchant whom nobody has', { ...payment, merchant: 'm9' as MerchantId }, false],
    ['names a device that nobody has', { ...payment, device: 'd9' as DeviceId }, false],
  ])('that %s', (_what, said, isTaken) => {
    const outcome = new OneBook(rules()).acts({ kind: 'confirm', references: [said] });
    expect(outcome).toMatchObject(isTaken ? { result: { confirmed: 1 } } : { code: 'ACT_NOT_ALLOWED' });
  });

  it('may say later whose a payment was, and never otherwise', () => {
    const book = new OneBook(rules());
    const says = (said: object) => book.acts({ kind: 'confirm', references: [{ ...payment, ...said }] });
    const result = (confirmed: number, already: number, differs: readonly string[] = []) => ({
      result: { kind: 'confirmed', confirmed, already, differs },
    });
    expect(says({})).toMatchObject(result(1, 0));
    expect(says({})).toMatchObject(result(0, 1));
    expect(says({ merchant: 'm1' })).toMatchObject(result(1, 0));
    expect(says({ device: 'd1' })).toMatchObject(result(1, 0));
    expect(says({})).toMatchObject(result(0, 1));
    expect(says({ merchant: 'm2' })).toMatchObject(result(0, 0, ['1']));
    expect(says({ netFen: 101 })).toMatchObject(result(0, 0, ['1']));
  });
});
