/**
 * Four books that never saw each other, and the same sums in each: the counters' journals, the gateway's ledger, the
 * readers' (the bank's) own, and what is on paper. Where they differ, each difference is a sentence with the sale in it.
 */
import type { JournalRecord } from '#protocol/records/record.js';
import type { ReaderEntry } from '../hardware/readers/bank.js';
import type { PrintedCopy } from './paper.js';

/** What every book can say. null: this book doesn't know such things. */
export interface Sums {
  readonly sales: number;
  readonly netFen: number;
  readonly redeemed: number | null;
  readonly faceFen: number | null;
  readonly refunded: number;
  readonly refundedFen: number;
}

export interface CounterBooks {
  readonly counter: string;
  readonly journal: readonly JournalRecord[];
  readonly journalFault: string | null;
  readonly reader: readonly ReaderEntry[];
  readonly paper: readonly PrintedCopy[];
  /** What the loudspeaker began to say. */
  readonly announcements: number;
}

export interface LedgerSums extends Sums {
  readonly reserved: number;
  readonly postingsFen: number;
}

export interface Reconciled {
  readonly journal: Sums;
  readonly ledger: Sums | null;
  readonly receipts: Sums;
  readonly reader: Sums;
  readonly copies: { readonly originals: number; readonly reprints: number };
  /** Sales that nobody could say the end of, and that a person has. */
  readonly inPersonsHands: number;
  readonly differences: readonly string[];
}

export function reconcile(counters: readonly CounterBooks[], ledger: LedgerSums | undefined): Reconciled {
  const differences: string[] = [];
  const told = counters.map((books) => compareCounter(books, (what) => differences.push(`${books.counter}: ${what}`)));
  const journal = total(told.map((t) => t.journal));
  const receipts = total(told.map((t) => t.receipts));
  const reader = total(told.map((t) => t.reader));
  const inPersonsHands = told.reduce((sum, t) => sum + t.parked, 0);
  const heldByPersons = told.reduce((sum, t) => sum + t.parkedWithCoupon, 0);
  if (ledger === undefined) differences.push('the gateway did not say what its ledger holds');
  else {
    for (const [name, words] of COLUMNS) {
      if (journal[name] !== ledger[name])
        differences.push(`${words}: ${journal[name]} in the journals, ${ledger[name]} in the ledger`);
    }
    if (ledger.postingsFen !== 0) differences.push(`the ledger's postings add up to ${ledger.postingsFen} fen, not 0`);
    if (ledger.reserved !== heldByPersons)
      differences.push(`${ledger.reserved} coupons are held in the ledger, and ${heldByPersons} sales still need one`);
  }
  return {
    journal,
    ledger: ledger ?? null,
    receipts,
    reader,
    copies: {
      originals: told.reduce((sum, t) => sum + t.originals, 0),
      reprints: told.reduce((sum, t) => sum + t.reprints, 0),
    },
    inPersonsHands,
    differences,
  };
}

const COLUMNS: readonly (readonly [keyof Sums, string])[] = [
  ['sales', 'sales settled'],
  ['netFen', 'fen charged'],
  ['redeemed', 'coupons redeemed'],
  ['faceFen', 'fen of coupons'],
  ['refunded', 'refunds'],
  ['refundedFen', 'fen refunded'],
];

interface Told {
  readonly journal: Sums;
  readonly receipts: Sums;
  readonly reader: Sums;
  readonly originals: number;
  readonly reprints: number;
  readonly parked: number;
  readonly parkedWithCoupon: number;
}

interface Story {
  readonly sale: string;
  opened: boolean;
  charging: { readonly netFen: number; readonly coupon: boolean } | undefined;
  end: 'settled' | 'not-charged' | 'abandoned' | 'unknown' | undefined;
  netFen: number;
  faceFen: number;
  receipt: string;
  refund: { readonly id: string; end: 'refunded' | 'failed' | 'unknown' | undefined; receipt: string } | undefined;
}

function compareCounter(books: CounterBooks, differs: (what: string) => void): Told {
  if (books.journalFault !== null) differs(`the journal cannot be read: ${books.journalFault}`);
  const stories = storiesOf(books.journal);
  const moved = new Map(books.reader.filter((entry) => entry.state === 'moved').map((entry) => [entry.ref, entry]));
  const known = new Set<string>();
  for (const story of stories.values()) {
    const { sale, refund } = story;
    known.add(sale);
    if (refund !== undefined) known.add(refund.id);
    const charge = moved.get(sale);
    switch (story.end) {
      case 'settled':
        if (charge === undefined) differs(`sale ${sale} is settled, and the reader moved no money for it`);
        else if (charge.amountFen !== story.netFen)
          differs(`sale ${sale}: ${story.netFen} fen in the journal, ${charge.amountFen} fen moved by the reader`);
        break;
      case 'unknown':
        break; // whatever happened, a person has it
      case 'not-charged':
      case 'abandoned':
        if (charge !== undefined) differs(`sale ${sale} is ${story.end}, and the reader moved ${charge.amountFen} fen`);
        break;
      case undefined:
        differs(`sale ${sale} hangs: ${story.charging === undefined ? 'opened' : 'being charged'}, and never ended`);
        break;
    }
    compareRefund(story, moved, differs);
  }
  for (const { ref, amountFen } of moved.values())
    if (!known.has(ref)) differs(`the reader moved ${amountFen} fen as ${ref}, of which the journal knows nothing`);
  compareVoice(books, stories, differs);
  return {
    journal: journalSums(stories),
    receipts: comparePaper(books, stories, differs),
    reader: readerSums(books.reader),
    originals: books.paper.filter((copy) => copy.copy === 'original').length,
    reprints: books.paper.filter((copy) => copy.copy === 'reprint').length,
    parked: [...stories.values()].filter((s) => s.end === 'unknown' || s.refund?.end === 'unknown').length,
    parkedWithCoupon: [...stories.values()].filter((s) => s.end === 'unknown' && s.charging?.coupon === true).length,
  };
}

function compareRefund(story: Story, moved: ReadonlyMap<string, ReaderEntry>, differs: (what: string) => void): void {
  const { sale, refund, netFen } = story;
  if (refund === undefined) return;
  const back = moved.get(refund.id);
  if (refund.end === 'refunded' && back === undefined)
    differs(`sale ${sale} is refunded, and the reader gave nothing back`);
  if (refund.end === 'refunded' && back !== undefined && back.amountFen !== netFen)
    differs(`refund of ${sale}: ${netFen} fen in the journal, ${back.amountFen} fen given back`);
  if (refund.end === 'failed' && back !== undefined)
    differs(`the refund of ${sale} failed, and the reader gave ${back.amountFen} fen back`);
  if (refund.end === undefined) differs(`the refund of ${sale} hangs`);
}

/** Every numbered receipt is on paper whole, as one original at most; and nothing is on paper that isn't numbered. */
function comparePaper(
  { paper }: CounterBooks,
  stories: ReadonlyMap<string, Story>,
  differs: (what: string) => void,
): Sums {
  const sums = { sales: 0, netFen: 0, redeemed: 0, faceFen: 0, refunded: 0, refundedFen: 0 };
  const numbered = new Map<string, { readonly netFen: number; readonly faceFen: number; readonly of: string }>();
  for (const story of stories.values()) {
    if (story.receipt !== '') numbered.set(story.receipt, { netFen: story.netFen, faceFen: story.faceFen, of: 'sale' });
    if (story.refund?.end === 'refunded')
      numbered.set(story.refund.receipt, { netFen: story.netFen, faceFen: 0, of: 'refund' });
  }
  for (const [receipt, expected] of numbered) {
    const copies = paper.filter((copy) => copy.receipt === receipt);
    const originals = copies.filter((copy) => copy.copy === 'original').length;
    if (originals > 1) differs(`receipt ${receipt} was printed ${originals} times as an original`);
    const whole = copies.find((copy) => copy.netFen !== null);
    if (whole === undefined) {
      differs(`receipt ${receipt} is not on paper`);
      continue;
    }
    for (const copy of copies) {
      if (copy.netFen !== null && copy.netFen !== expected.netFen)
        differs(`receipt ${receipt} says ${copy.netFen} fen, and ${expected.netFen} fen were paid`);
      if (copy.savedFen !== expected.faceFen)
        differs(`receipt ${receipt} says that ${copy.savedFen} fen were saved, and it was ${expected.faceFen} fen`);
    }
    if (expected.of === 'sale') {
      sums.sales += 1;
      sums.netFen += whole.netFen ?? 0;
      if (whole.savedFen > 0) sums.redeemed += 1;
      sums.faceFen += whole.savedFen;
    } else {
      sums.refunded += 1;
      sums.refundedFen += whole.netFen ?? 0;
    }
  }
  for (const { receipt } of paper)
    if (receipt !== null && !numbered.has(receipt)) differs(`receipt ${receipt} is on paper, and stands for nothing`);
  return sums;
}

function compareVoice(
  { announcements }: CounterBooks,
  stories: ReadonlyMap<string, Story>,
  differs: (what: string) => void,
): void {
  const most = [...stories.values()].reduce(
    (sum, story) => sum + (story.end === 'settled' ? 1 : 0) + (story.refund?.end === 'refunded' ? 1 : 0),
    0,
  );
  if (announcements > most) differs(`${announcements} payments were announced, and there were ${most}`);
}

function storiesOf(records: readonly JournalRecord[]): ReadonlyMap<string, Story> {
  const stories = new Map<string, Story>();
  const of = (sale: string): Story => {
    const known = stories.get(sale);
    if (known !== undefined) return known;
    const story: Story = {
      sale,
      opened: false,
      charging: undefined,
      end: undefined,
      netFen: 0,
      faceFen: 0,
      receipt: '',
      refund: undefined,
    };
    stories.set(sale, story);
    return story;
  };
  for (const record of records) {
    switch (record.kind) {
      case 'opened':
        of(record.sale).opened = true;
        break;
      case 'charging':
        of(record.sale).charging = { netFen: record.netFen, coupon: record.coupon !== null };
        break;
      case 'settled': {
        const story = of(record.sale);
        story.end = 'settled';
        story.netFen = record.netFen;
        story.faceFen = record.serial === null ? 0 : record.faceFen;
        story.receipt = record.receipt;
        break;
      }
      case 'not-charged':
      case 'abandoned':
      case 'unknown':
        of(record.sale).end = record.kind;
        break;
      case 'refunding':
        of(record.sale).refund = { id: record.refund, end: undefined, receipt: '' };
        break;
      case 'refunded':
        of(record.sale).refund = { id: record.refund, end: 'refunded', receipt: record.receipt };
        break;
      case 'refund-failed':
        of(record.sale).refund = { id: record.refund, end: 'failed', receipt: '' };
        break;
      case 'refund-unknown':
        of(record.sale).refund = { id: record.refund, end: 'unknown', receipt: '' };
        break;
      case 'printed':
        break;
    }
  }
  return stories;
}

function journalSums(stories: ReadonlyMap<string, Story>): Sums {
  const settled = [...stories.values()].filter((story) => story.end === 'settled');
  const refunded = settled.filter((story) => story.refund?.end === 'refunded');
  const redeemed = settled.filter((story) => story.faceFen > 0);
  return {
    sales: settled.length,
    netFen: sum(settled, (story) => story.netFen),
    redeemed: redeemed.length,
    faceFen: sum(redeemed, (story) => story.faceFen),
    refunded: refunded.length,
    refundedFen: sum(refunded, (story) => story.netFen),
  };
}

function readerSums(book: readonly ReaderEntry[]): Sums {
  const moved = book.filter((entry) => entry.state === 'moved');
  const sales = moved.filter((entry) => entry.kind === 'sale');
  const voids = moved.filter((entry) => entry.kind === 'void');
  return {
    sales: sales.length,
    netFen: sum(sales, (entry) => entry.amountFen),
    redeemed: null,
    faceFen: null,
    refunded: voids.length,
    refundedFen: sum(voids, (entry) => entry.amountFen),
  };
}

const sum = <T>(list: readonly T[], of: (item: T) => number): number =>
  list.reduce((total_, item) => total_ + of(item), 0);

function total(all: readonly Sums[]): Sums {
  const add = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);
  return all.reduce((a, b) => ({
    sales: a.sales + b.sales,
    netFen: a.netFen + b.netFen,
    redeemed: add(a.redeemed, b.redeemed),
    faceFen: add(a.faceFen, b.faceFen),
    refunded: a.refunded + b.refunded,
    refundedFen: a.refundedFen + b.refundedFen,
  }));
}
