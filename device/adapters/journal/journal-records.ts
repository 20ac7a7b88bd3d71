/**
 * Encodes and decodes records for every journal, whatever its storage: the exact text that is hashed, stored and sent.
 *
 * Both directions pass the schema, because a record that the next start couldn't read must never be written.
 */

import type { Sha256 } from '#protocol/kernel/crypto.js';
import { err, ok, type Result } from '#protocol/kernel/result.js';
import { type ChainHead, nextHash } from '#protocol/records/chain.js';
import { type JournalRecord, recordSchema } from '#protocol/records/record.js';
import type { JournalFault, StoredRecord } from '../../ports/journal.js';

/** The upload message takes bodies of at most this many characters. */
export const MAX_BODY_CHARS = 4_096;

/**
 * Limit of one `read`, in bytes of bodies as they will stand inside a JSON message. A payload may have 64 KiB; the rest is
 * headroom for the message around them.
 */
export const MAX_READ_BYTES = 48 * 1024;

export function encodeRecord(record: JournalRecord): Result<string, JournalFault> {
  const checked = recordSchema.safeParse(record);
  if (!checked.success) {
    const where = checked.error.issues.map((issue) => issue.path.join('.')).join(', ');
    return err({
      code: 'JOURNAL_RECORD_INVALID',
      message: `A record of kind ${record.kind} is not one that could be read again (${where}); nothing was written.`,
    });
  }
  const body = JSON.stringify(record);
  if (body.length > MAX_BODY_CHARS) {
    return err({
      code: 'JOURNAL_RECORD_INVALID',
      message: `A record of kind ${record.kind} has ${body.length} characters; ${MAX_BODY_CHARS} can be sent.`,
    });
  }
  return ok(body);
}

export function decodeRecord(seq: number, body: string): Result<JournalRecord, JournalFault> {
  const unreadable = (why: string) =>
    err({
      code: 'JOURNAL_RECORD_UNREADABLE',
      message: `Record ${seq} is whole, but this version of the agent cannot read it (${why}). Start the version that wrote it.`,
    });
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return unreadable('not JSON');
  }
  const parsed = recordSchema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  return unreadable(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}

/** Size of one body inside a JSON message: quoted, escaped, and a comma. */
export const sentBytes = (body: string): number => new TextEncoder().encode(JSON.stringify(body)).length + 1;

/** Number of rows that fit into one read: at least one, if there is any. */
export function fitting(rows: readonly Row[]): number {
  let bytes = 0;
  let count = 0;
  for (const { body } of rows) {
    bytes += sentBytes(body);
    if (count > 0 && bytes > MAX_READ_BYTES) break;
    count += 1;
  }
  return count;
}

/** A record as stored. */
export interface Row {
  readonly body: string;
  readonly hash: string;
}

/** The rows that continue the chain from `tip`, and the new head. */
export function chainRecords(
  sha256: Sha256,
  tip: ChainHead,
  records: readonly JournalRecord[],
): Result<{ readonly rows: readonly Row[]; readonly head: ChainHead }, JournalFault> {
  const rows: Row[] = [];
  let { seq, hash } = tip;
  for (const record of records) {
    const body = encodeRecord(record);
    if (!body.ok) return body;
    seq += 1;
    hash = nextHash(sha256, hash, body.value);
    rows.push({ body: body.value, hash });
  }
  return ok({ rows, head: { seq, hash } });
}

/** Reads rows back and verifies each against its hash; `from` is the head before the first. */
export function verifyRows(
  sha256: Sha256,
  from: ChainHead,
  rows: readonly Row[],
): Result<{ readonly records: readonly StoredRecord[]; readonly head: ChainHead }, JournalFault> {
  const records: StoredRecord[] = [];
  let { seq, hash } = from;
  for (const row of rows) {
    seq += 1;
    hash = nextHash(sha256, hash, row.body);
    if (hash !== row.hash) return err(chainBroken(seq));
    const decoded = decodeRecord(seq, row.body);
    if (!decoded.ok) return decoded;
    records.push({ seq, body: row.body, record: decoded.value });
  }
  return ok({ records, head: { seq, hash } });
}

/** The records read before the fault. */
export const NOTHING: { readonly prev: string; readonly records: readonly StoredRecord[] } = { prev: '', records: [] };

export const CLOSED: JournalFault = { code: 'JOURNAL_CLOSED', message: 'The journal has been closed.' };

export const chainBroken = (seq: number): JournalFault => ({
  code: 'JOURNAL_CHAIN_BROKEN',
  message:
    `Record ${seq} of the journal is not what was written, or is missing. Nothing was changed. ` +
    'Keep the file as it is and call service: the gateway has every acknowledged record, the rest is evidence.',
});

export const outOfRange = (after: number): JournalFault => ({
  code: 'JOURNAL_READ_OUT_OF_RANGE',
  message: `There is no record ${after} to read on from.`,
});
