/** Identity proof by a wallet's server, which knows its customers: a signed statement over the phone's key. */
import { normalIdCard, normalPhone, normalPhoneId } from '#protocol/campaign/claim-rules.js';
import type { Identifier } from '#protocol/campaign/schema.js';
import { base64url } from '#protocol/codes/bit-text.js';
import { readJson } from '#protocol/config/strict-json.js';
import type { Es256Verifier, HmacSha256 } from '#protocol/kernel/crypto.js';
import type { Millis } from '#protocol/kernel/time.js';
import { identifierHash, isStatementSigned, walletStatementSchema } from '#protocol/messages/identity-proof.js';
import type { IdentityProofs } from '../../ports/identity-proofs.js';

/** A longer lifetime is the server's mistake: a person who leaves the wallet must not go on claiming for months. */
const LONGEST_MS: Millis = 24 * 3_600_000;

export function walletProofs(options: {
  /** The servers' public keys. */
  readonly servers: readonly Uint8Array[];
  readonly verifier: Es256Verifier;
  readonly hmac: HmacSha256;
}): IdentityProofs {
  const { servers, verifier, hmac } = options;
  return {
    prove({ claim, now }) {
      const { proof } = claim;
      if (proof.kind !== 'wallet' || !isStatementSigned(proof, servers, verifier)) return [];
      const read = readJson(proof.payload);
      const parsed = read.ok ? walletStatementSchema.safeParse(read.value) : undefined;
      if (parsed?.success !== true) return [];
      const { campaign, publicKey, expiresAt, identifiers, key: keyText } = parsed.data;
      const key = base64url.decode(keyText);
      if (!key.ok || campaign !== claim.campaign || publicKey !== claim.publicKey) return [];
      if (expiresAt <= now || expiresAt > now + LONGEST_MS) return [];
      const normal: Readonly<Record<Identifier, string | undefined>> = {
        phone: normalPhone(claim.phone),
        idCard: normalIdCard(claim.idCard),
        device: normalPhoneId(claim.device),
      };
      const kinds: readonly Identifier[] = ['phone', 'idCard', 'device'];
      const stated = kinds.filter((kind) => identifiers[kind] !== undefined);
      // An identifier that differs from the claim's: the statement is about somebody else.
      const isTheirs = stated.every((kind) => {
        const text = normal[kind];
        return text !== undefined && identifierHash(kind, text, key.value, hmac) === identifiers[kind];
      });
      return isTheirs ? stated : [];
    },
  };
}
