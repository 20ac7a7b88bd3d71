/**
 * The fsyncs that SQLite leaves out.
 *
 * SQLite's own fsync of a folder covers the ledger's name, but not the folder's name in its parent. It also leaves an
 * emptied write-ahead log unsynced, so that a power cut can bring back the old one.
 */
import { accessSync, closeSync, constants, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Size of one write. */
const REWRITE_BYTES = 1024 * 1024;

/**
 * Rewrites the write-ahead log's own bytes in place while the caller holds SQLite's write lock, so nobody else changes the
 * log. After a failed fsync and a restart of only the gateway, Linux still shows bytes that the disk doesn't hold, and no
 * later fsync writes them (https://lwn.net/Articles/752063/); only a rewrite does. The rewrite must precede a checkpoint,
 * because a checkpoint cut off half-way is repaired from the log alone. Throws the file system's error.
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

/** Throws the file system's error. */
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

/** We didn't create a folder that we can't read. */
function isReadable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
