/**
 * What a seed means: the world's size, its campaign, its people, and which faults come how often. Everything is drawn
 * here, before the first event, so that a report can print it and a shrinker can take pieces of it away.
 */
import { type Campaign, campaignSchema } from '#protocol/campaign/schema.js';
import type { MerchantId } from '#protocol/kernel/ids.js';
import { FAULTS } from '../faults/index.js';
import { type Chance, chanceFrom } from './parts/random.js';

export const PROFILES = ['calm', 'rough', 'hell', 'offline-week', 'flash-sale', 'dishonest'] as const;
export type ProfileName = (typeof PROFILES)[number];

export interface Plan {
  readonly seed: number;
  readonly profile: ProfileName;
  readonly counters: number;
  /** Of each counter, in order. */
  readonly merchants: readonly MerchantId[];
  readonly people: number;
  /** True time at which the world begins, ms since the epoch. */
  readonly start: number;
  /** Length of the part with faults, and of the quiet part after it, in ms. */
  readonly faultsMs: number;
  readonly quietMs: number;
  /** Mean time between two strikes on one counter, by fault; what isn't here is off. */
  readonly faults: ReadonlyMap<string, number>;
  /** Every line is down from an hour in until so long before the quiet. */
  readonly offlineWeek: boolean;
  readonly campaign: Campaign;
  readonly leaseMs: number;
  readonly visitEveryMs: number;
  readonly onlyInHours: boolean;
  readonly trouble: number;
  readonly opaque: number;
  readonly codeless: number;
  readonly dishonestPerMille: number;
  readonly claimsWithinMs: number;
  /** An old box on a mobile line: every message takes so long, and every sync. */
  readonly slow: { readonly lineMs: number; readonly syncMs: number } | undefined;
  /** Devices that lie, each with its merchant, and how often each of them does, in ms. */
  readonly liars: readonly MerchantId[];
  readonly lieEveryMs: number;
  /** Customers who play along with them. */
  readonly partners: number;
}

interface Profile {
  readonly counters: readonly [number, number];
  readonly people: readonly [number, number];
  readonly minutes: readonly [number, number];
  readonly visitEveryMs: readonly [number, number];
  /** Times the rates of `rough`; 0: no faults. */
  readonly faultRate: number;
  /** How likely each fault is to be on at all. */
  readonly faultsOn: number;
  readonly trouble: number;
  readonly dishonestPerMille: number;
  readonly claimsWithinMs: number;
  readonly liars?: readonly [number, number];
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;

const TABLE: Readonly<Record<ProfileName, Profile>> = {
  calm: {
    counters: [1, 2],
    people: [20, 40],
    minutes: [20, 60],
    visitEveryMs: [20_000, 60_000],
    faultRate: 0,
    faultsOn: 0,
    trouble: 0.5,
    dishonestPerMille: 30,
    claimsWithinMs: 60_000,
  },
  rough: {
    counters: [1, 3],
    people: [15, 40],
    minutes: [30, 80],
    visitEveryMs: [10_000, 50_000],
    faultRate: 1,
    faultsOn: 0.6,
    trouble: 1,
    dishonestPerMille: 80,
    claimsWithinMs: 5 * MINUTE_MS,
  },
  hell: {
    counters: [1, 4],
    people: [8, 40],
    minutes: [30, 60],
    visitEveryMs: [3_000, 30_000],
    faultRate: 4,
    faultsOn: 0.75,
    trouble: 1.5,
    dishonestPerMille: 250,
    claimsWithinMs: 10 * MINUTE_MS,
  },
  'offline-week': {
    counters: [1, 3],
    people: [40, 120],
    minutes: [7 * DAY_MINUTES + 60, 8 * DAY_MINUTES],
    visitEveryMs: [15 * MINUTE_MS, 60 * MINUTE_MS],
    faultRate: 0.02,
    faultsOn: 0.5,
    trouble: 1,
    dishonestPerMille: 100,
    claimsWithinMs: 20 * MINUTE_MS,
  },
  'flash-sale': {
    counters: [4, 8],
    people: [30, 80],
    minutes: [10, 20],
    visitEveryMs: [2_000, 10_000],
    faultRate: 1,
    faultsOn: 0.3,
    trouble: 1,
    dishonestPerMille: 150,
    claimsWithinMs: 20_000,
  },
  dishonest: {
    counters: [2, 3],
    people: [15, 40],
    minutes: [20, 40],
    visitEveryMs: [10_000, 40_000],
    faultRate: 0.5,
    faultsOn: 0.3,
    trouble: 1,
    dishonestPerMille: 80,
    claimsWithinMs: 2 * MINUTE_MS,
    liars: [1, 3],
  },
};

/** Faults off, and everything may come together: the longest of the product's own patience is ten minutes. */
export const QUIET_MS = 20 * MINUTE_MS;
/** 2023-03-27 00:00 in Shanghai. */
export const MIDNIGHT = Date.UTC(2023, 2, 26, 16);

export function planOf(seed: number, profile: ProfileName): Plan {
  const chance = chanceFrom(seed, `plan ${profile}`);
  const shape = TABLE[profile];
  const range = ([from, to]: readonly [number, number]): number => chance.between(from, to);
  const counters = range(shape.counters);
  const offlineWeek = profile === 'offline-week';
  // Mostly in the hours; sometimes across the opening or the closing, where an interval has two sides.
  const from = offlineWeek
    ? 8 * 60 + 40
    : profile === 'flash-sale'
      ? 8 * 60 + 58
      : chance.pick([8 * 60 + 50, 10 * 60, 13 * 60, 21 * 60 + 35]);
  const day = offlineWeek ? 0 : chance.below(15);
  const slow = drawSlow(chanceFrom(seed, `slow ${profile}`), profile);
  const faults = new Map<string, number>();
  for (const fault of FAULTS) {
    const on = shape.faultsOn > 0 && chance.happens(shape.faultsOn);
    // Within a seed one fault may be rare and another one rain.
    const weight = chance.pick([0.5, 1, 1, 2]);
    if (on) faults.set(fault.id, Math.max(5_000, Math.floor((fault.everyMs / shape.faultRate) * weight)));
  }
  const people = range(shape.people);
  const faultsMs = range(shape.minutes) * MINUTE_MS;
  const campaign = drawCampaign(chance, Math.ceil(counters / 2) + (shape.liars === undefined ? 0 : 1));
  const leaseMs = chance.pick([78_000, 85_000, 120_000, 120_000]);
  return {
    seed,
    profile,
    counters,
    merchants: Array.from({ length: counters }, (_, at) => `m${Math.floor(at / 2) + 1}` as MerchantId),
    people,
    start: MIDNIGHT + (day * DAY_MINUTES + from) * MINUTE_MS,
    faultsMs,
    quietMs: QUIET_MS,
    faults,
    offlineWeek,
    campaign,
    leaseMs: slow === undefined ? leaseMs : SHORT_LEASE_MS,
    visitEveryMs: range(shape.visitEveryMs),
    onlyInHours: offlineWeek,
    trouble: shape.trouble,
    opaque: chance.pick([0.1, 0.3, 0.6]),
    codeless: chance.pick([0.05, 0.2]),
    dishonestPerMille: chance.happens(0.7) ? shape.dishonestPerMille : 0,
    claimsWithinMs: shape.claimsWithinMs,
    slow,
    ...drawLiars(chanceFrom(seed, `liars ${profile}`), shape, counters),
  };
}

/** Hardly longer than a charge at its worst: there the counter's count of a lease decides. */
const SHORT_LEASE_MS = 78_000;
/** So often an old box on a mobile line, where the question, the answer and the record together take seconds. */
const SLOW_WORLDS = 0.12;

function drawSlow(chance: Chance, profile: ProfileName): Plan['slow'] {
  if (profile !== 'rough' && profile !== 'hell') return undefined;
  if (!chance.happens(SLOW_WORLDS)) return undefined;
  return { lineMs: chance.between(300, 900), syncMs: chance.between(300, 2_200) };
}

/** Some at a merchant's beside honest counters, some at one of their own. */
function drawLiars(
  chance: Chance,
  { liars }: Profile,
  counters: number,
): Pick<Plan, 'liars' | 'lieEveryMs' | 'partners'> {
  if (liars === undefined) return { liars: [], lieEveryMs: 0, partners: 0 };
  const [from, to] = liars;
  const merchants = Math.ceil(counters / 2) + 1;
  return {
    liars: Array.from({ length: chance.between(from, to) }, () => `m${1 + chance.below(merchants)}` as MerchantId),
    lieEveryMs: chance.between(3_000, 12_000),
    partners: chance.between(2, 8),
  };
}

function drawCampaign(chance: Chance, merchants: number): Campaign {
  const quantities = [chance.between(3, 60), chance.between(3, 40), chance.between(1, 25)];
  const faces = [2_000, 4_000, 8_000];
  const whole = quantities.reduce((sum, quantity, at) => sum + quantity * (faces[at] ?? 0), 0);
  return campaignSchema.parse({
    format: 1,
    id: 'world-2023',
    version: 1,
    name: '世界消费季',
    nameEn: 'The simulated season',
    receiptLine: '本小票仅存在于模拟世界',
    window: { timeZone: 'Asia/Shanghai', firstDay: '2023-03-27', days: 15, opens: '09:00', closes: '22:00' },
    claim: {
      opens: { day: '2023-03-27', time: chance.pick(['00:00', '09:00']) },
      perPersonPerTier: 1,
      samePerson: chance.pick(['any', 'all']),
      identifiers: ['phone', 'idCard', 'device'],
      geofence: null,
    },
    tiers: ['yuan-20', 'yuan-40', 'yuan-80'].map((id, at) => ({
      id,
      faceFen: faces[at],
      thresholdFen: [10_000, 20_000, 30_000][at],
      quantity: quantities[at],
      modes: ['customer-code', 'plate'],
    })),
    choice: 'largest-face',
    couponsPerPayment: 1,
    refund: chance.pick(['stays-used', 'restored-if-full', 'restored-next-day', 'pro-rata']),
    offline: {
      permitted: chance.happens(0.9),
      maxCoupons: chance.between(1, 8),
      maxFaceFen: chance.between(2, 40) * 1_000,
      maxPerHolder: chance.between(1, 3),
      maxSyncAgeHours: chance.pick([2, 24, 72]),
      conflictAccount: chance.pick(['sponsor', 'merchant', 'bank']),
      fullPriceWithoutJournal: chance.happens(0.5),
    },
    plateCapFen: null,
    splitGuard: chance.happens(0.2) ? { minutes: 10, maxPayments: 3 } : null,
    merchants: Array.from({ length: merchants }, (_, at) => ({
      id: `m${at + 1}`,
      name: `第${at + 1}商店`,
      category: '超市',
    })),
    sponsors: [
      { id: 'district', name: '区政府', shareBasisPoints: 6_667 },
      { id: 'bank', name: '银行', shareBasisPoints: 3_333 },
    ],
    // Sometimes less than the tiers would come to: then the budget is what runs out.
    budgetFen: chance.happens(0.3) ? Math.max(8_000, Math.floor(whole * 0.6)) : whole,
  });
}
