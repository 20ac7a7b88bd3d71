import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OrderNo, ReceiptNo } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { exampleReceipt as sale } from '#simulator/doubles/example-receipt.js';
import { receiptText } from '../../drivers/printers/render.js';
import {
  type ReceiptFacts,
  type ReceiptLanguage,
  receiptDocument,
  type SaleReceiptFacts,
  sampleReceipt,
} from './receipt.js';
import { displayWidth } from './receipt-text.js';

const lines = (facts: ReceiptFacts, columns: 32 | 48 = 32, language: ReceiptLanguage = 'zh'): readonly string[] =>
  receiptText(receiptDocument(facts, { columns, language }), columns).split('\n').slice(0, -1);

describe('a receipt', () => {
  it('says the campaign’s name once, breaks its line where the author left a space, and names the card in Chinese', () => {
    const name = '“畅购友好·乐享消费”惠民消费季';
    const facts: SaleReceiptFacts = {
      ...sale,
      card: { scheme: 'UNIONPAY', last4: '0042', auth: '', rrn: '' },
      campaign: { name, line: `${name}　伊春市友好区人民政府` },
    };
    for (const columns of [32, 48] as const) {
      const said = lines(facts, columns).map((line) => line.trim());
      expect(said.filter((line) => line.includes('畅购友好'))).toEqual([name]);
      expect(said[said.indexOf(name) + 1]).toBe('伊春市友好区人民政府');
      expect(said.join('\n')).toMatch(/^支付方式 +银联 \*{4} 0042$/m);
    }
  });

  it('of a sale says what was bought, what came off, what was paid and what was saved', () => {
    expect(lines(sale)).toEqual([
      '          友好利民超市',
      '“畅购友好·乐享消费”惠民消费季',
      '--------------------------------',
      '码牌编号                 yh-0001',
      '订单号                  ORD-0001',
      '时间         2023-03-27 09:05:11',
      '--------------------------------',
      '消费金额                  259.90',
      '消费券 满200减40          -40.00',
      '实付                    ￥219.90',
      '本单已为您节省 40.00 元',
      '--------------------------------',
      '支付方式          银联 **** 1234',
      '授权码                    123456',
      '参考号              000012345678',
      '--------------------------------',
      '      小票号 YH-0001-000042',
      ' 资金来源：伊春市友好区人民政府',
      '      谢谢惠顾，请保留小票',
    ]);
  });

  it('at full price says in one line why no coupon came off', () => {
    const facts: ReceiptFacts = {
      ...sale,
      netFen: fen(25990),
      coupon: null,
      noCoupon: { zh: '未达到消费券门槛，再买40.1元可减80元', en: 'Below the threshold' },
    };
    const text = lines(facts, 48);
    expect(text).toContain('未用消费券：未达到消费券门槛，再买40.1元可减80元');
    expect(text).toContain('实付                                    ￥259.90');
    expect(text.join()).not.toContain('节省');
  });

  it('at full price, where no coupon was shown, says nothing of coupons', () => {
    expect(lines({ ...sale, netFen: fen(25990), coupon: null }).join()).not.toMatch(/消费券|节省/);
  });

  it('marks a coupon that was taken offline', () => {
    expect(lines({ ...sale, coupon: { faceFen: fen(4000), thresholdFen: fen(20000), offline: true } })).toContain(
      '（离线核销）',
    );
  });

  it.each([
    ['used', '消费券视为已使用，不予退还'],
    ['held', '消费券退回原账户，活动期内可再用'],
    ['held-next-day', '消费券次日退回原账户，活动期内可再用'],
    ['unsure', '消费券能否退回按活动规则'],
  ] as const)('of a refund after which the coupon is %s gives back what was paid, and says: %s', (fate, sentence) => {
    const text = lines(
      { ...sale, kind: 'refund', original: 'YH-0001-000042' as ReceiptNo, coupon: { faceFen: fen(4000), fate } },
      48,
    ).join('\n');
    expect(text).toContain('退款凭证');
    expect(text).toMatch(/退款金额 +￥219\.90/);
    expect(text).toMatch(/原小票号 +YH-0001-000042/);
    expect(text.replace(/\n/g, '')).toContain(sentence);
  });

  it('of a payment that was not made says so, why, and that the coupon is free', () => {
    const facts: ReceiptFacts = {
      ...sale,
      kind: 'attempt',
      copy: 'reprint',
      card: null,
      coupon: { faceFen: fen(4000) },
      why: { zh: '卡被拒绝（51 余额不足，请换卡或换付款方式）', en: 'The card was declined (51)' },
    };
    const text = lines(facts).join('\n');
    expect(text).toContain('未收款凭证');
    expect(text).toMatch(/实收 +￥0\.00/);
    expect(text.replace(/\n/g, '')).toContain('51 余额不足');
    expect(text).toContain('消费券已退回');
    expect(text).not.toMatch(/实付|节省|补打/);
  });

  it('keeps an order of 64 characters whole, on lines of its own', () => {
    const order = `A${'0'.repeat(62)}Z` as OrderNo;
    for (const columns of [32, 48] as const) {
      const said = lines({ ...sale, order }, columns);
      expect(said.join('').replace(/ /g, '')).toContain(`订单号${order}`);
      for (const line of said) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    }
  });

  it('printed again is marked 补打 in both languages', () => {
    expect(lines({ ...sale, copy: 'reprint' }).join()).toContain('** 补打 **');
    expect(lines({ ...sale, copy: 'reprint' }, 32, 'en').join()).toContain('** REPRINT 补打 **');
    expect(lines(sale).join()).not.toContain('补打');
  });

  it('without a trusted clock says so instead of printing a wrong time', () => {
    expect(lines({ ...sale, time: null })).toContain('时间              本机时间未校准');
  });

  it('in English keeps the names as they are', () => {
    const text = lines(sale, 48, 'en');
    expect(text).toContain('Coupon 40 off 200                         -40.00');
    expect(text).toContain('You saved 40.00 yuan');
    expect(text.join()).toContain('友好利民超市');
  });

  it('of a printer test says that it is none', () => {
    const text = receiptText(sampleReceipt({ columns: 32, language: 'zh' }), 32);
    expect(text).toContain('此小票仅供测试，不是付款凭证');
    expect(text).toContain('补打');
  });

  it('carries the receipt number, and nothing else, in its QR code', () => {
    const document = receiptDocument(sale, { columns: 32, language: 'zh' });
    expect(document).toContain('{option:qrcode,4,m;code:CPR\\x3aYH\\x2d0001\\x2d000042}');
  });

  it('gives a long order number lines of its own', () => {
    const text = lines({ ...sale, order: 'X'.repeat(64) as OrderNo });
    expect(text).toContain('订单号');
    expect(text.filter((line) => line === 'X'.repeat(32))).toHaveLength(2);
  });
});

describe('texts from outside', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.string({
      unit: fc.constantFrom(
        '{',
        '}',
        '|',
        '^',
        '"',
        '~',
        '_',
        '\\',
        '`',
        '-',
        '=',
        ' ',
        '\x1b',
        '\n',
        'x',
        '2',
        'n',
        'c',
        ':',
        ';',
        '店',
        '\u0307',
        '¥',
        '\u1100',
        '\u1161',
      ),
      maxLength: 80,
    }),
  );

  it('make no line vanish, add none but their own, and shift no column', () => {
    const layout = fc.record({
      columns: fc.constantFrom(32 as const, 48 as const),
      language: fc.constantFrom('zh' as const, 'en' as const),
    });
    fc.assert(
      fc.property(hostile, hostile, hostile, layout, (merchant, line, scheme, { columns, language }) => {
        const facts: ReceiptFacts = {
          ...sale,
          merchant,
          campaign: { name: merchant, line },
          card: { scheme, last4: '1234', auth: '123456', rrn: '000012345678' },
        };
        const got = lines(facts, columns, language);
        for (const text of got) expect(displayWidth(text)).toBeLessThanOrEqual(columns);
        // Everything that doesn't depend on the hostile text is present, in order and unchanged.
        const own = lines(sale, columns, language).filter((text) => !/友好|银联/.test(text));
        let at = 0;
        for (const text of got) if (text === own[at]) at += 1;
        expect(own.slice(at)).toEqual([]);
        expect(got.length).toBeLessThanOrEqual(own.length + 3 + 3 + 4 + 4);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['{align:left}', '{align:left}'],
    ['{code:123}', '{code:123}'],
    ['=', '='],
    ['a|b', 'a|b'],
    ['\\x1bp', '\\x1bp'],
    ['a\\nb', 'a\\nb'],
    ['\x1b\x00', 'yh-0001'],
    ['利民\x1bp\x00\x19\x19店', '利民p店'],
  ])('a merchant called %j is printed as %j', (merchant, printed) => {
    expect(lines({ ...sale, merchant })[0]?.trim()).toBe(printed);
  });
});
