/**
 * The schema of an evidence document.
 *
 * Format 2 records for each side which device took the coupon, on whose authority, and when. A presentation is fresh for a
 * minute, so without these times an innocent holder can't be told from a cheat. Format 1, which release 0.1 wrote, lacks
 * them; it stays readable for as long as such documents exist.
 */
import { z } from 'zod';
import { branded } from '../kernel/branded.js';
import { CAMPAIGN_ID, type CampaignId, HASH, MAX_SERIAL } from '../kernel/ids.js';

const common = {
  id: z.int().positive(),
  campaign: branded<CampaignId>(z.string().regex(CAMPAIGN_ID)),
  /** The issuer's public keys by number, base64url. */
  issuerKeys: z.record(z.string().regex(/^\d{1,3}$/), z.string().max(64)),
  /** The device in whose record the gateway found it. */
  device: z.string(),
  /** When the gateway found it, milliseconds since the epoch. */
  at: z.int(),
};
const serial = z.int().min(0).max(MAX_SERIAL);
const chainHead = z.object({ seq: z.int(), hash: z.string().regex(HASH) });

const sideOf1 = z.object({ sale: z.string().nullable(), presented: z.string().max(320).nullable() });

const format1 = z.discriminatedUnion('kind', [
  z.object({
    ...common,
    format: z.literal(1),
    kind: z.literal('double-spend'),
    detail: z.object({ serial, holder: z.string().nullable(), first: sideOf1, second: sideOf1 }),
  }),
  z.object({
    ...common,
    format: z.literal(1),
    kind: z.literal('fork'),
    detail: z.union([
      /** Records whose sequence numbers the gateway already has with other content. */
      z.object({
        from: z.int().positive(),
        prev: z.string().regex(HASH),
        bodies: z.array(z.string()),
        mine: chainHead,
      }),
      /** A journal that came back shorter than, or different from, an earlier state. */
      z.object({ hello: chainHead, have: chainHead }),
    ]),
  }),
  z.object({
    ...common,
    format: z.literal(1),
    kind: z.literal('disputed'),
    detail: z.object({ sale: z.string(), serial: z.int() }),
  }),
]);

const side = z.object({
  sale: z.string(),
  device: z.string(),
  merchant: z.string().nullable(),
  serial: serial.nullable(),
  /** `CP1:...` as shown; null: a code without a signature. */
  presented: z.string().max(320).nullable(),
  /** By the phone's clock, covered by its signature. */
  shownAt: z.int().nullable(),
  /** The gateway reserved the coupon for this sale, or the counter took it offline. */
  by: z.enum(['gateway', 'counter']),
  /** When it was taken: by the gateway's clock, or as the counter recorded it; null: unknown. */
  at: z.object({ earliest: z.int(), latest: z.int() }).nullable(),
});
export type EvidenceSide = z.infer<typeof side>;

const format2 = z.discriminatedUnion('kind', [
  z.object({
    ...common,
    format: z.literal(2),
    kind: z.literal('double-spend'),
    detail: z.object({ serial, holder: z.string().nullable(), first: side.nullable(), second: side }),
  }),
  z.object({
    ...common,
    format: z.literal(2),
    kind: z.literal('disputed'),
    detail: z.object({
      sale: z.string(),
      serial,
      /** The gateway's doubts. */
      doubts: z.array(z.string()),
      claim: side,
      /** The sale that used the same presentation before. */
      earlier: side.nullable(),
    }),
  }),
]);

export const evidenceSchema = z.union([format2, format1]);
export type EvidenceDocument = z.infer<typeof evidenceSchema>;
export type DocumentOf<Kind extends EvidenceDocument['kind']> = Extract<EvidenceDocument, { kind: Kind }>;
