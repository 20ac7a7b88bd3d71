/** How a claim shows that it is made by the person whose numbers it names. One implementation for each way. */
import type { Identifier } from '#protocol/campaign/schema.js';
import type { WallMs } from '#protocol/kernel/time.js';
import type { Claim } from '#protocol/messages/claim-request.js';

export interface ClaimToProve {
  readonly claim: Claim;
  /** Of the signed bytes: the very same claim, sent again because its answer was lost, is proved again. */
  readonly fingerprint: string;
  readonly now: WallMs;
}

export interface IdentityProofs {
  /**
   * The identifiers that are shown to be this person's; none: the claim isn't proved. Only these may keep anybody else from
   * claiming, since the rest is a mere assertion.
   */
  prove(asked: ClaimToProve): readonly Identifier[];
}
