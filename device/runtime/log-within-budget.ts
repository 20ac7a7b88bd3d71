/**
 * Rate-limits the counter's log, which shares a card with the journal.
 *
 * Strangers cause many of its lines: a web page that calls the till's server, a scanner held over a shelf, a noisy port, a
 * gateway that sends invalid messages. One place limits them all, so that no new line has to remember it.
 */

import type { Millis } from '#protocol/kernel/time.js';
import { logBudget } from '#protocol/log-budget.js';
import type { Log } from '../ports/log.js';

/** Routine lines such as SALE and SCANNED: more than two a second of one kind is faster than a cashier. */
const USUAL = { ofOne: 120, ofAll: 600 };

/** `now`: a monotonic clock. The next written line carries the number of suppressed ones as `unwritten`. */
export function withinBudget(log: Log, now: () => Millis): Log {
  const [usual, troubles] = [logBudget(USUAL), logBudget()];
  return (level, code, fields) => {
    // An operator has asked for everything.
    if (level === 'debug') return log(level, code, fields);
    const { port, from }: { port?: unknown; from?: unknown } = fields ?? {};
    const source = port ?? from;
    const unwritten = (level === 'info' ? usual : troubles).spend(code, String(source ?? ''), now());
    if (unwritten !== undefined) log(level, code, unwritten === 0 ? fields : { ...fields, unwritten });
  };
}
