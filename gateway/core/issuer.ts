/** Signs the gateway's documents: grants for holders, allowances for devices, the campaign's bundle for everybody. */

import { needsOf } from '#protocol/campaign/abilities.js';
import { base64url } from '#protocol/codes/bit-text.js';
import { roundUpExpiry, SERIALS_PER_GRANT, sealGrant } from '#protocol/codes/presentation.js';
import type { Es256Signer } from '#protocol/kernel/crypto.js';
import type { CouponSerial } from '#protocol/kernel/ids.js';
import { type WallMs, wallMs } from '#protocol/kernel/time.js';
import { type Allowance, type SignedAllowance, sealAllowance } from '#protocol/messages/allowance.js';
import { type BundleEnvelope, sealBundle } from '#protocol/messages/bundle.js';
import { signTime, type TimeStatement } from '#protocol/messages/signed-time.js';
import type { Rules } from '../ledger/decide/rules.js';

export interface Issuer {
  readonly issuerKeys: ReadonlyMap<number, Uint8Array>;
  /** One grant for up to three coupons, and as many grants as needed. */
  grants(publicKey: Uint8Array, serials: readonly CouponSerial[]): readonly Uint8Array[];
  /** Signs an allowance that the ledger has recorded. */
  allowance(allowance: Allowance): SignedAllowance;
  bundle(now: WallMs): BundleEnvelope;
  /** This gateway's clock, for one request of one device. */
  time(statement: TimeStatement): { readonly keyId: number; readonly signature: string };
}

export function createIssuer(rules: Rules, signer: Es256Signer, keyId: number): Issuer {
  const { campaign, compiled } = rules;
  // The campaign includes its last instant; a grant's expiry is the first invalid one.
  const expiresAt = roundUpExpiry(wallMs(compiled.ends + 1));
  return {
    issuerKeys: new Map([[keyId, signer.publicKey]]),
    grants(holderKey, serials) {
      const grants: Uint8Array[] = [];
      for (let at = 0; at < serials.length; at += SERIALS_PER_GRANT) {
        const some = serials.slice(at, at + SERIALS_PER_GRANT);
        grants.push(sealGrant({ keyId, holderKey, serials: some, expiresAt }, campaign.id, signer));
      }
      return grants;
    },
    time: (statement) => ({ keyId, signature: signTime(statement, signer) }),
    allowance: (allowance) => sealAllowance(allowance, keyId, signer),
    bundle(now) {
      const needs = needsOf(campaign);
      const document = {
        format: 1,
        version: campaign.version,
        issuedAt: now,
        ...(needs.length > 0 && { needs: [...needs] }),
        campaign,
        issuerKeys: { [String(keyId)]: base64url.encode(signer.publicKey) },
        openings: compiled.openings.map(({ earliest, latest }): [number, number] => [earliest, latest + 1]),
      } as const;
      return sealBundle(document, keyId, signer);
    },
  };
}
