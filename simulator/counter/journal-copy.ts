/**
 * The device's own book, read while the device goes on: its files are copied and the copy is opened, since the agent holds
 * the original for itself alone. Opening checks the whole chain, so a journal that reads is a journal that is sound.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openJournal } from '#device/adapters/journal/sqlite-journal.js';
import { sha256 } from '#protocol/node/crypto.js';
import type { JournalRecord } from '#protocol/records/record.js';

export interface JournalCopy {
  readonly records: readonly JournalRecord[];
  /** Why it could not be read, or read only in part. */
  readonly fault: string | null;
}

/** `file`: the journal of a counter that is at rest: the copy of a write under way may be torn, and then says so. */
export async function readJournal(file: string): Promise<JournalCopy> {
  const folder = mkdtempSync(path.join(tmpdir(), 'codeplate-journal-'));
  try {
    const copy = path.join(folder, 'journal.sqlite');
    for (const suffix of ['', '-wal']) if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
    const records: JournalRecord[] = [];
    const opened = await openJournal(copy, { sha256, onRecord: ({ record }) => records.push(record) });
    if (!opened.ok) return { records, fault: `${opened.fault.code}: ${opened.fault.message}` };
    await new Promise<void>((closed) => opened.value.close(closed));
    return { records, fault: null };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
