/**
 * Upload budget of a device: token buckets for records and for bytes, refilled day by day.
 *
 * One device at full speed wrote 18 MB a second, and a full disk stops all counters.
 *
 * A shop makes some 2,000 records a day of some 700 bytes. The full bucket holds twice the backlog of a busy shop after
 * weeks offline (10,000 redemptions are 30,000 records), so that an honest backlog always fits.
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

/** The rest of both buckets, and the time of that state. */
export interface UploadBudget {
  readonly records: number;
  readonly bytes: number;
  readonly at: WallMs;
}

export const fullBudget = (at: WallMs): UploadBudget => ({ records: RECORDS.full, bytes: BYTES.full, at });

/** The budget at a later time; a clock that was set back neither adds nor removes anything. */
export function refilled(budget: UploadBudget, now: WallMs): UploadBudget {
  const days = Math.max(0, now - budget.at) / DAY_MS;
  return {
    records: Math.min(RECORDS.full, budget.records + days * RECORDS.aDay),
    bytes: Math.min(BYTES.full, budget.bytes + days * BYTES.aDay),
    at: now,
  };
}

/** The budget after this upload; undefined: not enough, and nothing is spent. */
export function spent(budget: UploadBudget, { records, bytes }: Upload): UploadBudget | undefined {
  if (records > budget.records || bytes > budget.bytes) return undefined;
  return { records: budget.records - records, bytes: budget.bytes - bytes, at: budget.at };
}

/** Whether the device has lately sent more than a day's worth: such devices are stopped first when the disk runs low. */
export const isGreedy = ({ records, bytes }: UploadBudget): boolean =>
  records < RECORDS.full - RECORDS.aDay || bytes < BYTES.full - BYTES.aDay;

/** Free space on the ledger's disk. */
export type Room = 'enough' | 'low' | 'none';

/**
 * Below it devices that sent more than a day's worth must wait, with an alert, so that an operator has time to free space.
 */
export const LOW_BYTES = 1024 * 1024 * 1024;
/** Below it nothing is accepted: the rest is for merging the write-ahead log and for an orderly stop. */
export const NONE_BYTES = 128 * 1024 * 1024;

export const roomOf = (freeBytes: number): Room =>
  freeBytes < NONE_BYTES ? 'none' : freeBytes < LOW_BYTES ? 'low' : 'enough';

export type UploadRefusal = 'TOO_MANY_REQUESTS' | 'LEDGER_DISK_FULL';

/** `budget` must be refilled to now. */
export function uploadRefusal(budget: UploadBudget, upload: Upload, room: Room): UploadRefusal | undefined {
  if (room === 'none') return 'LEDGER_DISK_FULL';
  if (room === 'low' && upload.records > 0 && isGreedy(budget)) return 'LEDGER_DISK_FULL';
  return spent(budget, upload) === undefined ? 'TOO_MANY_REQUESTS' : undefined;
}
