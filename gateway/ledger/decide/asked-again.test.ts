/** Two phones at one sale: whose showing it keeps, and whose goes back, whichever answer it is charged by. */
import { describe, expect, it } from 'vitest';
import { charging, holderId, settled } from '../../../test/contract/ledger-fixture.js';
import { morning, type OneBook, of, offline, shown } from '../../../test/contract/one-book.js';

describe('a sale that is asked again with another holder’s code', () => {
  const showingOf = (who: string, nonce: number) =>
    ({ kind: 'verified', holder: holderId(who), nonce, evidence: `CP1:${who}` }) as const;
  /** Ann shows her code, then Ben his, at the same sale. */
  const bothShown = (): OneBook => {
    const book = morning().claims('ben', 's20');
    expect(book.asks('a', 30_000, { presented: showingOf('ann', 1), request: 'ann' })).toBe(7);
    expect(book.asks('a', 30_000, { presented: showingOf('ben', 1), request: 'ben' })).toBe(1);
    return book;
  };
  const elsewhere = (book: OneBook, sale: string, serial: number, device = 'd2') => {
    const taken = { ...offline(sale, serial, 'ANN') };
    book.says([charging(taken), settled(of(sale, serial))], { device, signed: [shown('ANN', [0, 4, 7], 1)] });
    return book.sale(sale, device);
  };

  it('gives the first one’s showing back: that phone pays elsewhere with it', () => {
    const book = bothShown();
    expect(elsewhere(book, 'b', 7)).toMatchObject({ flags: [], booking: 'kept' });
    book.says([charging(of('a', 1)), settled(of('a', 1))]);
    expect(book.sale('a')).toMatchObject({ flags: [], booking: 'kept' });
  });

  it('keeps the second one’s showing', () => {
    const book = bothShown();
    const taken = [charging(offline('b', 1, 'BEN')), settled(of('b', 1))];
    book.says(taken, { device: 'd2', signed: [shown('BEN', [1], 1, 'ben')] });
    expect(book.sale('b', 'd2').flags).toEqual(['showing-used-before']);
  });

  it.each([
    ['charged', [charging(of('a')), settled(of('a'))]],
    ['settled without a charge that can be read', [settled(of('a'))]],
  ])('and is %s by the first answer all the same: the first showing is its own again', (_, records) => {
    const book = bothShown();
    book.says(records);
    expect(book.sale('a')).toMatchObject({ booking: 'kept', holder: holderId('ann') });
    expect(elsewhere(book, 'b', 4).flags).toEqual(['showing-used-before']);
    expect(book.holder('ben').showings).toEqual([]);
  });

  it.each([
    ['another counter', 'd2', 'showing-used-before', 'conflict'],
    ['this counter', 'd1', 'presentation-replayed', 'disputed'],
  ])('and was charged by the first answer after %s took a coupon by that showing', (_, device, doubt, booking) => {
    const book = bothShown();
    expect(elsewhere(book, 'b', 4, device)).toMatchObject({ flags: [], booking: 'kept' });
    book.says([charging(of('a')), settled(of('a'))]);
    expect(book.sale('a').flags).toContain(doubt);
    expect(book.sale('a').booking).toBe(booking);
  });

  it('goes to a third phone when the line is down: both showings go back', () => {
    const book = bothShown().claims('cem', 's20');
    const taken = offline('a', 2, 'CEM');
    book.says([charging(taken), settled(of('a', 2))], { signed: [shown('CEM', [2], 1, 'cem')] });
    expect(book.sale('a')).toMatchObject({ flags: [], booking: 'kept' });
    expect([book.holder('ann').showings, book.holder('ben').showings]).toEqual([[], []]);
  });
});

describe('a code that a counter was shown online', () => {
  const showingOf = (nonce: number) =>
    ({ kind: 'verified', holder: holderId('ann'), nonce, evidence: `CP1:ANN${nonce}` }) as const;

  it('pays for no later sale offline, however many newer ones were shown online since', () => {
    const book = morning();
    expect(book.asks('a', 30_000, { presented: showingOf(3), request: 'first' })).toBe(7);
    book.says([charging(of('a')), settled(of('a'))]);
    expect(book.asks('b', 15_000, { presented: showingOf(6), request: 'second' })).toBe(0);
    book.says([charging(of('b', 0)), settled(of('b', 0))]);
    book.says([charging(offline('c', 4, 'ANN')), settled(of('c', 4))], { signed: [shown('ANN', [0, 4, 7], 3)] });
    expect(book.sale('c')).toMatchObject({ flags: ['presentation-replayed'], booking: 'disputed' });
  });
});
