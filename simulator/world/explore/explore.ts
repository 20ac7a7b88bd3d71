/** Many seeds, on every core there is: each is a world of its own, so nothing has to be shared. */
import { memoryFolder, temporaryFolder } from '../../processes/at-the-end.js';
import { MUTANTS } from '../mutants/index.js';
import { PROFILES, type ProfileName } from '../profiles.js';
import { runSeedOn, type SeedReport, type StoreName, storeOf } from '../run-seed.js';
import { onThreads } from './threads.js';

export interface Job {
  readonly seed: number;
  readonly profile: ProfileName;
  /** Left out: as the seed says, and in memory where the product is broken on purpose. */
  readonly store?: StoreName | undefined;
  /** Where a stored ledger may lie; left out: in a temporary folder. */
  readonly folder?: string;
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

export function runJob({ seed, profile, store, folder, mutant }: Job): Promise<SeedReport> {
  const found = mutant === undefined ? undefined : MUTANTS.find(({ id }) => id === mutant);
  if (found === undefined) return runSeedOn(store ?? storeOf(seed), seed, profile, { folder });
  return runSeedOn(found.store ?? 'memory', seed, profile, { folder, sabotage: found.sabotage() });
}

export async function explore({ next, seen, workers }: Exploration): Promise<void> {
  // A thread that is ended cleans nothing up: what all of them make lies in one folder of this process.
  const folder = temporaryFolder('codeplate-worlds-', memoryFolder());
  try {
    await onThreads<Job, SeedReport>({
      program: new URL('./explore-worker.js', import.meta.url),
      here: runJob,
      next() {
        const job = next();
        return job === undefined ? undefined : { ...job, folder: folder.path };
      },
      seen,
      workers,
    });
  } finally {
    folder.remove();
  }
}
