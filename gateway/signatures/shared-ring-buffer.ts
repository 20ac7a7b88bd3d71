/**
 * Passes signatures to the worker thread through shared memory: a ring of slots, filled in order by one side and answered
 * in order by the other.
 *
 * One hand-over copies some 250 bytes. A message between threads, or a wake-up, costs as much as a quarter of the check
 * itself.
 */
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES, type SignatureToCheck } from '#protocol/codes/presentation.js';

/** More than a batch's worth; when the ring is full, the caller queues. */
const SLOTS = 1_024;
const SLOT_BYTES = 256;
/** A slot holds the message's length, the key (compressed SEC1), the signature (P1363), the message. */
const KEY_AT = 1;
const SIGNATURE_AT = KEY_AT + PUBLIC_KEY_BYTES;
const MESSAGE_AT = SIGNATURE_AT + SIGNATURE_BYTES;
const MESSAGE_BYTES = SLOT_BYTES - MESSAGE_AT;

/** Counters at the start of the memory. They only rise, and wrap around as `Int32` does. */
const ASKED = 0;
const ANSWERED = 1;
const SLEEPING = 2;
const CLOSED = 3;
const COUNTERS = 4;
const VERDICTS_AT = COUNTERS * Int32Array.BYTES_PER_ELEMENT;
const SLOTS_AT = VERDICTS_AT + SLOTS;

export const sharedRingMemory = (): SharedArrayBuffer => new SharedArrayBuffer(SLOTS_AT + SLOTS * SLOT_BYTES);

const counters = (memory: SharedArrayBuffer): Int32Array => new Int32Array(memory, 0, COUNTERS);
const verdicts = (memory: SharedArrayBuffer): Uint8Array => new Uint8Array(memory, VERDICTS_AT, SLOTS);
const next = (count: number, by = 1): number => (count + by) | 0;
const slotOf = (count: number): number => (count >>> 0) % SLOTS;

/** The side that has signatures to check. */
export class SharedRingBuffer {
  readonly #counters: Int32Array;
  readonly #verdicts: Uint8Array;
  readonly #slots: Uint8Array;
  #asked = 0;
  #taken = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#counters = counters(memory);
    this.#verdicts = verdicts(memory);
    this.#slots = new Uint8Array(memory, SLOTS_AT);
  }

  /** False if it doesn't fit: no free slot, or sizes that no presentation has. Doesn't wake a sleeping worker. */
  ask({ publicKey, message, signature }: SignatureToCheck): boolean {
    if (next(this.#asked, -this.#taken) === SLOTS || !fits(publicKey, message, signature)) return false;
    const at = slotOf(this.#asked) * SLOT_BYTES;
    this.#slots[at] = message.length;
    this.#slots.set(publicKey, at + KEY_AT);
    this.#slots.set(signature, at + SIGNATURE_AT);
    this.#slots.set(message, at + MESSAGE_AT);
    this.#asked = next(this.#asked);
    Atomics.store(this.#counters, ASKED, this.#asked);
    return true;
  }

  wake(): void {
    if (Atomics.load(this.#counters, SLEEPING) === 1) Atomics.notify(this.#counters, ASKED);
  }

  /** The next answer, in the order of the questions; undefined if there is none yet. */
  nextAnswer(): boolean | undefined {
    if (this.#taken === this.#asked || this.#taken === Atomics.load(this.#counters, ANSWERED)) return undefined;
    const holds = this.#verdicts[slotOf(this.#taken)] === 1;
    this.#taken = next(this.#taken);
    return holds;
  }

  /** Ends the worker's side, even if it sleeps. */
  close(): void {
    Atomics.store(this.#counters, CLOSED, 1);
    // It may be about to fall asleep: changing the value prevents that.
    Atomics.add(this.#counters, ASKED, 1);
    Atomics.notify(this.#counters, ASKED);
  }
}

const fits = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  publicKey.length === PUBLIC_KEY_BYTES && signature.length === SIGNATURE_BYTES && message.length <= MESSAGE_BYTES;

/** Some 1.5 ms of work: the longest that a finished answer waits for its notification. */
const TOLD_AT_ONCE = 16;

/** The worker's main loop: answers until the ring is closed. `tell` notifies that answers are ready. */
export function serveRingBuffer(
  memory: SharedArrayBuffer,
  holds: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean,
  tell: () => void,
): void {
  const numbers = counters(memory);
  const said = verdicts(memory);
  const slots = new Uint8Array(memory, SLOTS_AT);
  // A copy, because OpenSSL needs memory that no other thread can modify.
  const slot = new Uint8Array(SLOT_BYTES);
  let answered = 0;
  let told = 0;
  const tellAll = (): void => {
    if (told === answered) return;
    told = answered;
    tell();
  };
  while (Atomics.load(numbers, CLOSED) === 0) {
    const asked = Atomics.load(numbers, ASKED);
    if (asked === answered) {
      tellAll();
      Atomics.store(numbers, SLEEPING, 1);
      // Returns at once if another signature has arrived.
      Atomics.wait(numbers, ASKED, asked);
      Atomics.store(numbers, SLEEPING, 0);
      continue;
    }
    const at = slotOf(answered);
    slot.set(slots.subarray(at * SLOT_BYTES, (at + 1) * SLOT_BYTES));
    const message = slot.subarray(MESSAGE_AT, MESSAGE_AT + (slot[0] ?? 0));
    said[at] = holds(slot.subarray(KEY_AT, SIGNATURE_AT), message, slot.subarray(SIGNATURE_AT, MESSAGE_AT)) ? 1 : 0;
    answered = next(answered);
    Atomics.store(numbers, ANSWERED, answered);
    if (next(answered, -told) >= TOLD_AT_ONCE) tellAll();
  }
}
