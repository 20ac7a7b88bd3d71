/**
 * The log of a counter, bounded. It stands on the same card as the journal, and strangers cause many of its lines: a web page
 * that asks the till's door, a scanner that is held over a shelf, a port that chatters, a gateway that sends nonsense. One place
 * bounds them all, so that no new line has to remember it.
 */

import type { Millis } from '#protocol/kernel/time.js';
import { logBudget } from '#protocol/log-budget.js';
import type { Log } from '../ports/log.js';

/** Lines of the trade, such as SALE and SCANNED: two a second of one kind is more than a cashier does. */
const USUAL = { ofOne: 120, ofAll: 600 };

/** `now`: a clock that doesn't jump. What was left out stands as `unwritten` in the next line that is written. */
export function withinBudget(log: Log, now: () => Millis): Log {
  const [usual, troubles] = [logBudget(USUAL), logBudget()];
  return (level, code, fields) => {
    // Somebody asked for all of it.
    if (level === 'debug') return log(level, code, fields);
    const { port, from }: { port?: unknown; from?: unknown } = fields ?? {};
    const source = port ?? from;
    const unwritten = (level === 'info' ? usual : troubles).spend(code, String(source ?? ''), now());
    if (unwritten !== undefined) log(level, code, unwritten === 0 ? fields : { ...fields, unwritten });
  };
}
