/**
 * Checks presentations on worker threads: a signature takes some 110 µs, four times all else that a sale costs the main
 * thread. Jobs go over in batches, since posting a message costs as much as a quarter of a signature. A holder's jobs
 * always go to the same thread, so that each holder's key is imported (150 µs) and kept once.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { base32 } from '#protocol/codes/bit-text.js';
import { PRESENTATION_PREFIX, type PresentationTrust } from '#protocol/codes/presentation.js';
import type { PresentationJob, Verdict, Verifier } from '../ports/verifier.js';

export interface WorkerSetting extends PresentationTrust {
  readonly cachedKeys: number;
}

export type ToWorker =
  | { readonly kind: 'verify'; readonly jobs: readonly PresentationJob[] }
  | { readonly kind: 'issued'; readonly grant: Uint8Array };
/** The verdicts of one batch. */
export type FromWorker = readonly Verdict[];

/** Some 3 ms of work: longer batches would only hold up the ones in front. */
const MAX_BATCH = 32;
/** The next batch is there when the last one ends. */
const BATCHES_AHEAD = 2;
/** Beyond this more threads don't pay: the main thread is the limit. */
const MAX_THREADS = 8;
/** Holders whose keys are kept ready, over all threads: some 2 KiB each. */
const CACHED_KEYS = 40_000;

/** A thread that dies at once must not keep the machine busy with being born. */
const RESTART_MS = 500;

interface Waiting {
  readonly job: PresentationJob;
  readonly done: (verdict: Verdict) => void;
}

export function startWorkerVerifier(
  trust: PresentationTrust,
  threads: number = Math.min(availableParallelism(), MAX_THREADS),
): Verifier {
  const cachedKeys = Math.ceil(CACHED_KEYS / threads);
  const lanes = Array.from({ length: threads }, () => new Lane({ ...trust, cachedKeys }));
  const laneOf = (key: string): Lane | undefined => lanes[hashOf(key) % lanes.length];
  return {
    verify(jobs, done) {
      const verdicts = new Array<Verdict>(jobs.length).fill(MALFORMED);
      let left = jobs.length;
      for (const [at, job] of jobs.entries()) {
        const take = (verdict: Verdict): void => {
          verdicts[at] = verdict;
          left -= 1;
          if (left === 0) done(verdicts);
        };
        laneOf(job.code)?.push({ job, done: take });
      }
    },
    issued(grant) {
      // A presentation begins with its grant, so this is the thread that the holder's presentations will go to.
      laneOf(PRESENTATION_PREFIX + base32.encode(grant))?.post({ kind: 'issued', grant });
    },
    close(done) {
      Promise.all(lanes.map((lane) => lane.close())).then(
        () => done(),
        () => done(),
      );
    },
  };
}

const MALFORMED: Verdict = { ok: false, reason: 'presentation-malformed' };

/** Built code lies beside this file; the sources, as tests run them, have none that a thread could load. */
const WORKER = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/gateway/adapters/verify-worker.js', import.meta.url)
  : new URL('./verify-worker.js', import.meta.url);

class Lane {
  readonly #setting: WorkerSetting;
  #worker: Worker;
  #isClosing = false;
  #restart: NodeJS.Timeout | undefined;
  #waiting: Waiting[] = [];
  #sent: (readonly Waiting[])[] = [];

  constructor(setting: WorkerSetting) {
    this.#setting = setting;
    this.#worker = this.#start();
  }

  /** Posted together with whatever else arrives in this turn of the event loop. */
  push(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#waiting.length === 1) setImmediate(() => this.#flush());
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#restart);
    await this.#worker.terminate();
  }

  #start(): Worker {
    const worker = new Worker(WORKER, { workerData: this.#setting });
    worker.on('message', (verdicts: FromWorker) => {
      const batch = this.#sent.shift() ?? [];
      for (const [at, { done }] of batch.entries()) done(verdicts[at] ?? MALFORMED);
      this.#flush();
    });
    worker.on('error', () => undefined); // 'exit' follows
    worker.on('exit', () => {
      if (this.#isClosing) return;
      // A thread that died took nothing with it: what it had is asked again of the next one.
      this.#waiting = [...this.#sent.flat(), ...this.#waiting];
      this.#sent = [];
      this.#restart = setTimeout(() => {
        this.#worker = this.#start();
        this.#flush();
      }, RESTART_MS);
    });
    return worker;
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#sent.length < BATCHES_AHEAD) {
      const batch = this.#waiting.slice(0, MAX_BATCH);
      this.#waiting = this.#waiting.slice(batch.length);
      this.#sent.push(batch);
      this.post({ kind: 'verify', jobs: batch.map(({ job }) => job) });
    }
  }
}

/** Characters 14 to 30 of a presentation are 80 bits of the holder's key and of nothing that changes. */
function hashOf(code: string): number {
  let hash = 0;
  for (let at = 14; at < 30; at++) hash = (Math.imul(hash, 31) + code.charCodeAt(at)) | 0;
  return hash >>> 0;
}
