/** Gateway to device, on `codeplate/v1/<device>/down`. */
import { z } from 'zod';
import { reasonSchema } from '../faults/reason-schema.js';
import { branded } from '../kernel/branded.js';
import { type CouponSerial, HASH, MAX_SERIAL, SALE_ID, type SaleId } from '../kernel/ids.js';
import type { Fen } from '../kernel/money.js';
import type { WallMs } from '../kernel/time.js';
import { signedAllowanceSchema } from './allowance.js';

const re = z.string().max(24);
const fenAmount = branded<Fen>(z.int().min(0));
const head = z.object({ seq: z.int().min(0), hash: z.string().regex(HASH) });

/** The next larger coupon, had the amount been larger. */
const nextTier = z.object({ faceFen: fenAmount, missingFen: fenAmount }).nullable();

/** Answers `hello`: the last record that the gateway has of this device, and the gateway's clock. */
export const welcomeSchema = z.object({
  v: z.literal(1),
  type: z.literal('welcome'),
  re,
  have: head,
  time: branded<WallMs>(z.int()),
  /** Signature over `timeBytesToSign`: the gateway's clock, for this device and this request. */
  keyId: z.int().min(0).max(255).optional(),
  signature: z.string().max(100).optional(),
});

export const authorisedSchema = z.object({
  v: z.literal(1),
  type: z.literal('authorised'),
  re,
  sale: branded<SaleId>(z.string().regex(SALE_ID)),
  answer: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('reserved'),
      serial: branded<CouponSerial>(z.int().min(0).max(MAX_SERIAL)),
      tier: z.string().max(16),
      faceFen: fenAmount,
      thresholdFen: fenAmount,
      netFen: fenAmount,
      /** The lease, counted by the device from the moment it sent the request. */
      leaseMs: z.int().positive(),
    }),
    z.object({ kind: z.literal('refused'), reason: reasonSchema, next: nextTier }),
  ]),
});

/** Cumulative acknowledgement, sent only after the ledger has committed. Nothing else empties an outbox. */
export const haveSchema = z.object({
  v: z.literal(1),
  type: z.literal('have'),
  re,
  seq: z.int().min(0),
  hash: z.string().regex(HASH),
});

/**
 * The device's journal and the gateway's copy differ at `seq`: a cloned card or a restored backup. Both are kept as
 * evidence.
 */
export const forkedSchema = z.object({
  v: z.literal(1),
  type: z.literal('forked'),
  re,
  seq: z.int().min(0),
  mine: z.string().regex(HASH),
});

/** A message that could not be processed. `code` is in the error registry. */
export const rejectedSchema = z.object({
  v: z.literal(1),
  type: z.literal('rejected'),
  re: re.nullable(),
  code: z.string().max(40),
  what: z.string().max(200),
});

/**
 * Heartbeat of the gateway, every minute. Its clock is for people who watch the connection; it is unsigned, so no counter
 * uses it.
 */
export const beaconSchema = z.object({
  v: z.literal(1),
  type: z.literal('beacon'),
  time: branded<WallMs>(z.int()),
});

export const downSchema = z.discriminatedUnion('type', [
  welcomeSchema,
  authorisedSchema,
  haveSchema,
  forkedSchema,
  rejectedSchema,
  beaconSchema,
  signedAllowanceSchema,
]);
export type DownMessage = z.infer<typeof downSchema>;
export type AuthorisedMessage = z.infer<typeof authorisedSchema>;
export type AuthoriseAnswer = AuthorisedMessage['answer'];
