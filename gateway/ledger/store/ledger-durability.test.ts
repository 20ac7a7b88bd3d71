/** A database that doesn't guarantee FULL and WAL prevents the start, whatever setting was requested. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testRules } from '../../../test/contract/ledger-fixture.js';
import { prepareLedger } from './ledger-opening.js';
import { openSqlite, type SqliteDatabase } from './sqlite.js';

let folder: string;
let writer: SqliteDatabase;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'codeplate-durable-'));
  writer = await promisify(openSqlite)(join(folder, 'ledger.db'));
});
afterEach(async () => {
  await new Promise<void>((closed) => writer.close(closed));
  rmSync(folder, { recursive: true });
});

const prepare = (database: SqliteDatabase) => prepareLedger(database, join(folder, 'ledger.db'), testRules());
const setting = (pragma: string): Promise<string> =>
  promisify(writer.prepare(`select ${pragma} || '' as text from pragma_${pragma} where ?1 = ''`).text)(['']);

describe('the ledger’s database', () => {
  it('is at synchronous FULL and in WAL mode once it is open', async () => {
    await prepare(writer);
    expect(await setting('synchronous')).toBe('2');
    expect(await setting('journal_mode')).toBe('wal');
  });

  it.each([
    ['synchronous NORMAL', /synchronous = full/i, 'synchronous = normal', 'synchronous is 1'],
    ['synchronous OFF', /synchronous = full/i, 'synchronous = off', 'synchronous is 0'],
    ['a rollback journal', /journal_mode = wal/i, 'journal_mode = delete', 'journal_mode delete'],
    ['a journal in memory', /journal_mode = wal/i, 'journal_mode = memory', 'journal_mode memory'],
  ])('does not open with %s', async (_, from, to, said) => {
    const told: SqliteDatabase = { ...writer, exec: (sql, done) => writer.exec(sql.replace(from, to), done) };
    await expect(prepare(told)).rejects.toMatchObject({
      code: 'LEDGER_NOT_DURABLE',
      message: expect.stringContaining(said),
    });
  });
});
