/**
 * Judges the SQLite version for a journal or a ledger.
 *
 * Up to 3.51.2 a commit that resets the write-ahead log while another connection checkpoints could damage the file (the
 * "WAL-reset bug"). 3.51.3 and 3.52.0 fix it; 3.52.0 was withdrawn for new features that broke older programs.
 */

export type SqliteDoubt = 'wal-reset' | 'withdrawn' | 'unknown';

const FIRST_MENDED = [3, 51, 3] as const;
const WITHDRAWN = '3.52.0';

export function sqliteDoubt(version: string): SqliteDoubt | undefined {
  const [, ...numbers] = /^(\d+)\.(\d+)\.(\d+)$/.exec(version) ?? [];
  if (numbers.length !== FIRST_MENDED.length) return 'unknown';
  if (version === WITHDRAWN) return 'withdrawn';
  const parts = numbers.map(Number);
  const at = parts.findIndex((part, index) => part !== FIRST_MENDED[index]);
  const isOlder = at >= 0 && (parts[at] ?? 0) < (FIRST_MENDED[at] ?? 0);
  return isOlder ? 'wal-reset' : undefined;
}

/** The consequence, for the log and for --check. */
export const SQLITE_DOUBTS = {
  'wal-reset':
    'it has the WAL-reset bug: two connections that write and checkpoint at the same instant could damage the file. Only one connection does either here, so it is not met',
  withdrawn:
    'its makers withdrew it for new features that broke older programs; none of them is used here, and the WAL-reset bug is mended in it',
  unknown: 'nothing is known of it',
} as const satisfies Record<SqliteDoubt, string>;
