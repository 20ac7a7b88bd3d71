/** Every wait and count of a CRP/1 conversation, with its reason. */
import type { Millis } from '#protocol/kernel/time.js';

/** The protocol's default speed. */
export const BAUD_RATE = 115_200;
/** T1 of the protocol: an acknowledgement arrives within this time, or is lost. */
export const ACK_MS = 500;
/** T1 at 9600 Bd, where the longest line and its acknowledgement take half a second. Slower lines get more. */
const SLOW = { baudRate: 9_600, ackMs: 2_000 } as const;
export const ackMs = (baudRate: number): Millis => Math.max(ACK_MS, Math.ceil((SLOW.ackMs * SLOW.baudRate) / baudRate));
/** The protocol's count, including the first transmission. */
export const TRANSMISSIONS = 3;
/** Pause between two rounds of greeting: short, so that a returning reader is noticed within one `ask` of the sale. */
export const GREET_PAUSE_MS = 1_000;
/**
 * From an acknowledged STAT to its result. Under the 2 s at which the sale asks again, so that each ask gets its own
 * answer.
 */
export const STAT_ANSWER_MS = 1_000;
/** The reader's allowed overrun of the customer's time limit (protocol, host rules). */
export const RESULT_GRACE_MS = 15_000;
/**
 * A cardholder may take a minute, and a worried cashier ten seconds: the reader is probed whether it still has the charge.
 */
export const LOOK_EVERY_MS = 10_000;
/** A void has no time limit on the line; the reader's host connection may take a minute. */
export const VOID_MS = 60_000;
/** Queued commands: a charge or void, a cancel, and the queries of a few sales with an unknown outcome. */
export const MAX_QUEUE = 8;
/** The number of results that a reader must store (protocol: slots >= 16). It can't repeat older ones either. */
export const MAX_KNOWN = 16;
