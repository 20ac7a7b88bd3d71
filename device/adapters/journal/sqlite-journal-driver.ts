/** Wraps the `sqlite3` package for the journal: promises while opening, and every error as a fault with a remedy. */
import { pathToFileURL } from 'node:url';
import { Database, type Statement } from 'sqlite3';
import { err, ok, type Result } from '#protocol/kernel/result.js';
import type { JournalFault } from '../../ports/journal.js';

/**
 * `psow=0`: a card that loses power during a write may spoil the whole block, and with it the end of a record that was
 * already safe. SQLite then pads the last block of each commit (4 KiB more per commit) instead of sharing it with the next
 * (https://sqlite.org/psow.html).
 */
const uriOf = (path: string): string => `${pathToFileURL(path).href}?psow=0`;

/** SQLITE_OPEN_* of sqlite3.h, which the package doesn't export: read and write, create, URI, serialized. */
const OPEN_FLAGS = 0x2 | 0x4 | 0x40 | 0x10000;

export function openDatabase(path: string): Promise<Result<Database, JournalFault>> {
  return new Promise((resolve) => {
    const db = new Database(uriOf(path), OPEN_FLAGS, (error) =>
      resolve(error === null ? ok(db) : err(faultOf(error, 'JOURNAL_CANNOT_OPEN', path))),
    );
  });
}

/** The SQLite version that the package bundles. */
export const sqliteVersion = (): Promise<string> =>
  new Promise((resolve, reject) => {
    const db = new Database(':memory:', OPEN_FLAGS, (error) => {
      if (error !== null) return reject(error);
      all(db, 'select sqlite_version() as version')
        .then(([row]) => resolve(String(column(row, 'version'))), reject)
        .finally(() => void closeDatabase(db));
    });
  });

export const execute = (db: Database, sql: string): Promise<void> =>
  new Promise((resolve, reject) => db.exec(sql, (error) => (error === null ? resolve() : reject(error))));

export const all = (db: Database, sql: string, params: readonly unknown[] = []): Promise<Record<string, unknown>[]> =>
  new Promise((resolve, reject) =>
    db.all<Record<string, unknown>>(sql, params, (error, rows) => (error === null ? resolve(rows) : reject(error))),
  );

export const column = (row: Record<string, unknown> | undefined, name: string): unknown => row?.[name];

export const prepare = (db: Database, sql: string): Promise<Statement> =>
  new Promise((resolve, reject) => {
    const statement = db.prepare(sql, (error) => (error === null ? resolve(statement) : reject(error)));
  });

export const closeDatabase = (db: Database): Promise<void> => new Promise((resolve) => db.close(() => resolve()));

/** Maps SQLite's result codes (https://sqlite.org/rescode.html) to faults with a remedy. */
const FAULTS: Readonly<Record<string, readonly [code: string, remedy: string]>> = {
  SQLITE_FULL: ['JOURNAL_FULL', 'Free space on the card and start the agent again.'],
  SQLITE_BUSY: ['JOURNAL_IN_USE', 'Another agent has this journal open; stop it first.'],
  SQLITE_LOCKED: ['JOURNAL_IN_USE', 'Another agent has this journal open; stop it first.'],
  SQLITE_NOTADB: [
    'JOURNAL_NOT_A_DATABASE',
    'The file is not a journal, or its head is damaged. Keep it and call service.',
  ],
  SQLITE_CORRUPT: ['JOURNAL_CORRUPT', 'The file is damaged. Keep it as it is and call service.'],
  SQLITE_READONLY: ['JOURNAL_READ_ONLY', 'Make the folder writable for the user that runs the agent.'],
  SQLITE_CANTOPEN: ['JOURNAL_CANNOT_OPEN', 'Check that the path is a file in a folder that the agent may write to.'],
  SQLITE_PERM: ['JOURNAL_CANNOT_OPEN', 'Check that the path is a file in a folder that the agent may write to.'],
};

export function faultOf(error: unknown, otherwise: string, path?: string): JournalFault {
  const name = error instanceof Error && 'code' in error ? String(error.code) : '';
  const [code, remedy] = FAULTS[name] ?? [otherwise, 'Check the card and the folder, then start the agent again.'];
  const what = error instanceof Error ? error.message : String(error);
  return { code, message: `${path === undefined ? '' : `${path}: `}${what}. ${remedy}` };
}
