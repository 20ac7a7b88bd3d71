/**
 * What every journal promises, whatever it is stored in. Run against the one on SQLite and the one in memory, so that what
 * the simulated world proves of the device holds on a real disk too.
 */

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Journal, JournalFault, StoredRecord } from '#device/ports/journal.js';
import type { Result } from '#protocol/kernel/result.js';
import { type ChainHead, EMPTY_CHAIN, extend, GENESIS } from '#protocol/records/chain.js';
import { type JournalRecord, recordSchema } from '#protocol/records/record.js';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** One storage medium, which journals come and go on. */
export interface JournalMedium {
  open(onRecord?: (stored: StoredRecord) => void): Promise<Result<Journal, JournalFault>>;
  /** The next large append fails: for some because of this call, for others because the disk has 1 MB in all. */
  breakDisk(): Promise<void>;
  /** Changes the stored body of one record behind the journal's back. No journal is open. */
  tamper(seq: number): Promise<void>;
}

export const opened = (n: number): JournalRecord =>
  recordSchema.parse({ kind: 'opened', sale: `S-${n}`, order: `o-${n}`, amountFen: n, at: null });

export const note = (n: number, why: string): JournalRecord =>
  recordSchema.parse({ kind: 'unknown', sale: `S-${n}`, why, at: { earliest: 1, latest: 2 } });

export function must<Value>(result: Result<Value, JournalFault>): Value {
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message}`);
  return result.value;
}

export const append = (journal: Journal, ...records: JournalRecord[]) =>
  new Promise<{ fault: JournalFault | undefined; head: ChainHead }>((resolve) =>
    journal.append(records, (fault, head) => resolve({ fault, head })),
  );

export const read = (journal: Journal, after: number, limit: number) =>
  new Promise<{ fault: JournalFault | undefined; prev: string; records: readonly StoredRecord[] }>((resolve) =>
    journal.read(after, limit, (fault, batch) => resolve({ fault, ...batch })),
  );

export const close = (journal: Journal) => new Promise<void>((resolve) => journal.close(resolve));

export function journalContract(name: string, medium: () => Promise<JournalMedium>): void {
  describe(`a journal ${name}`, () => {
    it('begins empty, at seq 0 and the genesis hash', async () => {
      const journal = must(await (await medium()).open());
      expect(journal.head).toEqual(EMPTY_CHAIN);
      expect(journal.acknowledged).toEqual(EMPTY_CHAIN);
      expect(await read(journal, 0, 10)).toEqual({ fault: undefined, prev: GENESIS, records: [] });
      await close(journal);
    });

    it('numbers records from 1 without gaps and chains the exact text of each', async () => {
      const journal = must(await (await medium()).open());
      const first = await append(journal, opened(1), opened(2));
      const second = await append(journal, note(1, '读卡器没有回答 \u0000 "\\ 😀'));
      const { prev, records } = await read(journal, 0, 10);
      expect(prev).toBe(GENESIS);
      expect(records.map((r) => r.seq)).toEqual([1, 2, 3]);
      const bodies = records.map((r) => r.body);
      expect(first.head).toEqual(extend(sha256, EMPTY_CHAIN, bodies.slice(0, 2)));
      expect(second.head).toEqual(extend(sha256, EMPTY_CHAIN, bodies));
      expect(journal.head).toEqual(second.head);
      expect(records[2]?.record).toEqual(note(1, '读卡器没有回答 \u0000 "\\ 😀'));
      expect(JSON.parse(bodies[2] ?? '')).toEqual(records[2]?.record);
      await close(journal);
    });

    it('calls back in the order of the calls, each with the head after its own records', async () => {
      const journal = must(await (await medium()).open());
      const seen: number[] = [];
      await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          append(journal, ...Array.from({ length: i % 3 }, (_, j) => opened(i * 3 + j + 1))).then(({ head }) =>
            seen.push(head.seq),
          ),
        ),
      );
      let total = 0;
      expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => (total += i % 3)));
      await close(journal);
    });

    it('has everything again after it was closed and opened, in order', async () => {
      const disk = await medium();
      const journal = must(await disk.open());
      for (let n = 1; n <= 5; n++) await append(journal, opened(n), note(n, 'x'));
      const { head } = journal;
      await close(journal);
      const replayed: StoredRecord[] = [];
      const again = must(await disk.open((stored) => replayed.push(stored)));
      expect(again.head).toEqual(head);
      expect(replayed.map((r) => r.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect((await read(again, 0, 100)).records).toEqual(replayed);
      expect((await append(again, opened(9))).head.seq).toBe(11);
      await close(again);
    });

    it('reads on from anywhere, at most `limit` records, with the hash before the first', async () => {
      const journal = must(await (await medium()).open());
      const heads: ChainHead[] = [];
      for (let n = 1; n <= 6; n++) heads.push((await append(journal, opened(n))).head);
      const middle = await read(journal, 2, 3);
      expect(middle.records.map((r) => r.seq)).toEqual([3, 4, 5]);
      expect(middle.prev).toBe(heads[1]?.hash);
      expect(await read(journal, 6, 10)).toEqual({ fault: undefined, prev: heads[5]?.hash, records: [] });
      expect((await read(journal, 7, 10)).fault?.code).toBe('JOURNAL_READ_OUT_OF_RANGE');
      expect((await read(journal, -1, 10)).fault?.code).toBe('JOURNAL_READ_OUT_OF_RANGE');
      await close(journal);
    });

    it('keeps one read small enough for one message, however many are asked for', async () => {
      const journal = must(await (await medium()).open());
      await append(journal, ...Array.from({ length: 400 }, (_, n) => note(n + 1, '账'.repeat(120))));
      let after = 0;
      let reads = 0;
      while (after < 400) {
        const { records } = await read(journal, after, 500);
        expect(records.length).toBeGreaterThan(0);
        expect(records[0]?.seq).toBe(after + 1);
        const message = JSON.stringify({ bodies: records.map((r) => r.body) });
        expect(new TextEncoder().encode(message).length).toBeLessThan(50 * 1024);
        after += records.length;
        reads += 1;
      }
      expect(reads).toBeGreaterThan(2);
      await close(journal);
    });

    it('remembers an acknowledgement, and refuses one that goes back or beyond its end', async () => {
      const disk = await medium();
      const journal = must(await disk.open());
      const first = (await append(journal, opened(1))).head;
      const second = (await append(journal, opened(2))).head;
      journal.acknowledge(second);
      journal.acknowledge(first);
      journal.acknowledge({ seq: 3, hash: second.hash });
      expect(journal.acknowledged).toEqual(second);
      await close(journal);
      const again = must(await disk.open());
      expect(again.acknowledged).toEqual(second);
      await close(again);
    });

    it('stops for good after an append that failed, and keeps what was promised before', async () => {
      const disk = await medium();
      const journal = must(await disk.open());
      const { head } = await append(journal, opened(1));
      await disk.breakDisk();
      const big = Array.from({ length: 3_000 }, (_, n) => note(n, '满'.repeat(120)));
      const answers = await Promise.all([append(journal, ...big), append(journal, opened(3)), append(journal)]);
      for (const { fault, head: stayed } of answers) {
        expect(fault?.code).toMatch(/^JOURNAL_/);
        expect(stayed).toEqual(head);
      }
      expect((await append(journal, opened(4))).fault).toEqual(answers[0]?.fault);
      expect(journal.head).toEqual(head);
      await close(journal);
      const again = must(await disk.open());
      expect(again.head).toEqual(head);
      await close(again);
    });

    it('writes nothing that it could not read again', async () => {
      const journal = must(await (await medium()).open());
      const bad = { ...opened(1), order: 'with space' } as unknown as JournalRecord;
      const { fault, head } = await append(journal, opened(2), bad);
      expect(fault?.code).toBe('JOURNAL_RECORD_INVALID');
      expect(head).toEqual(EMPTY_CHAIN);
      expect((await append(journal, opened(3))).fault?.code).toBe('JOURNAL_RECORD_INVALID');
      await close(journal);
    });

    it('names the first record that is not what was written, and does not open', async () => {
      const disk = await medium();
      const journal = must(await disk.open());
      for (let n = 1; n <= 4; n++) await append(journal, opened(n));
      await close(journal);
      await disk.tamper(3);
      const replayed: number[] = [];
      const again = await disk.open((stored) => replayed.push(stored.seq));
      expect(again.ok ? undefined : again.fault.code).toBe('JOURNAL_CHAIN_BROKEN');
      expect(again.ok ? '' : again.fault.message).toContain('Record 3');
      expect(replayed.every((seq) => seq < 3)).toBe(true);
      // And again: nothing was repaired behind anyone's back.
      expect((await disk.open()).ok).toBe(false);
    });

    it('is open to one agent at a time', async () => {
      const disk = await medium();
      const journal = must(await disk.open());
      await append(journal, opened(1));
      const second = await disk.open();
      expect(second.ok ? undefined : second.fault.code).toBe('JOURNAL_IN_USE');
      expect((await append(journal, opened(2))).head.seq).toBe(2);
      await close(journal);
      await close(must(await disk.open()));
    });

    it('answers an append after the close with a fault', async () => {
      const journal = must(await (await medium()).open());
      await close(journal);
      expect((await append(journal, opened(1))).fault?.code).toBe('JOURNAL_CLOSED');
    });
  });
}
