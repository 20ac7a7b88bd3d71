/**
 * The campaign document: everything that differs between cities is data in here, never code (design.md section 4).
 * Parsed once at the border; inside, only `Campaign` travels.
 */
import { z } from 'zod';
import { CAMPAIGN_ID, type CampaignId, MERCHANT_ID, type MerchantId } from '../ids.js';
import type { Fen } from '../money.js';

const fenAmount = z
  .int()
  .positive()
  .transform((n) => n as Fen);
/** Minutes after midnight, written `HH:MM`; 24:00 is the end of the day. */
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be HH:MM, 00:00 to 24:00');
const day = z.iso.date();

export const presentationMode = z.enum(['customer-code', 'plate']);
/** customer-code: the customer shows a code and the counter scans it. plate: the customer scans the merchant's plate. */
export type PresentationMode = z.infer<typeof presentationMode>;

export const tierSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,16}$/),
  faceFen: fenAmount,
  thresholdFen: fenAmount,
  quantity: z.int().positive().max(10_000_000),
  modes: z.array(presentationMode).min(1),
});
export type Tier = z.infer<typeof tierSchema>;

export const campaignSchema = z.strictObject({
  format: z.literal(1),
  id: z
    .string()
    .regex(CAMPAIGN_ID)
    .transform((id) => id as CampaignId),
  /** Rises with every change; the newest wins everywhere. */
  version: z.int().positive(),
  name: z.string().min(1).max(80),
  nameEn: z.string().min(1).max(120),
  /** Printed at the foot of the receipt. */
  receiptLine: z.string().max(120),
  window: z.strictObject({
    timeZone: z.string(),
    firstDay: day,
    days: z.int().positive().max(366),
    opens: timeOfDay,
    closes: timeOfDay,
  }),
  claim: z.strictObject({
    opens: z.strictObject({ day, time: timeOfDay }),
    perPersonPerTier: z.int().positive(),
    /** A person is the same when any, or only when all, of these agree. */
    samePerson: z.enum(['any', 'all']),
    identifiers: z.array(z.enum(['phone', 'idCard', 'device'])).min(1),
    /** GeoJSON Polygon or MultiPolygon, longitude before latitude (RFC 7946); null: anywhere. */
    geofence: z
      .union([
        z.strictObject({
          type: z.literal('Polygon'),
          coordinates: z.array(z.array(z.tuple([z.number(), z.number()])).min(4)).min(1),
        }),
        z.strictObject({
          type: z.literal('MultiPolygon'),
          coordinates: z.array(z.array(z.array(z.tuple([z.number(), z.number()])).min(4)).min(1)).min(1),
        }),
      ])
      .nullable(),
  }),
  tiers: z.array(tierSchema).min(1).max(16),
  choice: z.literal('largest-face'),
  couponsPerPayment: z.literal(1),
  refund: z.enum(['stays-used', 'restored-if-full', 'restored-next-day', 'pro-rata']),
  /** What a counter may do while its line is down. */
  offline: z.strictObject({
    permitted: z.boolean(),
    /** Largest number and face total of coupons that one device may take between two syncs. */
    maxCoupons: z.int().nonnegative(),
    maxFaceFen: z.int().nonnegative(),
    maxPerHolder: z.int().nonnegative(),
    /** Hours since the last sync after which no coupon is taken off line. */
    maxSyncAgeHours: z.number().positive(),
    /** Who pays for an offline double spend. */
    conflictAccount: z.enum(['sponsor', 'merchant', 'bank']),
    /** Whether the counter goes on selling at full price when its journal has failed. */
    fullPriceWithoutJournal: z.boolean(),
  }),
  /** Cap a customer a day on a static plate, in fen (银发〔2017〕296号: 500 yuan); null: none. */
  plateCapFen: fenAmount.nullable(),
  /** Several payments of one holder at one merchant within `minutes` count as one split order; null: not guarded. */
  splitGuard: z.strictObject({ minutes: z.int().positive(), maxPayments: z.int().positive() }).nullable(),
  merchants: z
    .array(
      z.strictObject({
        id: z
          .string()
          .regex(MERCHANT_ID)
          .transform((id) => id as MerchantId),
        name: z.string().min(1).max(80),
        category: z.string().max(40),
      }),
    )
    .min(1),
  sponsors: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[a-z0-9-]{1,32}$/),
        name: z.string(),
        shareBasisPoints: z.int().positive().max(10_000),
      }),
    )
    .min(1),
  budgetFen: fenAmount,
});
export type Campaign = z.infer<typeof campaignSchema>;
export type CampaignMerchant = Campaign['merchants'][number];
export type RefundRule = Campaign['refund'];
