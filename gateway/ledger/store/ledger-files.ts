/**
 * What SQLite does not see to by itself: its own fsync of a folder covers the ledger's name, not the name of the folder in
 * the one above; and it leaves an emptied write-ahead log unsynced, so that a power cut can bring back the old one.
 */
import { accessSync, closeSync, constants, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Written in one go. */
const REWRITE_BYTES = 1024 * 1024;

/**
 * Writes the write-ahead log's own bytes over themselves, while the caller holds SQLite's write lock: nobody else changes
 * the log then. Where an fsync failed and only the gateway was started again, Linux still shows what the disk hasn't got,
 * and no later fsync writes it (https://lwn.net/Articles/752063/): only what is written again is. Before a checkpoint it
 * has to be: one that a power cut breaks off half-way is mended from the log alone. Throws where the disk says no.
 */
export function rewriteLog(file: string): void {
  const log = `${file}-wal`;
  if (!existsSync(log)) return;
  const fd = openSync(log, 'r+');
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
