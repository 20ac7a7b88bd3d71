/**
 * Verifies a ledger file, read-only: a backup before it is trusted, or the ledger itself after a doubt.
 *
 * Everything that a gateway takes for granted is recomputed from the rows: SQLite's own structure, the double entry, the
 * audit chain, and each device's chain of records up to its head.
 */
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { type ErrorCode, LedgerError } from '#protocol/faults/errors.js';
import type { Sha256 } from '#protocol/kernel/crypto.js';
import { type ChainHead, EMPTY_CHAIN, extend } from '#protocol/records/chain.js';
import { EMPTY_AUDIT, isAuditIntact } from '../book/audit.js';
import { type AuditRow, type DeviceChain, type JournalChunk, journalOf } from '../book/book.js';
import { APPLICATION_ID, AUDIT_SQL, COUPON_ROW, ORIGIN_SQL, SCHEMA_VERSION } from './ledger-sql.js';
import { couponOf, saleOf } from './row-documents.js';
import { openSqliteToRead, type SqliteDatabase } from './sqlite.js';

export interface LedgerProblem {
  readonly code: ErrorCode;
  readonly what: string;
}

export interface Verified {
  readonly version: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly problems: readonly LedgerProblem[];
}

/** Problems listed per kind: a badly damaged file has one for each page. */
const MOST_LISTED = 20;
/** Chunks of records per read; one is 100 records at most, some 50 KiB. */
const CHUNKS_AT_ONCE = 200;

const COUNTS_SQL = `select json_object(${['device', 'holder', 'coupon', 'sale', 'posting', 'evidence', 'audit']
  .map((table) => `'${table}', (select count(*) from ${table})`)
  .join()}, 'record', (select coalesce(sum(seq), 0) from device)) as text where ?1 = ''`;
const INTEGRITY_SQL = `select json_group_array(integrity_check) as text
  from pragma_integrity_check where integrity_check <> 'ok' and ?1 = ''`;
const SETS_SQL = `select json_group_array(json_object('set', set_id, 'fen', fen)) as text from (
  select set_id, sum(fen) as fen from posting where ?1 = '' group by set_id having sum(fen) <> 0 limit ${MOST_LISTED})`;
const DEVICES_SQL = `select json_group_array(json(doc)) as text from device where ?1 = ''`;
const CHUNKS_SQL = `select json_group_array(json_object('row', rowid, 'chunk', json(doc))) as text
  from (select rowid, doc from journal where rowid > ?1 order by rowid limit ${CHUNKS_AT_ONCE})`;
const ROWS_AT_ONCE = 2_000;
const COUPONS_SQL = `select json_group_array(json_object('row', serial, 'doc', ${COUPON_ROW})) as text
  from (select * from coupon where serial > ?1 order by serial limit ${ROWS_AT_ONCE})`;
const SALES_SQL = `select json_group_array(json_object('row', rowid, 'doc', json(doc))) as text
  from (select rowid, doc from sale where rowid > ?1 order by rowid limit ${ROWS_AT_ONCE})`;

/** Rejects with a `LedgerError` if the file can't be read at all. */
export async function verifyLedger(file: string, sha256: Sha256): Promise<Verified> {
  if (!existsSync(file)) throw new LedgerError('LEDGER_CANNOT_OPEN', { detail: `There is no ${file}.` });
  const database = await promisify(openSqliteToRead)(file).catch((error: unknown) => {
    throw new LedgerError('LEDGER_CANNOT_OPEN', { detail: `${file}: ${String(error)}.`, cause: error });
  });
  try {
    return await look(database, file, sha256);
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    throw new LedgerError('LEDGER_UNREADABLE', { detail: `${file}: ${String(error)}.`, cause: error });
  } finally {
    await new Promise<void>((closed) => database.close(closed));
  }
}

/** Coupons and sales that no gateway can have written, or that a later one has. */
async function rowProblems(ask: Ask): Promise<readonly LedgerProblem[]> {
  const problems: LedgerProblem[] = [];
  const look = async <Row>(sql: string, read: (row: Row) => unknown): Promise<void> => {
    for (let after = -1; problems.length < MOST_LISTED; ) {
      const rows = await ask<readonly { readonly row: number; readonly doc: Row }[]>(sql, after);
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.row;
      for (const { doc } of rows) {
        try {
          read(doc);
        } catch (error) {
          if (!(error instanceof LedgerError)) throw error;
          problems.push({ code: error.code, what: error.message });
        }
      }
    }
  };
  await look(COUPONS_SQL, couponOf);
  await look(SALES_SQL, saleOf);
  return problems.slice(0, MOST_LISTED);
}

type Ask = <Answer>(sql: string, parameter?: string | number) => Promise<Answer>;

async function look(database: SqliteDatabase, file: string, sha256: Sha256): Promise<Verified> {
  const ask: Ask = async (sql, parameter = '') => JSON.parse(await promisify(database.prepare(sql).text)([parameter]));
  // One snapshot of a ledger whose gateway may be running.
  await promisify(database.exec)('begin');
  const version = await recognise(ask, file);
  const damaged = await ask<readonly string[]>(INTEGRITY_SQL);
  const unbalanced = await ask<readonly { readonly set: number; readonly fen: number }[]>(SETS_SQL);
  const problems: readonly LedgerProblem[] = [
    ...damaged.map((what): LedgerProblem => ({ code: 'LEDGER_DAMAGED', what })),
    ...unbalanced.map(
      ({ set, fen }): LedgerProblem => ({
        code: 'LEDGER_UNBALANCED',
        what: `posting set ${set} sums to ${fen} fen instead of 0`,
      }),
    ),
    ...(await auditProblems(ask, sha256)),
    ...(await journalProblems(ask, sha256)),
    ...(await rowProblems(ask)),
  ];
  return { version, counts: await ask(COUNTS_SQL), problems };
}

async function recognise(ask: Ask, file: string): Promise<number> {
  const { application, version } = await ask<{ readonly application: number; readonly version: number }>(ORIGIN_SQL);
  if (application !== APPLICATION_ID) throw new LedgerError('LEDGER_CANNOT_OPEN', { detail: `${file} is no ledger.` });
  if (version < 1 || version > SCHEMA_VERSION) {
    throw new LedgerError('LEDGER_OTHER_VERSION', {
      detail: `${file} is of version ${version}; this is ${SCHEMA_VERSION}.`,
    });
  }
  return version;
}

async function auditProblems(ask: Ask, sha256: Sha256): Promise<readonly LedgerProblem[]> {
  for (let after: ChainHead = EMPTY_AUDIT; ; ) {
    const rows = await ask<readonly AuditRow[]>(AUDIT_SQL, after.seq);
    const last = rows.at(-1);
    if (last === undefined) return [];
    if (!isAuditIntact(sha256, rows, after))
      return [{ code: 'LEDGER_AUDIT_BROKEN', what: `between rows ${after.seq + 1} and ${last.seq}` }];
    after = { seq: last.seq, hash: last.hash };
  }
}

/** Every chunk continues the one before by its hash, and the last one ends at its device's recorded head. */
async function journalProblems(ask: Ask, sha256: Sha256): Promise<readonly LedgerProblem[]> {
  const broken = (what: string): LedgerProblem => ({ code: 'LEDGER_JOURNAL_BROKEN', what });
  const devices = await ask<readonly DeviceChain[]>(DEVICES_SQL);
  const heads = new Map<string, ChainHead>([
    ...devices.map(({ device }) => [device, EMPTY_CHAIN] as const),
    ...devices.map((device) => [journalOf(device), device.base ?? EMPTY_CHAIN] as const),
  ]);
  const problems: LedgerProblem[] = [];
  for (let row = 0; ; ) {
    const rows = await ask<readonly { readonly row: number; readonly chunk: JournalChunk }[]>(CHUNKS_SQL, row);
    if (rows.length === 0) break;
    row = rows.at(-1)?.row ?? row;
    for (const { chunk } of rows) {
      const { device: journal, first, prev } = chunk;
      // Restarted by a person more than once: the starting point is no longer recorded.
      const before = heads.get(journal) ?? { seq: first - 1, hash: prev };
      const after = extend(sha256, { seq: first - 1, hash: prev }, chunk.bodies);
      const follows = before.seq === first - 1 && before.hash === prev;
      if (!(follows && after.seq === chunk.last && after.hash === chunk.hash))
        problems.push(broken(`records ${first} to ${chunk.last} of ${journal} don't follow from those before`));
      heads.set(journal, { seq: chunk.last, hash: chunk.hash });
    }
  }
  for (const device of devices) {
    const head = heads.get(journalOf(device)) ?? EMPTY_CHAIN;
    if (head.seq === device.seq && head.hash === device.hash) continue;
    problems.push(broken(`${device.device} is said to stand at ${device.seq}, its records end at ${head.seq}`));
  }
  return problems.slice(0, MOST_LISTED);
}
