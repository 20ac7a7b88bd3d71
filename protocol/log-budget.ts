/**
 * Limits how many lines of trouble the log may write.
 *
 * The log shares a disk with the ledger or the journal: a flood of invalid input must not fill that disk. Suppressed lines
 * are counted, and the next written line carries the count.
 */
import type { Millis } from './kernel/time.js';

const WINDOW_MS = 60_000;
/** Per kind and source: enough to recognise the trouble. */
const LINES_OF_ONE = 10;
/** In total: some 100 MB in a day of constant trouble. Also the limit of names remembered. */
const LINES_OF_ALL = 300;

export interface LogBudget {
  /**
   * Returns undefined if the line must be suppressed, otherwise the number suppressed since the last one. `source`: a
   * device, a port, an address. `now`: any clock, but always the same one.
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
