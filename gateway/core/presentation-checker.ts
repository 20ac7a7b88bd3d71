/**
 * Verifies presentations in two steps, so that a caller can verify the signatures on a worker.
 *
 * A grant that this gateway issued is recognised by its bytes, which saves one of the two signatures. The cache learns a
 * grant when it is issued and whenever its signature has been verified.
 */
import {
  campaignTag,
  checkWithoutSignatures,
  decodePresentation,
  type PresentationRefusal,
  type PresentationTrust,
  type SignatureToCheck,
  signatureHolds,
  signaturesToCheck,
  verifiedPresentation,
} from '#protocol/codes/presentation.js';
import type { Es256Verifier } from '#protocol/kernel/crypto.js';
import type { PresentationJob, Verdict } from '../ports/verifier.js';

/** Some 300 bytes each including overhead; more than the holders of a district, and 15 MiB at most. */
const REMEMBERED_GRANTS = 50_000;

export interface PresentationChecker {
  /** Checks everything but the signatures: a verdict if they no longer matter. */
  begin(job: PresentationJob): Verdict | SignaturesLeft;
  /** The whole check, synchronously. */
  check(job: PresentationJob): Verdict;
  issued(grant: Uint8Array): void;
}

/** The signatures still to verify, and the verdict that follows from them. */
export interface SignaturesLeft {
  readonly signatures: readonly SignatureToCheck[];
  end(allHold: boolean): Verdict;
}

export function createPresentationChecker(
  options: PresentationTrust & { readonly verifier: Es256Verifier },
): PresentationChecker {
  const { campaign, issuerKeys, verifier } = options;
  const known = new Map<number, Uint8Array>();

  function remember(grant: Uint8Array): void {
    const oldest = known.size >= REMEMBERED_GRANTS ? known.keys().next() : undefined;
    if (oldest?.done === false) known.delete(oldest.value);
    known.set(markOf(grant), grant);
  }

  function isKnown(grant: Uint8Array): boolean {
    const same = known.get(markOf(grant));
    if (same === undefined) return false;
    // `every` would take as long as all other checks without signatures.
    for (let at = 0; at < grant.length; at += 1) if (grant[at] !== same[at]) return false;
    return true;
  }

  function begin({ code, at }: PresentationJob): Verdict | SignaturesLeft {
    const read = decodePresentation(code);
    if (!read.ok) return refused(read.fault);
    const decoded = read.value;
    const { grant } = decoded;
    const refusal =
      at === undefined
        ? grant.campaignTag === campaignTag(campaign)
          ? undefined
          : 'other-campaign'
        : checkWithoutSignatures(decoded, campaign, at);
    if (refusal !== undefined) return refused(refusal);
    const ownGrant = isKnown(grant.bytes);
    const checks = signaturesToCheck(decoded, { campaign, issuerKeys, ownGrant });
    if (!checks.ok) return refused(checks.fault);
    return {
      signatures: checks.value,
      end(allHold) {
        if (!allHold) return refused('presentation-forged');
        if (!ownGrant) remember(grant.bytes);
        const { holder, serials, nonce: counter, shownAt } = verifiedPresentation(decoded);
        return { ok: true, holder, serials, nonce: counter, shownAt, expiresAt: grant.expiresAt };
      },
    };
  }

  return {
    begin,
    check(job) {
      const begun = begin(job);
      if ('ok' in begun) return begun;
      return begun.end(begun.signatures.every((signature) => signatureHolds(signature, verifier)));
    },
    issued: remember,
  };
}

/**
 * Cache key: the last bytes of the issuer's signature, which are as good as random. Of two grants with the same bytes the
 * newer stays cached, and the other's signature is verified each time. With 50,000 grants, one gateway in three has such a
 * pair.
 */
const markOf = (grant: Uint8Array): number =>
  new DataView(grant.buffer, grant.byteOffset + grant.byteLength - MARK_BYTES).getUint32(0);
const MARK_BYTES = 4;

const refused = (reason: PresentationRefusal): Verdict => ({ ok: false, reason });
