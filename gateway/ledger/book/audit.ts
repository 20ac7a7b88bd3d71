/** The audit chain: each commit's hash covers the previous hash, its time and its events, so that any change is detected. */
import type { Sha256 } from '#protocol/kernel/crypto.js';
import { type ChainHead, EMPTY_CHAIN, nextHash } from '#protocol/records/chain.js';
import type { AuditRow } from './book.js';

export const EMPTY_AUDIT: ChainHead = EMPTY_CHAIN;

export const auditHash = (sha256: Sha256, previous: string, at: number, body: string): string =>
  nextHash(sha256, previous, `${at} ${body}`);

/** `after`: the row before the first of these. */
export function isAuditIntact(sha256: Sha256, rows: readonly AuditRow[], after: ChainHead = EMPTY_AUDIT): boolean {
  let { seq, hash } = after;
  return rows.every((row) => {
    seq += 1;
    hash = auditHash(sha256, hash, row.at, row.body);
    return row.seq === seq && row.hash === hash;
  });
}
