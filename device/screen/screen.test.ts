import { describe, expect, it } from 'vitest';
import type { OrderNo } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';
import { openedSale, settledWithCoupon, wholeHealth } from '../../test/doubles/fake-counter.js';
import type { CounterHealth, SaleView } from '../ports/till.js';
import { screenTexts } from './screen.js';
import { screenPage } from './screen-page.js';

const opened = openedSale('T-1' as OrderNo, 25_990 as Fen);

describe('what the counter’s screen shows', () => {
  it.each<[string, Partial<SaleView>, Partial<ReturnType<typeof screenTexts>>]>([
    [
      'a sale that waits for a code',
      {},
      { mood: 'working', state: '请出示消费券码', amount: '', coupon: '', net: '应收 ￥259.90' },
    ],
    [
      'what is still to be paid, once the coupon is off',
      { ...settledWithCoupon, state: 'charging' },
      { amount: '应收 ￥259.90', coupon: '消费券 -￥40.00', net: '应付 ￥219.90' },
    ],
    [
      'what is missing to the next coupon',
      { next: { faceFen: 8_000 as Fen, missingFen: 4_010 as Fen } },
      { line: '再买 40.10 元可减 80.00 元' },
    ],
    [
      'what the customer saved',
      settledWithCoupon,
      {
        mood: 'paid',
        coupon: '消费券 -￥40.00',
        net: '实付 ￥219.90',
        line: '已为您节省 40.00 元',
        receipt: '小票号 R-1',
      },
    ],
    [
      'that nothing was charged, and no coupon as taken off',
      { ...settledWithCoupon, state: 'not-charged', outcome: 'declined', code: '51' },
      { mood: 'not-paid', state: '未收款', amount: '', coupon: '消费券已退回', net: '实收 ￥0.00' },
    ],
    ['no amount in the largest letters, once it was given up', { state: 'abandoned' }, { net: '实收 ￥0.00' }],
    [
      'what went back, and never as paid',
      { ...settledWithCoupon, state: 'refunded' },
      { state: '已退款', amount: '', coupon: '消费券按活动规则处理', net: '已退 ￥219.90' },
    ],
    [
      'that a refund was not made, above the line that says why',
      { ...settledWithCoupon, outcome: 'declined', code: '61', line: { zh: '退款未成功', en: '' } },
      { mood: 'not-paid', state: '退款未成功', line: '退款未成功', net: '实付 ￥219.90' },
    ],
    [
      'both ends of an order of 64 characters',
      { order: `A${'0'.repeat(62)}Z` as OrderNo },
      { order: `订单 A${'0'.repeat(15)}…${'0'.repeat(14)}Z` },
    ],
    ['a payment nobody can clear up', { state: 'unknown' }, { mood: 'person', state: '付款结果不明，请人工处理' }],
  ])('%s', (_, change, expected) => {
    expect(screenTexts(wholeHealth, { ...opened, ...change }, 'zh')).toMatchObject(expected);
  });

  it('says each trouble in the order of its harm, and welcomes nobody to a counter that charges nothing', () => {
    const troubles = [
      { code: 'reader-away', zh: '读卡器未连接', en: 'no reader' },
      { code: 'paper-out', zh: '缺纸', en: 'no paper' },
    ] as const;
    const texts = screenTexts({ ...wholeHealth, troubles }, undefined, 'zh');
    expect(texts.alerts).toEqual(['读卡器未连接', '缺纸']);
    expect(texts.state).not.toBe('欢迎光临');
    expect(screenTexts(wholeHealth, undefined, 'zh')).toMatchObject({ alerts: [], state: '欢迎光临' });
  });

  it.each<[string, Partial<CounterHealth>, string, string, 'plain' | 'warn']>([
    ['all is sent', {}, '待上传', '无', 'plain'],
    [
      'records that are just on their way',
      { unsent: { records: 3, fen: 5_100, oldestMs: 900 } },
      '待上传',
      '3 条，共 51.00 元',
      'plain',
    ],
    [
      'what waits for the line',
      { online: false, unsent: { records: 3, fen: 5_100, oldestMs: 180_000 } },
      '待上传',
      '3 条，共 51.00 元，最早 3 分钟前',
      'warn',
    ],
    ['a printer without paper', { paper: 'out' }, '打印机', '缺纸', 'warn'],
    ['a printer that is away', { ports: { printer: 'lost' } }, '打印机', '未连接', 'warn'],
    [
      'what it can still do without a line',
      { offline: { ...wholeHealth.offline, reason: null, line: { zh: '还可用券30张', en: '30 more' } } },
      '断网时可用券',
      '还可用券30张',
      'plain',
    ],
  ])('says in its place: %s', (_, change, label, value, tone) => {
    const texts = screenTexts({ ...wholeHealth, ...change }, undefined, 'zh');
    expect(texts.tiles.find((tile) => tile.label === label)).toEqual({ label, value, tone });
  });

  it('says how the last sale ended', () => {
    const last = { ...opened, ...settledWithCoupon };
    expect(screenTexts(wholeHealth, undefined, 'zh', last).tiles).toContainEqual({
      label: '上一笔',
      value: 'T-1 ￥219.90 付款成功',
      tone: 'plain',
    });
  });

  it('has no place where a text could become markup', () => {
    // The page is the same for every sale: texts travel apart, and are set as text.
    expect(screenPage('zh', 'n')).not.toContain('innerHTML');
    const hostile = { ...opened, order: '<script>alert(1)</script>' as OrderNo };
    expect(screenTexts(wholeHealth, hostile, 'en').order).toBe('Order <script>alert(1)</script>');
  });
});
