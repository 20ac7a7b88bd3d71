/** A backup of a ledger in use is complete, and `verify` names each way in which a file may be damaged. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '#protocol/node/crypto.js';
import {
  asked,
  authorised,
  Counter,
  charging,
  claimed,
  claimOp,
  commitOne,
  settled,
  testRules,
} from '../../../test/contract/ledger-fixture.js';
import type { Ledger } from '../../ports/ledger.js';
import { backUpLedger } from './ledger-backup.js';
import { verifyLedger } from './ledger-verify.js';
import { openSqlite } from './sqlite.js';
import { openSqliteLedger } from './sqlite-ledger.js';

const rules = testRules();
let folder: string;
let file: string;
let copy: string;
let ledger: Ledger;
const counter = () => new Counter();

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-backup-'));
  [file, copy] = [path.join(folder, 'ledger.db'), path.join(folder, 'backup.db')];
  ledger = await openSqliteLedger(file, rules);
  const till = counter();
  await claimed(ledger, claimOp('ann', ['s20', 's40']));
  const serial = await authorised(ledger, till.asks('a', 'ann', 15_000));
  const sale = { sale: 'a', amountFen: 15_000, serial: Number(serial) };
  await commitOne(ledger, till.sends([charging(sale)]));
  await commitOne(ledger, till.sends([settled(sale)]));
});
afterEach(async () => {
  await new Promise<void>((closed) => ledger.close(closed));
  rmSync(folder, { recursive: true, force: true });
});

/** Changes the backup in a way that no gateway would. */
async function tamper(sql: string): Promise<void> {
  const database = await promisify(openSqlite)(copy);
  await promisify(database.exec)(sql);
  await new Promise<void>((closed) => database.close(closed));
}
const codes = async (): Promise<readonly string[]> =>
  (await verifyLedger(copy, sha256)).problems.map(({ code }) => code);

describe('a backup', () => {
  it('is whole, for its owner only, and a gateway goes on with it', async () => {
    const sums = await asked((done) => ledger.reconciliation(done));
    const { problems, counts, version } = await backUpLedger(file, copy, sha256);
    expect({ problems, version }).toEqual({ problems: [], version: 3 });
    expect(counts).toMatchObject({ device: 1, holder: 1, sale: 1, record: 2 });
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.startsWith('backup'))).toEqual(['backup.db']);
    const restored = await openSqliteLedger(copy, rules);
    expect(await asked((done) => restored.reconciliation(done))).toEqual(sums);
    expect(await asked((done) => restored.auditIntact(done))).toBe(true);
    await new Promise<void>((closed) => restored.close(closed));
    expect(await codes()).toEqual([]);
  });

  it('never writes over a file, and leaves none where it fails', async () => {
    writeFileSync(copy, 'mine');
    await expect(backUpLedger(file, copy, sha256)).rejects.toMatchObject({ code: 'LEDGER_BACKUP_EXISTS' });
    expect(readFileSync(copy, 'utf8')).toBe('mine');
    const other = path.join(folder, 'other.db');
    writeFileSync(`${other}.part`, 'of another backup');
    await expect(backUpLedger(file, other, sha256)).rejects.toMatchObject({ code: 'LEDGER_BACKUP_EXISTS' });
    expect(readFileSync(`${other}.part`, 'utf8')).toBe('of another backup');
    const nowhere = path.join(folder, 'not-there', 'x.db');
    await expect(backUpLedger(file, nowhere, sha256)).rejects.toMatchObject({ code: 'LEDGER_BACKUP_FAILED' });
    const none = path.join(folder, 'none.db');
    await expect(backUpLedger(none, path.join(folder, 'x.db'), sha256)).rejects.toMatchObject({
      code: 'LEDGER_CANNOT_OPEN',
    });
    writeFileSync(none, 'no database at all, whatever its name says');
    await expect(backUpLedger(none, path.join(folder, 'x.db'), sha256)).rejects.toMatchObject({
      code: 'LEDGER_BACKUP_FAILED',
    });
    expect(readdirSync(folder).filter((name) => name.startsWith('x.db'))).toEqual([]);
  });
});

describe('a look through', () => {
  beforeEach(async () => {
    await backUpLedger(file, copy, sha256);
  });

  it.each([
    [
      'a posting that nobody balanced',
      "insert into posting values (999, 'x', 's', 'merchant:m1', 1)",
      'LEDGER_UNBALANCED',
    ],
    ['an audit row that was changed', "update audit set body = '[]' where seq = 2", 'LEDGER_AUDIT_BROKEN'],
    ['an audit row that is gone', 'delete from audit where seq = 2', 'LEDGER_AUDIT_BROKEN'],
    ['a stretch of records that is gone', 'delete from journal where last = 1', 'LEDGER_JOURNAL_BROKEN'],
    ['records that end before the head', 'delete from journal where last = 2', 'LEDGER_JOURNAL_BROKEN'],
    [
      'a record that was changed',
      `update journal set doc = json_set(doc, '$.bodies[0]', '{}') where last = 1`,
      'LEDGER_JOURNAL_BROKEN',
    ],
  ])('names %s', async (_, sql, code) => {
    await tamper(
      `drop trigger if exists audit_is_append_only; drop trigger if exists audit_keeps_all;
       drop trigger if exists journal_is_append_only; drop trigger if exists journal_keeps_all; ${sql}`,
    );
    expect(await codes()).toContain(code);
  });

  it('names a page that a disk has damaged', async () => {
    const bytes = readFileSync(copy);
    bytes.fill(0xff, 4_096 * 3, 4_096 * 3 + 200);
    writeFileSync(copy, bytes);
    const found = await verifyLedger(copy, sha256).then(
      ({ problems }) => problems.map(({ code }) => code),
      (error: unknown) => [Reflect.get(error as object, 'code')],
    );
    expect(found.some((code) => code === 'LEDGER_DAMAGED' || code === 'LEDGER_UNREADABLE')).toBe(true);
  });

  it('refuses what is no ledger, or a later one', async () => {
    await tamper('pragma user_version = 99');
    await expect(verifyLedger(copy, sha256)).rejects.toMatchObject({ code: 'LEDGER_OTHER_VERSION' });
    await tamper('pragma application_id = 7');
    await expect(verifyLedger(copy, sha256)).rejects.toMatchObject({ code: 'LEDGER_CANNOT_OPEN' });
    await expect(verifyLedger(path.join(folder, 'none'), sha256)).rejects.toMatchObject({ code: 'LEDGER_CANNOT_OPEN' });
  });

  it('changes no byte of the file and leaves nothing beside it', async () => {
    const before = readFileSync(copy);
    copyFileSync(copy, path.join(folder, 'same.db'));
    await verifyLedger(copy, sha256);
    expect(readFileSync(copy).equals(before)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.startsWith('backup'))).toEqual(['backup.db']);
  });
});
