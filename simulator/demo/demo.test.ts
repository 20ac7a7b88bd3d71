import { describe, expect, it } from 'vitest';
import { terminalWidth } from '../hardware/printer/index.js';
import { narrateTo, wrap } from './narration.js';
import { typedAmount } from './typed-amounts.js';

const columnsOf = (text: string): number => [...text].reduce((sum, character) => sum + terminalWidth(character), 0);

describe('an amount typed by hand', () => {
  it.each([
    ['259.9', 25_990],
    ['0.01', 1],
    ['999999.99', 99_999_999],
    ['￥100', 10_000],
    ['¥ 1,200.50', 120_050],
    ['３００元', 30_000],
  ])('%s is %i fen', (text, fen) => expect(typedAmount(text)).toBe(fen));

  it.each(['-5', '0', '0.001', '1e3', '一百', 'abc', '1000000', '1,00', '100 200', '元', '9'.repeat(50)])(
    '%s is none',
    (text) => expect(typedAmount(text)).toBeUndefined(),
  );
});

describe('the story in a terminal', () => {
  const said: string[] = [];
  const out = { columns: 60, write: (text: string) => said.push(text) };
  const tell = narrateTo(out, { language: 'zh', colours: false });

  it('breaks lines between words and between Chinese characters, never before what closes a phrase', () => {
    expect(wrap('Paid 119 yuan, the coupon took 20 off', 16)).toEqual(['Paid 119 yuan,', 'the coupon took', '20 off']);
    expect(wrap('已收款一百元，谢谢惠顾。', 12)).toEqual(['已收款一百', '元，谢谢惠', '顾。']);
    expect(wrap('in /a/very/long/path/of/a/folder there', 10)).toEqual([
      'in',
      '/a/very/long/path/of/a/folder',
      'there',
    ]);
  });

  it('keeps every line within the window, the table included', () => {
    said.length = 0;
    tell.step({ zh: '一号柜台断网，'.repeat(12), en: 'the line is down and coupons can still be taken. '.repeat(4) });
    const head = [
      ['', ''],
      ['笔数', 'sales'],
      ['实收', 'paid'],
      ['用券', 'coupons'],
      ['优惠', 'saved'],
      ['退款', 'refunds'],
      ['退还', 'back'],
    ].map(([zh = '', en = '']) => ({ zh, en }));
    const cells = ['19', '3482.40', '14', '700', '1', '200.55'];
    tell.table(head, [{ name: { zh: '流水账', en: 'journal' }, cells }]);
    const lines = said.join('').split('\n');
    expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(60);
    expect(lines).toContain('  流水账 journal    19 3482.40      14   700       1 200.55');
  });
});
