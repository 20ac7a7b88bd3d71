/**
 * The ledger on SQLite. A batch is: one read of what isn't in memory yet, the decision (pure, in the event loop), one
 * write. No transaction is open in between; the write fails where another gateway was faster, and then the batch is decided again
 * with the database locked, which can't fail that way.
 */
import { promisify } from 'node:util';
import { LedgerError } from '#protocol/faults/errors.js';
import { makeOwnFile } from '#protocol/node-own-files.js';
import type { WallMs } from '#protocol/time.js';
import { arbitrate } from '../core/arbitrate.js';
import type { Changes } from '../core/book.js';
import type { Rules } from '../core/rules.js';
import { type LoadedRows, MAX_ROWS_AT_START, WorkingBook } from '../core/working-book.js';
import {
  type Answer,
  type Committed,
  type Ledger,
  type LedgerFault,
  NOTHING_COMMITTED,
  type Op,
} from '../ports/ledger.js';
import { BatchRows } from './batch-rows.js';
import { Daybook } from './daybook.js';
import { isDiskTrouble, isOvertaken, ledgerFaultOf } from './ledger-fault.js';
import { prepareLedger } from './ledger-opening.js';
import { ledgerQueries } from './ledger-queries.js';
import { COMMITS_SQL, loadSql, ROWS_SQL, WHOLE_SQL, WRITE_BATCH } from './ledger-sql.js';
import { openSqlite, type PreparedStatement, type SqliteDatabase } from './sqlite.js';
import { Turns } from './turns.js';

/**
 * So few wait for the disk more than for anything else: with 4 counters asking at once a sale takes a sixth less by the
 * daybook, with 12 a quarter, with 32 nothing; a batch of hundreds writes hardly more pages in the tables.
 */
const FEW_OPERATIONS = 16;
/** What came so long after the last commit waits for nobody. */
const ENTER_AFTER_MS = 1_000;

/** The database and the timer that the ledger stands on: the simulated world has them fail, and moves the clock. */
export interface LedgerHost {
  readonly open: typeof openSqlite;
  /** Rings once, unless it is taken back. */
  after(ms: number, ring: () => void): () => void;
}

const THIS_MACHINE: LedgerHost = {
  open: openSqlite,
  after(ms, ring) {
    const timer = setTimeout(ring, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** Rejects with a `LedgerError` where the file is no ledger of this campaign. */
export async function openSqliteLedger(file: string, rules: Rules, host: LedgerHost = THIS_MACHINE): Promise<Ledger> {
  const writer = await openWriter(file, host).catch((error: unknown) => {
    throw new LedgerError('LEDGER_CANNOT_OPEN', { detail: `${file}: ${String(error)}.`, cause: error });
  });
  try {
    await prepareLedger(writer, file, rules);
    const reader = await promisify(host.open)(file);
    const commits = new Commits(rules, writer, host);
    await commits.readWhole();
    const queries = ledgerQueries(reader, { sha256: rules.sha256, enter: (done) => commits.enter(done) });
    return {
      ...queries,
      commit: (ops, now, done) => commits.commit(ops, now, done),
      close: (done) => queries.close(() => commits.close(done)),
    };
  } catch (error) {
    await new Promise<void>((closed) => writer.close(closed));
    throw error;
  }
}

async function openWriter(file: string, { open }: LedgerHost): Promise<SqliteDatabase> {
  makeOwnFile(file);
  return promisify(open)(file);
}

/** The side of the ledger that decides and writes. */
class Commits {
  readonly #rules: Rules;
  readonly #writer: SqliteDatabase;
  readonly #load: PreparedStatement;
  readonly #writeBatch: PreparedStatement;
  readonly #daybook: Daybook;
  readonly #lastCommit: PreparedStatement;
  readonly #working: WorkingBook;
  readonly #rows = new BatchRows();

  /** Commits, and entering what is in the daybook. */
  readonly #turns = new Turns();
  readonly #host: LedgerHost;
  #notIdle: (() => void) | undefined;
  /** Why nothing is committed any more. */
  #stopped: LedgerFault | undefined;

  constructor(rules: Rules, writer: SqliteDatabase, host: LedgerHost) {
    this.#rules = rules;
    this.#host = host;
    this.#writer = writer;
    this.#working = new WorkingBook(rules.campaign.tiers.length);
    this.#load = writer.prepare(loadSql(rules.needsHistory));
    this.#writeBatch = writer.prepare(WRITE_BATCH);
    this.#daybook = new Daybook(writer);
    this.#lastCommit = writer.prepare(COMMITS_SQL);
  }

  /** Into memory, where there is room for it. */
  async readWhole(): Promise<void> {
    const read = async (sql: string): Promise<string> => promisify(this.#writer.prepare(sql).text)(['']);
    try {
      if (Number(await read(ROWS_SQL)) > MAX_ROWS_AT_START) return;
      this.#working.addWhole(JSON.parse(await read(WHOLE_SQL)) as LoadedRows);
    } catch (error) {
      throw new LedgerError('LEDGER_UNREADABLE', { detail: String(error), cause: error });
    }
  }

  commit(ops: readonly Op[], now: WallMs, done: Answer<Committed>): void {
    if (this.#stopped !== undefined) {
      done(this.#stopped, NOTHING_COMMITTED);
      return;
    }
    this.#turns.take((end) => {
      const finish: Answer<Committed> = (fault, committed) => {
        done(fault, committed);
        if (!this.#daybook.isEmpty) this.#enterWhenIdle();
        end();
      };
      this.#attempt(ops, now, (error, committed) => {
        if (error === undefined) return finish(undefined, committed);
        if (isOvertaken(error)) return this.#commitLocked(ops, now, finish);
        finish(this.#fault(error), NOTHING_COMMITTED);
      });
    });
  }

  #enterWhenIdle(): void {
    this.#notIdle?.();
    this.#notIdle = this.#host.after(ENTER_AFTER_MS, () => this.enter(() => undefined));
  }

  /** What stands in the daybook goes to the tables. */
  enter(done: Answer<undefined>): void {
    this.#turns.take((end) => {
      this.#daybook.enter((error) => {
        done(error === undefined ? undefined : this.#fault(error), undefined);
        end();
      });
    });
  }

  /**
   * Fail-stop: after a failed write or fsync the system may call lost pages clean, and a later commit that succeeds would
   * stand on nothing. Whoever starts the gateway anew makes SQLite look at what is really there.
   */
  #fault(error: Error): LedgerFault {
    const fault = ledgerFaultOf(error);
    if (isDiskTrouble(error)) this.#stopped = fault;
    return fault;
  }

  /** The whole of it under the write lock: slower, and nobody can be faster. */
  #commitLocked(ops: readonly Op[], now: WallMs, done: Answer<Committed>): void {
    const giveUp = (error: Error): void => {
      this.#working.forget();
      const fault = this.#fault(error);
      this.#writer.exec('rollback', () => done(fault, NOTHING_COMMITTED));
    };
    this.#writer.exec('begin immediate', (busy) => {
      if (busy !== undefined) return done(this.#fault(busy), NOTHING_COMMITTED);
      this.#daybook.enter((notEntered) => {
        if (notEntered !== undefined) return giveUp(notEntered);
        this.#attempt(ops, now, (error, committed) => {
          if (error !== undefined) return giveUp(error);
          this.#writer.exec('commit', (failed) => (failed === undefined ? done(undefined, committed) : giveUp(failed)));
        });
      });
    });
  }

  /** After a failure nothing that is held in memory is trusted any more. */
  #attempt(ops: readonly Op[], now: WallMs, done: Attempted): void {
    const failed = (error: Error): void => {
      this.#working.forget();
      done(error, NOTHING_COMMITTED);
    };
    this.#loadMissing(ops, (unread) => {
      if (unread !== undefined) return failed(unread);
      try {
        const { committed, changes } = arbitrate(this.#working.book, this.#rules, ops, now);
        if (changes === undefined)
          return this.#unlessOvertaken((error) => (error === undefined ? done(undefined, committed) : failed(error)));
        this.#write(changes, ops.length, (error) => {
          if (error !== undefined) return failed(error);
          done(undefined, committed);
        });
        // While SQLite writes: nobody reads it before that has ended, and where it fails all of it is forgotten.
        this.#working.apply(changes);
      } catch (error) {
        failed(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  #write(changes: Changes, operations: number, done: (error: Error | undefined) => void): void {
    const { audit } = changes;
    // With only a part of the book in memory the rest is read from the tables, mostly before each commit.
    const isFew = operations <= FEW_OPERATIONS && this.#daybook.hasRoomFor(operations);
    if (audit !== null && isFew && this.#working.isWhole) {
      this.#daybook.add(audit.seq, operations, this.#rows.inOne(changes), done);
    } else if (this.#daybook.isEmpty) {
      this.#writeBatch.run(this.#rows.of(changes), done);
    } else {
      this.#daybook.enterAndWrite(this.#rows.of(changes), done);
    }
  }

  #entered(done: (error: Error | undefined) => void): void {
    if (this.#daybook.isEmpty) done(undefined);
    else this.#daybook.enter(done);
  }

  /** What is written finds out by itself whether another gateway was faster; an answer that changes nothing has to look. */
  #unlessOvertaken(done: (error: Error | undefined) => void): void {
    this.#lastCommit.text([''], (error, commits) => {
      const isOurs = Number(commits) === this.#working.book.audit.seq;
      done(error ?? (isOurs ? undefined : new Error('SQLITE_CONSTRAINT: another gateway has committed')));
    });
  }

  #loadMissing(ops: readonly Op[], done: (error: Error | undefined) => void): void {
    const needs = this.#working.missing(ops);
    if (needs === undefined) {
      done(undefined);
      return;
    }
    this.#entered((notEntered) => {
      if (notEntered !== undefined) return done(notEntered);
      this.#load.text([json(needs)], (error, text) => {
        if (error === undefined) this.#working.add(needs, JSON.parse(text) as LoadedRows);
        done(error);
      });
    });
  }

  close(done: () => void): void {
    // What can't be entered now is when the ledger is opened again.
    this.enter(() => {
      this.#notIdle?.();
      this.#writer.close(done);
    });
  }
}

type Attempted = (error: Error | undefined, committed: Committed) => void;

const json = (value: unknown): string => JSON.stringify(value);
