/**
 * How much the log may say of what goes wrong. The log stands on the same disk as the ledger or the journal: a stranger who
 * sends nonsense as fast as a line carries it must not fill that disk. Lines beyond the budget are counted, and the next
 * line that is written says how many they were.
 */
import type { Millis } from './kernel/time.js';

const WINDOW_MS = 60_000;
/** Of one kind from one source: enough to see what it is. */
const LINES_OF_ONE = 10;
/** Of all: some 100 MB in a day of nothing but trouble. Also the most names that are remembered. */
const LINES_OF_ALL = 300;

export interface LogBudget {
  /**
   * undefined: not to be written. Otherwise how many were not written since the last that was. `source`: a device, a port, an
   * address. `now`: of whatever clock, but always the same one.
   */
  spend(code: string, source: string | undefined, now: Millis): number | undefined;
}

export function logBudget({ ofOne: linesOfOne = LINES_OF_ONE, ofAll: linesOfAll = LINES_OF_ALL } = {}): LogBudget {
  let began = Number.NEGATIVE_INFINITY;
  let written = 0;
  let unwritten = 0;
  const ofOne = new Map<string, number>();
  return {
    spend(code, source, now) {
      // A clock that was set back must not keep the log silent until it has caught up.
      if (now - began >= WINDOW_MS || now < began) {
        began = now;
        written = 0;
        ofOne.clear();
      }
      const name = `${code} ${source ?? ''}`;
      const lines = ofOne.get(name) ?? 0;
      if (lines >= linesOfOne || written >= linesOfAll) {
        unwritten += 1;
        return undefined;
      }
      ofOne.set(name, lines + 1);
      written += 1;
      const leftOut = unwritten;
      unwritten = 0;
      return leftOut;
    },
  };
}
