/** Every wait and count of a CRP/1 conversation, with its reason. */
import type { Millis } from '#protocol/kernel/time.js';

/** The protocol's own speed. */
export const BAUD_RATE = 115_200;
/** T1 of the protocol: an acknowledgement is there within this, or lost. */
export const ACK_MS = 500;
/** T1 at 9600 Bd, where the longest line and its acknowledgement are half a second on the way. Slower still, longer still. */
const SLOW = { baudRate: 9_600, ackMs: 2_000 } as const;
export const ackMs = (baudRate: number): Millis => Math.max(ACK_MS, Math.ceil((SLOW.ackMs * SLOW.baudRate) / baudRate));
/** The protocol's count, the first one included. */
export const TRANSMISSIONS = 3;
/** Between two rounds of greeting. Short, so that a reader that comes back is noticed within one `ask` of the sale. */
export const GREET_PAUSE_MS = 1_000;
/** From an acknowledged STAT to its result. Under the 2 s at which the sale asks again, so that each ask gets its own answer. */
export const STAT_ANSWER_MS = 1_000;
/** The reader may take this long past the customer's own time limit (protocol, host rules). */
export const RESULT_GRACE_MS = 15_000;
/** A cardholder may take a minute, a cashier in doubt takes ten seconds: the reader is asked whether it still has the charge. */
export const LOOK_EVERY_MS = 10_000;
/** A void has no time limit of its own on the line; a minute is what the reader's host connection may take. */
export const VOID_MS = 60_000;
/** Commands that wait for their turn: a charge or void, a cancel, and the asks for a few sales in a person's hands. */
export const MAX_QUEUE = 8;
/** As many as a reader must store (protocol: slots >= 16). Beyond, it can't repeat the result either. */
export const MAX_KNOWN = 16;
