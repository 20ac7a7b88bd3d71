import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from 'sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  append,
  close,
  journalContract,
  must,
  note,
  opened,
  read,
  sha256,
} from '../../../test/contract/journal-contract.js';
import type { JournalFault, StoredRecord } from '../../ports/journal.js';
import { openJournal } from './sqlite-journal.js';
import { renewLog } from './sqlite-journal-files.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codeplate-journal-'));
  path = join(folder, 'data', 'journal.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Opens the file as anyone holding the SD card could. */
const behindItsBack = (sql: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const db = new Database(path, () => {
      db.exec(sql, (error) => db.close(() => resolve(error?.message)));
    });
  });

const faultOnOpen = async (): Promise<string | undefined> => {
  const result = await openJournal(path, { sha256 });
  if (!result.ok) return result.fault.code;
  await close(result.value);
  return undefined;
};

const filled = async (count: number): Promise<void> => {
  const journal = must(await openJournal(path, { sha256 }));
  for (let from = 0; from < count; from += 5_000) {
    const length = Math.min(5_000, count - from);
    await append(journal, ...Array.from({ length }, (_, n) => note(from + n, 'a line that can be told from others')));
  }
  await close(journal);
};

/** Flips the bit in every copy of that record: SQLite leaves old copies in the free part of a split page. */
function withFlippedBit(whole: Buffer, n: number): Buffer {
  const flipped = Buffer.from(whole);
  const mark = `S-${n}","why":"a line`;
  for (let at = whole.indexOf(mark); at >= 0; at = whole.indexOf(mark, at + 1)) {
    flipped[at + mark.length - 1] = (flipped[at + mark.length - 1] ?? 0) ^ 0x04;
  }
  return flipped;
}

const digest = (): string => createHash('sha256').update(readFileSync(path)).digest('hex');

journalContract('on SQLite', async () => ({
  open: (onRecord?: (stored: StoredRecord) => void) =>
    openJournal(path, { sha256, maxBytes: 1024 * 1024, ...(onRecord ? { onRecord } : {}) }),
  breakDisk: async () => {},
  tamper: async (seq: number) => {
    await behindItsBack(
      `DROP TRIGGER records_stay; UPDATE records SET body = replace(body, '"amountFen":', '"amountFen":9') WHERE seq = ${seq}`,
    );
  },
}));

describe('the journal file on SQLite', () => {
  it('is for its agent only, whatever the folder lets others do, also one that was open to them', async () => {
    const modes = () => [path, `${path}-wal`].map((file) => statSync(file).mode & 0o777);
    const first = must(await openJournal(path, { sha256 }));
    await append(first, opened(1));
    expect(modes()).toEqual([0o600, 0o600]);
    await close(first);
    chmodSync(path, 0o644);
    const later = must(await openJournal(path, { sha256 }));
    await append(later, opened(2));
    expect(modes()).toEqual([0o600, 0o600]);
    await close(later);
  });

  // Root may write regardless of the mode.
  it.skipIf(process.getuid?.() === 0)('that may not be written to is called so, and left as it is', async () => {
    await filled(3);
    const before = digest();
    chmodSync(path, 0o444);
    expect(await faultOnOpen()).toBe('JOURNAL_READ_ONLY');
    expect(digest()).toBe(before);
  });

  it('holds what was called back even when the process dies at once', async () => {
    const journal = must(await openJournal(path, { sha256 }));
    for (let n = 1; n <= 20; n++) {
      const { head } = await append(journal, opened(n));
      // A killed process leaves exactly the current content of the files.
      const copy = join(folder, `copy-${n}.sqlite`);
      copyFileSync(path, copy);
      copyFileSync(`${path}-wal`, `${copy}-wal`);
      const survivor = must(await openJournal(copy, { sha256 }));
      expect(survivor.head).toEqual(head);
      await close(survivor);
    }
    await close(journal);
  });

  it('commits together what arrives while one commit runs', async () => {
    const journal = must(await openJournal(path, { sha256 }));
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 500 }, (_, n) => append(journal, opened(n + 1)).then(({ head }) => order.push(head.seq))),
    );
    expect(order).toEqual(Array.from({ length: 500 }, (_, n) => n + 1));
    // 500 commits would have left at least 500 frames of 4 KiB in the write-ahead log.
    expect(statSync(`${path}-wal`).size).toBeLessThan(100 * 4_096);
    await close(journal);
  });

  it('leaves itself and its witness behind when it is closed, and nothing of SQLite', async () => {
    await filled(3);
    expect(readdirSync(join(folder, 'data'))).toEqual(['journal.sqlite', 'journal.sqlite.head']);
  });

  it('writes the log anew for a start after a life that failed, and not where nothing did', async () => {
    const inode = (): number => statSync(`${path}-wal`).ino;
    const lives = async (): Promise<number> => {
      const journal = must(await openJournal(path, { sha256 }));
      await append(journal, opened(journal.head.seq + 1));
      const copy = join(folder, 'life.sqlite');
      for (const end of ['', '-wal', '.head']) copyFileSync(path + end, copy + end);
      await close(journal);
      for (const end of ['', '-wal', '.head']) copyFileSync(copy + end, path + end);
      return journal.head.seq;
    };
    expect(await lives()).toBe(1);
    writeFileSync(`${path}.unsure`, '');
    const [before, bytes] = [inode(), readFileSync(`${path}-wal`)];
    renewLog(path);
    expect(inode()).not.toBe(before);
    expect(readFileSync(`${path}-wal`)).toEqual(bytes);
    expect(existsSync(`${path}.unsure`)).toBe(false);
    const renewed = inode();
    renewLog(path);
    expect(inode()).toBe(renewed);
    expect(await lives()).toBe(2);
  });

  it('is bound to be appended to: no record can be changed, removed, replaced or skipped', async () => {
    await filled(3);
    expect(await behindItsBack("UPDATE records SET body = '{}' WHERE seq = 2")).toContain('never changed');
    expect(await behindItsBack('DELETE FROM records WHERE seq = 3')).toContain('never deleted');
    expect(await behindItsBack("INSERT INTO records VALUES (5, '{}', '')")).toContain('no gaps');
    expect(await behindItsBack("INSERT OR REPLACE INTO records VALUES (2, '{}', '')")).toContain('no gaps');
    expect(await behindItsBack('UPDATE acknowledged SET seq = -1')).toContain('never taken back');
    expect(await faultOnOpen()).toBeUndefined();
  });

  it('says which record is missing', async () => {
    await filled(5);
    await behindItsBack('DROP TRIGGER records_remain; DELETE FROM records WHERE seq = 2');
    const result = await openJournal(path, { sha256 });
    expect(result.ok ? '' : result.fault.message).toContain('Record 2');
    expect(result.ok ? '' : result.fault.code).toBe('JOURNAL_CHAIN_BROKEN');
  });

  it('names the right record where a line end was put into one', async () => {
    await filled(5);
    await behindItsBack(`DROP TRIGGER records_stay; UPDATE records SET body = body || char(10) || '9' WHERE seq = 4`);
    const result = await openJournal(path, { sha256 });
    expect(result.ok ? '' : result.fault.message).toContain('Record 4');
  });

  it('finds a flipped bit in any record', async () => {
    await filled(200);
    const whole = readFileSync(path);
    for (let n = 0; n < 200; n += 17) {
      writeFileSync(path, withFlippedBit(whole, n));
      expect(await faultOnOpen()).toBe('JOURNAL_CHAIN_BROKEN');
    }
    writeFileSync(path, whole);
    expect(await faultOnOpen()).toBeUndefined();
  });

  it('opens as nothing but what it is: text, a stranger’s database, a torn file, a folder, a newer version', async () => {
    await filled(200);
    const whole = readFileSync(path);
    const cases: [name: string, make: () => unknown, code: string | RegExp][] = [
      ['text', () => writeFileSync(path, 'these are no records, '.repeat(500)), 'JOURNAL_NOT_A_DATABASE'],
      ['half a file', () => truncateSync(path, 8_192), 'JOURNAL_CORRUPT'],
      ['zeros inside', () => writeFileSync(path, Buffer.from(whole).fill(0, 4_096, 12_288)), /CORRUPT|CHAIN_BROKEN/],
      ['newer', () => behindItsBack('PRAGMA user_version = 2'), 'JOURNAL_OTHER_VERSION'],
      ['a stranger', () => behindItsBack('PRAGMA application_id = 7'), 'JOURNAL_NOT_OURS'],
    ];
    for (const [name, make, code] of cases) {
      writeFileSync(path, whole);
      await make();
      const before = digest();
      expect(await faultOnOpen(), name).toMatch(code);
      expect(digest(), `${name} is left as it was`).toBe(before);
    }
    const inAFolder = await openJournal(join(folder, 'data'), { sha256 });
    expect(inAFolder.ok ? '' : inAFolder.fault.code).toBe('JOURNAL_CANNOT_OPEN');
    const underAFile = await openJournal(join(path, 'journal.sqlite'), { sha256 });
    expect(underAFile.ok ? '' : underAFile.fault.code).toBe('JOURNAL_CANNOT_OPEN');
  });

  it('does not let SQLite throw away a write-ahead log whose database is gone', async () => {
    const journal = must(await openJournal(path, { sha256 }));
    await append(journal, opened(1));
    const wal = readFileSync(`${path}-wal`);
    await close(journal);
    rmSync(path);
    writeFileSync(`${path}-wal`, wal);
    expect(await faultOnOpen()).toBe('JOURNAL_INCOMPLETE');
    expect(readFileSync(`${path}-wal`)).toEqual(wal);
  });

  it('stores acknowledgements in their order, also on a card that takes longer for each than they are apart', async () => {
    const faults: JournalFault[] = [];
    const journal = must(
      await openJournal(path, {
        sha256,
        onFault: (fault) => faults.push(fault),
        later(_, run) {
          const turn = setImmediate(run);
          return () => clearImmediate(turn);
        },
      }),
    );
    const heads = await Promise.all(Array.from({ length: 300 }, (_, n) => append(journal, note(n, 'a line'))));
    for (const { head } of heads) {
      journal.acknowledge(head);
      await new Promise((turn) => setImmediate(turn));
    }
    expect(faults).toEqual([]);
    const { head } = journal;
    await close(journal);
    const again = must(await openJournal(path, { sha256 }));
    expect(again.acknowledged).toEqual(head);
    await close(again);
  });

  it('tells an older copy from the journal that the gateway has acknowledged', async () => {
    await filled(5);
    await behindItsBack(`DROP TRIGGER acknowledged_grows; UPDATE acknowledged SET seq = 9, hash = '${'a'.repeat(64)}'`);
    expect(await faultOnOpen()).toBe('JOURNAL_OLDER_THAN_ACKNOWLEDGED');
  });

  it('stops, and says so once, when a stored record turns bad while it is open', async () => {
    const faults: JournalFault[] = [];
    // More than SQLite's memory cache (1 MB), so that records in the middle are read from the disk again.
    await filled(15_000);
    const journal = must(await openJournal(path, { sha256, onFault: (fault) => faults.push(fault) }));
    writeFileSync(path, withFlippedBit(readFileSync(path), 7_000));
    expect((await read(journal, 6_990, 100)).fault?.code).toBe('JOURNAL_CHAIN_BROKEN');
    expect((await append(journal, opened(1))).fault?.code).toBe('JOURNAL_CHAIN_BROKEN');
    expect(faults).toHaveLength(1);
    await close(journal);
  });

  it('replays thousands of records in order, a batch at a time', async () => {
    await filled(4_500);
    const seqs: number[] = [];
    const journal = must(await openJournal(path, { sha256, onRecord: (stored) => seqs.push(stored.seq) }));
    expect(seqs).toEqual(Array.from({ length: 4_500 }, (_, n) => n + 1));
    expect(journal.head.seq).toBe(4_500);
    await close(journal);
  });
});
