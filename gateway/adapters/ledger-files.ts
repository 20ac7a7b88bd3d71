/**
 * What SQLite does not see to by itself: its own fsync of a folder covers the ledger's name, not the name of the folder in
 * the one above; and it leaves an emptied write-ahead log unsynced, so that a power cut can bring back the old one.
 */
import { accessSync, closeSync, constants, existsSync, fsyncSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Throws where the disk says no. */
export function syncLedgerFiles(file: string): void {
  const log = `${file}-wal`;
  const folder = dirname(resolve(file));
  const above = dirname(folder);
  for (const path of [...(existsSync(log) ? [log] : []), folder, ...(isReadable(above) ? [above] : [])]) {
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
}

/** A folder of somebody else's wasn't made by us either. */
function isReadable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
