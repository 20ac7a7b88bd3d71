/**
 * Stops the gateway's parts in order, each within its time limit.
 *
 * A service manager kills the process after some seconds. A part that hangs must not cost the parts after it their orderly
 * end, above all the ledger.
 */
import type { Millis } from '#protocol/kernel/time.js';
import type { Clock } from '../ports/clock.js';

export interface ClosingStep {
  /** For the log. */
  readonly name: string;
  /** After this time the next step begins and this one is abandoned. */
  readonly withinMs: Millis;
  close(): Promise<void>;
}

/** The names of the steps that failed or missed their time limit. */
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
