/**
 * The hash chain of a device's journal: each record's hash covers the one before, so no record can vanish or change
 * unnoticed.
 */
import type { Sha256 } from '../kernel/crypto.js';

/** The hash before the first record. */
export const GENESIS = '0'.repeat(64);

/** The head of a journal: its newest record, or seq 0 and GENESIS when it is empty. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

export const EMPTY_CHAIN: ChainHead = { seq: 0, hash: GENESIS };

/** `body`: the record's exact JSON text. */
export const nextHash = (sha256: Sha256, previous: string, body: string): string => sha256(`${previous}\n${body}`);

export function extend(sha256: Sha256, head: ChainHead, bodies: readonly string[]): ChainHead {
  let hash = head.hash;
  for (const body of bodies) hash = nextHash(sha256, hash, body);
  return { seq: head.seq + bodies.length, hash };
}
