/** The proof that a claim comes from the person whose numbers it names. One implementation per kind of proof. */
import type { Identifier } from '#protocol/campaign/schema.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { Claim } from '#protocol/messages/claim-request.js';

export interface ClaimToProve {
  readonly claim: Claim;
  /**
   * Fingerprint of the signed bytes: a retry of the very same claim is accepted again, because the answer may have been
   * lost.
   */
  readonly fingerprint: string;
  readonly now: WallMs;
}

export interface IdentityProofs {
  /**
   * The identifiers proved to be this person's; empty: the claim isn't proved. Only these may exclude anybody else, because
   * the rest is a mere assertion.
   */
  prove(asked: ClaimToProve): readonly Identifier[];
}
