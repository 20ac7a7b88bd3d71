/**
 * The spent set: a bitmap over the campaign's dense serials (10,000 coupons are 1,250 bytes).
 *
 * The whole set is retained on `codeplate/v1/campaign/<id>/spent`; deltas follow on the same topic. It only makes a counter
 * more careful: the ledger decides.
 */
import { z } from 'zod';
import { base64url } from '../codes/bit-text.js';
import { branded } from '../kernel/branded.js';
import { CAMPAIGN_ID, type CampaignId, type CouponSerial, MAX_SERIAL } from '../kernel/ids.js';
import { err, ok, type Result } from '../kernel/result.js';

/** A whole set must fit one message (64 KiB): 48,000 bytes are 64,000 characters, and leave room for the rest. */
const MAX_BITMAP_BYTES = 48_000;
export const MAX_SPENT_SERIALS = MAX_BITMAP_BYTES * 8;
/** At most 12 characters a serial; a larger change is published as a whole set. */
export const MAX_DELTA_SERIALS = 4_000;

export interface SpentSet {
  /** Rises by one with each delta; 0 is the empty set before anything was published. */
  readonly version: number;
  /** Serial n is bit n & 7, least significant first, of byte n >> 3. Never mutated. */
  readonly bits: Uint8Array;
}

export const NOTHING_SPENT: SpentSet = { version: 0, bits: new Uint8Array() };

const campaign = branded<CampaignId>(z.string().regex(CAMPAIGN_ID));
const serials = z.array(branded<CouponSerial>(z.int().min(0).max(MAX_SERIAL))).max(MAX_DELTA_SERIALS);

export const spentFullSchema = z.object({
  v: z.literal(1),
  type: z.literal('spent'),
  campaign,
  version: z.int().min(0),
  /** Base64url of the bitmap. */
  bits: z.string().max(Math.ceil((MAX_BITMAP_BYTES * 4) / 3)),
});

export const spentDeltaSchema = z.object({
  v: z.literal(1),
  type: z.literal('spent-delta'),
  campaign,
  /** The version that this delta leads to, from the one before. */
  version: z.int().positive(),
  spent: serials,
  /** Given back by a refund, where the campaign allows that. */
  restored: serials,
});

export const spentSchema = z.discriminatedUnion('type', [spentFullSchema, spentDeltaSchema]);
export type SpentMessage = z.infer<typeof spentSchema>;
export type SpentDelta = z.infer<typeof spentDeltaSchema>;

export const isSpent = (set: SpentSet, serial: CouponSerial): boolean =>
  ((set.bits[Math.floor(serial / 8)] ?? 0) & (1 << (serial & 7))) !== 0;

/** The set after this change; a serial in both lists is spent. Throws RangeError beyond MAX_SPENT_SERIALS. */
export function withChange(
  set: SpentSet,
  version: number,
  spent: readonly CouponSerial[],
  restored: readonly CouponSerial[] = [],
): SpentSet {
  const highest = spent.reduce((high, serial) => Math.max(high, serial), -1);
  if (highest >= MAX_SPENT_SERIALS) throw new RangeError(`serial ${highest}: a spent set holds ${MAX_SPENT_SERIALS}`);
  const bits = new Uint8Array(Math.max(set.bits.length, Math.floor(highest / 8) + 1));
  bits.set(set.bits);
  for (const serial of restored) {
    const at = Math.floor(serial / 8);
    if (at < bits.length) bits[at] = (bits[at] ?? 0) & ~(1 << (serial & 7));
  }
  for (const serial of spent) {
    const at = Math.floor(serial / 8);
    bits[at] = (bits[at] ?? 0) | (1 << (serial & 7));
  }
  return { version, bits };
}

export const areSame = (a: SpentSet, b: SpentSet): boolean =>
  a.version === b.version && a.bits.length === b.bits.length && a.bits.every((byte, at) => byte === b.bits[at]);

export const spentFull = (campaignId: CampaignId, set: SpentSet): Extract<SpentMessage, { type: 'spent' }> => ({
  v: 1,
  type: 'spent',
  campaign: campaignId,
  version: set.version,
  bits: base64url.encode(set.bits),
});

/** The set after a message, and what the message did to it. */
export interface SpentUpdate {
  readonly set: SpentSet;
  /**
   * applied: the set has this version now. already: it has this version or a newer one. gap: a delta is missing; wait for
   * the whole set.
   */
  readonly outcome: 'applied' | 'already' | 'gap';
}

export type SpentFaultCode = 'SPENT_SET_MALFORMED';

/**
 * Deltas may arrive twice, late and out of order. A delta beyond a gap still adds its spent serials, because that can only
 * refuse too much; it restores nothing and leaves the version unchanged.
 */
export function applySpent(set: SpentSet, message: SpentMessage): Result<SpentUpdate, SpentFaultCode> {
  if (message.type === 'spent') {
    const bits = base64url.decode(message.bits);
    if (!bits.ok || bits.value.length > MAX_BITMAP_BYTES) return err('SPENT_SET_MALFORMED');
    if (message.version < set.version) return ok({ set, outcome: 'already' });
    return ok({ set: { version: message.version, bits: bits.value }, outcome: 'applied' });
  }
  if (message.spent.some((serial) => serial >= MAX_SPENT_SERIALS)) return err('SPENT_SET_MALFORMED');
  if (message.version <= set.version) return ok({ set, outcome: 'already' });
  if (message.version > set.version + 1) {
    return ok({ set: withChange(set, set.version, message.spent), outcome: 'gap' });
  }
  return ok({ set: withChange(set, message.version, message.spent, message.restored), outcome: 'applied' });
}
