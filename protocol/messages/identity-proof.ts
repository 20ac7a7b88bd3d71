/**
 * Proof that a claim comes from the person whose numbers it names.
 *
 * There are two kinds, and the gateway's configuration selects one: a one-time code sent to the phone, or a statement
 * signed by a wallet's server about a person it knows.
 */
import { z } from 'zod';
import { base64url } from '../codes/bit-text.js';
import { branded } from '../kernel/branded.js';
import type { Es256Signer, Es256Verifier, HmacSha256 } from '../kernel/crypto.js';
import { CAMPAIGN_ID, type CampaignId } from '../kernel/ids.js';
import type { WallMs } from '../kernel/time.js';

/** The statement's identifiers: only a hash under the statement's own key. */
const hashed = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

export const walletStatementSchema = z.object({
  campaign: branded<CampaignId>(z.string().regex(CAMPAIGN_ID)),
  /** The phone's key, as in the claim, so that the statement is useless to anybody else. */
  publicKey: z.string().max(64),
  /**
   * 32 random bytes in base64url, new for each statement, so that a leaked statement doesn't help to try numbers against
   * another.
   */
  key: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /**
   * HMAC-SHA-256 under `key` over `<kind>\n<normal form>`, base64url, for each number that the server knows of this person.
   */
  identifiers: z.object({ phone: hashed.optional(), idCard: hashed.optional(), device: hashed.optional() }),
  /** Milliseconds since 1970; at most a day ahead. */
  expiresAt: branded<WallMs>(z.int().min(0)),
});
export type WalletStatement = z.infer<typeof walletStatementSchema>;

export const identityProofSchema = z.discriminatedUnion('kind', [
  /** The code sent to the phone, and its challenge. */
  z.object({ kind: z.literal('sms'), challenge: z.string().max(64), code: z.string().max(16) }),
  /** `payload`: the JSON text of a `walletStatementSchema`; the signature is over its exact bytes in UTF-8. */
  z.object({ kind: z.literal('wallet'), payload: z.string().max(1_500), signature: z.string().max(100) }),
]);
export type IdentityProof = z.infer<typeof identityProofSchema>;
export type WalletProof = Extract<IdentityProof, { kind: 'wallet' }>;

const utf8 = new TextEncoder();
const bytesToSign = (payload: string): Uint8Array => utf8.encode(`codeplate wallet statement 1\n${payload}`);

export type IdentifierKind = keyof WalletStatement['identifiers'];
/** In their normal forms (`normalPhone`, `normalIdCard`, `normalPhoneId`). */
export type NormalIdentifiers = { readonly [Kind in IdentifierKind]?: string | undefined };

/** The wallet server's part. `key`: 32 random bytes. */
export function signStatement(
  statement: Omit<WalletStatement, 'key' | 'identifiers'> & { readonly identifiers: NormalIdentifiers },
  { key, signer, hmac }: { readonly key: Uint8Array; readonly signer: Es256Signer; readonly hmac: HmacSha256 },
): WalletProof {
  const hashes = Object.fromEntries(
    KINDS.flatMap((kind) => {
      const normal = statement.identifiers[kind];
      return normal === undefined ? [] : [[kind, identifierHash(kind, normal, key, hmac)]];
    }),
  );
  const payload = JSON.stringify({ ...statement, key: base64url.encode(key), identifiers: hashes });
  return { kind: 'wallet', payload, signature: base64url.encode(signer.sign(bytesToSign(payload))) };
}

const KINDS: readonly IdentifierKind[] = ['phone', 'idCard', 'device'];

export const identifierHash = (kind: IdentifierKind, normal: string, key: Uint8Array, hmac: HmacSha256): string =>
  base64url.encode(hmac(key, utf8.encode(`${kind}\n${normal}`)));

/** Whether one of these servers signed it. */
export function isStatementSigned(
  { payload, signature }: WalletProof,
  servers: readonly Uint8Array[],
  verifier: Es256Verifier,
): boolean {
  const bytes = base64url.decode(signature);
  return bytes.ok && servers.some((server) => verifier.verify(server, bytesToSign(payload), bytes.value));
}
