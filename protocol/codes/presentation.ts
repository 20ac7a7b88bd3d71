/**
 * Verifies a presentation: its issuer's and its phone's signatures, its campaign and its time.
 *
 * `presentation-layout.ts` describes the bytes; this file decides when to believe them.
 */

import type { ReasonCode } from '../faults/reasons.js';
import type { Es256Verifier } from '../kernel/crypto.js';
import type { CampaignId, CouponSerial, HolderId } from '../kernel/ids.js';
import { err, ok, type Result } from '../kernel/result.js';
import type { Interval, Millis, WallMs } from '../kernel/time.js';
import {
  campaignTag,
  type DecodedPresentation,
  decodePresentation,
  grantBytesToSign,
  holderIdOf,
  PUBLIC_KEY_BYTES,
  presentationBytesToSign,
  SIGNATURE_BYTES,
} from './presentation-layout.js';

export * from './presentation-layout.js';
export * from './presentation-sealing.js';

/**
 * How long a code stays fresh: long enough to walk up to the scanner, too short to send a picture of it to a friend at
 * another counter. The phone renews its code well before that.
 */
export const FRESH_MS: Millis = 60_000;
/** Tolerance for a phone's clock ahead of ours. Phones set by their network are within a few seconds. */
export const CLOCK_AHEAD_MS: Millis = 30_000;

/** A presentation whose signatures, campaign and time are verified. */
export interface VerifiedPresentation {
  readonly holder: HolderId;
  readonly serials: readonly CouponSerial[];
  readonly shownAt: WallMs;
  readonly nonce: number;
  readonly decoded: DecodedPresentation;
}

export interface SignatureToCheck {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** The verifier's knowledge of the campaign: its id, and the issuer's public keys by number. */
export interface PresentationTrust {
  readonly campaign: CampaignId;
  readonly issuerKeys: ReadonlyMap<number, Uint8Array>;
}

export type PresentationRefusal = Extract<
  ReasonCode,
  | 'presentation-malformed'
  | 'other-campaign'
  | 'grant-expired'
  | 'presentation-stale'
  | 'phone-clock-ahead'
  | 'no-trusted-time'
  | 'presentation-forged'
>;

/**
 * Checks everything that a code proves by itself. Reasons in order of precedence: malformed, other campaign, expired, time
 * (no trusted time, stale, clock ahead), forged. The caller checks reuse and whether the coupons are still available.
 */
export function checkPresentation(
  options: PresentationTrust & {
    readonly code: string;
    readonly at: Interval;
    readonly verifier: Es256Verifier;
  },
): Result<VerifiedPresentation, PresentationRefusal> {
  const decoded = decodePresentation(options.code);
  if (!decoded.ok) return decoded;
  const refusal = checkWithoutSignatures(decoded.value, options.campaign, options.at);
  if (refusal !== undefined) return err(refusal);
  const checks = signaturesToCheck(decoded.value, options);
  if (!checks.ok) return checks;
  if (!checks.value.every((check) => signatureHolds(check, options.verifier))) return err('presentation-forged');
  return ok(verifiedPresentation(decoded.value));
}

/** The cheap part of `checkPresentation`, for a main thread that verifies signatures on a worker. */
export function checkWithoutSignatures(
  { grant, shownAt }: DecodedPresentation,
  campaign: CampaignId,
  at: Interval,
): PresentationRefusal | undefined {
  if (grant.campaignTag !== campaignTag(campaign)) return 'other-campaign';
  if (at.latest >= grant.expiresAt) return 'grant-expired';
  return checkFreshness(shownAt, at);
}

/** Fresh only if it is fresh at every instant of the interval. */
export function checkFreshness(shownAt: WallMs, at: Interval): PresentationRefusal | undefined {
  // With a clock this uncertain no code could be fresh; don't blame the customer.
  if (at.latest - at.earliest > FRESH_MS + CLOCK_AHEAD_MS) return 'no-trusted-time';
  if (at.latest > shownAt + FRESH_MS) return 'presentation-stale';
  if (at.earliest < shownAt - CLOCK_AHEAD_MS) return 'phone-clock-ahead';
  return undefined;
}

/**
 * The two signatures of a decoded presentation. The holder's comes first because it is new each time; the issuer's repeats
 * with every use of the grant. `ownGrant`: the caller has recognised the grant's bytes as its own issue.
 */
export function signaturesToCheck(
  decoded: DecodedPresentation,
  trust: PresentationTrust & { readonly ownGrant?: boolean },
): Result<readonly SignatureToCheck[], 'presentation-forged'> {
  const { grant } = decoded;
  const holders: SignatureToCheck = {
    publicKey: grant.holderKey,
    message: presentationBytesToSign(grant.bytes, decoded.shownAt, decoded.nonce),
    signature: decoded.signature,
  };
  if (trust.ownGrant === true) return ok([holders]);
  const issuerKey = trust.issuerKeys.get(grant.keyId);
  if (issuerKey === undefined) return err('presentation-forged');
  return ok([
    holders,
    { publicKey: issuerKey, message: grantBytesToSign(trust.campaign, grant), signature: grant.signature },
  ]);
}

/** Every signature of a presentation passes through this function. */
export const signatureHolds = (check: SignatureToCheck, verifier: Es256Verifier): boolean =>
  check.publicKey.length === PUBLIC_KEY_BYTES &&
  check.signature.length === SIGNATURE_BYTES &&
  verifier.verify(check.publicKey, check.message, check.signature);

export const verifiedPresentation = (decoded: DecodedPresentation): VerifiedPresentation => ({
  holder: holderIdOf(decoded.grant.holderKey),
  serials: decoded.grant.serials,
  shownAt: decoded.shownAt,
  nonce: decoded.nonce,
  decoded,
});
