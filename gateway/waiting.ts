/**
 * What waits for a commit, in the order in which it came. A batch is what is ready of it; a device's messages keep their
 * order, and whose signature is still being checked holds up nobody else. Of one device there is never so much, neither
 * waiting nor in a batch, that the others would wait for it.
 */
import type { DeviceId } from '#protocol/ids.js';
import type { LedgerFault, Op, Outcome } from './ports/ledger.js';

/** A commit of this many takes some 50 ms: more would only make the first of them wait longer. */
const MAX_BATCH = 1_000;
/** The same in records: three belong to a sale. */
const MAX_BATCH_RECORDS = 3 * MAX_BATCH;
/** Of one device: its next message waits for the next commit. Two batches of a week off line, with their presentations, fit. */
const MAX_RECORDS_OF_ONE = 300;
/** Some seconds of work at full speed. A device that is turned away here asks again; memory doesn't run out. */
const MAX_WAITING = 50_000;
/**
 * Of one device: it asks one question a customer, and sends two batches of records at a time. More than that is a flood, and
 * leaves the queue to the others. Each presentation in a message counts: checking it is most of the work, and one thread's.
 */
const MAX_WAITING_OF_ONE = 200;

export type Reply = (fault: LedgerFault | undefined, outcome: Outcome | undefined) => void;

/** A device's own part of the queue. */
export interface Line {
  /** Messages of it that wait, each as much as there are presentations in it. */
  weight: number;
  /** The batch that was last put together, and how much of that is this device's. */
  batch: number;
  records: number;
  isBehind: boolean;
}

export interface Slot {
  /** undefined: a claim, which comes from no device. */
  readonly line: Line | undefined;
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
  readonly #lines = new Map<DeviceId, Line>();
  #batch = 0;

  get length(): number {
    return this.#slots.length;
  }
  get isFull(): boolean {
    return this.#slots.length >= MAX_WAITING;
  }

  lineOf(device: DeviceId): Line {
    const known = this.#lines.get(device);
    if (known !== undefined) return known;
    const line: Line = { weight: 0, batch: 0, records: 0, isBehind: false };
    this.#lines.set(device, line);
    return line;
  }

  push(slot: Slot): void {
    this.#slots.push(slot);
  }

  /** The next batch; nothing where nothing is ready. */
  take(): Ready[] {
    const batch: Ready[] = [];
    const left: Slot[] = [];
    let records = 0;
    this.#batch += 1;
    for (const slot of this.#slots) {
      const { line, op } = slot;
      if (line !== undefined && line.batch !== this.#batch) {
        line.batch = this.#batch;
        line.records = 0;
        line.isBehind = false;
      }
      const size = op?.kind === 'records' ? op.bodies.length : 1;
      const hasRoom = batch.length < MAX_BATCH && (batch.length === 0 || records + size <= MAX_BATCH_RECORDS);
      if (op === undefined || !hasRoom || !mayGo(line, size)) {
        left.push(slot);
        if (line !== undefined) line.isBehind = true;
        continue;
      }
      batch.push({ slot, op });
      records += size;
      if (line !== undefined) line.records += size;
    }
    if (batch.length > 0) this.#slots = left;
    return batch;
  }
}

export const isFlood = ({ weight }: Line): boolean => weight >= MAX_WAITING_OF_ONE;

const mayGo = (line: Line | undefined, size: number): boolean =>
  line === undefined || (!line.isBehind && (line.records === 0 || line.records + size <= MAX_RECORDS_OF_ONE));
