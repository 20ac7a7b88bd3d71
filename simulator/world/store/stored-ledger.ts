/**
 * The shipped SQLite ledger in the world, beside the ledger in memory. Each batch is committed to SQLite first and then
 * to the memory ledger, and both have to answer the same. One batch in five goes through a second ledger on the same
 * file, as that of another gateway would, so that the first is overtaken and has to notice.
 *
 * SQLite works in threads of its own and takes real time. The virtual clock stands meanwhile: the world goes on when the
 * store is idle.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Rules } from '#gateway/ledger/decide/rules.js';
import { openSqlite, type SqliteDatabase } from '#gateway/ledger/store/sqlite.js';
import { openSqliteLedger } from '#gateway/ledger/store/sqlite-ledger.js';
import { type Answer, type Committed, type Ledger, NOTHING_COMMITTED, type Op } from '#gateway/ports/ledger.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { MemoryLedger } from '../../doubles/memory-ledger.js';
import type { Life } from '../life.js';
import type { Chance } from '../parts/random.js';
import type { Sabotage } from '../sabotage.js';
import { compareRows } from './compare-rows.js';
import { leftBehind, readBytes, writeBytes } from './left-behind.js';
import { Mutex } from './mutex.js';

/** One batch in so many is another gateway's. */
const OTHER_GATEWAY = 5;

export interface StoredLedgerOptions {
  /** Of its own; whoever makes it takes it away. */
  readonly folder: string;
  readonly rules: Rules;
  readonly record: MemoryLedger;
  readonly chance: Chance;
  readonly sabotage: Pick<Sabotage, 'database' | 'ledgerCut'>;
  /** The store has not done what the ledger in memory does. */
  readonly differs: (what: string) => void;
  readonly threw: (error: unknown) => void;
}

/** A process of the gateway, with its connections. */
interface Process {
  readonly life: Life;
  readonly databases: SqliteDatabase[];
  ledgers: readonly Ledger[];
  /** Calls that have not been answered yet. */
  calls: number;
  isOver: boolean;
}

/** Runs a statement, and says what to tell the one who asked for it. */
type Statement = (answered: (tell: () => void) => void) => void;

interface Batch {
  readonly ops: readonly Op[];
  readonly now: WallMs;
}

export class StoredLedger {
  readonly #options: StoredLedgerOptions;
  readonly #mutex = new Mutex();
  #file: string;
  #lives = 0;
  #process: Process | undefined;
  /** Once the files are as the last crash left them. */
  #ground: Promise<void> = Promise.resolve();
  #isSettling = false;
  #whenIdle: (() => void)[] = [];
  /** Given to SQLite, and not answered. */
  #inDoubt: Batch | undefined;
  /** The statement that is about to begin: where the life ends now, it ends in the middle of it. */
  #atStake: Statement | undefined;
  /** The next write fails: the disk is full. */
  #isFull = false;

  constructor(options: StoredLedgerOptions) {
    this.#options = options;
    this.#file = this.#fileOf(0);
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
  }

  get isBusy(): boolean {
    return this.#isSettling || (this.#process?.calls ?? 0) > 0;
  }

  /** Resolves when nothing is under way any more. */
  idle(): Promise<void> {
    return this.isBusy ? new Promise((resolve) => this.#whenIdle.push(resolve)) : Promise.resolve();
  }

  failNext(): void {
    this.#isFull = true;
  }

  /** A ledger for a new process of the gateway. It opens at once; before it is open it can't be asked. */
  open(life: Life): Ledger {
    const process: Process = { life, databases: [], ledgers: [], calls: 0, isOver: false };
    this.#process = process;
    this.#lives += 1;
    this.#called(process, async () => {
      await this.#ground;
      const host = { open: this.#opener(process) };
      const { rules } = this.#options;
      const ledgers = [
        await openSqliteLedger(this.#file, rules, host),
        await openSqliteLedger(this.#file, rules, host),
      ];
      await this.#settleDoubt(ledgers);
      process.ledgers = ledgers;
    });
    return this.#ledgerOf(process);
  }

  /** The process has ended, at one of its statements or between two. */
  crashed(): void {
    const [process, statement] = [this.#process, this.#atStake];
    if (process === undefined || process.isOver) return;
    process.isOver = true;
    process.calls = 0;
    this.#isSettling = true;
    this.#ground = this.#leave(process, statement)
      .catch(this.#options.threw)
      .finally(() => {
        this.#isSettling = false;
        this.#rest();
      });
  }

  /** At the end: everything that SQLite holds against everything that the memory ledger holds. */
  async compare(): Promise<void> {
    await this.idle();
    const [ledger] = this.#process?.ledgers ?? [];
    if (ledger === undefined || this.#process?.isOver === true) return;
    try {
      const what = await compareRows({ file: this.#file, ledger, record: this.#options.record });
      if (what !== undefined) this.#options.differs(what);
    } catch (error) {
      this.#options.threw(error);
    }
  }

  async close(): Promise<void> {
    this.crashed();
    await this.#ground;
  }

  #fileOf(life: number): string {
    return join(this.#options.folder, `life-${life}`, 'ledger.db');
  }

  async #leave(process: Process, statement: Statement | undefined): Promise<void> {
    const before = readBytes(this.#file);
    let left = before;
    if (statement !== undefined) {
      await new Promise<void>((over) => statement(() => over()));
      left = leftBehind(before, readBytes(this.#file), this.#options.chance);
    }
    for (const database of process.databases) await new Promise<void>((closed) => database.close(closed));
    rmSync(dirname(this.#file), { recursive: true, force: true });
    this.#file = this.#fileOf(this.#lives);
    writeBytes(this.#file, this.#options.sabotage.ledgerCut?.(left) ?? left);
  }

  /** The number of commits says whether the disk has kept the batch under which the power went. */
  async #settleDoubt([ledger]: readonly Ledger[]): Promise<void> {
    const { record, differs } = this.#options;
    const batch = this.#inDoubt;
    this.#inDoubt = undefined;
    const commits = await new Promise<number>((resolve, reject) => {
      ledger?.spent(0 as WallMs, (fault, spent) =>
        fault === undefined ? resolve(spent.commits) : reject(new Error(fault.message)),
      );
    });
    if (batch !== undefined && commits === record.book.audit.seq + 1) record.commit(batch.ops, batch.now, () => {});
    const { seq } = record.book.audit;
    if (commits !== seq) differs(`after a crash SQLite has ${commits} commits, and ${seq} were answered`);
  }

  #ledgerOf(process: Process): Ledger {
    return {
      ...this.#options.record,
      commit: (ops, now, done) => this.#commit(process, { ops, now }, done),
      spent: (now, done) =>
        this.#query(process, 'spent coupons', done, (ledger, answer) =>
          ledger.spent(now, (fault, { serials, commits }) =>
            answer(fault, { serials: serials.toSorted((a, b) => a - b), commits }),
          ),
        ),
      cases: (now, done) => this.#query(process, 'cases', done, (ledger, answer) => ledger.cases(now, answer)),
      newestCommit: (done) =>
        this.#query(process, 'newest commit', done, (ledger, answer) => ledger.newestCommit(answer)),
    };
  }

  #commit(process: Process, batch: Batch, done: Answer<Committed>): void {
    const { record, chance } = this.#options;
    const ledger = process.ledgers[chance.below(OTHER_GATEWAY) === 0 ? 1 : 0];
    if (ledger === undefined) throw new Error('the stored ledger is asked before it is open');
    this.#inDoubt = batch;
    process.calls += 1;
    ledger.commit(batch.ops, batch.now, (fault, committed) =>
      this.#answered(process, () => {
        this.#inDoubt = undefined;
        if (fault !== undefined) return done(fault, NOTHING_COMMITTED);
        let expected = NOTHING_COMMITTED;
        record.commit(batch.ops, batch.now, (_, value) => {
          expected = value;
        });
        this.#mustEqual(`a batch of ${batch.ops.map(({ kind }) => kind).join(', ')}`, committed, expected);
        done(undefined, committed);
      }),
    );
  }

  #query<Value>(
    process: Process,
    what: string,
    done: Answer<Value>,
    ask: (ledger: Ledger, answer: Answer<Value>) => void,
  ): void {
    const [ledger] = process.ledgers;
    if (ledger === undefined) throw new Error('the stored ledger is asked before it is open');
    process.calls += 1;
    ask(ledger, (fault, value) =>
      this.#answered(process, () => {
        if (fault === undefined) ask(this.#options.record, (_, expected) => this.#mustEqual(what, value, expected));
        done(fault, value);
      }),
    );
  }

  #mustEqual(what: string, stored: unknown, expected: unknown): void {
    const [one, other] = [JSON.stringify(stored), JSON.stringify(expected)];
    if (one === other || isDeepStrictEqual(JSON.parse(one ?? 'null'), JSON.parse(other ?? 'null'))) return;
    this.#options.differs(`${what}: SQLite answers ${one}, the ledger in memory ${other}`);
  }

  /** An answer of SQLite, in the life that asked. */
  #answered(process: Process, run: () => void): void {
    if (process.isOver) return;
    try {
      process.life.enter(run);
    } catch (error) {
      this.#options.threw(error);
    }
    if (process.isOver) return;
    process.calls -= 1;
    this.#rest();
  }

  #called(process: Process, run: () => Promise<void>): void {
    process.calls += 1;
    run()
      .catch((error: unknown) => {
        if (!process.isOver) this.#options.threw(error);
      })
      .finally(() => this.#answered(process, () => {}));
  }

  #rest(): void {
    if (this.isBusy) return;
    for (const idle of this.#whenIdle.splice(0)) idle();
  }

  #opener(process: Process): typeof openSqlite {
    return (file, done) =>
      openSqlite(file, (error, database) => {
        if (error !== null) return done(error, database);
        const own = this.#options.sabotage.database?.(database) ?? database;
        process.databases.push(own);
        done(null, this.#watched(own, process));
      });
  }

  /** Each statement is a place where the power can go. A process that is over asks nothing and hears nothing more. */
  #watched(database: SqliteDatabase, process: Process): SqliteDatabase {
    const inTurn = (execute: Statement): void =>
      this.#mutex.acquire((over) => {
        if (process.isOver) return over();
        this.#atStake = execute;
        process.life.enter(() => process.life.point('ledger statement'));
        this.#atStake = undefined;
        if (process.isOver) return over();
        execute((tell) => {
          if (!process.isOver) tell();
          over();
        });
      });
    return {
      exec: (sql, done) => inTurn((answered) => database.exec(sql, (error) => answered(() => done(error)))),
      prepare: (sql) => {
        const statement = database.prepare(sql);
        return {
          run: (parameters, done) =>
            inTurn((answered) => {
              if (this.#isFull) {
                this.#isFull = false;
                // Never before the call returns: SQLite doesn't either.
                return queueMicrotask(() => answered(() => done(new Error('SQLITE_FULL: database or disk is full'))));
              }
              statement.run(parameters, (error) => answered(() => done(error)));
            }),
          text: (parameters, done) =>
            inTurn((answered) => statement.text(parameters, (error, text) => answered(() => done(error, text)))),
        };
      },
      close: (done) => {
        const at = process.databases.indexOf(database);
        if (at >= 0) process.databases.splice(at, 1);
        database.close(done);
      },
    };
  }
}
