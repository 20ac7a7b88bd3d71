/**
 * The journal's records: what a device did, in order, and the only thing that it uploads.
 *
 * Each record is durable on the device before the effect that it permits. The body's exact JSON text is hashed, stored and
 * sent.
 */
import { z } from 'zod';
import { reasonSchema } from '../faults/reason-schema.js';
import { branded } from '../kernel/branded.js';
import {
  type CouponSerial,
  MAX_SERIAL,
  MERCHANT_ID,
  type MerchantId,
  ORDER_NO,
  type OrderNo,
  RECEIPT_NO,
  type ReceiptNo,
  SALE_ID,
  type SaleId,
} from '../kernel/ids.js';
import type { Fen } from '../kernel/money.js';
import type { WallMs } from '../kernel/time.js';

const sale = branded<SaleId>(z.string().regex(SALE_ID));
const order = branded<OrderNo>(z.string().regex(ORDER_NO));
const receipt = branded<ReceiptNo>(z.string().regex(RECEIPT_NO));
const amount = branded<Fen>(z.int().min(0).max(99_999_999));
const serial = branded<CouponSerial>(z.int().min(0).max(MAX_SERIAL));
const wall = branded<WallMs>(z.int().min(0));
/** When it happened, by the device's trusted clock; null without one. */
const at = z.strictObject({ earliest: wall, latest: wall }).nullable();

/** The coupon that a charge redeems, and on whose authority. */
const coupon = z.strictObject({
  serial,
  tier: z.string().max(16),
  faceFen: amount,
  thresholdFen: amount,
  by: z.discriminatedUnion('kind', [
    /** The gateway holds it for this sale. */
    z.strictObject({ kind: z.literal('reservation') }),
    /** Verified on the device within its allowance; the whole presentation (`CP1:...`) is the evidence. */
    z.strictObject({ kind: z.literal('offline'), presentation: z.string().max(320), allowance: z.string().max(64) }),
  ]),
});
export type JournalledCoupon = z.infer<typeof coupon>;

const card = z.strictObject({
  auth: z.string().max(16),
  rrn: z.string().max(32),
  last4: z.string().max(4),
  scheme: z.string().max(16),
  /** The reader's local time, yyyyMMddHHmmss, as printed; never used in a decision. */
  readerTime: z.string().max(14),
});
export type CardSlip = z.infer<typeof card>;

export const recordSchema = z.discriminatedUnion('kind', [
  /** The till handed over an amount. */
  z.strictObject({ kind: z.literal('opened'), sale, order, amountFen: amount, at }),
  /** Permits the charge command. `reason`: why a presentation brought no coupon. */
  z.strictObject({
    kind: z.literal('charging'),
    sale,
    order,
    merchant: branded<MerchantId>(z.string().regex(MERCHANT_ID)),
    amountFen: amount,
    netFen: amount,
    coupon: coupon.nullable(),
    reason: reasonSchema.nullable(),
    /**
     * Identifies the reader when it is queried about this charge: its operation number before the sale where the protocol
     * has no reference of ours (Transbank), its serial number elsewhere (CRP/1). Another reader's "not found" means
     * nothing.
     */
    readerMark: z.string().max(32).nullable(),
    at,
  }),
  /** Charged net: the coupon is used, the receipt has a number. Permits receipt, voice and the till's answer. */
  z.strictObject({
    kind: z.literal('settled'),
    sale,
    order,
    amountFen: amount,
    netFen: amount,
    serial: serial.nullable(),
    faceFen: amount,
    receipt,
    card,
    at,
  }),
  /** The reader confirms that nothing was charged: the coupon is free again. */
  z.strictObject({
    kind: z.literal('not-charged'),
    sale,
    outcome: z.enum(['declined', 'cancelled', 'timeout', 'error', 'not-found']),
    code: z.string().max(32),
    at,
  }),
  /** The outcome is unknown: a person must settle it, and the coupon stays held. `settled` or `not-charged` ends it later. */
  z.strictObject({ kind: z.literal('unknown'), sale, why: z.string().max(120), at }),
  /** Ended before any charge (by cashier, till or power cut). */
  z.strictObject({
    kind: z.literal('abandoned'),
    sale,
    why: z.enum(['cashier', 'till', 'power-cut', 'timeout', 'journal']),
    at,
  }),
  /** Permits the VOID command. `refund` is its reader reference. */
  z.strictObject({
    kind: z.literal('refunding'),
    refund: sale,
    sale,
    netFen: amount,
    readerMark: z.string().max(32).nullable(),
    at,
  }),
  z.strictObject({ kind: z.literal('refunded'), refund: sale, sale, netFen: amount, receipt, card, at }),
  z.strictObject({
    kind: z.literal('refund-failed'),
    refund: sale,
    sale,
    outcome: z.enum(['declined', 'cancelled', 'timeout', 'error', 'not-found']),
    code: z.string().max(32),
    at,
  }),
  z.strictObject({ kind: z.literal('refund-unknown'), refund: sale, sale, why: z.string().max(120), at }),
  /** The receipt's print job ended. Without it a boot asks, then reprints with the mark 补打. */
  z.strictObject({
    kind: z.literal('printed'),
    receipt,
    copy: z.enum(['original', 'reprint']),
    outcome: z.enum(['printed', 'unconfirmed', 'given-up']),
    at,
  }),
]);
export type JournalRecord = z.infer<typeof recordSchema>;
export type RecordOf<Kind extends JournalRecord['kind']> = Extract<JournalRecord, { kind: Kind }>;
