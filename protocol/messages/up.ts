/** Device to gateway, on `codeplate/v1/<device>/up`. */
import { z } from 'zod';
import { presentationMode } from '../campaign/schema.js';
import { branded } from '../kernel/branded.js';
import { HASH, MERCHANT_ID, type MerchantId, ORDER_NO, type OrderNo, SALE_ID, type SaleId } from '../kernel/ids.js';
import type { Fen } from '../kernel/money.js';
import { few } from './few.js';

/** A request's id, echoed as `re` in its reply; unique per device and boot. */
const requestId = z.string().min(1).max(24);
const head = z.strictObject({ seq: z.int().min(0), hash: z.string().regex(HASH) });

/** The first message of every connection: the head of the device's journal. Answered by `welcome`. */
export const helloSchema = z.object({
  v: z.literal(1),
  type: z.literal('hello'),
  id: requestId,
  agent: z.string().max(40),
  boot: z.int().min(0),
  head,
});

/** Asks for a coupon for this sale. The gateway makes its decision durable before it answers `authorised`. */
export const authoriseSchema = z.object({
  v: z.literal(1),
  type: z.literal('authorise'),
  id: requestId,
  sale: branded<SaleId>(z.string().regex(SALE_ID)),
  order: branded<OrderNo>(z.string().regex(ORDER_NO)),
  merchant: branded<MerchantId>(z.string().regex(MERCHANT_ID)),
  amountFen: branded<Fen>(z.int().positive().max(99_999_999)),
  mode: presentationMode,
  /** opaque: a 19-digit payment code. verifiable: `CP1:...`. */
  presented: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('opaque'), code: z.string().regex(/^62\d{17}$/) }),
    z.object({ kind: z.literal('verifiable'), code: z.string().max(320) }),
  ]),
});

/** Journal records in order, each the exact JSON text of its body. Answered by `have`. */
export const recordsSchema = z.object({
  v: z.literal(1),
  type: z.literal('records'),
  id: requestId,
  /** seq of the first body. */
  from: z.int().positive(),
  /** Chain hash before the first body. */
  prev: z.string().regex(HASH),
  bodies: few(z.string().max(4_096), 500),
});

export const upSchema = z.discriminatedUnion('type', [helloSchema, authoriseSchema, recordsSchema]);
export type UpMessage = z.infer<typeof upSchema>;
export type AuthoriseMessage = z.infer<typeof authoriseSchema>;
export type RecordsMessage = z.infer<typeof recordsSchema>;
