/**
 * A counter's disk: the shipped journal in memory, with syncs that take time, stall and fail, and a tape beside it that
 * remembers what was really written, whatever happens to the disk later.
 */

import type { Journal, JournalFault, StoredRecord } from '#device/ports/journal.js';
import type { Sha256 } from '#protocol/kernel/crypto.js';
import type { Result } from '#protocol/kernel/result.js';
import type { JournalRecord } from '#protocol/records/record.js';
import type { TapeRow } from '../../checkers/books.js';
import { type MemoryJournal, memoryDisk, openMemoryJournal } from '../../doubles/memory-journal.js';
import type { Life } from '../life.js';
import type { StoredJournal } from '../store/stored-journal.js';
import type { Chance } from './random.js';
import type { Scheduler } from './scheduler.js';

/** An SD card's fsync when all is well. */
const SYNC_MS = { from: 1, to: 12 } as const;

export class WorldDisk {
  readonly memory = memoryDisk();
  readonly tape: TapeRow[] = [];
  /** Syncs take this much longer: garbage collection in the card. */
  stallMs = 0;
  /** The next append is kept, and reported as failed all the same. */
  lieNext: JournalFault | undefined;
  /** It has let the agent down, or will at the next look; true until it opens whole again. */
  hasFailed = false;
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #sha256: Sha256;
  readonly #syncMs: number;
  readonly #onDurable: (seq: number, row: TapeRow) => void;
  readonly #onAcknowledged: () => void;
  readonly #stored: StoredJournal | undefined;

  constructor(options: {
    readonly scheduler: Scheduler;
    readonly chance: Chance;
    readonly sha256: Sha256;
    /** What an old card takes longer for each sync. */
    readonly syncMs: number;
    readonly onDurable: (seq: number, row: TapeRow) => void;
    readonly onAcknowledged: () => void;
    /** The shipped journal beside it. */
    readonly stored?: StoredJournal | undefined;
  }) {
    this.#scheduler = options.scheduler;
    this.#chance = options.chance;
    this.#sha256 = options.sha256;
    this.#syncMs = options.syncMs;
    this.#onDurable = options.onDurable;
    this.#onAcknowledged = options.onAcknowledged;
    this.#stored = options.stored;
  }

  /** True while what stands on it is not what was written. */
  get isTampered(): boolean {
    const { rows } = this.memory;
    return rows.length !== this.tape.length || rows.some((row, at) => row.body !== this.tape[at]?.body);
  }

  /** Service puts back what was written. */
  restore(): void {
    const { rows } = this.memory;
    this.tape.forEach((row, at) => {
      const stored = rows[at];
      if (stored !== undefined && stored.body !== row.body) rows[at] = { ...stored, body: row.body };
    });
  }

  open(
    life: Life,
    onRecord: (stored: StoredRecord) => void,
  ): Result<Journal & Pick<MemoryJournal, 'crash'>, JournalFault> {
    let last = 0;
    const opened = openMemoryJournal({
      sha256: this.#sha256,
      disk: this.memory,
      onRecord,
      schedule: (run) => {
        const delay = this.#chance.between(SYNC_MS.from, SYNC_MS.to) + this.#syncMs + this.stallMs;
        last = Math.max(last, this.#scheduler.now + delay);
        this.#scheduler.at(last, () => life.enter(run));
      },
    });
    if (!opened.ok) return opened;
    this.hasFailed = this.memory.failNext !== undefined || this.lieNext !== undefined;
    const inner = opened.value;
    // Service puts back what a fault has changed; until then the stored one is left alone.
    const stored = this.isTampered ? undefined : this.#stored;
    stored?.open(inner.head);
    const underWay: (readonly JournalRecord[])[] = [];
    const journal: Journal & Pick<MemoryJournal, 'crash'> = {
      get head() {
        return inner.head;
      },
      get acknowledged() {
        return inner.acknowledged;
      },
      append: (records, done) => {
        life.point('journal append');
        underWay.push(records);
        inner.append(records, (fault, head) => {
          underWay.shift();
          if (fault === undefined) this.#taped(records);
          const answer = (): void => {
            life.point('journal synced');
            const lie = fault === undefined ? this.lieNext : undefined;
            this.lieNext = undefined;
            done(fault ?? lie, head);
          };
          if (stored === undefined || fault !== undefined) answer();
          else stored.append(records, head, () => life.enter(answer));
        });
        life.point('journal appended');
      },
      acknowledge: (head) => {
        life.point('journal acknowledge');
        inner.acknowledge(head);
        stored?.acknowledge(head);
        this.#onAcknowledged();
      },
      read: (after, limit, done) => {
        life.point('journal read');
        inner.read(after, limit, (fault, batch) => {
          if (stored === undefined || fault !== undefined) done(fault, batch);
          else stored.read([after, limit], batch, () => life.enter(() => done(fault, batch)));
        });
      },
      close: (done) => inner.close(done),
      crash() {
        inner.crash();
        stored?.crashed(underWay.flat());
      },
    };
    return { ok: true, value: journal };
  }

  #taped(records: readonly JournalRecord[]): void {
    const { rows } = this.memory;
    records.forEach((record, index) => {
      const row = rows[rows.length - records.length + index];
      if (row === undefined) return;
      const taped: TapeRow = { body: row.body, record, at: this.#scheduler.now };
      this.tape.push(taped);
      this.#onDurable(this.tape.length, taped);
    });
  }
}
