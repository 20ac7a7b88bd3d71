/**
 * How the gateway stops: its parts in order, each within its time. A service manager kills after some seconds whatever still
 * runs; a part that hangs must not cost those behind it their own orderly end, the ledger least of all.
 */
import type { Millis } from '#protocol/kernel/time.js';
import type { Clock } from '../ports/clock.js';

export interface ClosingStep {
  /** For the log. */
  readonly name: string;
  /** Then the next one begins, and this one is left behind. */
  readonly withinMs: Millis;
  close(): Promise<void>;
}

/** The names of those that did not end in time, or failed. */
export async function closeInOrder(steps: readonly ClosingStep[], clock: Clock): Promise<readonly string[]> {
  const unfinished: string[] = [];
  for (const step of steps) if (!(await ends(step, clock))) unfinished.push(step.name);
  return unfinished;
}

const ends = ({ withinMs, close }: ClosingStep, clock: Clock): Promise<boolean> =>
  new Promise((resolve) => {
    const cancel = clock.wakeAfter(withinMs, () => resolve(false));
    const end = (isWell: boolean): void => {
      cancel();
      resolve(isWell);
    };
    close().then(
      () => end(true),
      () => end(false),
    );
  });
