import { describe, expect, it } from 'vitest';
import { err, ok } from '#protocol/kernel/result.js';
import { append, journalContract, must, opened, sha256 } from '../../test/contract/journal-contract.js';
import { memoryDisk, openMemoryJournal } from './memory-journal.js';

const mediumOn = (schedule?: (run: () => void) => void) => async () => {
  const disk = memoryDisk();
  return {
    open: async (onRecord?: Parameters<typeof openMemoryJournal>[0]['onRecord']) => {
      const journal = openMemoryJournal({
        sha256,
        disk,
        ...(schedule === undefined ? {} : { schedule }),
        ...(onRecord === undefined ? {} : { onRecord }),
      });
      return journal.ok ? ok(journal.value) : err(journal.fault);
    },
    breakDisk: async () => {
      disk.failNext = { code: 'JOURNAL_FULL', message: 'full' };
    },
    tamper: async (seq: number) => {
      const row = disk.rows[seq - 1];
      if (row !== undefined) disk.rows[seq - 1] = { ...row, body: row.body.replace('"amountFen":', '"amountFen":9') };
    },
  };
};

journalContract('in memory, at once', mediumOn());
journalContract('in memory, a little later', mediumOn(queueMicrotask));

describe('a power cut of the journal in memory', () => {
  it('keeps what was synced, loses what was not, and calls nobody back', async () => {
    const disk = memoryDisk();
    const due: (() => void)[] = [];
    const options = { sha256, disk, schedule: (run: () => void) => void due.push(run) };
    const journal = must(openMemoryJournal(options));
    const answers: number[] = [];
    journal.append([opened(1)], (_, head) => answers.push(head.seq));
    due.shift()?.();
    journal.append([opened(2)], (_, head) => answers.push(head.seq));
    journal.crash();
    for (const run of due) run();
    expect(answers).toEqual([1]);
    const again = must(openMemoryJournal({ sha256, disk }));
    expect(again.head.seq).toBe(1);
    expect((await append(again, opened(3))).head.seq).toBe(2);
  });
});
