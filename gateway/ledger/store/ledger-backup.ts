/**
 * Copies a ledger into a new file while its gateway runs.
 *
 * `VACUUM INTO` reads one committed snapshot and blocks nobody; the copy is complete without a write-ahead log. It is
 * verified before it gets its final name, so that no backup turns out to be useless on the day when it is needed.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { LedgerError } from '#protocol/faults/errors.js';
import type { Sha256 } from '#protocol/kernel/crypto.js';
import { type Verified, verifyLedger } from './ledger-verify.js';
import { openSqliteToRead } from './sqlite.js';

/** For the gateway's own user only: the ledger holds hashes of people's numbers. */
const OWN_FILE = 0o600;

/** Rejects with a `LedgerError`, and leaves no file in that case. */
export async function backUpLedger(ledger: string, file: string, sha256: Sha256): Promise<Verified> {
  if (!existsSync(ledger)) throw new LedgerError('LEDGER_CANNOT_OPEN', { detail: `There is no ${ledger}.` });
  const part = `${file}.part`;
  // Both names are claimed before anything is written, so that no older or concurrent backup is ever overwritten.
  take(file);
  try {
    take(part);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
  try {
    await copy(ledger, part);
    const verified = await verifyLedger(part, sha256);
    const [problem] = verified.problems;
    if (problem !== undefined)
      throw new LedgerError('LEDGER_BACKUP_FAILED', { detail: `${problem.code}: ${problem.what}.` });
    sync(part);
    renameSync(part, file);
    sync(dirname(resolve(file)));
    return verified;
  } catch (error) {
    rmSync(part, { force: true });
    rmSync(file, { force: true });
    throw error instanceof LedgerError
      ? error
      : new LedgerError('LEDGER_BACKUP_FAILED', { detail: `${file}: ${String(error)}.`, cause: error });
  }
}

function take(file: string): void {
  try {
    closeSync(openSync(file, 'wx', OWN_FILE));
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw new LedgerError(isThere ? 'LEDGER_BACKUP_EXISTS' : 'LEDGER_BACKUP_FAILED', {
      detail: isThere ? `${file}.` : `${file}: ${String(error)}.`,
      cause: error,
    });
  }
}

async function copy(ledger: string, part: string): Promise<void> {
  const database = await promisify(openSqliteToRead)(ledger);
  try {
    await promisify(database.prepare('vacuum into ?1').run)([part]);
  } finally {
    await new Promise<void>((closed) => database.close(closed));
  }
}

/** SQLite doesn't sync the file that VACUUM INTO writes. */
function sync(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
