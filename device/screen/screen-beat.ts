/** How the screen knows that the agent lives. */

/** A beat so often: two may get lost in a busy browser before the page takes the agent for dead. */
export const BEAT_MS = 5_000;
/** Without one for so long the page covers itself: a cashier hands goods over within seconds of reading "paid". */
export const SILENT_MS = 12_000;
/** A lost connection is tried again after this, and then after twice as long each time … */
export const RECONNECT_MS = 500;
/** … up to this, so that a screen is back within seconds of the agent. */
export const RECONNECT_CAP_MS = 4_000;

export const SCREEN_TIMES = { silentMs: SILENT_MS, reconnectMs: RECONNECT_MS, reconnectCapMs: RECONNECT_CAP_MS };
