/** The stores that ship do not keep what was decided. A world that keeps everything in memory can't see any of these. */
import { COMMITS_SQL, ROW_COLUMNS, WRITE_BATCH } from '#gateway/ledger/store/ledger-sql.js';
import type { PreparedStatement, SqliteDatabase } from '#gateway/ledger/store/sqlite.js';
import type { Mutant } from './mutant.js';

/** Changes one statement of a connection. */
const statementWith =
  (sql: string, change: (statement: PreparedStatement) => PreparedStatement) =>
  (database: SqliteDatabase): SqliteDatabase => ({
    ...database,
    prepare: (asked) => (asked === sql ? change(database.prepare(asked)) : database.prepare(asked)),
  });

/** The parameters of a batch: all documents first, then the rows of each table. */
const COUPONS_AT = 1 + ROW_COLUMNS.indexOf('coupons');

const withoutLastCoupon = (parameters: Parameters<PreparedStatement['run']>[0]): typeof parameters => {
  const rows = parameters[COUPONS_AT];
  if (typeof rows !== 'string') return parameters;
  const [first, ...others] = parameters;
  const left: readonly unknown[] = JSON.parse(rows).slice(0, -1);
  return [first, ...others.with(COUPONS_AT - 1, left.length === 0 ? null : JSON.stringify(left))];
};

/** Takes any place in the audit chain, and any version of a coupon. */
const unguarded = (sql: string): string =>
  sql.replaceAll('insert into audit(', 'insert or replace into audit(').replaceAll("raise(abort, 'stale')", 'null');

export const storeMutants: readonly Mutant[] = [
  {
    id: 'overtaken-unnoticed',
    words: 'goes on with what it remembers after another gateway has committed',
    profile: 'flash-sale',
    store: 'sqlite',
    sabotage: () => ({
      database: (database) => ({ ...database, exec: (sql, done) => database.exec(unguarded(sql), done) }),
    }),
  },
  {
    id: 'overtaken-answer',
    words: 'does not look whether it was overtaken when an answer changes nothing',
    profile: 'hell',
    store: 'sqlite',
    sabotage: () => ({
      database: (database) => {
        let own: number | undefined;
        const counted = statementWith(COMMITS_SQL, (statement) => ({
          ...statement,
          text: (parameters, done) =>
            statement.text(parameters, (error, commits) => {
              own ??= Number(commits);
              done(error, String(own));
            }),
        }));
        const writing = statementWith(WRITE_BATCH, (statement) => ({
          ...statement,
          run: (parameters, done) =>
            statement.run(parameters, (error) => {
              if (error === undefined && own !== undefined) own += 1;
              done(error);
            }),
        }));
        return counted(writing(database));
      },
    }),
  },
  {
    id: 'coupon-row-left-out',
    words: 'remembers a coupon’s new state and does not write it with its batch',
    profile: 'rough',
    store: 'sqlite',
    sabotage: () => ({
      database: statementWith(WRITE_BATCH, (statement) => ({
        ...statement,
        run: (parameters, done) => statement.run(withoutLastCoupon(parameters), done),
      })),
    }),
  },
  {
    id: 'ledger-unsynced',
    words: 'does not wait for the ledger’s fsync: a crash takes the last batches with it',
    profile: 'hell',
    store: 'sqlite',
    sabotage: () => ({
      ledgerCut: ({ database, log }) => ({ database, log: log.slice(0, log.length / 2) }),
    }),
  },
  {
    id: 'journal-unsynced',
    words: 'does not wait for the journal’s fsync: a power cut takes the last records with it',
    profile: 'hell',
    store: 'sqlite',
    sabotage: () => ({
      journalCut: ({ database, log }) => ({ database, log: log.slice(0, log.length / 2) }),
    }),
  },
];
