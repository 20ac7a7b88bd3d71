/**
 * Signatures on their way to the thread that checks them, in memory that both threads share: a ring of slots, filled in
 * order by the one and answered in order by the other. Handing one over is a copy of some 250 bytes; a message between
 * threads costs as much as a quarter of the check itself, and so would waking a thread for each.
 */
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES, type SignatureToCheck } from '#protocol/codes/presentation.js';

/** More than a batch's worth; what finds the ring full waits at the asker's. */
const SLOTS = 1_024;
const SLOT_BYTES = 256;
/** In a slot: the message's length, the key (compressed SEC1), the signature (P1363), the message. */
const KEY_AT = 1;
const SIGNATURE_AT = KEY_AT + PUBLIC_KEY_BYTES;
const MESSAGE_AT = SIGNATURE_AT + SIGNATURE_BYTES;
const MESSAGE_BYTES = SLOT_BYTES - MESSAGE_AT;

/** Counters at the memory's beginning. What is asked and answered only rises, and wraps around as `Int32` does. */
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

  /**
   * False where it does not fit: no room just now, or not of the sizes that a presentation has. An other side that sleeps
   * goes on sleeping until it is woken.
   */
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

  /** The next answer, in the order of the questions; undefined where there is none yet. */
  nextAnswer(): boolean | undefined {
    if (this.#taken === this.#asked || this.#taken === Atomics.load(this.#counters, ANSWERED)) return undefined;
    const holds = this.#verdicts[slotOf(this.#taken)] === 1;
    this.#taken = next(this.#taken);
    return holds;
  }

  /** The other side ends, also where it sleeps. */
  close(): void {
    Atomics.store(this.#counters, CLOSED, 1);
    // It may be about to fall asleep: what it sleeps on has changed then.
    Atomics.add(this.#counters, ASKED, 1);
    Atomics.notify(this.#counters, ASKED);
  }
}

const fits = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  publicKey.length === PUBLIC_KEY_BYTES && signature.length === SIGNATURE_BYTES && message.length <= MESSAGE_BYTES;

/** Some 1.5 ms of work: an answer that is there waits no longer than that for the word that it is. */
const TOLD_AT_ONCE = 16;

/** The other side's whole life: answers until the ring is closed. `tell` says that there are answers to take. */
export function serveRingBuffer(
  memory: SharedArrayBuffer,
  holds: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean,
  tell: () => void,
): void {
  const numbers = counters(memory);
  const said = verdicts(memory);
  const slots = new Uint8Array(memory, SLOTS_AT);
  // OpenSSL is given memory that nobody else can write to meanwhile.
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
      // Returns at once where another one came in between.
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
