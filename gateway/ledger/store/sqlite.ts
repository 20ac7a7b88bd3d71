/**
 * Wraps the `sqlite3` package, the only file of this room that imports it. Every call returns from libuv's threads: no
 * statement, and no fsync, blocks the event loop.
 */
import { Database, type Statement } from 'sqlite3';

type Done<Value> = (error: Error | undefined, value: Value) => void;

/** Copied before the call returns. At least one: the package's `get` does nothing on a second call without parameters. */
type Parameters = readonly [Parameter, ...Parameter[]];
type Parameter = string | number | Buffer | null;

export interface PreparedStatement {
  run(parameters: Parameters, done: (error: Error | undefined) => void): void;
  /** The one text column of the one row. */
  text(parameters: Parameters, done: Done<string>): void;
}

export interface SqliteDatabase {
  exec(sql: string, done: (error: Error | undefined) => void): void;
  prepare(sql: string): PreparedStatement;
  close(done: () => void): void;
}

/** How long a statement waits for another process's transaction: a batch takes milliseconds, a checkpoint a second. */
const BUSY_TIMEOUT_MS = 5_000;

/** From SQLite's own header; the package has them too, but not as importable names. */
const OPEN_READONLY = 1;
const OPEN_READWRITE_CREATE = 2 | 4;

type Opened = (error: Error | null, database: SqliteDatabase) => void;

export const openSqlite = (file: string, done: Opened): void => open(file, OPEN_READWRITE_CREATE, done);

/** To inspect a database that may belong to a running process: creates and changes nothing. */
export const openSqliteToRead = (file: string, done: Opened): void => open(file, OPEN_READONLY, done);

function open(file: string, mode: number, done: Opened): void {
  const database: Database = new Database(file, mode, (error) => {
    if (error !== null) return done(error, wrap(database));
    database.configure('busyTimeout', BUSY_TIMEOUT_MS);
    done(null, wrap(database));
  });
}

function wrap(database: Database): SqliteDatabase {
  const statements: Statement[] = [];
  return {
    exec: (sql, done) => {
      database.exec(sql, (error) => done(error ?? undefined));
    },
    prepare(sql) {
      let fault: Error | undefined;
      // Callers before the database is open; if it never opens, the package drops them.
      let early: ((error: Error) => void)[] | undefined = [];
      const statement = database.prepare(sql, (error: Error | null) => {
        const waiting = early ?? [];
        early = undefined;
        if (error === null) return;
        fault = error;
        for (const refuse of waiting) refuse(error);
      });
      statements.push(statement);
      const ask = (refuse: (error: Error) => void, call: () => void): void => {
        if (fault === undefined) {
          early?.push(refuse);
          call();
        } else refuse(fault);
      };
      return {
        run: (parameters, done) => {
          // Avoids the package's `run`, which sets a row id and a count on the statement after each call, and nobody reads
          // them.
          ask(done, () => statement.get(parameters, (error: Error | null) => done(error ?? undefined)));
        },
        text: (parameters, done) => {
          const answer = (error: Error | null, rows: readonly { readonly text: string }[]): void => {
            if (error === null) done(undefined, rows[0]?.text ?? '');
            else done(error, '');
          };
          ask(
            (error) => done(error, ''),
            () => statement.all<{ readonly text: string }>(parameters, answer),
          );
        },
      };
    },
    close(done) {
      for (const statement of statements) statement.finalize();
      database.close(() => done());
    },
  };
}

/** The SQLite version that the package bundles. */
export const sqliteVersion = (): Promise<string> =>
  new Promise((resolve, reject) => {
    openSqlite(':memory:', (error, database) => {
      if (error !== null) return reject(error);
      database.prepare("select sqlite_version() as text where ?1 = ''").text([''], (failed, version) => {
        database.close(() => (failed === undefined ? resolve(version) : reject(failed)));
      });
    });
  });
