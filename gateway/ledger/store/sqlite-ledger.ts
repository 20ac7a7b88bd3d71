/**
 * The ledger on SQLite.
 *
 * A batch consists of one read of the rows not in memory, the decision (pure, in the event loop), and one write. No
 * transaction is open in between. If another gateway was faster, the write fails, and the batch is decided again with the
 * database locked, which can't fail that way.
 */
import { promisify } from 'node:util';
import { LedgerError } from '#protocol/faults/errors.js';
import type { WallMs } from '#protocol/kernel/time.js';
import { makeOwnFile } from '#protocol/node/own-files.js';
import {
  type Answer,
  type Committed,
  type Ledger,
  type LedgerFault,
  NOTHING_COMMITTED,
  type Op,
} from '../../ports/ledger.js';
import { LedgerCache, MAX_ROWS_AT_START } from '../book/ledger-cache.js';
import { arbitrate } from '../decide/arbitrate.js';
import type { Rules } from '../decide/rules.js';
import { BatchRows } from './batch-rows.js';
import { isDiskTrouble, isOvertaken, ledgerFaultOf } from './ledger-fault.js';
import { prepareLedger } from './ledger-opening.js';
import { ledgerQueries } from './ledger-queries.js';
import { COMMITS_SQL, KEEP_DOCUMENT, loadSql, ROWS_SQL, WHOLE_SQL, WRITE_BATCH } from './ledger-sql.js';
import { rowsOf } from './row-documents.js';
import { openSqlite, type PreparedStatement, type SqliteDatabase } from './sqlite.js';

/** Opens the ledger's database; tests use one whose disk fails. */
export interface LedgerHost {
  readonly open: typeof openSqlite;
  /** Fingerprint of the identity key: with another key the ledger isn't opened. */
  readonly keyMark?: string;
}

/** Rejects with a `LedgerError` if the file is no ledger of this campaign. */
export async function openSqliteLedger(
  file: string,
  rules: Rules,
  host: LedgerHost = { open: openSqlite },
): Promise<Ledger> {
  const writer = await openWriter(file, host).catch((error: unknown) => {
    throw new LedgerError('LEDGER_CANNOT_OPEN', { detail: `${file}: ${String(error)}.`, cause: error });
  });
  try {
    await prepareLedger(writer, file, rules, host.keyMark);
    const reader = await promisify(host.open)(file);
    const commits = new Commits(rules, writer);
    await commits.readWhole();
    const queries = ledgerQueries(reader, rules);
    return {
      ...queries,
      commit: (ops, now, done) => commits.commit(ops, now, done),
      keepDocument(campaign, now, done) {
        writer.prepare(KEEP_DOCUMENT).run([JSON.stringify(campaign), now], (error) => {
          if (error === undefined) queries.earlierDocuments(done);
          else done(ledgerFaultOf(error), []);
        });
      },
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

/** The ledger's write side: decides and commits. */
class Commits {
  readonly #rules: Rules;
  readonly #writer: SqliteDatabase;
  readonly #load: PreparedStatement;
  readonly #writeBatch: PreparedStatement;
  readonly #lastCommit: PreparedStatement;
  readonly #working: LedgerCache;
  readonly #rows = new BatchRows();
  /** The reason why nothing is committed any more. */
  #stopped: LedgerFault | undefined;

  constructor(rules: Rules, writer: SqliteDatabase) {
    this.#rules = rules;
    this.#writer = writer;
    this.#working = new LedgerCache(rules.campaign.tiers.length);
    this.#load = writer.prepare(loadSql(rules.needsHistory));
    this.#writeBatch = writer.prepare(WRITE_BATCH);
    this.#lastCommit = writer.prepare(COMMITS_SQL);
  }

  /** Preloads all rows if they fit into memory. */
  async readWhole(): Promise<void> {
    const read = async (sql: string): Promise<string> => promisify(this.#writer.prepare(sql).text)(['']);
    try {
      if (Number(await read(ROWS_SQL)) > MAX_ROWS_AT_START) return;
      this.#working.addWhole(rowsOf(await read(WHOLE_SQL)));
    } catch (error) {
      if (error instanceof LedgerError) throw error;
      throw new LedgerError('LEDGER_UNREADABLE', { detail: String(error), cause: error });
    }
  }

  commit(ops: readonly Op[], now: WallMs, done: Answer<Committed>): void {
    if (this.#stopped !== undefined) {
      done(this.#stopped, NOTHING_COMMITTED);
      return;
    }
    this.#attempt(ops, now, (error, committed) => {
      if (error === undefined) return done(undefined, committed);
      if (isOvertaken(error)) return this.#commitLocked(ops, now, done);
      done(this.#fault(error), NOTHING_COMMITTED);
    });
  }

  /**
   * Fail-stop: after a failed write or fsync the kernel may mark lost pages as clean, and a later commit would rest on
   * nothing. A restart of the gateway makes SQLite read what is really there.
   */
  #fault(error: Error): LedgerFault {
    const fault = ledgerFaultOf(error);
    if (isDiskTrouble(error)) this.#stopped = fault;
    return fault;
  }

  /** Decides and writes under the write lock: slower, but nobody can be faster. */
  #commitLocked(ops: readonly Op[], now: WallMs, done: Answer<Committed>): void {
    const giveUp = (error: Error): void => {
      this.#working.forget();
      const fault = this.#fault(error);
      this.#writer.exec('rollback', () => done(fault, NOTHING_COMMITTED));
    };
    this.#writer.exec('begin immediate', (busy) => {
      if (busy !== undefined) return done(this.#fault(busy), NOTHING_COMMITTED);
      this.#attempt(ops, now, (error, committed) => {
        if (error !== undefined) return giveUp(error);
        this.#writer.exec('commit', (failed) => (failed === undefined ? done(undefined, committed) : giveUp(failed)));
      });
    });
  }

  /** After a failure nothing cached is trusted any more. */
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
        this.#writeBatch.run(this.#rows.of(changes), (error) => {
          if (error !== undefined) return failed(error);
          done(undefined, committed);
        });
        // While SQLite writes: nothing reads the cache before that ends, and after a failure it is cleared.
        this.#working.apply(changes);
      } catch (error) {
        failed(asError(error));
      }
    });
  }

  /** A write detects a faster gateway by itself; an answer without changes must check. */
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
    this.#load.text([json(needs)], (error, text) => {
      if (error !== undefined) return done(error);
      try {
        this.#working.add(needs, rowsOf(text));
      } catch (refused) {
        return done(asError(refused));
      }
      done(undefined);
    });
  }

  close(done: () => void): void {
    this.#writer.close(done);
  }
}

type Attempted = (error: Error | undefined, committed: Committed) => void;

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
const json = (value: unknown): string => JSON.stringify(value);
