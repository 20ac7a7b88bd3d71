/** The holder of a payment code, and its single use: one sale, and a limit on guesses. */
import { describe, expect, it } from 'vitest';
import type { PaymentCodeRefusal } from '#protocol/codes/payment-code.js';
import { err, ok } from '#protocol/kernel/result.js';
import { claimOp, MORNING, paymentNumber } from '../../../test/contract/ledger-fixture.js';
import { OneBook } from '../../../test/contract/one-book.js';
import type { CheckedPresentation } from '../../ports/ledger.js';

const HOUR = 3_600_000;
const code = (step: number, who = 'ann'): CheckedPresentation => {
  const number = paymentNumber(who);
  return { kind: 'opaque', code: `62${number}00000000`, readCode: { number, step: ok(step) } };
};
const bad = (fault: PaymentCodeRefusal, who = 'ann'): CheckedPresentation => {
  const number = paymentNumber(who);
  return { kind: 'opaque', code: `62${number}00000000`, readCode: { number, step: err(fault) } };
};
const book = (): OneBook => new OneBook().claims('ann', 's20', 's40', 's80');
let questions = 0;
/** A new request of this sale. */
const asks = (of: OneBook, sale: string, presented: CheckedPresentation, device = 'd1', at: number = MORNING) => {
  questions += 1;
  return of.asks(sale, 30_000, { presented, device, at, request: `r${questions}` });
};

describe('a code', () => {
  it.each<readonly [string, number, string, number | string]>([
    ['for the same sale again', 5, 'a', 7],
    ['for another sale', 5, 'b', 'payment-code-used'],
    ['older, for another sale', 4, 'b', 'payment-code-used'],
    ['older, for the same sale', 4, 'a', 'payment-code-used'],
    ['newer, for another sale', 6, 'b', 4],
    ['newer, for the same sale', 6, 'a', 7],
  ])('%s, after one of step 5 for sale a', (_what, step, sale, expected) => {
    const of = book();
    expect(asks(of, 'a', code(5))).toBe(7);
    expect(asks(of, sale, code(step))).toBe(expected);
  });

  it('shown at one counter is worth nothing at another', () => {
    const of = book();
    asks(of, 'a', code(5));
    expect(asks(of, 'a', code(5), 'd2')).toBe('payment-code-used');
  });

  it('that was refused spends no newer one', () => {
    const of = book();
    expect(asks(of, 'a', bad('payment-code-expired'))).toBe('payment-code-expired');
    expect(of.holder().codeShown).toBeUndefined();
    expect(asks(of, 'a', code(1))).toBe(7);
  });

  it('of nobody’s number is of somebody without coupons', () => {
    expect(asks(book(), 'a', code(5, 'zoe'))).toBe('no-coupon-held');
  });

  it('of the release before is known again, and not taken', () => {
    const of = book();
    const { number: _, ...holder } = of.holder();
    of.ledger.book.putHolder({ ...holder, paymentCode: `62${paymentNumber('zoe')}00000000` });
    expect(asks(of, 'a', code(5, 'zoe'))).toBe('payment-code-old');
  });
});

describe('wrong codes', () => {
  const guess = (of: OneBook, times: number, at: number = MORNING, fault: PaymentCodeRefusal = 'payment-code-wrong') =>
    Array.from({ length: times }, (_, n) => asks(of, `g${at}-${n}`, bad(fault), 'd1', at)).at(-1);

  it('of a holder’s number stop the counter’s payment codes after ten in the hour', () => {
    const of = book();
    expect(guess(of, 10)).toBe('payment-code-wrong');
    expect(asks(of, 'a', code(1))).toBe('too-many-wrong-codes');
    expect(asks(of, 'b', code(1), 'd2')).toBe(7);
    expect(asks(of, 'c', code(2), 'd1', MORNING + HOUR)).toBe(7);
  });

  it('stop it for the day after twenty', () => {
    const of = book();
    guess(of, 10);
    expect(guess(of, 10, MORNING + HOUR)).toBe('payment-code-wrong');
    expect(asks(of, 'a', code(1), 'd1', MORNING + 3 * HOUR)).toBe('too-many-wrong-codes');
    expect(asks(of, 'a', code(1), 'd1', MORNING + 24 * HOUR)).toBe(7);
  });

  it('nine of them, late ones, and those of nobody’s number stop nothing', () => {
    const of = book();
    guess(of, 9);
    guess(of, 12, MORNING, 'payment-code-expired');
    for (let n = 0; n < 12; n += 1) asks(of, `n${n}`, bad('payment-code-wrong', 'zoe'));
    expect(asks(of, 'a', code(1))).toBe(7);
  });

  it('are told of when the limit is reached, once', () => {
    const of = book();
    const alerts = Array.from({ length: 12 }, (_, n) =>
      of.commits([of.counter().asks(`g${n}`, 'ann', 30_000, { presented: bad('payment-code-wrong') })]),
    ).flatMap((committed) => committed.alerts);
    expect(alerts).toMatchObject([{ code: 'COUNTER_GUESSES_CODES', device: 'd1' }]);
    expect(of.commit(claimOp('ann', []))).toMatchObject({ kind: 'claimed' });
  });
});
