/**
 * Permanently removes the keyed hashes of phone numbers, ID-card numbers and phone ids from a ledger.
 *
 * With a copy of the ledger and the identity key an attacker finds the people within hours, and nobody needs the hashes
 * once the campaign is over. Coupons, sales, postings, evidence and the audit stay; the purge itself is one more row of the
 * audit, with operator and time.
 *
 * SQLite marks deleted rows as free and leaves their bytes. So `secure_delete` overwrites them with zeros, VACUUM rewrites
 * the whole file, and the write-ahead log is emptied.
 */
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { LedgerError } from '#protocol/faults/errors.js';
import type { WallMs } from '#protocol/kernel/time.js';
import { auditHash } from '../book/audit.js';
import type { AuditEvent } from '../book/book.js';
import type { Rules } from '../decide/rules.js';
import { prepareLedger } from './ledger-opening.js';
import { openSqlite, type SqliteDatabase } from './sqlite.js';

export interface Purged {
  /** 0: already purged before. */
  readonly holders: number;
}

const COUNT = `select json_object(
  'holders', (select count(*) from holder where json_array_length(doc, '$.identities') > 0),
  'names', (select count(*) from identity),
  'seq', (select coalesce(max(seq), 0) from audit),
  'hash', (select hash from audit order by seq desc limit 1)) as text where ?1 = ''`;

interface Found {
  readonly holders: number;
  readonly names: number;
  readonly seq: number;
  readonly hash: string | null;
}

/** Rejects with a `LedgerError`; the change is then complete or not made at all. */
export async function purgeIdentities(
  file: string,
  rules: Rules,
  by: { readonly now: WallMs; readonly by: string },
): Promise<Purged> {
  if (by.now < rules.compiled.ends) {
    const ends = new Date(rules.compiled.ends).toISOString();
    throw new LedgerError('LEDGER_PURGE_TOO_EARLY', { detail: `The campaign ends at ${ends}.` });
  }
  if (!existsSync(file)) throw new LedgerError('LEDGER_CANNOT_OPEN', { detail: `There is no ${file}.` });
  const database = await promisify(openSqlite)(file);
  try {
    await promisify(database.exec)('pragma locking_mode = exclusive');
    await prepareLedger(database, file, rules).catch((error: unknown) => {
      throw isInUse(error) ? new LedgerError('LEDGER_IN_USE', { detail: file, cause: error }) : error;
    });
    return await purge(database, rules, by);
  } finally {
    await new Promise<void>((closed) => database.close(closed));
  }
}

async function purge(
  database: SqliteDatabase,
  { sha256 }: Rules,
  { now, by }: { readonly now: WallMs; readonly by: string },
): Promise<Purged> {
  const exec = promisify(database.exec);
  const { holders, names, seq, hash } = JSON.parse(await promisify(database.prepare(COUNT).text)([''])) as Found;
  await exec('pragma secure_delete = on');
  if (holders > 0 || names > 0) {
    const event: AuditEvent = { what: 'purge-identities', by, detail: holders };
    const body = JSON.stringify([event]);
    const next = auditHash(sha256, hash ?? '0'.repeat(64), now, body);
    await exec('begin immediate');
    await exec(`delete from identity; update holder set doc = json_set(doc, '$.identities', json('[]'))`);
    await promisify(database.prepare('insert into audit(seq, at, hash, body) values (?1, ?2, ?3, ?4)').run)([
      seq + 1,
      now,
      next,
      body,
    ]);
    await exec('commit');
  }
  // Also after an earlier purge, because a power cut may have come in between.
  await exec('vacuum; pragma wal_checkpoint(truncate)');
  return { holders };
}

/** Another process has the file open: a running gateway. */
const isInUse = (error: unknown): boolean => /SQLITE_(BUSY|LOCKED)/.test(error instanceof Error ? error.message : '');
