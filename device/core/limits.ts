/** Every timeout and limit of the counter's decisions, each with its reason. Lengths in milliseconds unless named otherwise. */

/** A cashier notices a pause of some three seconds; a gateway that is up answers in milliseconds. */
export const AUTHORISE_TIMEOUT_MS = 3_000;

/** How long the cardholder has at the reader (CRP/1 allows 15 to 180 s): a person looking for a card needs a minute. */
export const READER_TIMEOUT_S = 60;
/** The reader's answer may come this long after its own timeout: online authorisation plus three resends. */
export const READER_GRACE_MS = 15_000;
/** From the charge command to the moment at which the reader has answered or is to be asked. */
export const CHARGE_WORST_MS = READER_TIMEOUT_S * 1_000 + READER_GRACE_MS;

/** A silent reader is asked this often … */
export const ASK_EVERY_MS = 2_000;
/** … for this long, across reopened ports, before a person gets the case. */
export const ASK_FOR_MS = 60_000;

/**
 * A reader that says "still running" is asked on, but no longer than this: it gives the customer 180 s itself at most, and
 * its host a minute. After that a person has the case, and the counter is free.
 */
export const RUNNING_FOR_MS = 5 * 60_000;

/** A sale that was opened and forgotten frees the counter: longer than any customer looks for a phone. */
export const OPENED_IDLE_MS = 10 * 60_000;

/** A code that was shown before the amount counts this long: a cashier keys in an amount in seconds, and the next customer comes. */
export const CODE_HELD_MS = 30_000;

/** Settled sales kept in memory for the till's repeats, refunds and reprints: weeks of a busy shop, some 10 MB. */
export const SALES_REMEMBERED = 20_000;

/** An announcement later than this would puzzle the next customer. */
export const ANNOUNCEMENT_STALE_MS = 15_000;

/** After a power cut this many unprinted receipts are reprinted unasked (the customer is still there); more wait to be asked for. */
export const REPRINTS_UNASKED_AT_BOOT = 3;

/** Nothing urgent in the outbox (an opened sale, a printed receipt) waits this long for company. */
export const OUTBOX_LINGER_MS = 2_000;
/** The largest batch, in records; the journal also stops at some 48 KiB of bodies, under MQTT's 64 KiB. */
export const OUTBOX_BATCH_RECORDS = 500;
/**
 * So many batches may be on their way: the gateway finds the next one there when it has decided the last. More would only lie
 * on a slow line in front of a customer's question: two are 2 s at 384 kbit/s, and the question waits 3.
 */
export const OUTBOX_WINDOW_BATCHES = 2;

/** The line is given this long to carry CONNECT and CONNACK: a mobile network at its worst. */
export const CONNECT_TIMEOUT_MS = 15_000;
/** Every request to the gateway is answered within this, or the connection is thought dead and rebuilt. */
export const ANSWER_TIMEOUT_MS = 10_000;
/** The gateway's beacon comes every minute: two missed and the line is dead, whatever TCP says. */
export const SILENCE_MS = 150_000;
/** Full-jitter back-off: uniform in 0..min(cap, base * 2^attempt), so that a street of counters doesn't come back at once. */
export const RECONNECT_BASE_MS = 500;
export const RECONNECT_CAP_MS = 30_000;

/** The time's anchor is kept on disk this often at most, however often the line comes back: a card wears out. */
export const KEEP_TIME_EVERY_MS = 10 * 60_000;

/** A line that stays up for weeks asks the time anew this often, or drift would make it useless when the line goes at last. */
export const HELLO_EVERY_MS = 60 * 60_000;
