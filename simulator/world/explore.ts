/** Many seeds, on every core there is: each is a world of its own, so nothing has to be shared. */
import { MUTANTS } from './mutants/index.js';
import { PROFILES, type ProfileName } from './profiles.js';
import { runSeed, type SeedReport } from './run-seed.js';
import { onThreads } from './threads.js';

export interface Job {
  readonly seed: number;
  readonly profile: ProfileName;
  /** Breaks the product this way first. */
  readonly mutant?: string;
}

export interface Exploration {
  /** Called until it gives none: what to look at next. */
  next(): Job | undefined;
  seen(job: Job, report: SeedReport): void;
  /** At most so many at a time. */
  readonly workers?: number | undefined;
}

/** Without a profile of its own, a seed has this one: all of them get their share. Where counters lie is looked at apart. */
export const profileOf = (seed: number): ProfileName => IN_TURN[seed % IN_TURN.length] ?? 'rough';
const IN_TURN = PROFILES.filter((profile) => profile !== 'dishonest');

export function runJob({ seed, profile, mutant }: Job): SeedReport {
  const found = mutant === undefined ? undefined : MUTANTS.find(({ id }) => id === mutant);
  return runSeed(seed, profile, found === undefined ? {} : { sabotage: found.sabotage() });
}

export const explore = ({ next, seen, workers }: Exploration): Promise<void> =>
  onThreads({ program: new URL('./explore-worker.js', import.meta.url), here: runJob, next, seen, workers });
