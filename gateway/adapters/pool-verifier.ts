/**
 * Checks presentations on libuv's threads: a signature takes some 100 µs, four times all else that a sale costs the main
 * thread. One that comes alone is checked at once, on the main thread: the way to another thread and back takes as long as
 * the signature, and nobody else is waiting.
 *
 * These threads are SQLite's too, so only some signatures are handed over at a time: a commit waits behind them for a
 * millisecond or two, never behind all that have arrived.
 */
import type { PresentationTrust, SignatureToCheck } from '#protocol/codes/presentation.js';
import { es256Verifier } from '#protocol/node-crypto.js';
import { createPresentationChecker } from '../core/presentations.js';
import type { PresentationJob, Verdict, Verifier } from '../ports/verifier.js';

/** As much as libuv's four threads do while the main thread works through one batch's replies. */
const MAX_IN_POOL = 32;
/** Holders whose keys are kept ready (importing one takes 130 µs): some 2 KiB each, 80 MiB at the very most. */
const CACHED_KEYS = 40_000;

/** What was handed over leaves the list so many at a time: taking the first off a long array moves all the others. */
const FORGET_AT_ONCE = 1_024;

interface Waiting {
  readonly signature: SignatureToCheck;
  readonly done: (holds: boolean) => void;
}

export function poolVerifier(trust: PresentationTrust): Verifier {
  const verifier = es256Verifier(CACHED_KEYS);
  const checker = createPresentationChecker({ ...trust, verifier });
  const waiting: Waiting[] = [];
  /** Of `waiting`: what stands before it is in the pool or done. */
  let next = 0;
  let inPool = 0;
  let isTurnTaken = false;

  function checkHere(job: PresentationJob): Verdict {
    isTurnTaken = true;
    setImmediate(() => {
      isTurnTaken = false;
    });
    return checker.check(job);
  }

  function checkInPool(job: PresentationJob, done: (verdict: Verdict) => void): void {
    const begun = checker.begin(job);
    if ('ok' in begun) {
      done(begun);
      return;
    }
    let left = begun.signatures.length;
    let allHold = true;
    for (const signature of begun.signatures) {
      waiting.push({
        signature,
        done(holds) {
          allHold &&= holds;
          left -= 1;
          if (left === 0) done(begun.end(allHold));
        },
      });
    }
    flush();
  }

  function flush(): void {
    while (inPool < MAX_IN_POOL) {
      const one = waiting[next];
      if (one === undefined) break;
      next += 1;
      inPool += 1;
      const { publicKey, message, signature } = one.signature;
      verifier.verifyInPool(publicKey, message, signature, (holds) => {
        inPool -= 1;
        one.done(holds);
        flush();
      });
    }
    if (next === waiting.length || next >= FORGET_AT_ONCE) {
      waiting.splice(0, next);
      next = 0;
    }
  }

  return {
    verify(jobs, done) {
      const [first] = jobs;
      if (first === undefined) return done([]);
      if (jobs.length === 1 && inPool === 0 && !isTurnTaken) return done([checkHere(first)]);
      const verdicts: Verdict[] = [];
      let left = jobs.length;
      for (const [at, job] of jobs.entries()) {
        checkInPool(job, (verdict) => {
          verdicts[at] = verdict;
          left -= 1;
          if (left === 0) done(verdicts);
        });
      }
    },
    issued: checker.issued,
    close(done) {
      waiting.length = 0;
      done();
    },
  };
}
