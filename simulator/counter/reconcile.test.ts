import { describe, expect, it } from 'vitest';
import type { CardSlip, JournalRecord } from '#protocol/records/record.js';
import { recordSchema } from '#protocol/records/record.js';
import type { PrintedCopy } from './paper.js';
import { type CounterBooks, type LedgerSums, reconcile } from './reconcile.js';

const CARD: CardSlip = { auth: '1', rrn: '1', last4: '0042', scheme: 'UNIONPAY', readerTime: '' };
const record = (fields: object): JournalRecord => recordSchema.parse({ at: null, ...fields });

const OPENED = record({ kind: 'opened', sale: 's1', order: 'A1', amountFen: 25_990 });
const CHARGING = record({
  kind: 'charging',
  sale: 's1',
  order: 'A1',
  merchant: 'yh-02',
  amountFen: 25_990,
  netFen: 21_990,
  coupon: { serial: 7, tier: 'yuan-40', faceFen: 4_000, thresholdFen: 20_000, by: { kind: 'reservation' } },
  reason: null,
  readerMark: null,
});
const SETTLED = record({
  kind: 'settled',
  sale: 's1',
  order: 'A1',
  amountFen: 25_990,
  netFen: 21_990,
  serial: 7,
  faceFen: 4_000,
  receipt: 'plate-s1',
  card: CARD,
});
const copy = (change: Partial<PrintedCopy> = {}): PrintedCopy => ({
  receipt: 'plate-s1',
  copy: 'original',
  of: 'sale',
  netFen: 21_990,
  savedFen: 4_000,
  lines: ['A1'],
  pieces: [],
  ...change,
});
const MOVED = { ref: 's1', kind: 'sale', amountFen: 21_990, state: 'moved', original: null } as const;

/** One sale, and all four books in order. */
const BOOKS: CounterBooks = {
  counter: 'plate',
  journal: [OPENED, CHARGING, SETTLED],
  journalFault: null,
  reader: [MOVED],
  paper: [copy()],
  announcements: 1,
};
const LEDGER: LedgerSums = {
  sales: 1,
  netFen: 21_990,
  redeemed: 1,
  faceFen: 4_000,
  refunded: 0,
  refundedFen: 0,
  reserved: 0,
  postingsFen: 0,
};

const UNKNOWN = record({ kind: 'unknown', sale: 's1', why: 'silent' });
const NOT_CHARGED = record({ kind: 'not-charged', sale: 's1', outcome: 'declined', code: '51' });
const REFUNDING = record({ kind: 'refunding', refund: 'r1', sale: 's1', netFen: 21_990, readerMark: null });

describe('four books', () => {
  it('agree on an honest sale', () => {
    const { differences, journal, receipts } = reconcile([BOOKS], LEDGER);
    expect(differences).toEqual([]);
    expect(receipts).toEqual(journal);
  });

  const nothing: LedgerSums = { ...LEDGER, sales: 0, netFen: 0, redeemed: 0, faceFen: 0 };
  it.each<[string, Partial<CounterBooks>, LedgerSums | undefined, string]>([
    ['money moved that nobody wrote down', { reader: [MOVED, { ...MOVED, ref: 's9' }] }, LEDGER, 'knows nothing'],
    ['settled, and no money', { reader: [{ ...MOVED, state: 'not-moved' }] }, LEDGER, 'moved no money'],
    ['another amount charged', { reader: [{ ...MOVED, amountFen: 25_990 }] }, LEDGER, '25990 fen moved'],
    ['charged, and said not to be', { journal: [OPENED, CHARGING, NOT_CHARGED], paper: [] }, nothing, 'is not-charged'],
    ['a sale that hangs', { journal: [OPENED, CHARGING], paper: [], reader: [] }, nothing, 'hangs'],
    ['a refund that hangs', { journal: [...BOOKS.journal, REFUNDING] }, LEDGER, 'refund of s1 hangs'],
    ['two originals', { paper: [copy(), copy()] }, LEDGER, '2 times as an original'],
    ['no receipt', { paper: [] }, LEDGER, 'not on paper'],
    ['a receipt that broke off', { paper: [copy({ netFen: null })] }, LEDGER, 'not on paper'],
    ['a receipt of nothing', { paper: [copy(), copy({ receipt: 'x' })] }, LEDGER, 'stands for nothing'],
    ['a receipt with another sum', { paper: [copy({ netFen: 25_990 })] }, LEDGER, 'says 25990 fen'],
    ['a receipt with another saving', { paper: [copy({ savedFen: 0 })] }, LEDGER, '0 fen were saved'],
    ['announced twice', { announcements: 2 }, LEDGER, 'announced'],
    ['a journal that cannot be read', { journalFault: 'JOURNAL_CORRUPT' }, LEDGER, 'JOURNAL_CORRUPT'],
    ['a redemption lost on the way', {}, { ...LEDGER, redeemed: 0, faceFen: 0 }, 'coupons redeemed: 1'],
    ['a coupon that hangs', {}, { ...LEDGER, reserved: 1 }, '1 coupons are held'],
    ['postings that do not add up', {}, { ...LEDGER, postingsFen: 1 }, 'not 0'],
    ['a gateway that says nothing', {}, undefined, 'did not say'],
  ])('show %s', (_, change, ledger, words) => {
    const { differences } = reconcile([{ ...BOOKS, ...change }], ledger);
    expect(differences.join('\n')).toContain(words);
  });

  it("leave what is in a person's hands to the person, with its coupon held", () => {
    const books: CounterBooks = { ...BOOKS, journal: [OPENED, CHARGING, UNKNOWN], paper: [], announcements: 0 };
    const { differences, inPersonsHands } = reconcile([books], { ...nothing, reserved: 1 });
    expect(differences).toEqual([]);
    expect(inPersonsHands).toBe(1);
  });
});
