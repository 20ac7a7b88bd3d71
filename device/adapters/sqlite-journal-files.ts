/**
 * The journal's files, below SQLite: what has to be so before it may open them, and what it does not see to by itself.
 * A name in a folder is only as safe as the folder's own fsync: a new folder has to be synced into the one above, or a
 * power cut takes it away with the whole journal in it.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** SQLite's write-ahead log lies beside the database under this ending. */
const LOG = '-wal';
/** The log's own header (https://sqlite.org/fileformat2.html, 4.1): a log no longer than that holds no record. */
const LOG_HEADER_BYTES = 32;

/** Written in one go: what a card takes at once. */
const REWRITE_BYTES = 256 * 1024;

export const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

export const logBytes = (path: string): number => sizeOf(path + LOG);

/** SQLite deletes a write-ahead log whose database is missing or empty, and with it the newest records. */
export const isLogAlone = (path: string): boolean => sizeOf(path) === 0 && logBytes(path) > LOG_HEADER_BYTES;

export const makeFolder = (path: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
};

/**
 * All the way up: whoever made the upper folders, and died before syncing them, has left no word of it. A folder with
 * nothing to write costs next to nothing. Throws where the disk fails; SQLite syncs folders too, but doesn't look at the
 * answer.
 */
export function syncNames(path: string): void {
  for (let at = dirname(resolve(path)); ; at = dirname(at)) {
    try {
      syncPath(at);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && CANNOT_SYNC.has(String(error.code)))) throw error;
    }
    if (at === dirname(at)) return;
  }
}

/** Folders of others that we may not open, and file systems that keep names in another way. */
const CANNOT_SYNC: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EINVAL', 'ENOTSUP', 'EROFS']);

/**
 * Writes the log's own bytes over themselves. After an fsync that failed, Linux shows bytes that the disk hasn't got and
 * takes them for written (https://lwn.net/Articles/752063/): only what is written again is written. Before a checkpoint it
 * has to be: one that a power cut breaks off half-way is mended from the log alone.
 */
export function rewriteLog(path: string): void {
  if (logBytes(path) === 0) return;
  const fd = openSync(path + LOG, 'r+');
  try {
    const bytes = readFileSync(fd);
    for (let at = 0; at < bytes.length; at += REWRITE_BYTES) {
      writeSync(fd, bytes, at, Math.min(REWRITE_BYTES, bytes.length - at), at);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** After a checkpoint emptied it: a cut must not bring back what it held before. */
export function syncLog(path: string): void {
  if (statSync(path + LOG, { throwIfNoEntry: false }) !== undefined) syncPath(path + LOG);
}

/**
 * Closing SQLite empties the log, and with it the frames that it couldn't read: the only other trace of what is missing.
 * Once is enough; the first is the one that counts.
 */
export function keepLogAsEvidence(path: string): void {
  if (logBytes(path) <= LOG_HEADER_BYTES) return;
  try {
    writeFileSync(`${path}${LOG}.evidence`, readFileSync(path + LOG), { flag: 'wx' });
  } catch {
    // There is one already, or no room for it; the journal has failed either way and says so.
  }
}

/** On any descriptor of a file, fsync is for the whole file (POSIX). */
function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
