/**
 * The journal's files, below SQLite: what has to be so before it may open them, and what it does not see to by itself.
 * A name in a folder is only as safe as the folder's own fsync: a new folder has to be synced into the one above, or a
 * power cut takes it away with the whole journal in it.
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

/** SQLite's write-ahead log lies beside the database under this ending. */
const LOG = '-wal';
/** The log's own header (https://sqlite.org/fileformat2.html, 4.1): a log no longer than that holds no record. */
const LOG_HEADER_BYTES = 32;

/** Beside the journal while its last life doesn't know what the disk has got. */
const UNSURE = '.unsure';

export const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

export const logBytes = (path: string): number => sizeOf(path + LOG);

/** SQLite deletes a write-ahead log whose database is missing or empty, and with it the newest records. */
export const isLogAlone = (path: string): boolean => sizeOf(path) === 0 && logBytes(path) > LOG_HEADER_BYTES;

/** SQLite would call it an I/O error. */
export function mayWrite(path: string): boolean {
  try {
    for (const needed of [dirname(path), ...(existsSync(path) ? [path] : [])]) accessSync(needed, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Once it is known for a journal: another program's database may well be for others. */
export function keepToSelf(path: string): void {
  for (const part of [path, path + LOG]) closeToOthers(part);
}

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
 * Something was not written, and the system's memory may show it all the same: the next start has to write the log anew. The
 * note itself need not outlive a power cut, since that memory doesn't either.
 */
export function noteUnsure(path: string): void {
  try {
    writeFileSync(path + UNSURE, '');
  } catch {
    // No room or no writing at all: then nothing of the log was taken for written either.
  }
}

/**
 * Puts a written copy in the log's place, before SQLite opens it, where the last life was unsure of it. After an fsync that
 * failed, Linux shows bytes that the disk hasn't got and takes them for written (https://lwn.net/Articles/752063/): only what
 * is written again is. Before a checkpoint it has to be: one that a power cut breaks off half-way is mended from the log
 * alone. Not in place: a card that loses power while it writes may spoil what was safe there.
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
