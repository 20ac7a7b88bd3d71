/**
 * The ledger on SQLite. A batch is: one read of what isn't in memory yet, the decision (pure, in the event loop), one
 * write. No transaction is open in between; the write fails where another gateway was faster, and then the batch is decided again
 * with the database locked, which can't fail that way.
 */
import { promisify } from 'node:util';
import { LedgerError } from '#protocol/faults/errors.js';
import type { WallMs } from '#protocol/time.js';
import { arbitrate } from '../core/arbitrate.js';
import { EMPTY_AUDIT, isAuditIntact } from '../core/audit.js';
import {
  type AuditRow,
  type Coupon,
  type DeviceChain,
  type Evidence,
  type Holder,
  type SaleEntry,
  saleKey,
} from '../core/book.js';
import { type Needs, needsOf } from '../core/needs.js';
import { reconcile } from '../core/reconcile.js';
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
import { prepareLedger } from './ledger-opening.js';
import {
  AUDIT_SQL,
  COMMITS_SQL,
  EVIDENCE_SQL,
  loadSql,
  RECONCILIATION_SQL,
  ROWS_SQL,
  SPENT_SQL,
  WHOLE_SQL,
} from './ledger-sql.js';
import { makeOwnFile } from './own-files.js';
import { openSqlite, type PreparedStatement, type SqliteDatabase } from './sqlite.js';

/** Rejects with a `LedgerError` where the file is no ledger of this campaign. */
export async function openSqliteLedger(file: string, rules: Rules): Promise<Ledger> {
  const writer = await openWriter(file).catch((error: unknown) => {
    throw new LedgerError('LEDGER_CANNOT_OPEN', { detail: `${file}: ${String(error)}.`, cause: error });
  });
  try {
    await prepareLedger(writer, file, rules);
    const reader = await promisify(openSqlite)(file);
    const ledger = new SqliteLedger(rules, writer, reader);
    await ledger.readWhole();
    return ledger;
  } catch (error) {
    await new Promise<void>((closed) => writer.close(closed));
    throw error;
  }
}

async function openWriter(file: string): Promise<SqliteDatabase> {
  makeOwnFile(file);
  return promisify(openSqlite)(file);
}

class SqliteLedger implements Ledger {
  readonly #rules: Rules;
  readonly #writer: SqliteDatabase;
  readonly #reader: SqliteDatabase;
  readonly #load: PreparedStatement;
  readonly #write: PreparedStatement;
  readonly #commits: PreparedStatement;
  readonly #working: WorkingBook;
  readonly #rows = new BatchRows();
  readonly #queries: Readonly<Record<'load' | 'spent' | 'evidence' | 'audit' | 'reconciliation', PreparedStatement>>;

  /** Why nothing is committed any more. */
  #stopped: LedgerFault | undefined;

  constructor(rules: Rules, writer: SqliteDatabase, reader: SqliteDatabase) {
    this.#rules = rules;
    this.#writer = writer;
    this.#reader = reader;
    this.#working = new WorkingBook(rules.campaign.tiers.length);
    this.#load = writer.prepare(loadSql(rules.needsHistory));
    this.#write = writer.prepare('insert into batch values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#commits = writer.prepare(COMMITS_SQL);
    this.#queries = {
      load: reader.prepare(loadSql(false)),
      spent: reader.prepare(SPENT_SQL),
      evidence: reader.prepare(EVIDENCE_SQL),
      audit: reader.prepare(AUDIT_SQL),
      reconciliation: reader.prepare(RECONCILIATION_SQL),
    };
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
    this.#attempt(ops, now, (error, committed) => {
      if (error === undefined) return done(undefined, committed);
      if (isOvertaken(error)) return this.#commitLocked(ops, now, done);
      done(this.#fault(error), NOTHING_COMMITTED);
    });
  }

  /**
   * Fail-stop: after a failed write or fsync the system may call lost pages clean, and a later commit that succeeds would
   * stand on nothing. Whoever starts the gateway anew makes SQLite look at what is really there.
   */
  #fault(error: Error): LedgerFault {
    const fault = faultOf(error);
    if (DISK_TROUBLE.test(error.message)) this.#stopped = fault;
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
      this.#attempt(ops, now, (error, committed) => {
        if (error !== undefined) return giveUp(error);
        this.#writer.exec('commit', (failed) => (failed === undefined ? done(undefined, committed) : giveUp(failed)));
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
        this.#write.run(this.#rows.of(changes), (error) => {
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

  /** What is written finds out by itself whether another gateway was faster; an answer that changes nothing has to look. */
  #unlessOvertaken(done: (error: Error | undefined) => void): void {
    this.#commits.text([''], (error, commits) => {
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
      if (error === undefined) this.#working.add(needs, JSON.parse(text) as LoadedRows);
      done(error);
    });
  }

  spent(now: WallMs, done: Parameters<Ledger['spent']>[1]): void {
    ask(this.#queries.spent, String(now), { serials: [], commits: 0 }, done);
  }

  holder(id: Holder['id'], done: Parameters<Ledger['holder']>[1]): void {
    this.#lookUp({ ...NOTHING, holders: [id] }, (fault, { holders: [holder], coupons }) => {
      done(fault, holder === undefined ? undefined : { holder, coupons });
    });
  }

  sale(device: DeviceChain['device'], sale: SaleEntry['sale'], done: Parameters<Ledger['sale']>[2]): void {
    const key = saleKey(device, sale);
    this.#lookUp({ ...NOTHING, sales: [key] }, (fault, { sales }) => {
      done(
        fault,
        sales.find((entry) => entry.key === key),
      );
    });
  }

  #lookUp(needs: Needs, done: Answer<LoadedRows>): void {
    ask(this.#queries.load, JSON.stringify(needs), EMPTY, done);
  }

  evidence(done: Answer<readonly Evidence[]>): void {
    ask(this.#queries.evidence, '', [], done);
  }

  reconciliation(done: Parameters<Ledger['reconciliation']>[0]): void {
    const none: Sums = { sales: [], coupons: [], accounts: [] };
    ask(this.#queries.reconciliation, '', none, (fault, { sales, coupons, accounts }) => {
      done(fault, reconcile({ sales, coupons, accounts: new Map(accounts) }));
    });
  }

  /** In pieces: the table is as long as the campaign. */
  auditIntact(done: Answer<boolean>): void {
    const check = (from: typeof EMPTY_AUDIT): void => {
      ask<readonly AuditRow[]>(this.#queries.audit, String(from.seq), [], (fault, rows) => {
        if (fault !== undefined || rows.length === 0) return done(fault, fault === undefined);
        if (!isAuditIntact(this.#rules.sha256, rows, from)) return done(undefined, false);
        check(rows.at(-1) ?? from);
      });
    };
    check(EMPTY_AUDIT);
  }

  close(done: () => void): void {
    this.#reader.close(() => this.#writer.close(done));
  }
}

type Attempted = (error: Error | undefined, committed: Committed) => void;

const EMPTY: LoadedRows = { totals: null, audit: null, devices: [], chunks: [], holders: [], coupons: [], sales: [] };
const NOTHING: Needs = needsOf([]);

interface Sums {
  readonly sales: readonly SaleEntry[];
  readonly coupons: readonly Coupon[];
  readonly accounts: readonly (readonly [string, number])[];
}

function ask<Value>(statement: PreparedStatement, parameter: string, none: Value, done: Answer<Value>): void {
  statement.text([parameter], (error, text) => {
    if (error !== undefined) return done(faultOf(error), none);
    done(undefined, JSON.parse(text) as Value);
  });
}

const json = (value: unknown): string => JSON.stringify(value);

/** Of a disk that fails or lies, not of one that is full or of a lock that is held. */
const DISK_TROUBLE = /^SQLITE_(IOERR|CORRUPT|NOTADB|READONLY)/;

/** Another connection committed in between: its audit row has our place, or a coupon's version is not the one we saw. */
const isOvertaken = (error: Error): boolean => error.message.startsWith('SQLITE_CONSTRAINT');

const faultOf = (error: Error): LedgerFault => ({
  code: error.message.startsWith('SQLITE_FULL') ? 'LEDGER_DISK_FULL' : 'LEDGER_WRITE_FAILED',
  message: error.message,
});
