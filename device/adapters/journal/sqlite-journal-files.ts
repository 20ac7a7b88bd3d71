/**
 * The journal's files below SQLite: the checks before SQLite may open them, and the fsyncs that SQLite leaves out.
 *
 * A file name is only as durable as its folder's fsync. A new folder must be synced into its parent, or a power cut removes
 * it with the whole journal inside.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { closeToOthers } from '#protocol/node/own-files.js';

/** Suffix of SQLite's write-ahead log, beside the database. */
const LOG = '-wal';
/** Size of the log's header (https://sqlite.org/fileformat2.html, 4.1): a log no longer than that holds no record. */
const LOG_HEADER_BYTES = 32;

/** Marker file: an earlier run doesn't know what the disk holds. */
const UNSURE = '.unsure';

export const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

export const logBytes = (path: string): number => sizeOf(path + LOG);

/** SQLite deletes a write-ahead log whose database is missing or empty, and with it the newest records. */
export const isLogAlone = (path: string): boolean => sizeOf(path) === 0 && logBytes(path) > LOG_HEADER_BYTES;

/** SQLite would report an I/O error instead. */
export function mayWrite(path: string): boolean {
  try {
    for (const needed of [dirname(path), ...(existsSync(path) ? [path] : [])]) accessSync(needed, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Call it only once the file is known to be a journal: another program's database may well be meant for others. */
export function keepToSelf(path: string): void {
  for (const part of [path, path + LOG]) closeToOthers(part);
}

export const makeFolder = (path: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
};

/**
 * Syncs all parent folders, because whoever created them may have died before the sync. Syncing an unchanged folder costs
 * next to nothing. Throws if the disk fails; SQLite syncs folders too, but ignores the result.
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

/** Folders that we may not open, and file systems that store names in another way. */
const CANNOT_SYNC: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EINVAL', 'ENOTSUP', 'EROFS']);

/**
 * Marks that a write failed although the page cache may still show it: the next start must rewrite the log. The marker
 * needn't survive a power cut, because the page cache doesn't either.
 */
export function noteUnsure(path: string): void {
  try {
    writeFileSync(path + UNSURE, '');
  } catch {
    // No space, or a read-only disk: then nothing of the log counted as written either.
  }
}

/**
 * Replaces the log by a freshly written copy before SQLite opens it, if the last run marked it as unsure.
 *
 * After a failed fsync, Linux shows bytes that the disk doesn't hold and considers them clean
 * (https://lwn.net/Articles/752063/); only a rewrite stores them. The rewrite must precede a checkpoint, because a
 * checkpoint cut off half-way is repaired from the log alone. It isn't done in place: a card that loses power during a
 * write may spoil what was safe there.
 */
export function renewLog(path: string): void {
  if (!existsSync(path + UNSURE)) return;
  if (logBytes(path) > 0) {
    const copy = `${path}${LOG}.new`;
    writeFileSync(copy, readFileSync(path + LOG), { mode: 0o600, flush: true });
    renameSync(copy, path + LOG);
    syncPath(dirname(resolve(path)));
  }
  rmSync(path + UNSURE);
}

/** Syncs the log after a checkpoint emptied it: a power cut must not bring back the old content. */
export function syncLog(path: string): void {
  if (statSync(path + LOG, { throwIfNoEntry: false }) !== undefined) syncPath(path + LOG);
}

/**
 * Keeps a copy of the log as evidence. Closing SQLite empties the log, and with it the unreadable frames: the only other
 * trace of what is missing. The first copy counts; later calls do nothing.
 */
export function keepLogAsEvidence(path: string): void {
  if (logBytes(path) <= LOG_HEADER_BYTES) return;
  try {
    writeFileSync(`${path}${LOG}.evidence`, readFileSync(path + LOG), { flag: 'wx' });
  } catch {
    // A copy exists already, or there is no space for it; the journal has failed and reports it either way.
  }
}

/** fsync on any descriptor of a file covers the whole file (POSIX). */
function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
