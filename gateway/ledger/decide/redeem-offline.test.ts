/** The effect of an offline coupon on the book, and the bearer of a double spend. */
import { describe, expect, it } from 'vitest';
import {
  ALLOWANCE,
  abandoned,
  charging,
  holderId,
  MORNING,
  notCharged,
  settled,
  signedBy,
} from '../../../test/contract/ledger-fixture.js';
import { type Body, DAY, morning, OneBook, of, offline, rulesWith, shown } from '../../../test/contract/one-book.js';

describe('a sale that was taken offline', () => {
  it('is paid like any other, and stands in the book with its own time, holder and showing', () => {
    const book = morning();
    const at = MORNING + 5_000;
    const record = { ...charging(offline('a', 7, 'ANN')), at: { earliest: at - 9, latest: at } };
    book.says([record, settled(of('a'))], { at: at + DAY, signed: [shown('ANN', [7], 1)] });
    expect(book.sale('a')).toMatchObject({
      state: 'settled',
      booking: 'kept',
      flags: [],
      at,
      holder: holderId('ann'),
      presented: 'CP1:ANN',
      offline: { allowance: ALLOWANCE, at: record.at, counted: { holder: holderId('ann'), faceFen: 8_000 } },
    });
    expect(book.coupon(7)).toBe('used d1/a');
    expect(book.holder().showings).toEqual([{ counter: 1, sale: 'd1/a', offline: true }]);
    expect(book.accounts()['merchant:m1']).toBe(8_000);
  });

  it.each([
    ['long before', 20_000, ['time-goes-back']],
    ['as long after as clocks are apart', 60_000 - 5_000, []],
  ])('is not taken for one of %s a sale that its counter had reserved a coupon for before', (_, at, flags) => {
    const book = morning();
    // The counter had its line again a minute later, whatever times it writes.
    const stands = { earliest: MORNING, latest: MORNING };
    book.asks('b', 10_000, { who: 'ann', at: MORNING + 60_000 });
    book.says([{ ...charging({ ...of('b', 0), amountFen: 10_000 }), at: stands }], { at: MORNING + 61_000 });
    const taken = charging({ ...offline('a', 7, 'ANN'), at: MORNING + at });
    book.says([taken], { at: MORNING + DAY, signed: [shown('ANN', [7], 1)] });
    expect(book.sale('a').flags).toEqual(flags);
  });

  it('may be older than a greeting: the line may have held that back', () => {
    const book = morning();
    book.hello('d1', MORNING + 3_600_000);
    book.says([charging(offline('a', 7, 'ANN'))], { at: MORNING + DAY, signed: [shown('ANN', [7], 1)] });
    expect(book.sale('a').flags).toEqual([]);
  });

  it('is never of a later time than the one at which it is read', () => {
    const book = morning();
    const record = { ...charging(offline('a', 7, 'ANN')), at: { earliest: MORNING, latest: MORNING + 900 } };
    book.says([record], { at: MORNING + 500, signed: [shown('ANN', [7], 1)] });
    expect(book.sale('a')).toMatchObject({ at: MORNING + 500, flags: [] });
    book.says([{ ...record, sale: 'b', at: null }], { at: MORNING + 700, signed: [shown('ANN', [7], 1)] });
    expect(book.sale('b')).toMatchObject({ at: MORNING + 700, flags: ['no-trusted-time'] });
  });

  it('holds its coupon from the charge on, and counts once however often its charge comes', () => {
    const book = morning();
    const said = [charging(offline('a', 7, 'ANN')), charging(offline('a', 7, 'ANN'))];
    book.says(said, { signed: [shown('ANN', [7], 1)] });
    expect(book.coupon(7)).toBe('reserved d1/a');
    expect(book.chain().allowances).toMatchObject([{ coupons: 1, faceFen: 8_000 }]);
  });

  it('takes no coupon from a sale that has it reserved, until it is settled', () => {
    const book = morning();
    book.asks('b', 30_000, { device: 'd2' });
    book.says([charging(offline('a', 7, 'ANN'))], { signed: [shown('ANN', [7], 1)] });
    expect(book.coupon(7)).toBe('reserved d2/b');
    book.says([settled(of('a'))]);
    expect([book.coupon(7), book.sale('a').flags]).toEqual(['used d1/a', ['redeemed-without-reservation']]);
    book.says([charging(of('b')), settled(of('b'))], { device: 'd2' });
    expect(book.sale('b', 'd2')).toMatchObject({
      booking: 'conflict',
      flags: ['charged-without-reservation', 'coupon-already-used'],
    });
    expect(book.sale('a').flags).toEqual(['redeemed-without-reservation', 'coupon-used-again']);
  });

  it.each<readonly [string, Body, ReturnType<typeof signedBy> | undefined, string]>([
    ['that nobody verified', {}, undefined, 'presentation-unchecked'],
    ['that is forged', {}, { ok: false, reason: 'presentation-forged' }, 'presentation-forged'],
    ['that is stale', {}, signedBy('ann', [7], 1, { shownAt: MORNING - DAY }), 'presentation-stale'],
    ['at no time', { at: null }, signedBy('ann', [7], 1), 'no-trusted-time'],
  ])('by a presentation %s holds nothing, counts nothing and is disputed', (_what, change, verdict, doubt) => {
    const book = morning();
    const signed = verdict === undefined ? [] : [['CP1:ANN', verdict] as const];
    book.says([{ ...charging(offline('a', 7, 'ANN')), ...change }], { signed });
    expect(book.coupon(7)).toBe('held');
    expect(book.sale('a')).toMatchObject({ state: 'charging', flags: [doubt], presented: 'CP1:ANN' });
    expect(book.sale('a').holder).toBe(verdict?.ok === true ? holderId('ann') : null);
    expect([book.sale('a').offline?.counted, book.holder().showings]).toEqual([undefined, undefined]);
    expect(book.chain().allowances).toMatchObject([{ coupons: 0, faceFen: 0 }]);
    book.says([settled(of('a'))]);
    expect(book.sale('a')).toMatchObject({ booking: 'disputed' });
    expect(book.coupon(7)).toBe('held');
    expect(book.accounts()).toEqual({ 'disputed:d1': 8_000, disputed: -8_000 });
  });

  it.each(['not-charged', 'abandoned'] as const)('and ends as %s gives back coupon, showing and allowance', (kind) => {
    const book = morning();
    const end = { 'not-charged': notCharged, abandoned }[kind];
    book.says([charging(offline('a', 7, 'ANN')), end('a')], { signed: [shown('ANN', [7], 1)] });
    expect(book.coupon(7)).toBe('held');
    expect(book.holder()).toMatchObject({ showings: [] });
    expect(book.holder().takenUnder).toBeUndefined();
    expect(book.chain().allowances).toMatchObject([{ coupons: 0, faceFen: 0 }]);
    expect(book.sale('a').offline).not.toHaveProperty('counted');
    // Repeated, it uncounts nothing a second time.
    book.says([end('a')]);
    expect(book.chain().allowances).toMatchObject([{ coupons: 0 }]);
  });

  it('whose settlement is disputed gives back what it counted, and frees the coupon', () => {
    const book = morning();
    const lie = { ...settled(of('a')), netFen: 1 };
    book.says([charging(offline('a', 7, 'ANN')), lie], { signed: [shown('ANN', [7], 1)] });
    expect(book.sale('a')).toMatchObject({ booking: 'disputed', flags: ['sums-differ'] });
    expect(book.coupon(7)).toBe('held');
    expect(book.chain().allowances).toMatchObject([{ coupons: 0, faceFen: 0 }]);
    expect(book.sale('a').offline).not.toHaveProperty('counted');
  });

  it('and is charged at full price in the end counts no more', () => {
    const book = morning();
    book.says([charging(offline('a', 7, 'ANN')), charging(of('a', null))], { signed: [shown('ANN', [7], 1)] });
    expect(book.coupon(7)).toBe('held');
    expect(book.chain().allowances).toMatchObject([{ coupons: 0 }]);
    expect(book.sale('a').offline).toBeUndefined();
    expect(book.holder().showings).toEqual([]);
  });
});

describe('a double spend', () => {
  /** Two counters take coupon 7, each by its own presentation. */
  function twice(change: Parameters<typeof rulesWith>[0] = {}): OneBook {
    const book = new OneBook(rulesWith(change)).claims('ann', 's80').greets('d1', 'd2', 'd3');
    for (const [n, device] of ['d1', 'd2'].entries()) {
      const taken = offline('a', 7, `ANN${n}`);
      book.says([charging(taken), settled(taken)], { device, signed: [shown(`ANN${n}`, [7], n + 1)] });
    }
    return book;
  }
  const borneBy = (conflictAccount: string) => ({ offline: { ...rulesWith().campaign.offline, conflictAccount } });

  it.each([
    ['bank', 28_000, { 'conflict:bank': -8_000 }, 0],
    ['merchant', 28_000, { 'conflict:merchant:m1': -8_000 }, 0],
    ['sponsor', 16_000, { 'conflict:sponsor': -8_000 }, 8_000],
    ['sponsor', 15_999, { 'conflict:beyond-budget': -8_000 }, 0],
  ])('is borne by %s within a budget of %i', (by, budgetFen, legs, conflictFen) => {
    const book = twice({ ...borneBy(by), budgetFen });
    expect(book.sale('a', 'd2')).toMatchObject({ booking: 'conflict', flags: ['coupon-already-used'] });
    expect(book.sale('a', 'd1')).toMatchObject({ booking: 'kept', flags: ['coupon-used-again'] });
    expect(book.coupon(7)).toBe('used d1/a');
    expect(book.accounts()).toEqual({
      ...legs,
      'merchant:m1': 16_000,
      'sponsor:district': -5_600,
      'sponsor:bank': -2_400,
    });
    expect(book.ledger.book.totals).toMatchObject({ conflictFen, claimedFen: 8_000 });
    expect(book.holder().borne).toEqual([[7, 'd2']]);
    expect(book.ledger.evidenceRows).toMatchObject([
      { kind: 'double-spend', device: 'd2', detail: { serial: 7, first: { sale: 'd1/a' }, second: { sale: 'd2/a' } } },
    ]);
  });

  it('of one showing is a conflict, and the second sale uses no coupon', () => {
    const book = new OneBook().claims('ann', 's40', 's80').greets('d1', 'd2');
    const signed = [shown('ANN', [4, 7], 1)];
    book.says([charging(offline('a', 7, 'ANN')), settled(of('a'))], { signed });
    book.says([charging(offline('a', 4, 'ANN'))], { device: 'd2', signed });
    expect(book.coupon(4)).toBe('held');
    book.says([settled(of('a', 4))], { device: 'd2' });
    expect(book.sale('a', 'd2')).toMatchObject({
      booking: 'conflict',
      flags: ['showing-used-before'],
      offline: { earlier: 'd1/a' },
    });
    expect([book.coupon(4), book.coupon(7)]).toEqual(['held', 'used d1/a']);
    // Nothing else used the first sale's coupon.
    expect(book.sale('a').flags).toEqual([]);
    expect(book.accounts()).toMatchObject({ 'conflict:bank': -4_000, 'merchant:m1': 12_000 });
  });

  it('at a counter that was paid for the coupon before is disputed, however it was paid', () => {
    for (const device of ['d1', 'd2']) {
      const book = twice({ offline: { ...rulesWith().campaign.offline, maxPerHolder: 9 } });
      book.says([charging(offline('b', 7, 'MORE')), settled(of('b'))], { device, signed: [shown('MORE', [7], 9)] });
      expect(book.sale('b', device)).toMatchObject({ booking: 'disputed', flags: ['coupon-taken-here-before'] });
      expect(book.accounts()[`disputed:${device}`]).toBe(8_000);
      expect(book.accounts()['merchant:m1']).toBe(16_000);
    }
  });

  it('at a third counter is one more conflict, and both stand in the holder’s row', () => {
    const book = twice();
    book.says([charging(offline('a', 7, 'MORE')), settled(of('a'))], { device: 'd3', signed: [shown('MORE', [7], 9)] });
    expect(book.sale('a', 'd3').booking).toBe('conflict');
    expect(book.holder().borne).toEqual([
      [7, 'd2'],
      [7, 'd3'],
    ]);
  });
});
