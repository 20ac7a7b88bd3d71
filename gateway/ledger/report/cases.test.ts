/** Cases derived from the book alone, and the acts that each allows. */
import { describe, expect, it } from 'vitest';
import type { DeviceId, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { wallMs } from '#protocol/kernel/time.js';
import { MORNING, serialOf } from '../../../test/contract/ledger-fixture.js';
import { DAY, d1, m1 } from '../../../test/contract/one-book.js';
import type { Decision, DeviceChain, SaleEntry, SaleKey } from '../book/book.js';
import { actsOnSale, type CaseRows, caseOfSale, casesOf, decisionOn, salesIn, subjectOf } from './cases.js';

const sale = (change: Partial<SaleEntry> & { readonly rrn?: string } = {}): SaleEntry => {
  const { rrn, ...rest } = change;
  return {
    key: 'd1/a' as SaleKey,
    device: d1,
    sale: 'a' as SaleId,
    order: null,
    merchant: m1,
    amountFen: fen(30_000),
    netFen: fen(22_000),
    faceFen: fen(8_000),
    mode: null,
    holder: null,
    serial: serialOf(7),
    request: null,
    requestId: null,
    answer: null,
    presented: null,
    state: 'settled',
    booking: 'kept',
    legs: [],
    flags: [],
    at: MORNING,
    ...(rrn !== undefined && { reference: { rrn, auth: '', last4: '' } }),
    ...rest,
  };
};
const decision = (change: Partial<Decision> = {}): Decision => ({
  act: 'x',
  kind: 'close',
  by: 'li',
  why: '',
  at: MORNING,
  ...change,
});
const caseState = (now: number = MORNING, isEnrolled = true) => ({ now: wallMs(now), isEnrolled: () => isEnrolled });
const held = { state: 'charging', booking: 'none' } as const;

it.each<readonly [string, Partial<SaleEntry>, number, boolean, string | undefined]>([
  ['kept', {}, MORNING + 9 * DAY, true, undefined],
  ['disputed', { booking: 'disputed' }, MORNING, true, 'disputed'],
  ['a conflict', { booking: 'conflict' }, MORNING, true, 'conflict'],
  ['disputed and decided', { booking: 'disputed', decisions: [decision()] }, MORNING, true, undefined],
  [
    'disputed, decided, and contradicted since',
    { booking: 'disputed', decisions: [decision({ contradicted: true })] },
    MORNING,
    true,
    'disputed',
  ],
  [
    'disputed, contradicted, and decided anew',
    { booking: 'disputed', decisions: [decision({ contradicted: true }), decision()] },
    MORNING,
    true,
    undefined,
  ],
  ['disputed and refunded', { booking: 'disputed', state: 'refunded' }, MORNING, true, undefined],
  ['charging for less than a day', held, MORNING + DAY - 1, true, undefined],
  ['charging for a day', held, MORNING + DAY, true, 'stuck'],
  ['charging at a device that is gone', held, MORNING, false, 'stuck'],
  ['charging at full price', { ...held, serial: null }, MORNING + 9 * DAY, false, undefined],
  ['unknown for a day', { ...held, state: 'unknown' }, MORNING + DAY, true, 'stuck'],
  ['asked for ever', { ...held, state: 'asked' }, MORNING + 9 * DAY, false, undefined],
  ['not charged', { ...held, state: 'not-charged' }, MORNING + 9 * DAY, false, undefined],
  ['given up', { ...held, state: 'abandoned' }, MORNING + 9 * DAY, false, undefined],
])('a sale that is %s', (_what, change, now, isEnrolled, kind) => {
  expect(caseOfSale(sale(change), caseState(now, isEnrolled))).toBe(kind);
});

it.each<readonly [string, Partial<SaleEntry>, readonly string[]]>([
  ['kept', {}, []],
  ['disputed', { booking: 'disputed' }, ['decide paid', 'decide not-paid', 'decide write-off', 'close']],
  ['a conflict', { booking: 'conflict' }, ['decide not-paid', 'close']],
  ['charging', held, []],
  ['unknown', { ...held, state: 'unknown' }, ['release', 'decide paid', 'decide not-paid', 'decide write-off']],
  ['unknown and decided', { ...held, state: 'unknown', decisions: [decision()] }, []],
  ['unknown at full price', { ...held, state: 'unknown', serial: null }, []],
])('of a sale that is %s, at once, a person may: %o', (_what, change, acts) => {
  expect(actsOnSale(sale(change), caseState())).toEqual(acts);
});

it('of a charge that is stuck the coupon may be given back without anybody’s word', () => {
  expect(actsOnSale(sale(held), caseState(MORNING + DAY))).toContain('free');
  expect(actsOnSale(sale({ ...held, state: 'unknown' }), caseState())).not.toContain('free');
});

it.each([
  [undefined, undefined],
  [[], undefined],
  [[decision()], 'close'],
  [[decision({ contradicted: true })], undefined],
  [[decision({ kind: 'free' }), decision({ kind: 'release' })], 'release'],
])('decisions %o stand as %s', (decisions, kind) => {
  expect(decisionOn(sale({ ...(decisions && { decisions }) }))?.kind).toBe(kind);
});

it.each([
  ['sale:d1:a', { device: 'd1', sale: 'a' }],
  ['fork:d1', { device: 'd1' }],
  ['sale:d1', {}],
  ['fork:d1:a', {}],
  ['sale::a', {}],
  ['sale:d1:a:b', {}],
  ['rrn:4711', {}],
  ['xsale:d1:a', {}],
  ['', {}],
])('case %s is about %o', (about, subject) => {
  expect(subjectOf(about)).toEqual(subject);
});

it.each([
  [{ sale: 'd1/a' }, ['d1/a']],
  [{ first: { sale: 'd1/a' }, second: { sale: 'd2/b' } }, ['d1/a', 'd2/b']],
  [{ first: null, second: { sale: 'd2/b' } }, ['d2/b']],
  [{ sale: 7 }, []],
  [null, []],
  ['sale', []],
])('evidence %o names the sales %o', (detail, sales) => {
  expect(salesIn(detail)).toEqual(sales);
});

const rows = (change: Partial<CaseRows> = {}): CaseRows => ({
  devices: [],
  sales: [],
  referenced: [],
  confirmations: [],
  closings: [],
  evidence: [],
  ...change,
});
const idsOf = (change: Partial<CaseRows>, now: number = MORNING) =>
  casesOf(rows(change), caseState(now)).map(({ id }) => id);
const forked = (device: string, forkedAt: number): DeviceChain => ({
  device: device as DeviceId,
  seq: 9,
  hash: 'h',
  fork: { seq: 4, hash: 'f' },
  forkEvidence: 1,
  forkedAt,
});

describe('the list', () => {
  it('is empty where nothing is the matter', () => {
    expect(
      idsOf({ sales: [sale()], devices: [{ ...forked('d1', 1), fork: null }], referenced: [sale({ rrn: '1' })] }),
    ).toEqual([]);
  });

  it('has the oldest first, and by name what began together', () => {
    const sales = [
      sale({ booking: 'disputed', at: 50 }),
      sale({ booking: 'conflict', key: 'd2/b' as SaleKey, device: 'd2' as DeviceId, sale: 'b' as SaleId, at: 20 }),
    ];
    expect(idsOf({ sales, devices: [forked('d3', 20), forked('d4', 10)] })).toEqual([
      'fork:d4',
      'fork:d3',
      'sale:d2:b',
      'sale:d1:a',
    ]);
  });

  it('has what is closed again only where it began anew since', () => {
    const closings = (at: number) => [
      { about: 'fork:d1', at },
      { about: null, at: 99 },
      { about: 'fork:d1', at: 1 },
    ];
    expect(idsOf({ devices: [forked('d1', 20)], closings: closings(19) })).toEqual(['fork:d1']);
    expect(idsOf({ devices: [forked('d1', 20)], closings: closings(20) })).toEqual([]);
  });

  it('says where a journal parts, and which evidence there is', () => {
    const evidence = [
      { id: 1, kind: 'fork', about: ['d1'] },
      { id: 2, kind: 'disputed', about: ['d1', 'd1/a'] },
      { id: 3, kind: 'fork', about: ['d2'] },
    ] as const;
    const [fork, disputed] = casesOf(
      rows({ devices: [forked('d1', 20)], sales: [sale({ booking: 'disputed', at: 30 })], evidence }),
      caseState(),
    );
    expect(fork).toMatchObject({
      kind: 'fork',
      device: 'd1',
      since: 20,
      fork: { seq: 4, hash: 'f', haveSeq: 9 },
      evidence: [1],
      acts: ['unfork', 'close'],
    });
    expect(disputed).toMatchObject({
      kind: 'disputed',
      sales: [{ sale: 'a', faceFen: 8_000, rrn: null }],
      evidence: [2],
      fork: null,
    });
  });
});

describe('a card payment', () => {
  const other = { key: 'd2/b' as SaleKey, device: 'd2' as DeviceId, sale: 'b' as SaleId, at: MORNING + 5 };
  const confirmed = (netFen: number) => [{ rrn: '1', netFen, act: 'x' }];
  it.each<readonly [string, readonly SaleEntry[], CaseRows['confirmations'], object | undefined]>([
    ['of one sale', [sale({ rrn: '1' })], [], undefined],
    ['of one sale, as the acquirer knows it', [sale({ rrn: '1' })], confirmed(22_000), undefined],
    [
      'of one sale that the acquirer knows otherwise',
      [sale({ rrn: '1' })],
      confirmed(21_999),
      { device: 'd1', confirmedFen: 21_999, since: MORNING },
    ],
    [
      'of two sales',
      [sale({ rrn: '1' }), sale({ ...other, rrn: '1' })],
      [],
      { device: null, confirmedFen: null, since: MORNING + 5 },
    ],
    [
      'of two sales of one device',
      [sale({ rrn: '1' }), sale({ ...other, device: d1, rrn: '1' })],
      confirmed(22_000),
      { device: 'd1', confirmedFen: 22_000 },
    ],
    ['of none', [sale(), sale(other)], [], undefined],
    ['of each sale its own', [sale({ rrn: '1' }), sale({ ...other, rrn: '2' })], [], undefined],
  ])('%s', (_what, referenced, confirmations, expected) => {
    const cases = casesOf(rows({ referenced, confirmations }), caseState());
    const common = { id: 'rrn:1', kind: 'reference', acts: ['assign', 'disown', 'close'] };
    expect(cases).toMatchObject(expected === undefined ? [] : [{ ...common, ...expected }]);
  });
});
