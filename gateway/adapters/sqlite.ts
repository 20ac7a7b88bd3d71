/**
 * The one file of this room that names the `sqlite3` package. Everything calls back from libuv's threads: no statement,
 * and no fsync, stops the event loop.
 */
import { Database, type Statement } from 'sqlite3';

type Done<Value> = (error: Error | undefined, value: Value) => void;

/** Copied before the call returns. */
type Parameters = readonly (string | number | Buffer)[];

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

export function openSqlite(file: string, done: (error: Error | null, database: SqliteDatabase) => void): void {
  const database: Database = new Database(file, (error) => {
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
      const statement = database.prepare(sql);
      statements.push(statement);
      return {
        run: (parameters, done) => {
          statement.run(parameters, (error: Error | null) => done(error ?? undefined));
        },
        text: (parameters, done) => {
          statement.all<{ readonly text: string }>(parameters, (error, rows) => {
            if (error !== null) return done(error, '');
            done(undefined, rows[0]?.text ?? '');
          });
        },
      };
    },
    close(done) {
      for (const statement of statements) statement.finalize();
      database.close(() => done());
    },
  };
}
