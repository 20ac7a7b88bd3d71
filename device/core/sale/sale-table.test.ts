/**
 * The sale's machine against the design, transition by transition: every state meets every input. Listed transitions
 * happen; any other input leaves the sale unchanged and has no effect.
 */
import { describe, expect, it } from 'vitest';
import type { CouponSerial, DeviceId, MerchantId, OrderNo, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { type Instant, monoMs, wallMs } from '#protocol/kernel/time.js';
import { type CardSlip, recordSchema } from '#protocol/records/record.js';
import { AUTHORISE_TIMEOUT_MS, CHARGE_WORST_MS } from '../limits.js';
import type { ReaderTransaction } from './reader-transaction.js';
import {
  type Charge,
  isUnknown,
  receiptNo,
  type Sale,
  type SaleEffect,
  type SaleFacts,
  type SaleInput,
  type Settlement,
  stepSale,
} from './sale.js';
import { viewOf } from './sale-view.js';

const NOW = 1_000_000;
const at: Instant = {
  mono: monoMs(NOW),
  wall: { earliest: wallMs(1_680_000_000_000), latest: wallMs(1_680_000_000_000) },
};
const later = monoMs(NOW + 1_000);
const SLIP: CardSlip = { auth: '123456', rrn: '1', last4: '4321', scheme: 'UPI', readerTime: '20230327090501' };
const REFUND = 'r000002-123456' as SaleId;
const facts: SaleFacts = {
  sale: 's000001-abcdef' as SaleId,
  order: 'A-1' as OrderNo,
  amountFen: fen(25_990),
  device: 'counter-1' as DeviceId,
  merchant: 'yh-01' as MerchantId,
};
const tier = { serial: 4_001 as CouponSerial, tier: 'yuan-40', faceFen: fen(4_000), thresholdFen: fen(20_000) };
const charge: Charge = {
  netFen: fen(21_990),
  coupon: { ...tier, by: { kind: 'reservation' } },
  reason: null,
  next: null,
  readerMark: null,
};
const settlement: Settlement = { charge, slip: SLIP, receipt: receiptNo(facts.device, facts.sale), settledAt: null };
const presentation = { kind: 'opaque', code: '6212345678901234567' } as const;
const moved = { kind: 'approved', slip: SLIP } as const;
const declined = { kind: 'not-charged', outcome: 'declined', code: '51' } as const;

const charging = (transaction: ReaderTransaction): Sale => ({
  at: 'charging',
  facts,
  charge,
  transaction,
  settledAt: null,
});
const refunding = (transaction: ReaderTransaction): Sale => ({
  at: 'refunding',
  facts,
  settlement,
  refund: REFUND,
  readerMark: null,
  transaction,
  refundedAt: null,
});

const checking = { at: 'checking', why: 'silence', nextAskAt: later, until: later, atMostUntil: later } as const;
const recordingUnknown = { at: 'recording-unknown', why: 'silence', answered: null, askAgain: false } as const;

const MOVEMENTS = {
  permitting: { at: 'permitting', before: null, cancelled: false },
  'permitting, cancelled': { at: 'permitting', before: null, cancelled: true },
  'permitting, lease too short': { at: 'permitting', before: monoMs(NOW + CHARGE_WORST_MS - 1), cancelled: false },
  'permitting, lease just long enough': { at: 'permitting', before: monoMs(NOW + CHARGE_WORST_MS), cancelled: false },
  moving: { at: 'moving', until: later },
  'moving, over time': { at: 'moving', until: at.mono },
  checking,
  'checking, to ask': { ...checking, nextAskAt: at.mono },
  'checking, over time': { ...checking, nextAskAt: at.mono, until: at.mono },
  'checking, running too long': { ...checking, atMostUntil: at.mono },
  recordingUnknown,
  'recordingUnknown, approved meanwhile': { ...recordingUnknown, answered: moved },
  'recordingUnknown, to ask again': { ...recordingUnknown, askAgain: true },
  unknown: { at: 'unknown', why: 'silence' },
  'closing, moved': { at: 'closing', outcome: moved },
  'closing, not moved': { at: 'closing', outcome: declined },
} as const satisfies Record<string, ReaderTransaction>;

const STATES: Readonly<Record<string, Sale>> = {
  opening: { at: 'opening', facts },
  opened: { at: 'opened', facts, reason: null, next: null, idleAt: later },
  'opened, forgotten': { at: 'opened', facts, reason: 'code-unknown', next: null, idleAt: at.mono },
  authorising: { at: 'authorising', facts, presentation, sentAt: at.mono, until: later },
  'authorising, over time': {
    at: 'authorising',
    facts,
    presentation,
    sentAt: monoMs(NOW - AUTHORISE_TIMEOUT_MS),
    until: at.mono,
  },
  ...Object.fromEntries(
    Object.entries(MOVEMENTS).map(([name, transaction]) => [`charging: ${name}`, charging(transaction)]),
  ),
  abandoning: { at: 'abandoning', facts, why: 'cashier' },
  abandoned: { at: 'abandoned', facts, why: 'cashier' },
  'not-charged': { at: 'not-charged', facts, charge, outcome: 'declined', code: '51' },
  settled: { at: 'settled', facts, settlement, refundFailed: null },
  'settled, refund failed': { at: 'settled', facts, settlement, refundFailed: { outcome: 'error', code: '12' } },
  ...Object.fromEntries(
    Object.entries(MOVEMENTS).map(([name, transaction]) => [`refunding: ${name}`, refunding(transaction)]),
  ),
  refunded: {
    at: 'refunded',
    facts,
    settlement,
    refund: REFUND,
    slip: settlement.slip,
    receipt: receiptNo(facts.device, REFUND),
    refundedAt: null,
  },
};

type Word = Extract<SaleInput, { kind: 'reader' }>['word'];
const says = (word: Word, ref: SaleId): SaleInput => ({ kind: 'reader', ref, word });
const answers = (answer: Extract<Word, { kind: 'answer' }>['answer']): Word => ({ kind: 'answer', answer });
const WORDS: Readonly<Record<string, Word>> = {
  approved: answers({ kind: 'approved', slip: SLIP }),
  declined: answers({ kind: 'not-charged', outcome: 'declined', code: '51' }),
  'not found': answers({ kind: 'not-charged', outcome: 'not-found', code: 'NOTFOUND' }),
  running: answers({ kind: 'running' }),
  unknown: answers({ kind: 'cannot-say', why: 'UNKNOWN' }),
  silent: { kind: 'silent', why: 'no ACK' },
  busy: { kind: 'refused', code: 'BUSY' },
  conflict: { kind: 'refused', code: 'REFCONFLICT' },
};
const by = { readerMark: null };

const INPUTS: Readonly<Record<string, SaleInput>> = {
  journalled: { kind: 'journalled' },
  code: { kind: 'presented', presentation },
  'other wallet': { kind: 'presented', presentation: { kind: 'other', reason: 'wrong-wallet-app' } },
  reserved: {
    kind: 'authorised',
    answer: { kind: 'reserved', ...tier, netFen: fen(21_990), leaseMs: 120_000 },
    ...by,
  },
  'refused, mendable': {
    kind: 'authorised',
    answer: { kind: 'refused', reason: 'presentation-stale', next: null },
    ...by,
  },
  'refused, for good': { kind: 'authorised', answer: { kind: 'refused', reason: 'already-used', next: null }, ...by },
  'taken here': {
    kind: 'offline',
    verdict: {
      kind: 'taken',
      next: null,
      coupon: { ...tier, by: { kind: 'offline', presentation: 'CP1:', allowance: 'a-1' } },
    },
    ...by,
  },
  'refused here': {
    kind: 'offline',
    verdict: { kind: 'refused', reason: 'gateway-unreachable', next: null },
    ...by,
  },
  charge: { kind: 'charge', ...by },
  'cancel by cashier': { kind: 'cancel', by: 'cashier' },
  'cancel by till': { kind: 'cancel', by: 'till' },
  refund: { kind: 'refund', refund: REFUND, ...by },
  'reader-ready': { kind: 'reader-ready' },
  'ask-again': { kind: 'ask-again' },
  wake: { kind: 'wake', ...by },
  ...Object.fromEntries(Object.entries(WORDS).map(([name, word]) => [`sale ${name}`, says(word, facts.sale)])),
  ...Object.fromEntries(Object.entries(WORDS).map(([name, word]) => [`refund ${name}`, says(word, REFUND)])),
  ...Object.fromEntries(
    Object.entries(WORDS).map(([name, word]) => [`other ${name}`, says(word, 's000009-ffffff' as SaleId)]),
  ),
};

/** Transitions of money in motion, for a charge and a refund alike. `!` is a record, `>` an effect. */
const MOVEMENT_TABLE: Readonly<Record<keyof typeof MOVEMENTS, Readonly<Record<string, string>>>> = {
  permitting: { journalled: 'moving >command', cancel: 'permitting' },
  'permitting, cancelled': { journalled: 'closing !not-moved' },
  'permitting, lease too short': { journalled: 'closing !not-moved', cancel: 'permitting' },
  'permitting, lease just long enough': { journalled: 'moving >command', cancel: 'permitting' },
  moving: moving(),
  'moving, over time': { ...moving(), wake: 'checking >ask' },
  checking: checks(),
  'checking, to ask': { ...checks(), wake: 'checking >ask' },
  'checking, over time': { ...checks(), wake: 'recording-unknown !nobody-knows' },
  'checking, running too long': { ...checks(), running: 'recording-unknown !nobody-knows' },
  recordingUnknown: {
    journalled: 'unknown',
    approved: 'recording-unknown',
    declined: 'recording-unknown',
    'not found': 'recording-unknown',
    'reader-ready': 'recording-unknown',
    'ask-again': 'recording-unknown',
  },
  'recordingUnknown, approved meanwhile': {
    journalled: 'closing !moved',
    'reader-ready': 'recording-unknown',
    'ask-again': 'recording-unknown',
  },
  'recordingUnknown, to ask again': {
    journalled: 'unknown >ask',
    approved: 'recording-unknown',
    declined: 'recording-unknown',
    'not found': 'recording-unknown',
  },
  unknown: {
    'reader-ready': 'unknown >ask',
    'ask-again': 'unknown >ask',
    approved: 'closing !moved',
    declined: 'closing !not-moved',
    'not found': 'closing !not-moved',
  },
  'closing, moved': { journalled: 'moved >stored >receipt >announce' },
  'closing, not moved': { journalled: 'not-moved >stored' },
};

function moving(): Readonly<Record<string, string>> {
  return {
    cancel: 'moving >cancel-charge',
    'reader-ready': 'checking >ask',
    'ask-again': 'moving >ask',
    approved: 'closing !moved',
    declined: 'closing !not-moved',
    'not found': 'closing !not-moved',
    unknown: 'checking >ask',
    silent: 'checking >ask',
    busy: 'closing !not-moved',
    conflict: 'checking >ask',
  };
}

function checks(): Readonly<Record<string, string>> {
  return {
    cancel: 'checking >cancel-charge',
    'reader-ready': 'checking >ask',
    'ask-again': 'checking >ask',
    approved: 'closing !moved',
    declined: 'closing !not-moved',
    'not found': 'closing !not-moved',
    running: 'checking',
    unknown: 'recording-unknown !nobody-knows',
  };
}

const opened = {
  code: 'authorising >authorise',
  'other wallet': 'opened',
  charge: 'charging: permitting !charging',
  'cancel by cashier': 'abandoning !abandoned',
  'cancel by till': 'abandoning !abandoned',
};
const authorising = {
  reserved: 'charging: permitting !charging',
  'refused, mendable': 'opened',
  'refused, for good': 'charging: permitting !charging',
  'taken here': 'charging: permitting !charging',
  'refused here': 'charging: permitting !charging',
  'cancel by cashier': 'abandoning !abandoned',
  'cancel by till': 'abandoning !abandoned',
};
const known = (ref: string) => Object.fromEntries(ANSWERS.map((word) => [`${ref} ${word}`, '>stored']));
const ANSWERS = ['approved', 'declined', 'not found', 'running', 'unknown'];

const TABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  opening: { journalled: 'opened' },
  opened,
  'opened, forgotten': { ...opened, wake: 'abandoning !abandoned' },
  authorising,
  'authorising, over time': { ...authorising, wake: 'authorising >judge-offline' },
  abandoning: { journalled: 'abandoned' },
  abandoned: {},
  'not-charged': known('sale'),
  settled: { refund: 'refunding: permitting !refunding', ...known('sale') },
  'settled, refund failed': { refund: 'refunding: permitting !refunding', ...known('sale') },
  refunded: known('refund'),
  ...movementRows('charging', 'sale', {
    '>command': '>charge',
    '!moved': '!settled',
    '!not-moved': '!not-charged',
    '!nobody-knows': '!unknown',
    moved: 'settled',
    'not-moved': 'not-charged',
  }),
  ...movementRows('refunding', 'refund', {
    '>command': '>void',
    '!moved': '!refunded',
    '!not-moved': '!refund-failed',
    '!nobody-knows': '!refund-unknown',
    moved: 'refunded',
    'not-moved': 'settled',
  }),
};

/** The reader transaction's table in the terms of a charge or a refund. */
function movementRows(at: 'charging' | 'refunding', ref: string, words: Readonly<Record<string, string>>) {
  const own = (text: string): string => {
    const [next = '', ...effects] = text.split(' ');
    const state = words[next] ?? `${at}: ${next}`;
    return [state, ...effects.map((effect) => words[effect] ?? effect)].join(' ');
  };
  const nameOfInput = (input: string): readonly string[] => {
    if (input === 'cancel') return ['cancel by cashier', 'cancel by till'];
    return [input in WORDS ? `${ref} ${input}` : input];
  };
  return Object.fromEntries(
    Object.entries(MOVEMENT_TABLE).map(([name, row]) => [
      `${at}: ${name}`,
      Object.fromEntries(
        Object.entries(row).flatMap(([input, then]) => nameOfInput(input).map((name) => [name, own(then)])),
      ),
    ]),
  );
}

const stateOf = (sale: Sale): string =>
  sale.at === 'charging' || sale.at === 'refunding' ? `${sale.at}: ${sale.transaction.at}` : sale.at;
const wordOf = (effect: SaleEffect): string =>
  effect.kind === 'journal' ? `!${effect.record.kind}` : `>${effect.kind}`;

describe('every input in every state', () => {
  it('has a row for each state', () => {
    expect(Object.keys(TABLE).toSorted()).toEqual(Object.keys(STATES).toSorted());
  });

  it.each(Object.entries(STATES))('%s', (name, sale) => {
    const row = TABLE[name] ?? {};
    expect(Object.keys(row).filter((input) => !(input in INPUTS))).toEqual([]);
    for (const [input, value] of Object.entries(INPUTS)) {
      const { state, effects } = stepSale(sale, value, at);
      const expected = row[input];
      if (expected === undefined) {
        expect([input, state, effects]).toEqual([input, sale, []]);
        expect(state).toBe(sale);
      } else {
        const happens = [stateOf(state), ...effects.map(wordOf)].join(' ');
        const same = state === sale ? effects.map(wordOf).join(' ') : undefined;
        expect([happens, same], `${input} in ${name}`).toContain(expected);
      }
    }
  });

  it.each(Object.entries(STATES))(
    '%s keeps the counter busy unless the till has been told that a person has it',
    (_, sale) => {
      expect(isUnknown(sale)).toBe(viewOf(sale).state.endsWith('unknown'));
    },
  );

  it('writes only records that the journal takes', () => {
    for (const sale of Object.values(STATES)) {
      for (const input of Object.values(INPUTS)) {
        for (const effect of stepSale(sale, input, at).effects) {
          if (effect.kind === 'journal') expect(recordSchema.parse(effect.record)).toEqual(effect.record);
        }
      }
    }
  });

  it('asks the reader for money only where a record has just become durable, and never for another amount', () => {
    for (const sale of Object.values(STATES)) {
      for (const [name, input] of Object.entries(INPUTS)) {
        for (const effect of stepSale(sale, input, at).effects) {
          if (effect.kind !== 'charge' && effect.kind !== 'void') continue;
          expect([name, effect.netFen]).toEqual(['journalled', 21_990]);
        }
      }
    }
  });
});
