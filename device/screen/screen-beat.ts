/** Heartbeat between agent and screen, so that the page knows that the agent is alive. */

/** Interval of the heartbeat: a busy browser may lose two before the page considers the agent dead. */
export const BEAT_MS = 5_000;
/** Without a heartbeat for this long the page covers itself: a cashier hands goods over within seconds of reading "paid". */
export const SILENT_MS = 12_000;
/** First wait before a reconnect, doubled each time … */
export const RECONNECT_MS = 500;
/** … up to this, so that a screen returns within seconds of the agent. */
export const RECONNECT_CAP_MS = 4_000;

export const SCREEN_TIMES = { silentMs: SILENT_MS, reconnectMs: RECONNECT_MS, reconnectCapMs: RECONNECT_CAP_MS };
