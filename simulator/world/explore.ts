/** Many seeds, on every core there is: each is a world of its own, so nothing has to be shared. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { MUTANTS } from './mutants/index.js';
import { PROFILES, type ProfileName } from './profiles.js';
import { runSeed, type SeedReport } from './run-seed.js';

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
  readonly workers?: number;
}

/** Without a profile of its own, a seed has this one: all of them get their share. */
export const profileOf = (seed: number): ProfileName => PROFILES[seed % PROFILES.length] ?? 'rough';

export function runJob({ seed, profile, mutant }: Job): SeedReport {
  const found = mutant === undefined ? undefined : MUTANTS.find(({ id }) => id === mutant);
  return runSeed(seed, profile, found === undefined ? {} : { sabotage: found.sabotage() });
}

/** A world makes small things by the million and forgets them: with more room for the young ones fewer are copied. */
export const YOUNG_MB = 96;

/** Sources run in one thread (there is no built worker beside them); what is built runs on all cores. */
const WORKER = new URL('./explore-worker.js', import.meta.url);

export async function explore(exploration: Exploration): Promise<void> {
  const count = Math.max(1, exploration.workers ?? availableParallelism());
  if (count === 1 || !existsSync(fileURLToPath(WORKER))) {
    for (let job = exploration.next(); job !== undefined; job = exploration.next()) {
      exploration.seen(job, runJob(job));
      // A signal, or the progress bar, gets its turn between two worlds.
      await new Promise((turn) => setImmediate(turn));
    }
    return;
  }
  await Promise.all(Array.from({ length: count }, () => inThread(exploration)));
}

function inThread(exploration: Exploration): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
    let job: Job | undefined;
    const feed = (): void => {
      job = exploration.next();
      if (job === undefined) void worker.terminate().then(() => resolve());
      else worker.postMessage(job);
    };
    worker.on('message', (report: SeedReport) => {
      if (job !== undefined) exploration.seen(job, report);
      feed();
    });
    worker.on('error', reject);
    feed();
  });
}
