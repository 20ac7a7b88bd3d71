/**
 * Opens the ledger: inspects the file before changing anything, creates the tables of a new one, and makes its content
 * durable before anything acts on it.
 */
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Campaign } from '#protocol/campaign/schema.js';
import { LedgerError } from '#protocol/faults/errors.js';
import { closeToOthers } from '#protocol/node/own-files.js';
import type { Rules } from '../decide/rules.js';
import { rewriteLog, syncLedgerFiles } from './ledger-files.js';
import {
  APPLICATION_ID,
  BATCH_TRIGGER,
  DURABILITY_SQL,
  FACT_SQL,
  FACT_TO_READ_SQL,
  HAS_DAYBOOK_SQL,
  HAS_DOCUMENTS_SQL,
  HISTORY_INDEX,
  LATEST_VERSION_SQL,
  ORIGIN_SQL,
  PRAGMAS,
  SCHEMA_VERSION,
  TABLES,
  TAKE_OVER_DAYBOOK,
} from './ledger-sql.js';
import { openSqliteToRead, type SqliteDatabase } from './sqlite.js';

/** Rejects with a `LedgerError` if the gateway can't use this file as its ledger. */
export async function prepareLedger(
  writer: SqliteDatabase,
  file: string,
  rules: Rules,
  keyMark?: string,
): Promise<void> {
  const exec = promisify(writer.exec);
  const unusable = (error: unknown): never => {
    throw new LedgerError(codeOf(error), { detail: `${file}: ${String(error)}.`, cause: error });
  };
  const ask = async (sql: string, parameters: readonly [string, ...string[]]): Promise<string> =>
    promisify(writer.prepare(sql).text)(parameters).catch(unusable);
  recognise(JSON.parse(await ask(ORIGIN_SQL, [''])) as Origin, file);
  await exec(PRAGMAS).catch(unusable);
  checkDurable(await ask(DURABILITY_SQL, ['']), file);
  keepToSelf(file);
  await exec(TABLES).catch(unusable);
  const { campaign } = rules;
  const id = await ask(FACT_SQL, ['campaign', campaign.id]);
  checkOrigin(file, campaign, {
    id,
    tiers: id === campaign.id ? await ask(FACT_SQL, ['tiers', tiersOf(campaign)]) : '',
  });
  checkVersion(file, campaign, Number(await ask(LATEST_VERSION_SQL, [''])));
  if (keyMark !== undefined && (await ask(FACT_SQL, ['identity-key', keyMark])) !== keyMark) {
    throw new LedgerError('LEDGER_OF_ANOTHER_KEY', { detail: file });
  }
  if (rules.needsHistory) await exec(HISTORY_INDEX);
  await exec(BATCH_TRIGGER);
  const takeOver = (await ask(HAS_DAYBOOK_SQL, [''])) === '0' ? '' : TAKE_OVER_DAYBOOK;
  // Everything read from here on may be acted upon, so it must be on the disk, not only in the page cache.
  try {
    await exec('begin immediate');
    rewriteLog(file);
    await exec(`${takeOver} commit; pragma wal_checkpoint(truncate)`);
    syncLedgerFiles(file);
  } catch (error) {
    unusable(error);
  }
}

/** The ledger's facts about itself; empty if it has none yet. */
interface Facts {
  readonly id: string;
  readonly tiers: string;
}

function checkOrigin(file: string, campaign: Campaign, { id, tiers }: Facts): void {
  if (id !== '' && id !== campaign.id)
    throw new LedgerError('LEDGER_OF_ANOTHER_CAMPAIGN', { detail: `${file} is that of ${id}.` });
  if (tiers !== '' && tiers !== tiersOf(campaign))
    throw new LedgerError('LEDGER_OF_OTHER_TIERS', { detail: `${file} has ${tiers}, not ${tiersOf(campaign)}.` });
}

/**
 * Counters keep the highest version that they have received: with a lower one they would follow other rules than this
 * gateway.
 */
function checkVersion(file: string, { version }: Campaign, latest: number): void {
  if (version < latest) {
    throw new LedgerError('LEDGER_OF_A_LATER_DOCUMENT', {
      detail: `${file} has been run with version ${latest} of the campaign; this is version ${version}.`,
    });
  }
}

/** Whether a start with this campaign would accept this ledger, as far as reading shows. Changes nothing in it. */
export async function lookAtLedger(file: string, campaign: Campaign): Promise<LedgerError | undefined> {
  if (!existsSync(file)) return undefined;
  const reader = await new Promise<SqliteDatabase>((resolve, reject) =>
    openSqliteToRead(file, (error, database) => (error === null ? resolve(database) : reject(error))),
  ).catch(() => undefined);
  if (reader === undefined) return new LedgerError('LEDGER_CANNOT_OPEN', { detail: `${file}.` });
  try {
    const ask = promisify(reader.prepare(FACT_TO_READ_SQL).text);
    checkOrigin(file, campaign, { id: await ask(['campaign']), tiers: await ask(['tiers']) });
    // A ledger of the earlier release has none.
    if ((await promisify(reader.prepare(HAS_DOCUMENTS_SQL).text)([''])) === '1')
      checkVersion(file, campaign, Number(await promisify(reader.prepare(LATEST_VERSION_SQL).text)([''])));
    return undefined;
  } catch (error) {
    return error instanceof LedgerError
      ? error
      : new LedgerError(codeOf(error), { detail: `${file}: ${String(error)}.` });
  } finally {
    await new Promise<void>((closed) => reader.close(closed));
  }
}

/** SQLite's number for `synchronous = full`. */
const FULL = 2;

function checkDurable(settings: string, file: string): void {
  const { synchronous, journalMode } = JSON.parse(settings) as Durability;
  if (synchronous === FULL && journalMode === 'wal') return;
  throw new LedgerError('LEDGER_NOT_DURABLE', {
    detail: `${file}: synchronous is ${synchronous} and journal_mode ${journalMode}; ${FULL} and wal are needed.`,
  });
}

interface Durability {
  readonly synchronous: unknown;
  readonly journalMode: unknown;
}

/** Call it only once the file is known to be a ledger: another program's database may well be meant for others. */
function keepToSelf(file: string): void {
  try {
    for (const part of [file, `${file}-wal`, `${file}-shm`]) closeToOthers(part);
  } catch (error) {
    throw new LedgerError('LEDGER_CANNOT_OPEN', { detail: `${file}: ${String(error)}.`, cause: error });
  }
}

/** A read-only ledger isn't damaged: nobody should restore an older copy because of that. */
const MAY_NOT: ReadonlySet<unknown> = new Set([
  ...['SQLITE_READONLY', 'SQLITE_CANTOPEN', 'SQLITE_PERM'],
  ...['EACCES', 'EPERM', 'EROFS', 'EISDIR'],
]);

const codeOf = (error: unknown): 'LEDGER_CANNOT_OPEN' | 'LEDGER_UNREADABLE' =>
  error instanceof Error && 'code' in error && MAY_NOT.has(error.code) ? 'LEDGER_CANNOT_OPEN' : 'LEDGER_UNREADABLE';

/** A serial implies its tier by its position, and so its face. Thresholds, hours and merchants may change. */
const tiersOf = ({ tiers }: Campaign): string =>
  tiers.map(({ id, faceFen, quantity }) => `${quantity} of ${id} (${faceFen} fen)`).join(', ');

interface Origin {
  readonly application: number;
  readonly version: number;
  readonly tables: number;
}

/** An older gateway must not stamp a newer one's tables, nor add tables to another program's database. */
function recognise({ application, version, tables }: Origin, file: string): void {
  if (tables === 0 && application === 0) return;
  if (application !== APPLICATION_ID) {
    throw new LedgerError('LEDGER_CANNOT_OPEN', { detail: `${file} is another program's database.` });
  }
  if (version >= 1 && version <= SCHEMA_VERSION) return;
  throw new LedgerError('LEDGER_OTHER_VERSION', {
    detail: `${file} is of version ${version}; this is ${SCHEMA_VERSION}.`,
  });
}
