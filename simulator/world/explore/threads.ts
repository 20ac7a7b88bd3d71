/** Worlds on every core there is: each is a world of its own, so nothing has to be shared. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

/** A world makes small things by the million and forgets them: with more room for the young ones fewer are copied. */
export const YOUNG_MB = 96;

export interface Work<Job, Report> {
  /** The threads' program: a job comes in, its report goes out. */
  readonly program: URL;
  /** Does the same in this thread: sources have no built program beside them. */
  readonly here: (job: Job) => Report | Promise<Report>;
  /** Called until it gives none. */
  readonly next: () => Job | undefined;
  readonly seen: (job: Job, report: Report) => void;
  /** At most so many at a time. */
  readonly workers?: number | undefined;
}

export async function onThreads<Job, Report>(work: Work<Job, Report>): Promise<void> {
  const { program, here, next, seen } = work;
  const count = Math.max(1, work.workers ?? availableParallelism());
  if (count === 1 || !existsSync(fileURLToPath(program))) {
    for (let job = next(); job !== undefined; job = next()) {
      seen(job, await here(job));
      // A signal, or the progress bar, gets its turn between two worlds.
      await new Promise((turn) => setImmediate(turn));
    }
    return;
  }
  await Promise.all(Array.from({ length: count }, () => inThread(work)));
}

function inThread<Job, Report>({ program, next, seen }: Work<Job, Report>): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(program, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
    let job: Job | undefined;
    const feed = (): void => {
      job = next();
      if (job === undefined) void worker.terminate().then(() => resolve());
      else worker.postMessage(job);
    };
    worker.on('message', (report: Report) => {
      if (job !== undefined) seen(job, report);
      feed();
    });
    worker.on('error', reject);
    feed();
  });
}
