/**
 * The campaign document, format 2: rounds, several kinds of benefit, and conditions by tier, as data. Alternatives are
 * unions, so that a draw without a time, or a random amount with a face, can't be written. `checks.ts` says what must
 * agree between the parts. The gateway and the counters still run format 1 (`../schema.ts`).
 */
import { z } from 'zod';
import { branded } from '../../kernel/branded.js';
import { CAMPAIGN_ID, type CampaignId, HASH, MAX_SERIAL } from '../../kernel/ids.js';
import { day, fenAmount, geofenceSchema, MAX_TIERS, name, presentationMode, saleAmount, text } from '../schema.js';
import { category, hours, moment, participants } from './parts.js';

/** More rounds than weeks in a year; a daily batch is one round. */
const MAX_ROUNDS = 64;
/** Hangzhou 2022 let ten coupons off one payment; no notice we know has more. */
export const MAX_COUPONS_A_PAYMENT = 10;

const shortId = z.string().regex(/^[a-z0-9-]{1,16}$/, '1 to 16 of a-z, 0-9 and -');
const longId = z.string().regex(/^[a-z0-9-]{1,32}$/, '1 to 32 of a-z, 0-9 and -');
const quantity = z.int().positive().max(10_000_000);
const limit = z.int().positive().max(1_000_000).nullable();
const serial = z.int().nonnegative().max(MAX_SERIAL);
const serialRange = z.strictObject({ first: serial, last: serial });
const hash = z.string().regex(HASH, '64 hexadecimal digits');

export const benefit = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed'), faceFen: saleAmount }),
  /** 8折 is 20 percent off. Rounded down to the fen, in the sponsor's favour. */
  z.strictObject({ kind: z.literal('percent'), percentOff: z.int().min(1).max(99), capFen: saleAmount }),
  /** The gateway draws the amount, both bounds included, and tells it before the payment. */
  z.strictObject({ kind: z.literal('random'), minFen: saleAmount, maxFen: saleAmount }),
  /** 每满减: so much off every full amount. */
  z.strictObject({ kind: z.literal('per-full'), everyFen: saleAmount, offFen: saleAmount, capFen: saleAmount }),
]);
export type Benefit = z.infer<typeof benefit>;

/** A bank-card payment code that begins with 62, a digital-yuan code, or a coupon code of Codeplate. */
const codeKind = z.enum(['payment-62', 'e-cny', 'coupon']);

export type CodeKind = z.infer<typeof codeKind>;

const payer = z.strictObject({ sponsor: longId, basisPoints: z.int().positive().max(10_000) });
/** Who pays for a coupon of the tier. `merchantBasisPoints` is the merchant's own part, taken first. */
const paidBy = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('shares'),
    merchantBasisPoints: z.int().nonnegative().max(10_000),
    shares: z.array(payer).min(1).max(16),
  }),
  /** One sponsor after the other, each up to its ceiling; null: without one. */
  z.strictObject({
    kind: z.literal('order'),
    merchantBasisPoints: z.int().nonnegative().max(9_999),
    order: z
      .array(z.strictObject({ sponsor: longId, ceilingFen: fenAmount.nullable() }))
      .min(1)
      .max(16),
  }),
]);

const issue = z.discriminatedUnion('how', [
  /** Claimed in the rounds. A tier that gets more coupons gets another range of serials. */
  z.strictObject({ how: z.literal('claim'), serials: z.array(serialRange).min(1).max(64) }),
  /** Comes off by itself, first come first served, so many a day. */
  z.strictObject({ how: z.literal('no-claim'), quantityPerDay: quantity }),
]);

const tier = z.strictObject({
  id: shortId,
  benefit,
  /** null: usable at any amount, and then only as much comes off as the amount allows. */
  thresholdFen: saleAmount.nullable(),
  /** Whether nothing may be left to charge. */
  fullDeduction: z.boolean(),
  issue,
  modes: z.array(presentationMode).min(1),
  codes: z.array(codeKind).min(1),
  /** Ids of the campaign's wallets. */
  wallets: z.union([z.literal('any'), z.array(longId).min(1).max(32)]),
  /** First digits of the cards that count; null: whichever card. */
  issuerBins: z
    .array(z.string().regex(/^\d{6,8}$/, '6 to 8 digits'))
    .min(1)
    .max(500)
    .nullable(),
  where: participants,
  /** null: whenever the campaign is open. */
  hours: z.array(hours).min(1).max(20).nullable(),
  limits: z.strictObject({ perDay: limit, perPersonPerDay: limit, perPersonPerMerchant: limit }),
  paidBy,
  refund: z.strictObject({
    rule: z.enum(['stays-used', 'restored-if-full', 'restored-next-day', 'pro-rata', 'coupon-first']),
    until: moment.nullable(),
    /** The end of life of a coupon that comes back. */
    end: z.enum(['unchanged', 'plus-days-away']),
  }),
});
export type TierV2 = z.infer<typeof tier>;

const round = z.strictObject({
  id: shortId,
  claims: z.discriminatedUnion('by', [
    /** `days`: how many days in a row it opens, with the same hours and quantities. */
    z.strictObject({ by: z.literal('first-come'), opens: moment, closes: moment, days: z.int().positive().max(366) }),
    z.strictObject({ by: z.literal('draw'), opens: moment, closes: moment, drawn: moment }),
  ]),
  quantities: z
    .array(z.strictObject({ tier: shortId, quantity }))
    .min(1)
    .max(MAX_TIERS),
  /** How long a coupon lives after its claim, and never longer than the campaign. */
  life: z.discriminatedUnion('until', [
    z.strictObject({ until: z.literal('campaign-end') }),
    z.strictObject({ until: z.literal('round-end') }),
    /** The day of the claim is the first: 1 is that day only. */
    z.strictObject({ until: z.literal('days'), days: z.int().positive().max(366) }),
  ]),
  unclaimed: z.enum(['lapse', 'next-round']),
  /** Whether a claimed coupon that lapses goes back into the stock of the next round. */
  lapsed: z.enum(['gone', 'next-round']),
});
export type Round = z.infer<typeof round>;

const identifier = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('phone') }),
  z.strictObject({ kind: z.literal('device') }),
  z.strictObject({ kind: z.literal('wallet-account') }),
  z.strictObject({
    kind: z.literal('document'),
    documents: z
      .array(z.enum(['resident-id', 'passport', 'hk-mo-permit', 'taiwan-permit', 'foreign-residence']))
      .min(1),
  }),
]);

const condition = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('id-prefix'),
    anyOf: z
      .array(z.string().regex(/^\d{2,6}$/, '2 to 6 digits'))
      .min(1)
      .max(100),
  }),
  z.strictObject({
    kind: z.literal('age'),
    atLeast: z.int().min(0).max(150).nullable(),
    atMost: z.int().min(0).max(150).nullable(),
  }),
  /** Something that somebody else vouches for, as veteran or new citizen; only yes or no is kept. */
  z.strictObject({ kind: z.literal('vouched'), name: longId }),
]);

const claim = z.strictObject({
  samePerson: z.enum(['any', 'all']),
  identifiers: z.array(identifier).min(1),
  limits: z.strictObject({ perTier: limit, perWeek: limit, allRounds: limit, unusedAtOnce: limit }),
  conditions: z.array(condition).max(20),
  geofence: geofenceSchema.nullable(),
});

const offline = z.discriminatedUnion('permitted', [
  z.strictObject({ permitted: z.literal(false), fullPriceWithoutJournal: z.boolean() }),
  z.strictObject({
    permitted: z.literal(true),
    fullPriceWithoutJournal: z.boolean(),
    /** Only tiers that a counter can judge alone. */
    tiers: z.array(shortId).min(1),
    maxCoupons: z.int().positive(),
    maxFaceFen: fenAmount,
    maxPerHolder: z.int().positive(),
    maxSyncAgeHours: z.number().positive(),
    conflictAccount: z.enum(['sponsor', 'merchant', 'bank']),
  }),
]);

export const campaignV2Schema = z.strictObject({
  format: z.literal(2),
  id: branded<CampaignId>(z.string().regex(CAMPAIGN_ID, '1 to 32 of a-z, 0-9 and -, not beginning with -')),
  version: z.int().positive(),
  name: name(80),
  nameEn: name(120),
  receiptLine: text(120),
  notes: z.array(text(400)).max(20).optional(),
  timeZone: z.string().max(64),
  opening: z.strictObject({ firstDay: day, lastDay: day, hours: z.array(hours).min(1).max(20) }),
  merchants: participants,
  wallets: z.array(z.strictObject({ id: longId, name: name(20), nameEn: name(20) })).max(32),
  tiers: z.array(tier).min(1).max(MAX_TIERS),
  rounds: z.array(round).max(MAX_ROUNDS),
  /** Tiers that are claimed together, all or nothing. */
  bundles: z.array(z.strictObject({ id: shortId, tiers: z.array(shortId).min(2).max(MAX_TIERS) })).max(MAX_TIERS),
  /** null: nothing is claimed. */
  claim: claim.nullable(),
  choice: z.enum(['largest-saving', 'earliest-end', 'smallest-face', 'customer']),
  couponsPerPayment: z.int().min(1).max(MAX_COUPONS_A_PAYMENT),
  /** How many coupons one merchant takes a day; null: any number. */
  merchantCouponsPerDay: limit,
  budget: z.strictObject({
    wholeFen: fenAmount,
    perDayFen: fenAmount.nullable(),
    perMerchantFen: fenAmount.nullable(),
    byCategory: z.array(z.strictObject({ category, fen: fenAmount })).max(100),
  }),
  /** `ours`: the counter asks the reader for the net amount. `network`: the card network takes the coupon off. */
  deduction: z.enum(['ours', 'network']),
  settlement: z.strictObject({ mode: z.enum(['payout', 'network']) }),
  offline,
  plateCapFen: fenAmount.nullable(),
  splitGuard: z.strictObject({ minutes: z.int().positive(), maxPayments: z.int().positive() }).nullable(),
  sponsors: z
    .array(z.strictObject({ id: longId, name: name(80) }))
    .min(1)
    .max(32),
  /** What is stopped at once: the whole campaign, tiers, or coupons by serial. */
  freeze: z.strictObject({ campaign: z.boolean(), tiers: z.array(shortId), serials: z.array(serialRange).max(1_000) }),
  /** Persons who get no coupon and use none, as keyed hashes. */
  barred: z.strictObject({ keyId: longId, hashes: z.array(hash).max(10_000) }).nullable(),
});
export type CampaignV2 = z.infer<typeof campaignV2Schema>;

/** The most that one coupon of this benefit can be worth. */
export function worthFen(of: Benefit): number {
  switch (of.kind) {
    case 'fixed':
      return of.faceFen;
    case 'percent':
    case 'per-full':
      return of.capFen;
    case 'random':
      return of.maxFen;
  }
}
