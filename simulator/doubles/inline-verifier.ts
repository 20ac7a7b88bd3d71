/** Checks presentations right here: for simulated worlds and tests, where there is no other thread. */

import { createPresentationChecker } from '#gateway/core/presentation-checker.js';
import type { Verifier } from '#gateway/ports/verifier.js';
import type { PresentationTrust } from '#protocol/codes/presentation.js';
import type { Es256Verifier } from '#protocol/kernel/crypto.js';

export function inlineVerifier(options: PresentationTrust & { readonly verifier: Es256Verifier }): Verifier {
  const checker = createPresentationChecker(options);
  return {
    verify: (_from, jobs, done) => done(jobs.map(checker.check)),
    issued: checker.issued,
    close: (done) => done(),
  };
}
