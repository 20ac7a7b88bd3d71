/**
 * The shipped SQLite journal of one counter, beside its journal in memory: what memory holds safe goes to SQLite before
 * the agent hears of it, and both have to hold and give the same. A crash leaves a torn write behind the last record that
 * was answered; it must open again with that record as its end. Files that a fault has tampered with are left alone.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { openJournal } from '#device/adapters/journal/sqlite-journal.js';
import type { Journal } from '#device/ports/journal.js';
import type { Sha256 } from '#protocol/kernel/crypto.js';
import type { ChainHead } from '#protocol/records/chain.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { Chance } from '../parts/random.js';
import type { Scheduler } from '../parts/scheduler.js';
import type { Sabotage } from '../sabotage.js';
import { type Bytes, readBytes, writeBytes } from './left-behind.js';

/** Less than the first frame of a commit: what a disk has of it then is no commit. */
const TORN_BYTES = 4_096;

export interface StoredJournalOptions {
  readonly folder: string;
  readonly name: string;
  readonly chance: Chance;
  readonly scheduler: Scheduler;
  readonly sha256: Sha256;
  readonly sabotage: Pick<Sabotage, 'journalCut'>;
  readonly differs: (what: string) => void;
  readonly threw: (error: unknown) => void;
}

type Batch = Parameters<Parameters<Journal['read']>[2]>[1];

export class StoredJournal {
  readonly #options: StoredJournalOptions;
  #file: string;
  #lives = 0;
  #journal: Journal | undefined;
  #calls = 0;
  #whenIdle: (() => void)[] = [];
  /** Once the files are as the last crash left them, and opened again. */
  #ready: Promise<void> = Promise.resolve();

  constructor(options: StoredJournalOptions) {
    this.#options = options;
    this.#file = this.#fileOf(0);
  }

  get isBusy(): boolean {
    return this.#calls > 0;
  }

  idle(): Promise<void> {
    return this.isBusy ? new Promise((resolve) => this.#whenIdle.push(resolve)) : Promise.resolve();
  }

  /** A new life of the agent, whose journal in memory ends there. */
  open(head: ChainHead): void {
    this.#lives += 1;
    this.#next(async () => {
      const { sha256, scheduler, name, differs } = this.#options;
      const opened = await openJournal(this.#file, { sha256, later: (ms, run) => scheduler.after(ms, run) });
      if (!opened.ok) return differs(`the journal of ${name} does not open: ${opened.fault.message}`);
      this.#journal = opened.value;
      this.#mustEqual('the end of the journal', opened.value.head, head);
    });
  }

  /** Safe in memory; `done` once it is safe here too. */
  append(records: readonly JournalRecord[], head: ChainHead, done: () => void): void {
    this.#next(async () => {
      const journal = this.#journal;
      if (journal !== undefined) this.#mustEqual('an append', await appended(journal, records), head);
      done();
    });
  }

  read([after, limit]: readonly [number, number], expected: Batch, done: () => void): void {
    this.#next(async () => {
      const journal = this.#journal;
      if (journal !== undefined) {
        const batch = await new Promise<Batch>((resolve, reject) =>
          journal.read(after, limit, (fault, value) =>
            fault === undefined ? resolve(value) : reject(new Error(fault.message)),
          ),
        );
        this.#mustEqual(`records after ${after}`, batch, expected);
      }
      done();
    });
  }

  acknowledge(head: ChainHead): void {
    this.#journal?.acknowledge(head);
  }

  /** The power goes; `under`: with these on their way to the disk. */
  crashed(under: readonly JournalRecord[]): void {
    const journal = this.#journal;
    this.#journal = undefined;
    if (journal === undefined) return;
    this.#next(async () => {
      const before = readBytes(this.#file);
      let left = before;
      if (under.length > 0) {
        await appended(journal, under);
        left = this.#torn(before, readBytes(this.#file));
      }
      await new Promise<void>((closed) => journal.close(closed));
      rmSync(dirname(this.#file), { recursive: true, force: true });
      this.#file = this.#fileOf(this.#lives);
      writeBytes(this.#file, this.#options.sabotage.journalCut?.(left) ?? left);
    });
  }

  async close(): Promise<void> {
    this.crashed([]);
    await this.#ready;
  }

  #fileOf(life: number): string {
    return join(this.#options.folder, this.#options.name, `life-${life}`, 'journal.db');
  }

  #torn({ database, log }: Bytes, after: Bytes): Bytes {
    if (after.log.length <= log.length) return { database, log };
    return { database, log: after.log.slice(0, log.length + this.#options.chance.below(TORN_BYTES)) };
  }

  #next(run: () => Promise<void>): void {
    this.#calls += 1;
    this.#ready = this.#ready
      .then(run)
      .catch(this.#options.threw)
      .finally(() => {
        this.#calls -= 1;
        if (!this.isBusy) for (const idle of this.#whenIdle.splice(0)) idle();
      });
  }

  #mustEqual(what: string, stored: unknown, expected: unknown): void {
    if (isDeepStrictEqual(stored, expected)) return;
    const [one, other] = [JSON.stringify(stored), JSON.stringify(expected)];
    this.#options.differs(`${this.#options.name}, ${what}: SQLite has ${one}, memory has ${other}`);
  }
}

const appended = (journal: Journal, records: readonly JournalRecord[]): Promise<ChainHead> =>
  new Promise((resolve, reject) =>
    journal.append(records, (fault, head) => (fault === undefined ? resolve(head) : reject(new Error(fault.message)))),
  );
