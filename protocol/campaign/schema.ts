/**
 * The schema of the campaign document. Everything that differs between cities is data here, never code.
 *
 * `load.ts` parses a document and checks consistency across fields. Inside the program only the parsed `Campaign` travels.
 */
import { z } from 'zod';
import { isVisible } from '../config/visible.js';
import { branded } from '../kernel/branded.js';
import { CAMPAIGN_ID, type CampaignId, MERCHANT_ID, type MerchantId } from '../kernel/ids.js';
import { type Fen, MAX_SALE_FEN } from '../kernel/money.js';

/** A tier set is a bit mask of at most 31 bits (`tiers.ts`); no known campaign has more than five tiers. */
export const MAX_TIERS = 16;

const wholeFen = z.int('whole fen (1 yuan is 100)');
export const fenAmount = branded<Fen>(wholeFen.positive());
/** A face or a threshold: at most the largest amount that a reader can charge. */
export const saleAmount = branded<Fen>(wholeFen.positive().max(MAX_SALE_FEN));

/**
 * Invisible characters, and characters that control a printer or a screen: controls (an ESC in a name opens the cash
 * drawer), line and paragraph separators, bidirectional overrides, lone surrogates, byte order mark. They are refused
 * rather than dropped, because the document is signed as it stands. Receipt markup is harmless here; the receipt escapes
 * it.
 */
const HARMFUL = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/u;
export const text = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine((value) => !HARMFUL.test(value), 'text without control characters');
export const name = (longest: number) => text(longest).refine(isVisible, 'a name that can be seen');

/** Written `HH:MM`; 24:00 is the end of the day. */
const TIME = 'a time HH:MM, 00:00 to 24:00';
export const timeOfDay = z.string(TIME).regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, TIME);
/** Grants carry their expiry in 24 bits of five minutes, which end in 2129. */
export const day = z.iso
  .date('a day YYYY-MM-DD')
  .refine((value) => value >= '2000-01-01' && value <= '2127-12-31', 'a day from 2000-01-01 to 2127-12-31');

export const presentationMode = z.enum(['customer-code', 'plate']);
/**
 * customer-code: the counter scans the customer's code. plate: for customers who scan the merchant's plate, which isn't
 * supported yet. A plate-mode counter also scans customers' codes, and applies the campaign's coupons and cap for plates.
 */
export type PresentationMode = z.infer<typeof presentationMode>;

export const identifier = z.enum(['phone', 'idCard', 'device']);
/** The kinds of identifier that distinguish persons. */
export type Identifier = z.infer<typeof identifier>;

const position = z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)]);
/** RFC 7946 section 3.1.6: closed, so at least four positions. */
const ring = z.array(position).min(4);

/** Builds every object of the document: strict for people's documents, tolerant on the wire. */
type ObjectMaker = typeof z.strictObject;

const geofenceOf = (object: ObjectMaker) =>
  z.discriminatedUnion('type', [
    object({ type: z.literal('Polygon'), coordinates: z.array(ring).min(1) }),
    object({ type: z.literal('MultiPolygon'), coordinates: z.array(z.array(ring).min(1)).min(1) }),
  ]);
export const geofenceSchema = geofenceOf(z.strictObject);

const tierOf = (object: ObjectMaker) =>
  object({
    id: z.string().regex(/^[a-z0-9-]{1,16}$/, '1 to 16 of a-z, 0-9 and -'),
    faceFen: saleAmount,
    thresholdFen: saleAmount,
    quantity: z.int().positive().max(10_000_000),
    modes: z.array(presentationMode).min(1),
  });
export const tierSchema = tierOf(z.strictObject);
export type Tier = z.infer<typeof tierSchema>;

const campaignOf = (object: ObjectMaker) =>
  object({
    format: z.literal(1),
    id: branded<CampaignId>(z.string().regex(CAMPAIGN_ID, '1 to 32 of a-z, 0-9 and -, not beginning with -')),
    /** Rises with every change; the newest version wins everywhere. */
    version: z.int().positive(),
    name: name(80),
    nameEn: name(120),
    /** Printed at the foot of the receipt. */
    receiptLine: text(120),
    /** Sources of the document's facts, for human readers. No rule reads them. */
    notes: z.array(text(400)).max(20).optional(),
    window: object({
      /** IANA name. */
      timeZone: z.string().max(64),
      firstDay: day,
      days: z.int().positive().max(366),
      opens: timeOfDay,
      closes: timeOfDay,
    }),
    claim: object({
      opens: object({ day, time: timeOfDay }),
      perPersonPerTier: z.int().positive(),
      /** Whether any, or only all, of these identifiers must match for two claims to be the same person's. */
      samePerson: z.enum(['any', 'all']),
      identifiers: z.array(identifier).min(1),
      /** GeoJSON Polygon or MultiPolygon in WGS 84, longitude before latitude (RFC 7946); null: anywhere. */
      geofence: geofenceOf(object).nullable(),
    }),
    tiers: z.array(tierOf(object)).min(1).max(MAX_TIERS),
    choice: z.literal('largest-face'),
    couponsPerPayment: z.literal(1),
    refund: z.enum(['stays-used', 'restored-if-full', 'restored-next-day', 'pro-rata']),
    /** What a counter may do while offline. */
    offline: object({
      permitted: z.boolean(),
      /** Largest number and face total of coupons that one device may take between two syncs. */
      maxCoupons: z.int().nonnegative(),
      maxFaceFen: wholeFen.nonnegative(),
      maxPerHolder: z.int().nonnegative(),
      /** Hours since the last sync after which a counter takes no coupon offline. */
      maxSyncAgeHours: z.number().positive(),
      /** The account that bears an offline double spend. */
      conflictAccount: z.enum(['sponsor', 'merchant', 'bank']),
      /** Whether the counter goes on selling at full price after its journal has failed. */
      fullPriceWithoutJournal: z.boolean(),
    }),
    /** Daily cap per customer on a static plate, in fen (银发〔2017〕296号: 500 yuan); null: no cap. */
    plateCapFen: fenAmount.nullable(),
    /**
     * A payment gets no coupon after `maxPayments` of the same holder at the same merchant within `minutes`; null: no
     * guard.
     */
    splitGuard: object({ minutes: z.int().positive(), maxPayments: z.int().positive() }).nullable(),
    merchants: z
      .array(
        object({
          id: branded<MerchantId>(z.string().regex(MERCHANT_ID, '1 to 32 of a-z, 0-9 and -, not beginning with -')),
          name: name(80),
          category: text(40),
        }),
      )
      .min(1),
    sponsors: z
      .array(
        object({
          id: z.string().regex(/^[a-z0-9-]{1,32}$/, '1 to 32 of a-z, 0-9 and -'),
          name: name(80),
          shareBasisPoints: z.int().positive().max(10_000),
        }),
      )
      .min(1),
    budgetFen: fenAmount,
  });

/** For a document written by a person: an unknown field is a misspelling. */
export const campaignSchema = campaignOf(z.strictObject);
/** For a document from a gateway that may be newer: unknown fields are dropped (`abilities.ts` names those that matter). */
export const campaignOnTheWire = campaignOf(z.object as ObjectMaker);
export type Campaign = z.infer<typeof campaignSchema>;
export type RefundRule = Campaign['refund'];
export type Geofence = NonNullable<Campaign['claim']['geofence']>;
