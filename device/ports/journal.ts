/**
 * The device's journal: append-only, hash-chained, the only queue.
 *
 * `append` calls back once the records are durable, and never before. After a failed append the journal is closed for good
 * (fail-stop).
 */
import type { ChainHead } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';

export interface StoredRecord {
  readonly seq: number;
  readonly body: string;
  readonly record: JournalRecord;
}

export interface JournalFault {
  readonly code: string;
  readonly message: string;
}

export interface Journal {
  /** The head; read once at the start, then tracked by the caller. */
  readonly head: ChainHead;
  /** The gateway's cumulative acknowledgement, as stored. */
  readonly acknowledged: ChainHead;
  append(records: readonly JournalRecord[], done: (fault: JournalFault | undefined, head: ChainHead) => void): void;
  /** Needn't be durable at once: the gateway repeats an acknowledgement that a crash lost. */
  acknowledge(head: ChainHead): void;
  /** Records after `after`, at most `limit` and some 48 KiB of bodies, with the chain hash before the first. */
  read(
    after: number,
    limit: number,
    done: (
      fault: JournalFault | undefined,
      batch: { readonly prev: string; readonly records: readonly StoredRecord[] },
    ) => void,
  ): void;
  close(done: () => void): void;
}
