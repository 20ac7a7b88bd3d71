/**
 * Checks presentations one by one, in two steps, so that whoever has other threads can have the signatures checked there. A grant that the gateway has issued itself is known again by its bytes, which saves one
 * of the two signatures; it is remembered when it is issued and whenever its signature has held.
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

/** Some 300 bytes each with what holds them; more than the holders of a district, and 15 MiB at the very most. */
const REMEMBERED_GRANTS = 50_000;

export interface PresentationChecker {
  /** Everything but the signatures: a verdict where they don't matter any more. */
  begin(job: PresentationJob): Verdict | SignaturesLeft;
  /** All of it, here and now. */
  check(job: PresentationJob): Verdict;
  issued(grant: Uint8Array): void;
}

/** What is still to be checked, and what follows from it. */
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
    // `every` takes as long as all else that is known of a code without its signatures.
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
 * The last bytes of the issuer's signature, which are as good as random. Of two grants that have them in common the newer is
 * remembered, and the other's signature checked each time: of 50,000 one in three gateways has such a pair.
 */
const markOf = (grant: Uint8Array): number =>
  new DataView(grant.buffer, grant.byteOffset + grant.byteLength - MARK_BYTES).getUint32(0);
const MARK_BYTES = 4;

const refused = (reason: PresentationRefusal): Verdict => ({ ok: false, reason });
