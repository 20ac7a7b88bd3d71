/**
 * The books that a checker may read: all of them exist outside the product, or are what it left on disk and paper. No
 * checker looks into a machine's state.
 */

import type { Changes, PostingSet } from '#gateway/ledger/book/book.js';
import type { MemoryBook } from '#gateway/ledger/book/memory-book.js';
import type { Reconciliation } from '#gateway/ports/ledger.js';
import type { CompiledCampaign } from '#protocol/campaign/compiled.js';
import type { Es256Verifier } from '#protocol/kernel/crypto.js';
import type { DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import type { Allowance } from '#protocol/messages/allowance.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { MemoryDisk } from '../doubles/memory-journal.js';
import type { ReaderEntry } from '../hardware/readers/bank.js';
import type { Utterance } from '../hardware/voice/machine.js';
import type { Street } from './street.js';

/** One journal record as it was really written, whatever became of the disk later. */
export interface TapeRow {
  readonly body: string;
  readonly record: JournalRecord;
  /** True time at which it was durable. */
  readonly at: number;
}

/** A piece of paper, or several where the roll was changed within one receipt. */
export interface Paper {
  readonly text: string;
  /** What its QR code says; undefined where it broke off before. */
  readonly code: string | undefined;
  readonly isMarkedCopy: boolean;
}

export interface CounterBooks {
  readonly device: DeviceId;
  readonly merchant: MerchantId;
  readonly tape: readonly TapeRow[];
  readonly disk: MemoryDisk;
  /** The reader's own book: what really moved. */
  bank(): readonly ReaderEntry[];
  /** Of it: the money that moved, by reference, and the sales whose money went back. */
  readonly moved: ReadonlyMap<string, ReaderEntry>;
  readonly takenBack: ReadonlySet<string>;
  readonly papers: readonly Paper[];
  utterances(): readonly Utterance[];
  /** Its journal has failed, or is about to: it may sell at full price without records, where the campaign permits. */
  readonly hasFailedDisk: boolean;
  /** Somebody put an older journal under the agent: what was not sent by then is nobody's promise. */
  readonly isForged: boolean;
  readonly allowances: ReadonlyMap<string, Allowance>;
}

export interface Books {
  /** True time. */
  now(): number;
  readonly campaign: CompiledCampaign;
  readonly counters: readonly CounterBooks[];
  readonly ledger: MemoryBook;
  readonly postings: readonly PostingSet[];
  /** What an auditor sees for himself where some counters lie. */
  readonly street: Street;
  readonly issuerKeys: ReadonlyMap<number, Uint8Array>;
  readonly verifier: Es256Verifier;
  /** Sums as the gateway publishes them. */
  reconciliation(): Reconciliation;
}

/** What was just written into one of the books. */
export type BookEvent =
  | { readonly kind: 'journalled'; readonly counter: CounterBooks; readonly row: TapeRow }
  /** The reader has taken a command. */
  | { readonly kind: 'commanded'; readonly counter: CounterBooks; readonly ref: string }
  /** The reader has heard that its result is stored, and forgets it. */
  | { readonly kind: 'taken'; readonly counter: CounterBooks; readonly ref: string }
  /** A counter has handed a question for a coupon to its line. */
  | { readonly kind: 'asked'; readonly counter: CounterBooks; readonly sale: string }
  /** The gateway has put something on a board that everybody reads. */
  | { readonly kind: 'published'; readonly topic: string; readonly payload: string }
  | { readonly kind: 'moved'; readonly counter: CounterBooks; readonly entry: ReaderEntry }
  | { readonly kind: 'booked'; readonly changes: Changes }
  | { readonly kind: 'acknowledged'; readonly counter: CounterBooks }
  | { readonly kind: 'paper'; readonly counter: CounterBooks; readonly paper: Paper }
  | { readonly kind: 'spoken'; readonly counter: CounterBooks; readonly text: string };

/** Each answers with what is wrong, in words. */
export interface Check {
  seen?(event: BookEvent): string | undefined;
  /** Faults off, time has passed: everything must have come together. */
  atQuiet?(): string | undefined;
}

export interface Checker {
  readonly name: string;
  /** What is promised. */
  readonly promise: string;
  watch(books: Books): Check;
}
