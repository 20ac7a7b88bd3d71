import { describe, expect, it } from 'vitest';
import { MemoryBook } from '#gateway/ledger/book/memory-book.js';
import type { DeviceId, MerchantId, SaleId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import { type JournalRecord, recordSchema } from '#protocol/records/record.js';
import type { ReaderEntry } from '../hardware/readers/bank.js';
import type { BookEvent, Books, Check, CounterBooks, Paper } from './books.js';
import { receiptsTrue } from './receipts.js';
import { Street } from './street.js';
import { voiceOnce } from './voice.js';

const DEVICE = 'c1' as DeviceId;
const SALE = 's000001-abcdef' as SaleId;
const REFUND = 'r000002-abcdef' as SaleId;
const SLIP = { auth: '1', rrn: '1', last4: '4321', scheme: 'UPI', readerTime: '20230327090501' };

const counter = (papers: readonly Paper[] = [], hasFailedDisk = false): CounterBooks => ({
  device: DEVICE,
  merchant: 'm1' as MerchantId,
  tape: [],
  disk: { rows: [], acknowledged: { seq: 0, hash: '' }, failNext: undefined, inUse: true },
  bank: () => [],
  moved: new Map(),
  takenBack: new Set(),
  papers,
  utterances: () => [],
  hasFailedDisk,
  isForged: false,
  allowances: new Map(),
});

const record = (of: Record<string, unknown>): JournalRecord => recordSchema.parse({ at: null, ...of });
const money = { order: 'A-1', amountFen: 25_990, netFen: 21_990 };
const charging = record({
  kind: 'charging',
  sale: SALE,
  merchant: 'm1',
  ...money,
  coupon: null,
  reason: null,
  readerMark: null,
});
const settled = record({
  kind: 'settled',
  sale: SALE,
  ...money,
  serial: null,
  faceFen: 4_000,
  receipt: `${DEVICE}-${SALE}`,
  card: SLIP,
});
const refunding = record({ kind: 'refunding', sale: SALE, refund: REFUND, netFen: 21_990, readerMark: null });
const refunded = record({
  kind: 'refunded',
  sale: SALE,
  refund: REFUND,
  netFen: 21_990,
  receipt: `${DEVICE}-${REFUND}`,
  card: SLIP,
});

const paper = (of: SaleId, text: string, isMarkedCopy = false): Paper => ({
  code: `CPR:${DEVICE}-${of}`,
  text: `码牌编号 ${DEVICE}\n${text}`,
  isMarkedCopy,
});
const RIGHT = paper(SALE, '消费券 -40.00\n实付 ￥219.90');

const journalled = (here: CounterBooks, what: JournalRecord): BookEvent => ({
  kind: 'journalled',
  counter: here,
  row: { body: JSON.stringify(what), record: what, at: 0 },
});
const printed = (here: CounterBooks, what: Paper): BookEvent => ({ kind: 'paper', counter: here, paper: what });
const spoken = (here: CounterBooks, text: string): BookEvent => ({ kind: 'spoken', counter: here, text });

const all = (check: Check, events: readonly BookEvent[]): readonly string[] =>
  events.flatMap((event) => check.seen?.(event) ?? []);

function books(here: CounterBooks, state?: 'settled' | 'refunded' | 'unknown'): Books {
  const ledger = new MemoryBook(3);
  const sale = { key: `${DEVICE}/${SALE}`, device: DEVICE, sale: SALE, state, netFen: fen(21_990), holder: null };
  if (state !== undefined) ledger.putSale(sale as never);
  return {
    now: () => 0,
    campaign: {} as never,
    counters: [here],
    ledger,
    postings: [],
    street: new Street({ liars: new Map(), isCalm: false, leaseMs: 120_000 }),
    issuerKeys: new Map(),
    verifier: { verify: () => false },
    reconciliation: () => ({}) as never,
  };
}

describe('the checker of receipts', () => {
  const watch = (here = counter()): Check => receiptsTrue.watch(books(here));

  it('has nothing against an original and its marked copies, after their record', () => {
    const here = counter();
    const copy = { ...RIGHT, isMarkedCopy: true };
    const events = [charging, settled].map((one) => journalled(here, one));
    expect(all(watch(), [...events, printed(here, RIGHT), printed(here, copy), printed(here, copy)])).toEqual([]);
  });

  it.each<[string, readonly JournalRecord[], readonly Paper[]]>([
    ['printed before its record', [charging], [RIGHT]],
    ['of a refund, printed before its record', [charging, settled, refunding], [paper(REFUND, '退款 ￥219.90')]],
    ['with another sum', [charging, settled], [paper(SALE, '消费券 -40.00\n实付 ￥259.90')]],
    ['that does not say what came off', [charging, settled], [paper(SALE, '实付 ￥219.90')]],
    ['printed twice as an original', [charging, settled], [RIGHT, RIGHT]],
  ])('finds a receipt %s', (_, records, papers) => {
    const here = counter();
    const events = [...records.map((one) => journalled(here, one)), ...papers.map((one) => printed(here, one))];
    expect(all(watch(), events)).toHaveLength(1);
  });

  it.each<[SaleId, 'settled' | 'refunded' | 'unknown' | undefined, boolean]>([
    [SALE, 'settled', true],
    [SALE, 'refunded', true],
    [SALE, 'unknown', false],
    [SALE, undefined, false],
    [REFUND, 'refunded', true],
    [REFUND, 'settled', false],
  ])('holds the receipt of %s against the ledger’s %s at quiet', (of, state, agrees) => {
    const here = counter([paper(of, '￥219.90 -40.00')]);
    const check = receiptsTrue.watch(books(here, state));
    all(
      check,
      [charging, settled, refunding, refunded].map((one) => journalled(here, one)),
    );
    expect(check.atQuiet?.() === undefined).toBe(agrees);
  });
});

describe('the checker of the voice', () => {
  const PAID = '收款219.9元';
  const here = counter();
  const words = (): string => {
    // Whatever the product says of this sale: taken from a world in which it was said.
    const check = voiceOnce.watch(books(here));
    return all(check, [journalled(here, settled), spoken(here, PAID)])[0] ?? '';
  };
  const entry = (kind: ReaderEntry['kind'], ref: SaleId): ReaderEntry => ({
    ref,
    kind,
    amountFen: 21_990,
    state: 'moved',
    original: kind === 'void' ? SALE : null,
  });

  it('finds a sum for which there is no record', () => {
    expect(words()).toContain('1 times, and was paid so 0 times');
  });

  it('lets a sale without a record be announced once, where the journal had failed, and a refund not as a sale', async () => {
    const { saleWords } = await import('#device/drivers/voices/index.js');
    const text = saleWords(fen(21_990), fen(0));
    const moved = (what: ReaderEntry): BookEvent => ({ kind: 'moved', counter: here, entry: what });
    expect(all(voiceOnce.watch(books(here)), [moved(entry('sale', SALE)), spoken(here, text)])).toEqual([]);
    expect(all(voiceOnce.watch(books(here)), [moved(entry('void', REFUND)), spoken(here, text)])).toHaveLength(1);
    const recorded = [journalled(here, charging), moved(entry('sale', SALE)), spoken(here, text)];
    expect(all(voiceOnce.watch(books(here)), recorded)).toHaveLength(1);
  });

  it('finds a sum that is said once more than it was paid', async () => {
    const { saleWords } = await import('#device/drivers/voices/index.js');
    const text = saleWords(fen(21_990), fen(4_000));
    const events = [journalled(here, settled), spoken(here, text)];
    expect(all(voiceOnce.watch(books(here)), events)).toEqual([]);
    expect(all(voiceOnce.watch(books(here)), [...events, spoken(here, text)])).toHaveLength(1);
  });
});
