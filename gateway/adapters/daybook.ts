/**
 * Where a commit of few operations is written down in one piece, to be entered in the ledger's tables later with others of
 * its kind. It is as durable as theirs, and it takes the next place in the same chain; but it writes one page where they
 * write five to eight, most of them over again at the next commit. Who reads the tables has it entered first.
 */
import type { BatchRows } from './batch-rows.js';
import { ADD_TO_DAYBOOK, DAYBOOK_SLOTS, ENTER_AND_WRITE, ENTER_DAYBOOK } from './ledger-sql.js';
import type { PreparedStatement, SqliteDatabase } from './sqlite.js';

/** Entering as many takes some 10 ms, which somebody may wait for. */
const MOST_OPERATIONS = 256;

type Done = (error: Error | undefined) => void;

export class Daybook {
  readonly #writer: SqliteDatabase;
  readonly #add: PreparedStatement;
  readonly #enterAndWrite: PreparedStatement;
  #commits = 0;
  #operations = 0;

  /** A ledger that has just been opened has none. */
  constructor(writer: SqliteDatabase) {
    this.#writer = writer;
    this.#add = writer.prepare(ADD_TO_DAYBOOK);
    this.#enterAndWrite = writer.prepare(ENTER_AND_WRITE);
  }

  get isEmpty(): boolean {
    return this.#commits === 0;
  }
  hasRoomFor(operations: number): boolean {
    return this.#commits < DAYBOOK_SLOTS && this.#operations + operations <= MOST_OPERATIONS;
  }

  /** `seq`: its place in the audit chain. Fails where another gateway has that already, in the tables or in here. */
  add(seq: number, operations: number, [docs, rows]: ReturnType<BatchRows['inOne']>, done: Done): void {
    // Counted before: where it fails half-way nobody knows what is in there.
    this.#commits += 1;
    this.#operations += operations;
    this.#add.run([seq, docs, rows], done);
  }

  /** In one transaction, or in the one that is open. Another gateway's commits are entered with our own. */
  enter(done: Done): void {
    this.#writer.exec(ENTER_DAYBOOK, (error) => this.#entered(error, done));
  }

  /** The same, and behind them a batch that goes to the tables at once. */
  enterAndWrite(batch: ReturnType<BatchRows['of']>, done: Done): void {
    this.#enterAndWrite.run(batch, (error) => this.#entered(error, done));
  }

  #entered(error: Error | undefined, done: Done): void {
    if (error === undefined) {
      this.#commits = 0;
      this.#operations = 0;
    }
    done(error);
  }
}
