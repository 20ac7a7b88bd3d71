/**
 * Claims over HTTP: the request that a phone sends with `POST /v1/claims`, signed by its key, and the gateway's answer.
 *
 * The answer is per tier, because one may be gone while another is not. Every refusal is a registered reason with its
 * sentences. `docs/wallets.md` describes all of it for the author of a wallet.
 *
 * The signature covers the exact bytes of the claim's JSON text, so that no two programs need to agree on a JSON form.
 */
import { z } from 'zod';
import { base64url } from '../codes/bit-text.js';
import { PAYMENT_NUMBER, type PaymentNumber } from '../codes/payment-code.js';
import { readJson } from '../config/strict-json.js';
import { reasonSchema } from '../faults/reason-schema.js';
import { branded } from '../kernel/branded.js';
import type { Es256Signer, Es256Verifier } from '../kernel/crypto.js';
import { CAMPAIGN_ID, type CampaignId, type CouponSerial, MAX_SERIAL } from '../kernel/ids.js';
import { err, ok, type Result } from '../kernel/result.js';
import type { Millis, WallMs } from '../kernel/time.js';
import { few } from './few.js';
import { identityProofSchema } from './identity-proof.js';

const tierId = z.string().min(1).max(16);
export const holderKeySchema = z.string().max(64);
export const phoneSchema = z.string().max(48);

export const claimSchema = z.object({
  campaign: branded<CampaignId>(z.string().regex(CAMPAIGN_ID)),
  /** By the phone's clock, milliseconds since 1970. Old claims are refused, so that a copy is worth nothing. */
  madeAt: branded<WallMs>(z.int().min(0)),
  /** The identity rules judge these, with reasons of their own; this schema doesn't. */
  phone: phoneSchema,
  idCard: z.string().max(48),
  device: z.string().max(128),
  /**
   * WGS 84 degrees. Without a position a phone may claim only where the campaign has no outline; the geofence rule says so.
   */
  position: z
    .object({ longitude: z.number().min(-180).max(180), latitude: z.number().min(-90).max(90) })
    .nullable()
    .default(null),
  tiers: few(tierId, 16),
  /** The phone's P-256 key: base64url of the compressed point. */
  publicKey: holderKeySchema,
  /** Proves the person's identity. */
  proof: identityProofSchema,
});
export type Claim = z.infer<typeof claimSchema>;

/** A claim with a wallet server's statement has some 1,400 bytes. */
const MAX_CLAIM_CHARACTERS = 4_096;

export const signedClaimSchema = z.object({
  /** The JSON text of a `claimSchema`; the signature is over its exact bytes in UTF-8. */
  payload: z.string().max(MAX_CLAIM_CHARACTERS),
  /** ES256 in IEEE P1363 form, base64url. */
  signature: z.string().max(100),
});
export type SignedClaim = z.infer<typeof signedClaimSchema>;

/**
 * Tolerance for a phone's clock and a claim's transmission. Phones set by their network are within seconds; five minutes is
 * Kerberos' recommendation (RFC 4120 section 5.2.4), and tolerates a wrong clock.
 */
export const CLAIM_FRESH_MS: Millis = 5 * 60_000;

const utf8 = new TextEncoder();
const bytesToSign = (payload: string): Uint8Array => utf8.encode(`codeplate claim 1\n${payload}`);

export function signClaim(claim: z.input<typeof claimSchema>, signer: Es256Signer): SignedClaim {
  const payload = JSON.stringify(claim);
  return { payload, signature: base64url.encode(signer.sign(bytesToSign(payload))) };
}

export type ClaimFault =
  | { readonly kind: 'malformed'; readonly what: string }
  /** The signature isn't one by `publicKey` over these bytes. */
  | { readonly kind: 'unsigned' };

/** Proves which key signed the claim. The gateway checks freshness and identity. */
export function openClaim(signed: SignedClaim, verifier: Es256Verifier): Result<Claim, ClaimFault> {
  const read = readJson(signed.payload);
  if (!read.ok) return malformed(`payload: ${read.fault.what}`);
  const parsed = claimSchema.safeParse(read.value);
  if (!parsed.success) return malformed(issuesOf(parsed.error));
  const [key, signature] = [base64url.decode(parsed.data.publicKey), base64url.decode(signed.signature)];
  const isSigned = key.ok && signature.ok && verifier.verify(key.value, bytesToSign(signed.payload), signature.value);
  return isSigned ? ok(parsed.data) : err({ kind: 'unsigned' });
}

const malformed = (what: string): Result<never, ClaimFault> => err({ kind: 'malformed', what });

/** Names the invalid fields and repeats none of their content. */
export const issuesOf = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ');

/** `POST /v1/claims/challenge`: requests a one-time code to the phone. */
export const challengeRequestSchema = z.object({ phone: phoneSchema, publicKey: holderKeySchema });

/** The same whether the phone is known or not. */
export const challengeAnswerSchema = z.object({
  challenge: z.string().max(64),
  /** Until the code expires. */
  seconds: z.int().positive(),
});

export const claimAnswerSchema = z.object({
  results: z.array(
    z.discriminatedUnion('ok', [
      z.object({
        tier: tierId,
        ok: z.literal(true),
        serial: branded<CouponSerial>(z.int().min(0).max(MAX_SERIAL)),
      }),
      z.object({
        tier: tierId,
        ok: z.literal(false),
        reason: reasonSchema,
        /** The reason as the phone shows it. */
        zh: z.string().max(200),
        en: z.string().max(200),
      }),
    ]),
  ),
  /** Base64url of the signed grant over all coupons of the holder; null without coupons. */
  grant: z.string().max(200).nullable(),
  /**
   * The phone's input for payment codes (`protocol/codes/payment-code.ts`); null without coupons. The secret is 32 bytes in
   * base64url: it stays in the phone's own store and in no log.
   */
  payment: z
    .object({
      number: branded<PaymentNumber>(z.string().regex(PAYMENT_NUMBER)),
      secret: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
      stepSeconds: z.int().positive(),
    })
    .nullable(),
});
export type ClaimAnswer = z.infer<typeof claimAnswerSchema>;
