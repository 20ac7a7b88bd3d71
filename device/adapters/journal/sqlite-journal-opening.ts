/**
 * Opens the journal: checks the folder before SQLite may touch it, creates or recognises the database, verifies every
 * record against the chain and the end against the witness, and makes all of it durable before anything acts on it.
 */
import type { Database } from 'sqlite3';
import type { Sha256 } from '#protocol/kernel/crypto.js';
import { err, ok, type Result } from '#protocol/kernel/result.js';
import { makeOwnFile } from '#protocol/node/own-files.js';
import { type ChainHead, EMPTY_CHAIN } from '#protocol/records/chain.js';
import type { JournalFault, StoredRecord } from '../../ports/journal.js';
import { chainBroken, type Row, verifyRows } from './journal-records.js';
import { all, column, execute, faultOf } from './sqlite-journal-driver.js';
import { isLogAlone, makeFolder, mayWrite, renewLog, sizeOf, syncLog, syncNames } from './sqlite-journal-files.js';
import { readHead } from './sqlite-journal-head.js';

/** "CPLj" in ASCII: `file` and SQLite itself show whose database this is. */
const APPLICATION_ID = 0x43504c6a;
const SCHEMA_VERSION = 1;

/** Rows fetched and verified at once during the start: some 20 ms each, so that serial ports are served in between. */
const VERIFY_ROWS = 2_000;
/** 1 GiB is some 2.5 million records; a runaway journal must not fill the whole card. */
const MAX_BYTES = 1024 * 1024 * 1024;
/** Appending needs a handful of pages; a small box has better uses for the memory. */
const CACHE_KIB = 1_024;
const PAGE_BYTES = 4_096;
/** 4 MiB of log: one checkpoint in a few hundred sales, and the amount that a start may have to read twice. */
const CHECKPOINT_PAGES = 1_000;

export interface SqliteJournalOptions {
  readonly sha256: Sha256;
  /** Called in order for every stored record while the journal opens; a fault may follow. */
  readonly onRecord?: (stored: StoredRecord) => void;
  /** Called once, when the open journal stops for good. */
  readonly onFault?: (fault: JournalFault) => void;
  /** The timer for storing acknowledgements; the returned function cancels it. Default: Node's. */
  readonly later?: (ms: number, run: () => void) => () => void;
  readonly maxBytes?: number;
  /** Number of pages in the write-ahead log that triggers a checkpoint. */
  readonly checkpointPages?: number;
}

export interface StoredRow extends Row {
  readonly seq: number;
}

const SCHEMA = `
  BEGIN IMMEDIATE;
  CREATE TABLE records (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
  CREATE TABLE acknowledged (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
  CREATE TRIGGER records_stay BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'records are never changed'); END;
  CREATE TRIGGER records_remain BEFORE DELETE ON records BEGIN SELECT RAISE(ABORT, 'records are never deleted'); END;
  CREATE TRIGGER records_follow BEFORE INSERT ON records
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM records)
    BEGIN SELECT RAISE(ABORT, 'records have no gaps'); END;
  CREATE TRIGGER acknowledged_grows BEFORE UPDATE ON acknowledged WHEN NEW.seq < OLD.seq
    BEGIN SELECT RAISE(ABORT, 'an acknowledgement is never taken back'); END;
  INSERT INTO acknowledged VALUES (1, 0, '${EMPTY_CHAIN.hash}');
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
  COMMIT;`;

export function prepareFolder(path: string, sha256: Sha256): Result<undefined, JournalFault> {
  try {
    makeFolder(path);
    if (isLogAlone(path)) {
      return err({
        code: 'JOURNAL_INCOMPLETE',
        message: `${path} is missing or empty, but its ${path}-wal is there. Put both back together, or call service; nothing was changed.`,
      });
    }
    // Before a new journal is created in its place.
    const noted = readHead(path, sha256);
    if (noted !== undefined && noted.seq > 0 && sizeOf(path) === 0) return err(cutShort(noted.seq, 0));
    if (!mayWrite(path)) {
      return err({
        code: 'JOURNAL_READ_ONLY',
        message: `${path} may not be written to. Make its file and its folder writable for the user that runs the agent.`,
      });
    }
    renewLog(path);
    makeOwnFile(path);
    return ok(undefined);
  } catch (error) {
    return err(faultOf(error, 'JOURNAL_CANNOT_OPEN', path));
  }
}

/**
 * Makes everything that was read durable before anything acts on it. It may not be: after a failed fsync and a restart of
 * only the agent, Linux still shows bytes that the disk doesn't hold. `renewLog` has rewritten the log; the checkpoint
 * writes everything into the database once more. The emptied log is synced too, because SQLite doesn't, and a power cut
 * could bring the old log back with a hole in it.
 */
export async function makeSafe(db: Database, path: string): Promise<void> {
  const [done] = await all(db, 'PRAGMA wal_checkpoint(TRUNCATE)');
  if (column(done, 'busy') !== 0) throw new Error('the write-ahead log could not be copied into the database');
  syncLog(path);
  syncNames(path);
}

export interface Start {
  readonly head: ChainHead;
  readonly acknowledged: ChainHead;
}

export async function checkAll(
  db: Database,
  path: string,
  options: SqliteJournalOptions,
): Promise<Result<Start, JournalFault>> {
  const sound = await checkDatabase(db, path, options);
  if (!sound.ok) return sound;
  const head = await verifyRecords(db, options);
  if (!head.ok) return head;
  const witnessed = await checkWitness(db, path, head.value, options.sha256);
  if (!witnessed.ok) return witnessed;
  const acknowledged = await readAcknowledged(db, head.value);
  return acknowledged.ok ? ok({ head: head.value, acknowledged: acknowledged.value }) : acknowledged;
}

async function checkDatabase(
  db: Database,
  path: string,
  { maxBytes = MAX_BYTES, checkpointPages = CHECKPOINT_PAGES }: SqliteJournalOptions,
): Promise<Result<undefined, JournalFault>> {
  // The first access takes the lock and keeps it until the end: a second agent gets SQLITE_BUSY here.
  await execute(db, 'PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF');
  const [found] = await all(db, 'SELECT count(*) AS n FROM sqlite_schema');
  const empty = column(found, 'n') === 0;
  const [application] = await all(db, 'PRAGMA application_id');
  const [version] = await all(db, 'PRAGMA user_version');
  if (!empty && column(application, 'application_id') !== APPLICATION_ID) {
    return err({
      code: 'JOURNAL_NOT_OURS',
      message: `${path} is a database, but not a journal. Name another file under data; nothing was changed.`,
    });
  }
  if (!empty && column(version, 'user_version') !== SCHEMA_VERSION) {
    return err({
      code: 'JOURNAL_OTHER_VERSION',
      message: `${path} was written by another version of the agent (${String(column(version, 'user_version'))}, this one reads ${SCHEMA_VERSION}). Start that version.`,
    });
  }
  await execute(
    db,
    `PRAGMA journal_mode = WAL; PRAGMA cache_size = -${CACHE_KIB}; PRAGMA max_page_count = ${Math.ceil(maxBytes / PAGE_BYTES)};
     PRAGMA wal_autocheckpoint = ${checkpointPages}; PRAGMA journal_size_limit = ${CHECKPOINT_PAGES * PAGE_BYTES}`,
  );
  const durable = await checkDurable(db, path);
  if (!durable.ok) return durable;
  if (empty) await execute(db, SCHEMA);
  const [first] = await all(db, 'PRAGMA quick_check(1)');
  if (column(first, 'quick_check') === 'ok') return ok(undefined);
  return err({
    code: 'JOURNAL_CORRUPT',
    message: `${path} is damaged (${String(column(first, 'quick_check'))}). Keep it as it is and call service; nothing was changed.`,
  });
}

/** SQLite's number for `synchronous = FULL` (https://sqlite.org/pragma.html#pragma_synchronous). */
const FULL = 2;

/**
 * Reads the settings back. SQLite silently keeps the old value of a setting that it can't apply: a file system without
 * shared memory has no WAL.
 */
async function checkDurable(db: Database, path: string): Promise<Result<undefined, JournalFault>> {
  const [synchronous] = await all(db, 'PRAGMA synchronous');
  const [mode] = await all(db, 'PRAGMA journal_mode');
  const [level, log] = [column(synchronous, 'synchronous'), column(mode, 'journal_mode')];
  if (level === FULL && log === 'wal') return ok(undefined);
  return err({
    code: 'JOURNAL_NOT_DURABLE',
    message: `${path}: synchronous is ${String(level)} and journal_mode ${String(log)}; ${FULL} and wal are needed, or a power cut takes confirmed records. Put the data folder on a local file system.`,
  });
}

async function verifyRecords(db: Database, options: SqliteJournalOptions): Promise<Result<ChainHead, JournalFault>> {
  let head: ChainHead = EMPTY_CHAIN;
  let ahead = rowsInOneText(db, 0);
  for (;;) {
    const fast: readonly StoredRow[] = await ahead;
    // Prefetch: the disk reads on while this thread hashes. The result is examined in its turn, or not at all.
    ahead = rowsInOneText(db, head.seq + fast.length);
    ahead.catch(() => {});
    // If the fast path finds anything odd, the slow path names the exact record.
    const odd = fast.some((row, index) => row.seq !== head.seq + 1 + index);
    const rows = odd ? await rowsOneByOne(db, head.seq) : fast;
    if (rows.length === 0) return ok(head);
    const gap: number = rows.findIndex((row, index) => row.seq !== head.seq + 1 + index);
    const verified = verifyRows(options.sha256, head, gap < 0 ? rows : rows.slice(0, gap));
    if (!verified.ok) return verified;
    if (gap >= 0) return err(chainBroken(head.seq + 1 + gap));
    for (const record of verified.value.records) options.onRecord?.(record);
    head = verified.value.head;
  }
}

/** Takes half the time of row objects: one long text, split at line ends, which JSON text never contains. */
async function rowsInOneText(db: Database, after: number): Promise<StoredRow[]> {
  const [found] = await all(
    db,
    `SELECT group_concat(seq || char(10) || hash || char(10) || body, char(10)) AS lines
     FROM (SELECT seq, hash, body FROM records WHERE seq > ? ORDER BY seq LIMIT ${VERIFY_ROWS})`,
    [after],
  );
  const text = column(found, 'lines');
  if (typeof text !== 'string') return [];
  const lines = text.split('\n');
  const rows: StoredRow[] = [];
  for (let at = 0; at < lines.length; at += 3) {
    rows.push({ seq: Number(lines[at]), hash: lines[at + 1] ?? '', body: lines[at + 2] ?? '' });
  }
  return rows;
}

async function rowsOneByOne(db: Database, after: number): Promise<StoredRow[]> {
  const found = await all(db, `SELECT seq, hash, body FROM records WHERE seq > ? ORDER BY seq LIMIT ${VERIFY_ROWS}`, [
    after,
  ]);
  return found.map((row) => ({
    seq: Number(column(row, 'seq')),
    hash: String(column(row, 'hash')),
    body: String(column(row, 'body')),
  }));
}

/** Checks that the journal still holds the witness's head. */
async function checkWitness(
  db: Database,
  path: string,
  head: ChainHead,
  sha256: Sha256,
): Promise<Result<undefined, JournalFault>> {
  const noted = readHead(path, sha256);
  if (noted === undefined || noted.seq === 0) return ok(undefined);
  const [row] = await all(db, 'SELECT hash FROM records WHERE seq = ?', [noted.seq]);
  return column(row, 'hash') === noted.hash ? ok(undefined) : err(cutShort(noted.seq, head.seq));
}

const cutShort = (noted: number, end: number): JournalFault => ({
  code: 'JOURNAL_CUT_SHORT',
  message:
    `This counter wrote record ${noted}, and ${end < noted ? `the journal ends at ${end}` : 'the journal has a different one there'}. ` +
    'An older copy was restored, or the card has lost confirmed records. Keep it as it is and call service.',
});

async function readAcknowledged(db: Database, head: ChainHead): Promise<Result<ChainHead, JournalFault>> {
  const [row] = await all(
    db,
    'SELECT a.seq, a.hash, r.hash AS recorded FROM acknowledged a LEFT JOIN records r ON r.seq = a.seq',
  );
  const seq = Number(column(row, 'seq') ?? -1);
  const hash = String(column(row, 'hash') ?? '');
  if (seq === 0) return ok(EMPTY_CHAIN);
  if (column(row, 'recorded') === hash && seq <= head.seq) return ok({ seq, hash });
  return err({
    code: 'JOURNAL_OLDER_THAN_ACKNOWLEDGED',
    message:
      `The gateway has acknowledged record ${seq}, which this journal does not hold (it ends at ${head.seq}). ` +
      'An older copy was restored. Keep it as it is and call service.',
  });
}
