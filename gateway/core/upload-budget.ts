/**
 * How much a device may send: records and bytes, each a bucket that fills up again day by day. One device at full speed wrote
 * 18 MB a second, and when the disk is full all counters stand still.
 *
 * A shop makes some 2,000 records a day of some 700 bytes. The full bucket takes what a busy shop gathers in weeks offline
 * twice over (10,000 redemptions are 30,000 records), so that no honest backlog ever meets it.
 */
import type { Millis, WallMs } from '#protocol/kernel/time.js';

const DAY_MS: Millis = 86_400_000;

/** Full: two backlogs of 10,000 redemptions. A day: three times a busy shop. */
export const RECORDS = { full: 60_000, aDay: 6_000 } as const;
export const BYTES = { full: 64 * 1024 * 1024, aDay: 16 * 1024 * 1024 } as const;

export interface Upload {
  readonly records: number;
  readonly bytes: number;
}

/** What is left of both buckets, and when that was so. */
export interface UploadBudget {
  readonly records: number;
  readonly bytes: number;
  readonly at: WallMs;
}

export const fullBudget = (at: WallMs): UploadBudget => ({ records: RECORDS.full, bytes: BYTES.full, at });

/** What is left at a later time; a clock that was set back fills nothing and takes nothing. */
export function refilled(budget: UploadBudget, now: WallMs): UploadBudget {
  const days = Math.max(0, now - budget.at) / DAY_MS;
  return {
    records: Math.min(RECORDS.full, budget.records + days * RECORDS.aDay),
    bytes: Math.min(BYTES.full, budget.bytes + days * BYTES.aDay),
    at: now,
  };
}

/** The budget after it; undefined: there isn't enough, and nothing is taken. */
export function spent(budget: UploadBudget, { records, bytes }: Upload): UploadBudget | undefined {
  if (records > budget.records || bytes > budget.bytes) return undefined;
  return { records: budget.records - records, bytes: budget.bytes - bytes, at: budget.at };
}

/** Whether it has sent more than a day's worth lately: the first to be stopped where the disk has little room. */
export const isGreedy = ({ records, bytes }: UploadBudget): boolean =>
  records < RECORDS.full - RECORDS.aDay || bytes < BYTES.full - BYTES.aDay;

/** How much room the disk under the ledger has. */
export type Room = 'enough' | 'low' | 'none';

/** Below it devices that sent more than a day's worth wait, with an alarm: an operator has time to make room. */
export const LOW_BYTES = 1024 * 1024 * 1024;
/** Below it nothing more is taken: the write-ahead log still fits into the ledger, and the gateway can stop in order. */
export const NONE_BYTES = 128 * 1024 * 1024;

export const roomOf = (freeBytes: number): Room =>
  freeBytes < NONE_BYTES ? 'none' : freeBytes < LOW_BYTES ? 'low' : 'enough';

export type UploadRefusal = 'TOO_MANY_REQUESTS' | 'LEDGER_DISK_FULL';

/** `budget` is refilled to now. */
export function uploadRefusal(budget: UploadBudget, upload: Upload, room: Room): UploadRefusal | undefined {
  if (room === 'none') return 'LEDGER_DISK_FULL';
  if (room === 'low' && upload.records > 0 && isGreedy(budget)) return 'LEDGER_DISK_FULL';
  return spent(budget, upload) === undefined ? 'TOO_MANY_REQUESTS' : undefined;
}
