/**
 * The queue in front of a commit, in order of arrival. A batch is every entry that is ready; a device's messages keep their
 * order, and a pending signature check delays no other device. Shares per device, in the queue and in a batch, keep one
 * device from delaying the others.
 */
import type { DeviceId } from '#protocol/kernel/ids.js';
import type { LedgerFault, Op, Outcome } from '../ports/ledger.js';

/** Limit of a batch: this many operations take some 50 ms to commit, and the first of them would wait longer. */
const MAX_BATCH = 1_000;
/** The same limit in records: a sale has three. */
const MAX_BATCH_RECORDS = 3 * MAX_BATCH;
/**
 * A device's share of a batch; its next message waits for the next commit. Two uploads after a week offline, with their
 * presentations, fit.
 */
const MAX_RECORDS_OF_ONE = 300;
/** Queue limit: some seconds of work at full speed. A device that is refused here retries; memory doesn't run out. */
const MAX_WAITING = 50_000;
/**
 * A device's share of the queue. A device sends one request a customer, and two uploads of records at a time. More is a
 * flood, which must leave room for the others. Each presentation in a message counts, because checking it is most of the
 * work, on one thread.
 */
const MAX_WAITING_OF_ONE = 200;

export type Reply = (fault: LedgerFault | undefined, outcome: Outcome | undefined) => void;

/** A device's own part of the queue. */
export interface DeviceQueue {
  /** Waiting messages, each weighted by its presentations. */
  weight: number;
  /** The last batch built, and this device's part of it. */
  batch: number;
  records: number;
  isBehind: boolean;
}

export interface Slot {
  /** undefined: a claim or an act, which comes from no device. */
  readonly queue: DeviceQueue | undefined;
  /** undefined while its signatures are being checked. */
  op: Op | undefined;
  readonly reply: Reply;
}

export interface Ready {
  readonly slot: Slot;
  readonly op: Op;
}

export class WaitingQueue {
  #slots: Slot[] = [];
  readonly #queues = new Map<DeviceId, DeviceQueue>();
  #batch = 0;

  get length(): number {
    return this.#slots.length;
  }
  get isFull(): boolean {
    return this.#slots.length >= MAX_WAITING;
  }

  queueOf(device: DeviceId): DeviceQueue {
    const known = this.#queues.get(device);
    if (known !== undefined) return known;
    const queue: DeviceQueue = { weight: 0, batch: 0, records: 0, isBehind: false };
    this.#queues.set(device, queue);
    return queue;
  }

  push(slot: Slot): void {
    this.#slots.push(slot);
  }

  /** The next batch; empty if nothing is ready. */
  nextBatch(): Ready[] {
    const batch: Ready[] = [];
    const left: Slot[] = [];
    let records = 0;
    this.#batch += 1;
    for (const slot of this.#slots) {
      const { queue, op } = slot;
      if (queue !== undefined && queue.batch !== this.#batch) {
        queue.batch = this.#batch;
        queue.records = 0;
        queue.isBehind = false;
      }
      const size = op?.kind === 'records' ? op.bodies.length : 1;
      const hasRoom = batch.length < MAX_BATCH && (batch.length === 0 || records + size <= MAX_BATCH_RECORDS);
      if (op === undefined || !hasRoom || !mayGo(queue, size)) {
        left.push(slot);
        if (queue !== undefined) queue.isBehind = true;
        continue;
      }
      batch.push({ slot, op });
      records += size;
      if (queue !== undefined) queue.records += size;
    }
    if (batch.length > 0) this.#slots = left;
    return batch;
  }
}

export const isFlood = ({ weight }: DeviceQueue): boolean => weight >= MAX_WAITING_OF_ONE;

const mayGo = (queue: DeviceQueue | undefined, size: number): boolean =>
  queue === undefined || (!queue.isBehind && (queue.records === 0 || queue.records + size <= MAX_RECORDS_OF_ONE));
