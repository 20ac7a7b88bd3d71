/**
 * The journal in memory, for tests and the simulated world. The disk is an object of its own that outlives a journal, as
 * a file outlives a process; what was appended but not yet synced dies with the process.
 */

import {
  CLOSED,
  chainRecords,
  fitting,
  NOTHING,
  outOfRange,
  type Row,
  verifyRows,
} from '#device/adapters/journal/journal-records.js';
import type { Journal, JournalFault, StoredRecord } from '#device/ports/journal.js';
import type { Sha256 } from '#protocol/kernel/crypto.js';
import { err, ok, type Result } from '#protocol/kernel/result.js';
import { type ChainHead, EMPTY_CHAIN } from '#protocol/records/chain.js';

export interface MemoryDisk {
  readonly rows: Row[];
  acknowledged: ChainHead;
  /** The next sync fails with this, and nothing of it is kept. */
  failNext: JournalFault | undefined;
  /** One journal at a time. */
  inUse: boolean;
}

export const memoryDisk = (): MemoryDisk => ({
  rows: [],
  acknowledged: EMPTY_CHAIN,
  failNext: undefined,
  inUse: false,
});

export interface MemoryJournalOptions {
  readonly sha256: Sha256;
  readonly disk?: MemoryDisk;
  /** When a sync, a read or a close is done: at once, unless told otherwise. In the order of the calls. */
  readonly schedule?: (run: () => void) => void;
  /** Called in order for every record that the disk already holds. */
  readonly onRecord?: (stored: StoredRecord) => void;
}

export interface MemoryJournal extends Journal {
  /** Power cut: what was not synced is gone, no callback comes any more, and the disk is free again. */
  crash(): void;
}

export function openMemoryJournal(options: MemoryJournalOptions): Result<MemoryJournal, JournalFault> {
  const disk = options.disk ?? memoryDisk();
  if (disk.inUse) return err({ code: 'JOURNAL_IN_USE', message: 'Another agent has this journal open.' });
  const replayed = replay(disk, options);
  if (!replayed.ok) return replayed;
  disk.inUse = true;
  return ok(journalOn(disk, replayed.value, options));
}

function replay(disk: MemoryDisk, { sha256, onRecord }: MemoryJournalOptions): Result<ChainHead, JournalFault> {
  const verified = verifyRows(sha256, EMPTY_CHAIN, disk.rows);
  if (!verified.ok) return verified;
  for (const record of verified.value.records) onRecord?.(record);
  return ok(verified.value.head);
}

function journalOn(
  disk: MemoryDisk,
  start: ChainHead,
  { sha256, schedule = (run) => run() }: MemoryJournalOptions,
): MemoryJournal {
  let head = start;
  /** The chain's end with everything that is on its way to the disk. */
  let tip = start;
  let failed: JournalFault | undefined;
  let powered = true;
  const later = (run: () => void): void => schedule(() => (powered ? run() : undefined));

  return {
    get head() {
      return head;
    },
    get acknowledged() {
      return disk.acknowledged;
    },

    append(records, done) {
      const chained = failed === undefined ? chainRecords(sha256, tip, records) : err(failed);
      if (!chained.ok) {
        failed = chained.fault;
        later(() => done(chained.fault, head));
        return;
      }
      const { rows } = chained.value;
      const after = chained.value.head;
      tip = after;
      later(() => {
        if (failed === undefined && disk.failNext !== undefined && rows.length > 0) {
          failed = disk.failNext;
          disk.failNext = undefined;
        }
        if (failed !== undefined) return done(failed, head);
        disk.rows.push(...rows);
        head = after;
        done(undefined, after);
      });
    },

    acknowledge(have) {
      if (have.seq > disk.acknowledged.seq && have.seq <= head.seq) disk.acknowledged = have;
    },

    read(after, limit, done) {
      later(() => {
        const prev = after === 0 ? EMPTY_CHAIN.hash : disk.rows[after - 1]?.hash;
        if (prev === undefined) return done(outOfRange(after), NOTHING);
        const rows = disk.rows.slice(after, after + Math.max(0, limit));
        const verified = verifyRows(sha256, { seq: after, hash: prev }, rows.slice(0, fitting(rows)));
        if (!verified.ok) {
          failed = verified.fault;
          return done(verified.fault, NOTHING);
        }
        done(undefined, { prev, records: verified.value.records });
      });
    },

    close(done) {
      later(() => {
        failed ??= CLOSED;
        disk.inUse = false;
        done();
      });
    },

    crash() {
      powered = false;
      disk.inUse = false;
    },
  };
}
