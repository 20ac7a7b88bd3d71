/**
 * Files with secrets, readable only by the program's user whatever the folder allows.
 *
 * The ledger holds payment codes in clear, the journal holds presentations and the ends of card numbers, and the keys can
 * issue coupons. SQLite gives a write-ahead log and its index the mode of their database.
 */
import { chmodSync, closeSync, openSync, statSync } from 'node:fs';

export const OWN_FILE_MODE = 0o600;
const OF_OTHERS = 0o077;

/**
 * Creates the file, empty, if it doesn't exist. Never opens an existing one: closing it would drop this process's locks on
 * it (https://sqlite.org/howtocorrupt.html, 2.2). Throws the file system's error.
 */
export function makeOwnFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', OWN_FILE_MODE));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Restricts a file that an earlier version or a restored backup left open to others. Throws the file system's error. */
export function closeToOthers(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile() || (found.mode & OF_OTHERS) === 0) return;
  try {
    chmodSync(file, OWN_FILE_MODE);
  } catch (error) {
    if (!NOT_OURS_TO_SAY.has(codeOf(error))) throw error;
  }
}

/** The file belongs to another user, is on a read-only mount, or on a file system without modes. */
const NOT_OURS_TO_SAY: ReadonlySet<unknown> = new Set(['EPERM', 'EROFS', 'ENOTSUP']);

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
