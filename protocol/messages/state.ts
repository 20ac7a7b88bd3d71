/**
 * A device's state, retained on `codeplate/v1/<device>/state`: for operators, never an input of a decision about money.
 *
 * The last will is the short form, which the broker publishes after the device has gone.
 */
import { z } from 'zod';
import { reasonSchema } from '../faults/reason-schema.js';
import { branded } from '../kernel/branded.js';
import { DEVICE_ID, type DeviceId, MERCHANT_ID, type MerchantId } from '../kernel/ids.js';
import type { Fen } from '../kernel/money.js';
import type { WallMs } from '../kernel/time.js';

const wall = branded<WallMs>(z.int().min(0));
const fenAmount = branded<Fen>(z.int().min(0));

const identity = {
  v: z.literal(1),
  type: z.literal('state'),
  device: branded<DeviceId>(z.string().regex(DEVICE_ID)),
  merchant: branded<MerchantId>(z.string().regex(MERCHANT_ID)),
  agent: z.string().max(40),
  boot: z.int().min(0),
};

/** What a counter may still do offline, and until when. */
export const offlineStateSchema = z.object({
  permitted: z.boolean(),
  /** The reason where it may not. Counters before 0.2.0 don't send it. */
  reason: reasonSchema.optional(),
  couponsLeft: z.int().min(0),
  faceLeftFen: fenAmount,
  /** The last moment for an offline coupon; null: none allowed. */
  until: wall.nullable(),
  campaignVersion: z.int().min(0),
  spentVersion: z.int().min(0),
});

export const stateSchema = z.discriminatedUnion('online', [
  z.object({ ...identity, online: z.literal(false) }),
  z.object({
    ...identity,
    online: z.literal(true),
    journal: z.enum(['ok', 'failed']),
    /** Journalled but not yet acknowledged by the gateway; `oldestMs` is the age of the oldest. */
    unsent: z.object({ records: z.int().min(0), fen: fenAmount, oldestMs: z.int().min(0).nullable() }),
    ports: z.record(z.string().max(16), z.enum(['opening', 'open', 'lost', 'none'])),
    offline: offlineStateSchema.optional(),
  }),
]);
export type StateMessage = z.infer<typeof stateSchema>;
