/** Counts the journal's part that the gateway lacks: records, money and age, for screen, state and metrics. */

import type { Instant, Millis, MonoMs } from '#protocol/kernel/time.js';
import type { ChainHead } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import { OUTBOX_BATCH_RECORDS } from '../core/limits.js';
import type { Journal, StoredRecord } from '../ports/journal.js';
import type { EventQueue } from '../runtime/event-queue.js';

export interface UnsentSummary {
  readonly records: number;
  /** Net amount of unsent settled sales, in fen. */
  readonly fen: number;
  /** Age of the oldest, as far as known: at least the time since this start. null: nothing is unsent. */
  readonly oldestMs: Millis | null;
}

interface Waiting {
  readonly seq: number;
  readonly fen: number;
  /** When it was written or, if that was before this start, found. */
  readonly since: MonoMs;
  /** Its time as recorded; null without a trusted clock. */
  readonly at: JournalRecord['at'];
}

export class Unsent {
  readonly #headAtStart: ChainHead;
  #head: ChainHead;
  #acknowledged: ChainHead;
  /** In the journal's order. */
  #waiting: Waiting[] = [];
  #fen = 0;

  constructor(head: ChainHead, acknowledged: ChainHead) {
    this.#headAtStart = head;
    this.#head = head;
    this.#acknowledged = acknowledged;
  }

  /** Counts the records of earlier runs that the gateway lacks, page by page, in the background. */
  load(journal: Journal, queue: EventQueue, now: MonoMs): void {
    const until = this.#headAtStart.seq;
    const records: StoredRecord[] = [];
    const page = (after: number): void =>
      journal.read(after, OUTBOX_BATCH_RECORDS, (fault, batch) =>
        queue.enqueue(() => {
          const last = batch.records.at(-1)?.seq ?? until;
          records.push(...batch.records.filter(({ seq }) => seq <= until));
          if (fault === undefined && last < until) page(last);
          else this.found(records, now);
        }),
      );
    if (this.#acknowledged.seq < until) page(this.#acknowledged.seq);
  }

  /** Records from before this start, in order, however many have been written and sent since. */
  found(records: readonly { readonly seq: number; readonly record: JournalRecord }[], now: MonoMs): void {
    const before = records
      .filter(({ seq }) => seq > this.#acknowledged.seq)
      .map(({ seq, record }) => waiting(seq, record, now));
    for (const { fen } of before) this.#fen += fen;
    this.#waiting = [...before, ...this.#waiting];
  }

  grew(record: JournalRecord, head: ChainHead, now: MonoMs): void {
    this.#head = head;
    const entry = waiting(head.seq, record, now);
    this.#fen += entry.fen;
    this.#waiting.push(entry);
  }

  acknowledged(head: ChainHead): void {
    this.#acknowledged = head;
    let sent = 0;
    for (const entry of this.#waiting) {
      if (entry.seq > head.seq) break;
      this.#fen -= entry.fen;
      sent += 1;
    }
    this.#waiting.splice(0, sent);
  }

  summary(now: Instant): UnsentSummary {
    const oldest = this.#waiting[0];
    return {
      records: Math.max(0, this.#head.seq - this.#acknowledged.seq),
      fen: this.#fen,
      oldestMs: oldest === undefined ? null : ageOf(oldest, now),
    };
  }
}

const waiting = (seq: number, record: JournalRecord, since: MonoMs): Waiting => ({
  seq,
  fen: record.kind === 'settled' ? record.netFen : 0,
  since,
  at: record.at,
});

function ageOf({ since, at }: Waiting, { mono, wall }: Instant): Millis {
  const byCalendar = at === null || wall === undefined ? 0 : wall.earliest - at.latest;
  return Math.max(mono - since, byCalendar);
}
