/**
 * The device's journal on SQLite.
 *
 * It has one append-only table (triggers refuse everything else), in WAL mode with synchronous=FULL: a record is confirmed
 * after its COMMIT has been fsynced. Records that arrive during a commit share the next one. Every start checks the whole
 * file: the database's structure, then every record against the hash chain. Any irregularity is a fault with a code. A
 * journal is never repaired, replaced or recreated, because its damage is evidence. A small file beside it
 * (`sqlite-journal-head.ts`) reveals a missing end.
 *
 * Measured on a 2-core PC under load: 30,000 records (a whole campaign at a busy counter) open in 0.6 s, 100,000 in 2 s. Of
 * the latter, structure takes 0.04 s, hashing 0.2 s, JSON 0.3 s and the schema 0.6 s; the rest is reading.
 */

import type { Database, Statement } from 'sqlite3';
import { err, ok, type Result } from '#protocol/kernel/result.js';
import { type ChainHead, EMPTY_CHAIN } from '#protocol/records/chain.js';
import type { Journal, JournalFault } from '../../ports/journal.js';
import {
  CLOSED,
  chainBroken,
  chainRecords,
  fitting,
  NOTHING,
  outOfRange,
  type Row,
  verifyRows,
} from './journal-records.js';
import { closeDatabase, faultOf, openDatabase, prepare } from './sqlite-journal-driver.js';
import { keepLogAsEvidence, keepToSelf, logBytes, noteUnsure } from './sqlite-journal-files.js';
import { type HeadFile, openHead } from './sqlite-journal-head.js';
import {
  checkAll,
  makeSafe,
  prepareFolder,
  type SqliteJournalOptions,
  type Start,
  type StoredRow,
} from './sqlite-journal-opening.js';

export type { SqliteJournalOptions } from './sqlite-journal-opening.js';

/** Far more than a counter writes during one commit; reaching it means that the disk has stopped answering. */
const MAX_WAITING_ROWS = 10_000;
/** The gateway repeats an acknowledgement that a crash lost, so one write a second is enough, and kind to a flash card. */
const STORE_ACKNOWLEDGEMENT_MS = 1_000;
/** A service manager may start the next agent while the last one is still shutting down. */
const LOCK_WAIT_MS = 1_000;
/**
 * Four times the size after a checkpoint: checkpoints have been failing. One commit can be 40 MB, and is checkpointed at
 * once.
 */
const MAX_LOG_BYTES = 16 * 1024 * 1024;
const COMMITS_BETWEEN_LOOKS = 64;

/** Opens the journal, or creates a new one if there is none. Never throws. */
export async function openJournal(path: string, options: SqliteJournalOptions): Promise<Result<Journal, JournalFault>> {
  const place = prepareFolder(path, options.sha256);
  if (!place.ok) return place;
  const opened = await openDatabase(path);
  if (!opened.ok) return opened;
  const db = opened.value;
  db.configure('busyTimeout', LOCK_WAIT_MS);
  const stop = async (fault: JournalFault): Promise<Result<never, JournalFault>> => {
    if (fault.code !== 'JOURNAL_IN_USE') {
      keepLogAsEvidence(path);
      noteUnsure(path);
    }
    await closeDatabase(db);
    return err(fault);
  };
  try {
    const start = await checkAll(db, path, options);
    if (!start.ok) return await stop(start.fault);
    keepToSelf(path);
    await makeSafe(db, path);
    const insert = await prepare(db, INSERT);
    const select = await prepare(db, SELECT);
    const witness = openHead(path, options.sha256);
    const journal = journalOn({ db, path, insert, select, witness, ...start.value, options });
    witness.note(journal.head);
    return ok(journal);
  } catch (error) {
    return stop(faultOf(error, 'JOURNAL_READ_FAILED', path));
  }
}

/** One statement is one transaction and one trip to the thread pool, however many records it carries. */
const INSERT = `INSERT INTO records (seq, body, hash)
  SELECT ?1 + key + 1, value ->> 'body', value ->> 'hash' FROM json_each(?2) ORDER BY key`;
const SELECT = 'SELECT seq, body, hash FROM records WHERE seq >= ? ORDER BY seq LIMIT ?';
/** Keeps only the hash of a record that exists. */
const ACKNOWLEDGE = `UPDATE acknowledged SET seq = ?1, hash = ?2
  WHERE EXISTS (SELECT 1 FROM records WHERE seq = ?1 AND hash = ?2)`;

interface Append {
  readonly rows: readonly Row[];
  readonly head: ChainHead;
  readonly done: (fault: JournalFault | undefined, head: ChainHead) => void;
}

interface Opened extends Start {
  readonly db: Database;
  readonly path: string;
  readonly witness: HeadFile;
  readonly insert: Statement;
  readonly select: Statement;
  readonly options: SqliteJournalOptions;
}

function journalOn({ db, path, witness, insert, select, options, ...start }: Opened): Journal {
  const { sha256, onFault, later = byTimer } = options;
  let head = start.head;
  /** The chain's head including the records that await their commit. */
  let tip = start.head;
  let acknowledged = start.acknowledged;
  let stored = start.acknowledged;
  /** Callbacks for after the acknowledgement that is being written. */
  let afterStoring: (() => void)[] | undefined;
  let stopTimer: (() => void) | undefined;
  let failed: JournalFault | undefined;
  let waiting: Append[] = [];
  let waitingRows = 0;
  let committing = false;
  let reading = 0;
  let commitsUnwatched = 0;
  let onIdle: (() => void) | undefined;

  /** Fail-stop: after a failed write the state of the disk is unknown, and a later success would prove nothing. */
  const fail = (fault: JournalFault): JournalFault => {
    if (failed === undefined) {
      failed = fault;
      noteUnsure(path);
      onFault?.(fault);
    }
    return failed;
  };

  const commit = (): void => {
    if (committing) return;
    if (waiting.length === 0) {
      whenIdle();
      return;
    }
    const group = waiting;
    waiting = [];
    waitingRows = 0;
    committing = true;
    const rows = group.flatMap((append) => append.rows);
    const finish = (fault: JournalFault | undefined): void => {
      for (const append of group) {
        if (fault === undefined) head = append.head;
        append.done(fault, head);
      }
      committing = false;
      if (fault === undefined) {
        witness.note(head);
        watchLog();
      }
      commit();
    };
    if (failed !== undefined || rows.length === 0) {
      queueMicrotask(() => finish(failed));
      return;
    }
    insert.run([head.seq, JSON.stringify(rows)], (error) =>
      finish(error === null ? undefined : fail(faultOf(error, 'JOURNAL_WRITE_FAILED'))),
    );
  };

  /** SQLite checkpoints after a commit and swallows the errors; a log that keeps growing reveals them. */
  const watchLog = (): void => {
    commitsUnwatched += 1;
    if (commitsUnwatched < COMMITS_BETWEEN_LOOKS) return;
    commitsUnwatched = 0;
    if (logBytes(path) <= MAX_LOG_BYTES) return;
    db.exec('PRAGMA wal_checkpoint(PASSIVE)', (error) => {
      if (error !== null) fail(faultOf(error, 'JOURNAL_WRITE_FAILED'));
    });
  };

  const whenIdle = (): void => {
    if (onIdle === undefined || committing || reading > 0 || waiting.length > 0) return;
    const then = onIdle;
    onIdle = undefined;
    then();
  };

  const storeAcknowledgement = (done: () => void): void => {
    stopTimer?.();
    stopTimer = undefined;
    // One write at a time: a stalled card may finish the older of two last, and the table refuses to step back.
    if (afterStoring !== undefined) {
      afterStoring.push(() => storeAcknowledgement(done));
      return;
    }
    if ((failed !== undefined && failed !== CLOSED) || acknowledged === stored) {
      done();
      return;
    }
    const storing = acknowledged;
    afterStoring = [];
    db.run(ACKNOWLEDGE, [storing.seq, storing.hash], (error: Error | null) => {
      if (error === null) stored = storing;
      else fail(faultOf(error, 'JOURNAL_WRITE_FAILED'));
      const next = afterStoring ?? [];
      afterStoring = undefined;
      done();
      for (const store of next) store();
    });
  };

  return {
    get head() {
      return head;
    },
    get acknowledged() {
      return acknowledged;
    },

    append(records, done) {
      if (failed === undefined) {
        const chained = chainRecords(sha256, tip, records);
        if (!chained.ok) fail(chained.fault);
        else if (waitingRows + records.length > MAX_WAITING_ROWS) fail(OVERLOADED);
        else {
          tip = chained.value.head;
          waiting.push({ rows: chained.value.rows, head: tip, done });
          waitingRows += records.length;
          return commit();
        }
      }
      waiting.push({ rows: [], head, done });
      commit();
    },

    acknowledge(have) {
      if (failed !== undefined || have.seq <= acknowledged.seq || have.seq > head.seq) return;
      if (have.seq === head.seq && have.hash !== head.hash) return;
      acknowledged = have;
      stopTimer ??= later(STORE_ACKNOWLEDGEMENT_MS, () => storeAcknowledgement(() => {}));
    },

    read(after, limit, done) {
      if (failed === CLOSED) return queueMicrotask(() => done(CLOSED, NOTHING));
      if (after < 0 || after > head.seq) return queueMicrotask(() => done(outOfRange(after), NOTHING));
      // The record before the first is read too, for its hash.
      const first = Math.max(1, after);
      const lead = after === 0 ? 0 : 1;
      reading += 1;
      select.all([first, Math.max(0, limit) + lead], (error: Error | null, rows: readonly StoredRow[]) => {
        reading -= 1;
        if (error !== null) done(fail(faultOf(error, 'JOURNAL_READ_FAILED')), NOTHING);
        else readBatch(after, rows, lead, done);
        whenIdle();
      });
    },

    close(done) {
      if (onIdle !== undefined || failed === CLOSED) return queueMicrotask(done);
      onIdle = () =>
        storeAcknowledgement(() => {
          insert.finalize(() => select.finalize(() => db.close(() => witness.close(done))));
        });
      failed ??= CLOSED;
      whenIdle();
    },
  };

  function readBatch(
    after: number,
    rows: readonly StoredRow[],
    lead: number,
    done: Parameters<Journal['read']>[2],
  ): void {
    const prev = lead === 0 ? EMPTY_CHAIN.hash : rows[0]?.hash;
    const gap = rows.findIndex((row, index) => row.seq !== after + 1 - lead + index);
    if (prev === undefined || gap >= 0) {
      done(fail(chainBroken(after + 1 - lead + Math.max(0, gap))), NOTHING);
      return;
    }
    const wanted = rows.slice(lead);
    const verified = verifyRows(sha256, { seq: after, hash: prev }, wanted.slice(0, fitting(wanted)));
    if (!verified.ok) done(fail(verified.fault), NOTHING);
    else done(undefined, { prev, records: verified.value.records });
  }
}

const byTimer = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
};

const OVERLOADED: JournalFault = {
  code: 'JOURNAL_OVERLOADED',
  message: `More than ${MAX_WAITING_ROWS} records wait for the disk, which does not answer. Check the card.`,
};
