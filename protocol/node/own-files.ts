/**
 * Payment codes stand in the ledger in clear, presentations and the ends of card numbers in the journal, and whoever has the
 * keys can hand out coupons: these files are for their program's user only, whatever the folder lets others do. SQLite
 * gives a write-ahead log and its index the mode of their database.
 */
import { chmodSync, closeSync, openSync, statSync } from 'node:fs';

export const OWN_FILE_MODE = 0o600;
const OF_OTHERS = 0o077;

/**
 * Where there is no such file yet, makes it, empty. One that there is isn't even opened: closing it would give up the locks
 * that this process has on it (https://sqlite.org/howtocorrupt.html, 2.2). Throws where the disk says no.
 */
export function makeOwnFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', OWN_FILE_MODE));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** One that an earlier version, or a backup put back, has left open to others. Throws where the disk says no. */
export function closeToOthers(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile() || (found.mode & OF_OTHERS) === 0) return;
  try {
    chmodSync(file, OWN_FILE_MODE);
  } catch (error) {
    if (!NOT_OURS_TO_SAY.has(codeOf(error))) throw error;
  }
}

/** Somebody else's file, mounted to be read, or on a file system that has no modes. */
const NOT_OURS_TO_SAY: ReadonlySet<unknown> = new Set(['EPERM', 'EROFS', 'ENOTSUP']);

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
