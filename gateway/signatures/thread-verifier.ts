/**
 * Verifies presentations on a worker thread, because a signature takes some 80 µs, as much as all other work of a sale on
 * the main thread.
 *
 * A lone signature is checked at once on the main thread: the round trip to the worker takes as long as the check, and
 * nobody else is waiting.
 *
 * libuv's threads are no alternative, because SQLite uses them too. A commit had to wait behind signatures, shared the
 * cores with three threads that checked more of them, and every signature woke a thread.
 */
import {
  decodeGrant,
  type PresentationTrust,
  SIGNATURE_BYTES,
  type SignatureToCheck,
  signatureHolds,
} from '#protocol/codes/presentation.js';
import { es256Verifier } from '#protocol/node/crypto.js';
import { createPresentationChecker } from '../core/presentation-checker.js';
import type { PresentationJob, Verdict, Verifier } from '../ports/verifier.js';
import { SignatureWorker } from './signature-worker.js';

/** Number of holders whose keys are cached (importing one takes 100 µs): some 2 KiB each, 80 MiB at most. */
const CACHED_KEYS = 40_000;
/**
 * A signature that arrives this long after the last answer finds a core free. One counter alone sends its next after a
 * millisecond.
 */
const ALONE_MS = 0.5;

/** `program`: the thread's, for tests of its death. */
export function threadVerifier(trust: PresentationTrust, program?: URL): Verifier {
  const verifier = es256Verifier(CACHED_KEYS);
  const checker = createPresentationChecker({ ...trust, verifier });
  const checkHere = (signature: SignatureToCheck): boolean => signatureHolds(signature, verifier);
  const lane = new SignatureWorker({ cachedKeys: CACHED_KEYS, checkHere, program });
  let lastAt = Number.NEGATIVE_INFINITY;

  function isAlone(): boolean {
    const now = performance.now();
    const isFirst = now - lastAt >= ALONE_MS;
    lastAt = now;
    return isFirst && lane.isIdle;
  }

  function checkAlone(job: PresentationJob): Verdict {
    const verdict = checker.check(job);
    lastAt = performance.now();
    return verdict;
  }

  function checkInThread(from: string, job: PresentationJob, done: (verdict: Verdict) => void): void {
    const begun = checker.begin(job);
    if ('ok' in begun) {
      done(begun);
      return;
    }
    let left = begun.signatures.length;
    let allHold = true;
    for (const signature of begun.signatures) {
      lane.check(from, signature, (holds) => {
        allHold &&= holds;
        left -= 1;
        if (left === 0) done(begun.end(allHold));
      });
    }
  }

  return {
    verify(from, jobs, done) {
      const [first] = jobs;
      if (first === undefined) return done([]);
      if (jobs.length === 1 && isAlone()) return done([checkAlone(first)]);
      const verdicts: Verdict[] = [];
      let left = jobs.length;
      for (const [at, job] of jobs.entries()) {
        checkInThread(from, job, (verdict) => {
          verdicts[at] = verdict;
          left -= 1;
          if (left === 0) done(verdicts);
        });
      }
    },
    issued(grant) {
      checker.issued(grant);
      const read = decodeGrant(grant);
      if (!read.ok) return;
      // A signature that can't be valid and is cheap to refuse: it leaves the holder's key imported.
      const cannotHold = { publicKey: read.value.holderKey, message: NOTHING, signature: NO_SIGNATURE };
      lane.rehearse(cannotHold);
      // While few arrive, they are checked here.
      if (!lane.hasThread) checkHere(cannotHold);
    },
    close: (done) => lane.close(done),
  };
}

const NOTHING = new Uint8Array();
const NO_SIGNATURE = new Uint8Array(SIGNATURE_BYTES);
