/** How much of the journal the gateway does not have yet: records, money and age, for screen, state and metrics. */
import type { ChainHead } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { MonoMs } from '#protocol/time.js';

export interface UnsentSummary {
  readonly records: number;
  /** Net money of unsent settled sales, in fen. */
  readonly fen: number;
  readonly oldestMs: number | null;
}

export class Unsent {
  #head: ChainHead;
  #acknowledged: ChainHead;
  readonly #waiting: { readonly seq: number; readonly fen: number; readonly since: MonoMs }[] = [];
  #fen = 0;

  constructor(head: ChainHead, acknowledged: ChainHead) {
    this.#head = head;
    this.#acknowledged = acknowledged;
  }

  grew(record: JournalRecord, head: ChainHead, now: MonoMs): void {
    this.#head = head;
    const fen = record.kind === 'settled' ? record.netFen : 0;
    this.#fen += fen;
    this.#waiting.push({ seq: head.seq, fen, since: now });
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

  summary(now: MonoMs): UnsentSummary {
    const oldest = this.#waiting[0];
    return {
      records: Math.max(0, this.#head.seq - this.#acknowledged.seq),
      fen: this.#fen,
      oldestMs: oldest === undefined ? null : now - oldest.since,
    };
  }
}
