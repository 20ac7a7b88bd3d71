import { describe, expect, it } from 'vitest';
import type { ReasonCode } from '#protocol/faults/reasons.js';
import type { CouponSerial, DeviceId, MerchantId, OrderNo, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { type Instant, monoMs, wallMs } from '#protocol/kernel/time.js';
import type { AuthoriseAnswer } from '#protocol/messages/down.js';
import type { CardSlip, JournalRecord } from '#protocol/records/record.js';
import { recordSchema } from '#protocol/records/record.js';
import { AUTHORISE_TIMEOUT_MS, CHARGE_WORST_MS, OPENED_IDLE_MS, SALES_REMEMBERED } from '../limits.js';
import { openSale, receiptOf, type Sale, type SaleEffect, type SaleFacts, type SaleInput, stepSale } from './sale.js';
import { SaleIndex } from './sale-index.js';
import { looksTheSame, viewOf } from './sale-view.js';

const at = (ms: number): Instant => ({
  mono: monoMs(ms),
  wall: { earliest: wallMs(1_680_000_000_000 + ms), latest: wallMs(1_680_000_000_000 + ms) },
});
const SLIP: CardSlip = { auth: '123456', rrn: '1', last4: '4321', scheme: 'UPI', readerTime: '20230327090501' };
const FACTS: SaleFacts = {
  sale: 's000001-abcdef' as SaleId,
  order: 'A-1' as OrderNo,
  amountFen: fen(25_990),
  device: 'counter-1' as DeviceId,
  merchant: 'yh-01' as MerchantId,
};
const FORTY: AuthoriseAnswer = {
  kind: 'reserved',
  serial: 4_001 as CouponSerial,
  tier: '40',
  faceFen: fen(4_000),
  thresholdFen: fen(20_000),
  netFen: fen(21_990),
  leaseMs: 300_000,
};
const refused = (reason: ReasonCode): AuthoriseAnswer => ({ kind: 'refused', reason, next: null });

const journalled: SaleInput = { kind: 'journalled' };
const code: SaleInput = { kind: 'presented', presentation: { kind: 'opaque', code: '6212345678901234567' } };
const authorised = (answer: AuthoriseAnswer): SaleInput => ({ kind: 'authorised', answer, readerMark: null });
const reader = (word: Extract<SaleInput, { kind: 'reader' }>['word'], ref = FACTS.sale): SaleInput => ({
  kind: 'reader',
  ref,
  word,
});
const approved = (ref?: SaleId): SaleInput => reader({ kind: 'answer', answer: { kind: 'approved', slip: SLIP } }, ref);
const declined = reader({ kind: 'answer', answer: { kind: 'not-charged', outcome: 'declined', code: '51' } });

/** Plays a sale from its opening; returns records and effects, in order, as words. */
function play(
  script: readonly (SaleInput | readonly [number, SaleInput])[],
  from?: Sale,
): { sale: Sale; done: string[]; effects: SaleEffect[] } {
  const opening = openSale(FACTS, at(0));
  let sale = from ?? opening.state;
  const effects: SaleEffect[] = from === undefined ? [...opening.effects] : [];
  let ms = 0;
  for (const entry of script) {
    const [when, input] = 'kind' in entry ? [ms + 1, entry] : entry;
    ms = when;
    const step = stepSale(sale, input, at(ms));
    sale = step.state;
    effects.push(...step.effects);
  }
  return {
    sale,
    effects,
    done: effects.map((effect) => (effect.kind === 'journal' ? `journal ${effect.record.kind}` : effect.kind)),
  };
}
const SETTLE = [journalled, code, authorised(FORTY), journalled, approved(), journalled];

describe('a sale', () => {
  it('takes the coupon off, charges the net amount, and does nothing before its record is on the disk', () => {
    const { sale, done, effects } = play(SETTLE);
    expect(done).toEqual([
      'journal opened',
      'authorise',
      'journal charging',
      'charge',
      'journal settled',
      'stored',
      'receipt',
      'announce',
    ]);
    expect(effects).toContainEqual({ kind: 'charge', ref: FACTS.sale, netFen: 21_990 });
    expect(viewOf(sale)).toMatchObject({
      state: 'settled',
      netFen: 21_990,
      coupon: { faceFen: 4_000 },
      line: { zh: '已收款219.90元，消费券已优惠40元' },
    });
  });

  it.each<[ReasonCode, string]>([
    ['below-threshold', 'charging'],
    ['outside-hours', 'charging'],
    ['merchant-not-listed', 'charging'],
    ['already-used', 'charging'],
    ['no-coupon-held', 'charging'],
    ['presentation-stale', 'opened'],
    ['presentation-replayed', 'opened'],
    ['mode-not-allowed', 'opened'],
  ])('refused for %s is afterwards %s: full price at once, unless the customer can mend it', (reason, state) => {
    const { sale } = play([journalled, code, authorised(refused(reason))]);
    expect(viewOf(sale)).toMatchObject({ state, netFen: 25_990, coupon: null, reason });
  });

  it('waits for the right code when another wallet’s was shown, and says which app to use', () => {
    const { sale, done } = play([
      journalled,
      { kind: 'presented', presentation: { kind: 'other', reason: 'wrong-wallet-app' } },
    ]);
    expect(viewOf(sale).line.zh).toBe('请使用云闪付付款码');
    expect(done).toEqual(['journal opened']);
  });

  it('goes on at full price when the line is down and the code can’t be checked here', () => {
    const { sale } = play([
      journalled,
      code,
      {
        kind: 'offline',
        verdict: { kind: 'refused', reason: 'gateway-unreachable', next: null },
        readerMark: null,
      },
    ]);
    expect(viewOf(sale)).toMatchObject({ state: 'charging', netFen: 25_990, reason: 'gateway-unreachable' });
  });

  it('judges for itself when the gateway gives no answer within 3 s', () => {
    const { done } = play([journalled, code, [2 + AUTHORISE_TIMEOUT_MS, { kind: 'wake', readerMark: null }]]);
    expect(done.at(-1)).toBe('judge-offline');
  });

  it('releases the coupon when the card is declined', () => {
    const { sale, done } = play([journalled, code, authorised(FORTY), journalled, declined, journalled]);
    expect(done.slice(-2)).toEqual(['journal not-charged', 'stored']);
    expect(viewOf(sale)).toMatchObject({
      state: 'not-charged',
      outcome: 'declined',
      code: '51',
      line: { zh: '卡被拒绝（51 余额不足，请换卡或换付款方式），未收款，消费券已退回' },
    });
  });

  it('starts no charge when the disk took so long that the lease may end first', () => {
    const slow = 300_000 - CHARGE_WORST_MS + 10;
    const { sale, done } = play([journalled, code, authorised(FORTY), [slow, journalled]]);
    expect(done).not.toContain('charge');
    expect(done.at(-1)).toBe('journal not-charged');
    expect(viewOf(play([journalled], sale).sale).line.zh).toBe('等待过久，未收款，消费券已退回');
  });

  it('counts its lease from the question, however late the answer came', () => {
    const asked = 2;
    const answered = asked + AUTHORISE_TIMEOUT_MS - 1;
    const last = asked + 300_000 - CHARGE_WORST_MS;
    const chargedAt = (journalledAt: number): boolean =>
      play([journalled, [asked, code], [answered, authorised(FORTY)], [journalledAt, journalled]]).done.includes(
        'charge',
      );
    expect(chargedAt(last)).toBe(true);
    expect(chargedAt(last + 1)).toBe(false);
    expect(chargedAt(answered + 300_000 - CHARGE_WORST_MS)).toBe(false);
  });

  it('writes down what was charged, which coupon came off, and when each thing happened, word for word', () => {
    const records = ({ effects }: { readonly effects: readonly SaleEffect[] }): JournalRecord[] =>
      effects.flatMap((effect) => (effect.kind === 'journal' ? [effect.record] : []));
    const sale = { sale: FACTS.sale, order: FACTS.order, amountFen: FACTS.amountFen };
    expect(
      records(play([journalled, [7, code], [19, authorised(FORTY)], journalled, [60, approved()], [80, journalled]])),
    ).toEqual([
      { kind: 'opened', ...sale, at: at(0).wall },
      {
        kind: 'charging',
        ...sale,
        merchant: FACTS.merchant,
        netFen: 21_990,
        coupon: { serial: 4_001, tier: '40', faceFen: 4_000, thresholdFen: 20_000, by: { kind: 'reservation' } },
        reason: null,
        readerMark: null,
        at: at(19).wall,
      },
      {
        kind: 'settled',
        ...sale,
        netFen: 21_990,
        serial: 4_001,
        faceFen: 4_000,
        receipt: 'counter-1-s000001-abcdef',
        card: SLIP,
        at: at(60).wall,
      },
    ]);
    expect(
      records(play([journalled, code, authorised(refused('outside-hours')), journalled, approved()])).at(-1),
    ).toEqual({
      kind: 'settled',
      ...sale,
      netFen: 25_990,
      serial: null,
      faceFen: 0,
      receipt: 'counter-1-s000001-abcdef',
      card: SLIP,
      at: at(5).wall,
    });
  });

  const charging = [journalled, code, authorised(FORTY), journalled];
  const doubtful = reader({ kind: 'answer', answer: { kind: 'cannot-say', why: 'no word from the bank' } });
  it.each<[string, readonly (SaleInput | readonly [number, SaleInput])[], object]>([
    ['a declined card', [...charging, [90, declined]], { kind: 'not-charged', outcome: 'declined', code: '51' }],
    ['a cancelled sale', [journalled, [90, { kind: 'cancel', by: 'cashier' }]], { kind: 'abandoned', why: 'cashier' }],
    [
      'a charge that nobody knows of',
      [...charging, doubtful, [90, doubtful]],
      { kind: 'unknown', why: 'no word from the bank' },
    ],
  ])('writes down when %s ended', (_, script, record) => {
    const { effects } = play(script);
    expect(effects).toContainEqual({ kind: 'journal', record: { ...record, sale: FACTS.sale, at: at(90).wall } });
  });

  it('asks a reader that fell silent, never charges again, and settles when it says approved', () => {
    const { sale, done } = play([
      journalled,
      code,
      authorised(FORTY),
      journalled,
      reader({ kind: 'silent', why: 'port gone' }),
      { kind: 'reader-ready' },
      approved(),
      journalled,
    ]);
    expect(done.filter((what) => what === 'charge')).toHaveLength(1);
    expect(viewOf(sale).state).toBe('settled');
  });

  it('says that two of its states look the same exactly where nobody could tell them apart', () => {
    const silent = [
      ...SETTLE.slice(0, 4),
      reader({ kind: 'silent', why: 'port gone' }),
      { kind: 'reader-ready' } as const,
    ];
    const scripts = [SETTLE, silent, [journalled, code, authorised(refused('presentation-stale'))]];
    const states = scripts.flatMap((script) => {
      const { sale } = play(script.slice(0, 1));
      return [sale, ...script.slice(1).map((_, at) => play(script.slice(1, at + 2), sale).sale)];
    });
    for (const one of states)
      for (const other of states)
        expect(looksTheSame(one, other), `${one.at} and ${other.at}`).toBe(
          one.at === other.at && JSON.stringify(viewOf(one)) === JSON.stringify(viewOf(other)),
        );
  });

  it('does not touch another sale’s result', () => {
    const { sale } = play([journalled, code, authorised(FORTY), journalled, approved('s000002-ffffff' as SaleId)]);
    expect(viewOf(sale).state).toBe('charging');
  });

  it('is abandoned when nobody does anything for ten minutes', () => {
    const { sale } = play([journalled, [1 + OPENED_IDLE_MS, { kind: 'wake', readerMark: null }], journalled]);
    expect(viewOf(sale).state).toBe('abandoned');
  });

  it('acknowledges a result that comes again, and does nothing else', () => {
    const settled = play(SETTLE).sale;
    expect(play([approved()], settled).done).toEqual(['stored']);
  });
});

describe('a refund', () => {
  const refund = 'r000002-123456' as SaleId;
  const start: SaleInput = { kind: 'refund', refund, readerMark: null };

  it('gives back what was paid, after its record, with a receipt of its own', () => {
    const { sale, done, effects } = play([start, journalled, approved(refund), journalled], play(SETTLE).sale);
    expect(done).toEqual(['journal refunding', 'void', 'journal refunded', 'stored', 'receipt', 'announce']);
    expect(effects).toContainEqual(expect.objectContaining({ kind: 'void', original: FACTS.sale, netFen: 21_990 }));
    expect(viewOf(sale)).toMatchObject({ state: 'refunded', line: { zh: '已退款219.90元，消费券按活动规则处理' } });
  });

  it('has the reader’s own reference on its receipt, on a copy after a restart too; the sale’s keeps its own', () => {
    const slip = { ...SLIP, auth: '777777', rrn: '2' };
    const gave = reader({ kind: 'answer', answer: { kind: 'approved', slip } }, refund);
    const settled = play(SETTLE);
    const { sale, effects } = play([start, journalled, gave, journalled], settled.sale);
    expect(effects).toContainEqual(expect.objectContaining({ kind: 'receipt', of: 'refund', slip }));
    expect(receiptOf(sale, 'sale')).toMatchObject({ slip: SLIP });
    const book = new SaleIndex(FACTS.device, FACTS.merchant);
    for (const effect of [...settled.effects, ...effects])
      if (effect.kind === 'journal') book.replay(effect.record, at(0));
    const again = book.ofOrder(FACTS.order);
    expect(again === undefined ? undefined : receiptOf(again)).toMatchObject({ of: 'refund', slip });
  });

  it('that the reader declines leaves the sale as it was, and can be tried again', () => {
    const no = reader({ kind: 'answer', answer: { kind: 'not-charged', outcome: 'declined', code: '12' } }, refund);
    const { sale } = play([start, journalled, no, journalled], play(SETTLE).sale);
    expect(viewOf(sale)).toMatchObject({
      state: 'settled',
      outcome: 'declined',
      code: '12',
      line: { zh: '退款未成功：卡被拒绝（12），可重试' },
    });
  });
});

describe('the book of sales after a power cut', () => {
  /** Every prefix of a sale's records is a state that a power cut may leave. */
  const records = play([
    ...SETTLE,
    { kind: 'refund', refund: 'r000002-123456' as SaleId, readerMark: null },
    journalled,
    approved('r000002-123456' as SaleId),
    journalled,
  ]).effects.flatMap((effect) => (effect.kind === 'journal' ? [effect.record] : []));

  it.each([
    [1, 'abandoned', ['journal abandoned']],
    [2, 'checking', []],
    [3, 'settled', []],
    [4, 'refunding', []],
    [5, 'refunded', []],
  ] as const)('with %i records on the disk the sale is %s', (count, state, done) => {
    const book = new SaleIndex(FACTS.device, FACTS.merchant);
    for (const record of records.slice(0, count))
      book.replay(recordSchema.parse(JSON.parse(JSON.stringify(record))), at(0));
    const recovered = book.recover(at(0));
    const sale = book.ofOrder(FACTS.order);
    expect(sale === undefined ? undefined : viewOf(sale).state).toBe(state);
    expect(
      recovered.flatMap(({ effects }) =>
        effects.map((effect) => (effect.kind === 'journal' ? `journal ${effect.record.kind}` : effect.kind)),
      ),
    ).toEqual(done);
  });

  it.each([
    ['abandoned', ['opened', 'abandoned'], 'abandoned'],
    ['declined', ['opened', 'charging', 'not-charged'], 'not-charged'],
    ['in a person’s hands', ['opened', 'charging', 'unknown'], 'unknown'],
    ['settled out of a person’s hands', ['opened', 'charging', 'unknown', 'settled'], 'settled'],
    ['settled, its refund refused', ['opened', 'charging', 'settled', 'refunding', 'refund-failed'], 'settled'],
    ['half refunded', ['opened', 'charging', 'settled', 'refunding', 'refund-unknown'], 'refund-unknown'],
  ] as const)('a sale that was %s is so again', (_was, kinds, state) => {
    const { sale } = FACTS;
    const more: readonly JournalRecord[] = [
      ...records,
      { kind: 'abandoned', sale, why: 'till', at: null },
      { kind: 'not-charged', sale, outcome: 'declined', code: '51', at: null },
      { kind: 'unknown', sale, why: 'silence', at: null },
      { kind: 'refund-failed', refund: 'r000002-123456' as SaleId, sale, outcome: 'declined', code: '12', at: null },
      { kind: 'refund-unknown', refund: 'r000002-123456' as SaleId, sale, why: 'silence', at: null },
    ];
    const book = new SaleIndex(FACTS.device, FACTS.merchant);
    for (const kind of kinds) {
      const record = more.find((one) => one.kind === kind);
      if (record === undefined) throw new Error(kind);
      book.replay(recordSchema.parse(JSON.parse(JSON.stringify(record))), at(0));
    }
    expect(book.recover(at(0))).toEqual([]);
    const again = book.ofOrder(FACTS.order);
    expect(again === undefined ? undefined : viewOf(again).state).toBe(state);
  });

  it('a sale stays that of the merchant whose it was, where the plate has moved to another since', () => {
    const book = new SaleIndex(FACTS.device, 'yh-02' as MerchantId);
    for (const record of records.slice(0, 3)) book.replay(record, at(0));
    expect(book.ofOrder(FACTS.order)?.facts.merchant).toBe(FACTS.merchant);
  });

  it('knows which receipts nobody saw printed, and numbers on from where it was', () => {
    const book = new SaleIndex(FACTS.device, FACTS.merchant);
    for (const record of records) book.replay(record, at(0));
    expect(book.unprinted().map(({ receipt }) => receipt)).toEqual([
      'counter-1-s000001-abcdef',
      'counter-1-r000002-123456',
    ]);
    expect(book.number('s', 'ffffff')).toBe('s000003-ffffff');
  });

  it('forgets with the oldest sales their receipts, where there is no printer to print them', () => {
    const book = new SaleIndex(FACTS.device, FACTS.merchant);
    for (let index = 0; index < SALES_REMEMBERED + 2; index++) {
      const sale = `s${String(index + 1).padStart(6, '0')}-abcdef`;
      for (const record of records.slice(0, 3))
        book.replay(
          recordSchema.parse({ ...record, sale, ...(record.kind === 'settled' && { receipt: sale }) }),
          at(0),
        );
    }
    expect(book.unprinted()).toHaveLength(SALES_REMEMBERED);
  });
});
