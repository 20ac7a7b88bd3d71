/**
 * What a crash leaves of a SQLite database: everything as it was before the statement under which it fell, everything
 * as it is after it, or a write that the disk broke off. A disk writes sectors in any order until it is told to sync, and
 * SQLite syncs the log before it touches the database, and the log's header before its frames.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Chance } from '../parts/random.js';

/** The unit that a disk writes whole or not at all. */
const SECTOR_BYTES = 512;
/** https://sqlite.org/fileformat2.html, 4.1. */
const LOG_HEADER_BYTES = 32;

/** The database and its write-ahead log; SQLite makes the index beside them anew. */
export interface Bytes {
  readonly database: Uint8Array;
  readonly log: Uint8Array;
}

export const readBytes = (file: string): Bytes => ({ database: read(file), log: read(`${file}-wal`) });

export function writeBytes(file: string, { database, log }: Bytes): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (database.length > 0) writeFileSync(file, database, { mode: 0o600 });
  if (log.length > 0) writeFileSync(`${file}-wal`, log, { mode: 0o600 });
}

export function leftBehind(before: Bytes, after: Bytes, chance: Chance): Bytes {
  if (chance.happens(0.25)) return before;
  if (chance.happens(0.33)) return after;
  // A checkpoint: the log was whole on the disk before the first page went into the database.
  if (!isSame(before.database, after.database)) {
    const log = after.log.length < before.log.length ? before.log : after.log;
    return { database: torn(before.database, after.database, chance), log };
  }
  const log = torn(before.log, after.log, chance);
  log.set(after.log.subarray(0, Math.min(LOG_HEADER_BYTES, log.length)));
  return { database: before.database, log };
}

/** Of what differs, some sectors and not others. */
function torn(before: Uint8Array, after: Uint8Array, chance: Chance): Uint8Array {
  const left = new Uint8Array(Math.max(before.length, after.length));
  left.set(before);
  let end = before.length;
  for (let from = 0; from < after.length; from += SECTOR_BYTES) {
    const to = Math.min(after.length, from + SECTOR_BYTES);
    if (to <= before.length && isSame(before.subarray(from, to), after.subarray(from, to))) continue;
    if (chance.happens(0.5)) continue;
    left.set(after.subarray(from, to), from);
    end = Math.max(end, to);
  }
  return left.slice(0, end);
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

const read = (file: string): Uint8Array => (existsSync(file) ? readFileSync(file) : new Uint8Array());
