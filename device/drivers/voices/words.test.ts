import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fen, MAX_SALE_FEN } from '#protocol/kernel/money.js';
import { GB2312 } from './text.js';
import { moneyWords, paidWords, refundedWords, saleWords, savedWords } from './words.js';

describe('money in words', () => {
  it.each([
    [0, '零元'],
    [5, '五分'],
    [10, '一角'],
    [55, '五角五分'],
    [100, '一元'],
    [105, '一元零五分'],
    [150, '一元五角'],
    [155, '一元五角五分'],
    [1_000, '十元'],
    [1_100, '十一元'],
    [2_000, '二十元'],
    [5_100, '五十一元'],
    [10_000, '一百元'],
    [10_100, '一百零一元'],
    [11_000, '一百一十元'],
    [25_990, '二百五十九元九角'],
    [100_100, '一千零一元'],
    [101_000, '一千零一十元'],
    [1_000_000, '一万元'],
    [1_000_100, '一万零一元'],
    [1_100_000, '一万一千元'],
    [10_002_000, '十万零二十元'],
    [10_500_000, '十万五千元'],
    [20_030_405, '二十万零三百零四元零五分'],
    [99_999_999, '九十九万九千九百九十九元九角九分'],
  ])('says %i fen as %s', (amount, words) => {
    expect(moneyWords(fen(amount))).toBe(words);
  });

  it('says back the amount that it was given (law)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_SALE_FEN }), (n) => {
        expect(heard(moneyWords(fen(n)))).toBe(n);
      }),
    );
  });

  it('never says two zeros in a row, nor one at the end of a number (law)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_SALE_FEN }), (n) => {
        expect(moneyWords(fen(n))).not.toMatch(/零零|零元|^零|零$/);
      }),
    );
  });

  it('has no words for less than nothing', () => {
    expect(() => moneyWords(fen(-1))).toThrow(RangeError);
  });

  it('stands in the sentences of the counter', () => {
    expect(paidWords(fen(5_100))).toBe('收款五十一元');
    expect(savedWords(fen(2_000))).toBe('已优惠二十元');
    expect(refundedWords(fen(5_100))).toBe('退款五十一元');
    expect(saleWords(fen(5_100), fen(2_000))).toBe('收款五十一元，已优惠二十元');
    expect(saleWords(fen(5_100), fen(0))).toBe('收款五十一元');
  });

  it('uses only characters whose code the modules are given, and each code is right', () => {
    const gb = new TextDecoder('gb18030');
    for (const [char, code] of GB2312) expect(gb.decode(Uint8Array.of(code >> 8, code & 0xff))).toBe(char);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_SALE_FEN }), fc.integer({ min: 0, max: 20_000 }), (net, saved) => {
        const text = saleWords(fen(net), fen(saved)) + refundedWords(fen(net));
        expect([...text].filter((char) => !GB2312.has(char))).toEqual([]);
      }),
    );
  });
});

/** An independent listener: adds up the number words. */
function heard(words: string): number {
  const [, yuan = '', rest = ''] = /^(?:(.*)元)?(.*)$/.exec(words) ?? [];
  const jiao = /(.)角/.exec(rest)?.[1] ?? '零';
  const fens = /(.)分/.exec(rest)?.[1] ?? '零';
  return number(yuan) * 100 + number(jiao) * 10 + number(fens);
}

function number(words: string): number {
  let [total, group, digit] = [0, 0, 0];
  for (const char of words) {
    const value = '零一二三四五六七八九'.indexOf(char);
    const place = { 十: 10, 百: 100, 千: 1_000 }[char];
    if (value >= 0) digit = value;
    else if (place !== undefined) {
      group += (digit || (group === 0 ? 1 : 0)) * place;
      digit = 0;
    } else {
      total = (total + group + digit) * 10_000;
      [group, digit] = [0, 0];
    }
  }
  return total + group + digit;
}
