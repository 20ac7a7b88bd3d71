/** What a lie may lay its hands on, and the honest sale that it starts from. */
import type { CouponSerial, DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import type { Allowance } from '#protocol/messages/allowance.js';
import type { Chance } from '../world/parts/random.js';
import type { Gang, Partner } from './gang.js';

/** A record as it is written: a lie is free to leave the schema. */
export interface Body {
  readonly [field: string]: unknown;
  readonly amountFen?: number;
  readonly netFen?: number;
  readonly serial?: number | null;
  readonly coupon?: Body | null;
  readonly at?: unknown;
}

export interface Tier {
  readonly id: string;
  readonly faceFen: number;
  readonly thresholdFen: number;
  readonly first: number;
  readonly last: number;
}

export interface Reserved {
  readonly kind: 'reserved';
  readonly serial: CouponSerial;
  readonly tier: string;
  readonly faceFen: number;
  readonly thresholdFen: number;
  readonly netFen: number;
}
export type Answer = (answer: Reserved | { readonly kind: 'refused' }) => void;

export interface Question {
  readonly sale: string;
  readonly order: string;
  readonly merchant: string;
  readonly amountFen: number;
  readonly mode: string;
  readonly presented: { readonly kind: 'opaque' | 'verifiable'; readonly code: string };
}

export interface Scene {
  readonly device: DeviceId;
  readonly merchant: MerchantId;
  readonly merchants: readonly MerchantId[];
  readonly tiers: readonly Tier[];
  readonly chance: Chance;
  readonly gang: Gang;
  readonly now: number;
  /** The newest that this device was given. */
  readonly allowance: Allowance | undefined;
  /** Somebody honest walks in and shows a code. */
  customer(kind: 'verifiable' | 'opaque'): string | undefined;
  newSale(): string;
  write(records: readonly Body[]): void;
  writeText(bodies: readonly string[]): void;
  ask(question: Question, then: Answer): void;
  later(ms: number, run: () => void): void;
  hello(head?: { readonly seq: number; readonly hash: string }): void;
  raw(text: string): void;
}

export interface Lie {
  readonly id: string;
  readonly words: string;
  /** Times as often as the others. */
  readonly often?: number;
  /** False where what it needs isn't there. */
  tell(scene: Scene): boolean;
}

export const SLIP = { auth: '123456', rrn: '1', last4: '4321', scheme: 'UPI', readerTime: '' };

/** As exact as an honest counter's clock mostly is. */
export const around = (now: number): { readonly earliest: number; readonly latest: number } => ({
  earliest: now - 40,
  latest: now + 40,
});

export const tierOf = (tiers: readonly Tier[], serial: CouponSerial): Tier | undefined =>
  tiers.find(({ first, last }) => first <= serial && serial <= last);

/** A partner's coupon that nobody has asked money for yet. */
export function freshCoupon(
  scene: Scene,
): { readonly partner: Partner; readonly serial: CouponSerial; readonly tier: Tier } | undefined {
  const all = scene.gang.partners.flatMap((partner) =>
    partner.serials.filter((serial) => !scene.gang.isSpent(serial)).map((serial) => ({ partner, serial })),
  );
  const found = scene.chance.any(all);
  const tier = found === undefined ? undefined : tierOf(scene.tiers, found.serial);
  return found === undefined || tier === undefined ? undefined : { ...found, tier };
}

/** Any coupon of a partner, spent or not. */
export function anyCoupon(
  scene: Scene,
): { readonly partner: Partner; readonly serial: CouponSerial; readonly tier: Tier } | undefined {
  const partner = scene.chance.any(scene.gang.partners);
  const serial = partner === undefined ? undefined : scene.chance.any(partner.serials);
  const tier = serial === undefined ? undefined : tierOf(scene.tiers, serial);
  return partner === undefined || serial === undefined || tier === undefined ? undefined : { partner, serial, tier };
}

export interface Parts {
  readonly sale: string;
  readonly serial: CouponSerial;
  readonly tier: Tier;
  readonly amountFen?: number;
  readonly by: Body;
  readonly at?: Body | null;
}

/** The three records of a sale with a coupon, as an honest counter writes them. */
export function saleRecords(
  scene: Scene,
  { sale, serial, tier, amountFen = tier.thresholdFen + 1_000, by, at }: Parts,
): [Body, Body, Body] {
  const when = at === undefined ? around(scene.now) : at;
  const { faceFen, thresholdFen } = tier;
  const order = `L-${sale}`;
  const netFen = amountFen - faceFen;
  return [
    { kind: 'opened', sale, order, amountFen, at: when },
    {
      kind: 'charging',
      sale,
      order,
      merchant: scene.merchant,
      amountFen,
      netFen,
      coupon: { serial, tier: tier.id, faceFen, thresholdFen, by },
      reason: null,
      readerMark: null,
      at: when,
    },
    {
      kind: 'settled',
      sale,
      order,
      amountFen,
      netFen,
      serial,
      faceFen,
      receipt: `${scene.device}-${sale}`,
      card: SLIP,
      at: when,
    },
  ];
}

export const byReservation: Body = { kind: 'reservation' };
export const offline = (presentation: string, allowance: string): Body => ({
  kind: 'offline',
  presentation,
  allowance,
});
