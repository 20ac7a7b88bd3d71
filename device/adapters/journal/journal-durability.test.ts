/** A database that doesn't guarantee FULL and WAL prevents the start, whatever setting was requested. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from 'sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '#protocol/node/crypto.js';
import { all, closeDatabase, openDatabase } from './sqlite-journal-driver.js';
import { checkAll } from './sqlite-journal-opening.js';

let folder: string;
let db: Database;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'codeplate-durable-'));
  const opened = await openDatabase(join(folder, 'journal.sqlite'));
  if (!opened.ok) throw new Error(opened.fault.message);
  db = opened.value;
});
afterEach(async () => {
  await closeDatabase(db);
  rmSync(folder, { recursive: true });
});

const check = (database: Database) => checkAll(database, join(folder, 'journal.sqlite'), { sha256 });

/** The same database with one setting altered on the way. */
const told = (from: RegExp, to: string): Database =>
  new Proxy(db, {
    get(target, name) {
      if (name === 'exec') return (sql: string, done: () => void) => target.exec(sql.replace(from, to), done);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

describe('the journal’s database', () => {
  it('is at synchronous FULL and in WAL mode once it is open', async () => {
    expect(await check(db)).toMatchObject({ ok: true });
    expect(await all(db, 'PRAGMA synchronous')).toEqual([{ synchronous: 2 }]);
    expect(await all(db, 'PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
  });

  it.each([
    ['synchronous NORMAL', /synchronous = FULL/i, 'synchronous = NORMAL', 'synchronous is 1'],
    ['synchronous OFF', /synchronous = FULL/i, 'synchronous = OFF', 'synchronous is 0'],
    ['a rollback journal', /journal_mode = WAL/i, 'journal_mode = DELETE', 'journal_mode delete'],
    ['a journal in memory', /journal_mode = WAL/i, 'journal_mode = MEMORY', 'journal_mode memory'],
  ])('does not open with %s', async (_, from, to, said) => {
    expect(await check(told(from, to))).toMatchObject({
      ok: false,
      fault: { code: 'JOURNAL_NOT_DURABLE', message: expect.stringContaining(said) },
    });
  });
});
