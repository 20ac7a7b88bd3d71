/**
 * Claiming coupons, over HTTP: what a phone asks with `POST /v1/claims` and what the gateway answers. The answer is per
 * tier, since one may be gone while another is not; every refusal is one of the registered reasons, with its sentences.
 */
import { z } from 'zod';
import { branded } from '../branded.js';
import { PAYMENT_NUMBER, type PaymentNumber } from '../codes/payment-code.js';
import { reasonSchema } from '../faults/reason-schema.js';
import { type CouponSerial, MAX_SERIAL } from '../ids.js';
import { few } from './few.js';

const tierId = z.string().min(1).max(16);

export const claimRequestSchema = z.object({
  /** Judged by the rules for identities, which answer with a reason of their own, not by this schema. */
  phone: z.string().max(32),
  idCard: z.string().max(32),
  device: z.string().max(128),
  /** WGS 84 degrees. A phone that gives none may claim where the campaign has no outline; the geofence's rule says so. */
  position: z
    .object({ longitude: z.number().min(-180).max(180), latitude: z.number().min(-90).max(90) })
    .nullable()
    .default(null),
  tiers: few(tierId, 16),
  /** The phone's P-256 key: base64url of the compressed point. */
  publicKey: z.string().max(64),
});
export type ClaimRequest = z.infer<typeof claimRequestSchema>;

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
  /** Base64url of the signed grant over all coupons that the holder has; null where there are none. */
  grant: z.string().max(200).nullable(),
  /**
   * What the phone makes its payment codes of (`protocol/codes/payment-code.ts`); null where there are no coupons. The
   * secret is 32 bytes in base64url: it stays in the phone's own store and in no log.
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
