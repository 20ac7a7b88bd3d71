/** Every timeout and limit of the counter's decisions, each with its reason. Milliseconds unless named otherwise. */

/** A cashier notices a pause of some three seconds; a gateway that is up answers in milliseconds. */
export const AUTHORISE_TIMEOUT_MS = 3_000;

/** The cardholder's time at the reader (CRP/1 allows 15 to 180 s): a person looking for a card needs a minute. */
export const READER_TIMEOUT_S = 60;
/** The reader's answer may arrive this long after its own timeout: online authorisation plus three retransmissions. */
export const READER_GRACE_MS = 15_000;
/** From the charge command to the moment at which the reader has answered or is queried. */
export const CHARGE_WORST_MS = READER_TIMEOUT_S * 1_000 + READER_GRACE_MS;

/** Query interval for a silent reader … */
export const ASK_EVERY_MS = 2_000;
/** … and the total time, across reopened ports, before the sale becomes `unknown`. */
export const ASK_FOR_MS = 60_000;

/**
 * Limit for a reader that reports "still running": it gives the customer at most 180 s itself, and its host a minute. After
 * that the sale becomes `unknown`, and the counter is free.
 */
export const RUNNING_FOR_MS = 5 * 60_000;

/** A forgotten open sale frees the counter: longer than any customer looks for a phone. */
export const OPENED_IDLE_MS = 10 * 60_000;

/** Lifetime of a code shown before the amount: a cashier keys in an amount in seconds, and then the next customer comes. */
export const CODE_HELD_MS = 30_000;

/** Settled sales kept in memory for the till's repeats, refunds and reprints: weeks of a busy shop, some 10 MB. */
export const SALES_REMEMBERED = 20_000;

/** A later announcement would confuse the next customer. */
export const ANNOUNCEMENT_STALE_MS = 15_000;

/**
 * After a power cut this many unprinted receipts are reprinted automatically (the customer is still there); if there are
 * more, a person must request them.
 */
export const REPRINTS_UNASKED_AT_BOOT = 3;

/** Batching delay for records without urgency (an opened sale, a printed receipt). */
export const OUTBOX_LINGER_MS = 2_000;
/** The largest upload, in records; the journal also stops at some 48 KiB of bodies, under MQTT's 64 KiB. */
export const OUTBOX_BATCH_RECORDS = 500;
/**
 * Uploads in flight: the gateway finds the next one when it has decided the last. More would only delay a customer's
 * request on a slow line: two take 2 s at 384 kbit/s, and the request waits 3.
 */
export const OUTBOX_WINDOW_BATCHES = 2;

/** Time limit for CONNECT and CONNACK: a mobile network at its worst. */
export const CONNECT_TIMEOUT_MS = 15_000;
/** Every request to the gateway is answered within this time; otherwise the connection counts as dead and is rebuilt. */
export const ANSWER_TIMEOUT_MS = 10_000;
/** The gateway's heartbeat comes every minute: after two missed ones the connection is dead, whatever TCP reports. */
export const SILENCE_MS = 150_000;
/** Full-jitter back-off: uniform in 0..min(cap, base * 2^attempt), so that a street of counters doesn't reconnect in step. */
export const RECONNECT_BASE_MS = 500;
export const RECONNECT_CAP_MS = 30_000;

/** Shortest interval between two writes of the time anchor, however often the uplink reconnects, because a card wears out. */
export const KEEP_TIME_EVERY_MS = 10 * 60_000;

/**
 * Interval of new time anchors on a connection that stays up for weeks: otherwise drift would make the time useless when it
 * finally drops.
 */
export const HELLO_EVERY_MS = 60 * 60_000;
