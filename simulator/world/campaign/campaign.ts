/**
 * A whole campaign in the world: claims from its first minute, its merchants' counters open every day, until the coupons
 * are gone or the time is up. Nothing goes wrong here; what is shown is the campaign's own course.
 */
import type { Changes } from '#gateway/ledger/book/book.js';
import { compileCampaign } from '#protocol/campaign/compiled.js';
import type { Campaign } from '#protocol/campaign/schema.js';
import type { MerchantId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import type { Violation } from '../judge.js';
import { type Plan, QUIET_MS } from '../profiles.js';
import { World } from '../world.js';

export interface CampaignDay {
  /** `2023-03-27`. */
  readonly day: string;
  /** By tier, in the campaign's order. */
  readonly claimed: readonly number[];
  readonly redeemed: readonly number[];
  readonly sales: number;
  readonly sponsorFen: number;
}

/** Coupons claimed and redeemed in one hour, by tier. */
export interface CampaignHour {
  readonly claimed: readonly number[];
  readonly redeemed: readonly number[];
}

export interface CampaignCourse {
  readonly campaign: Campaign;
  readonly days: readonly CampaignDay[];
  /** From the first day's midnight on, as far as anything happened. */
  readonly hours: readonly CampaignHour[];
  /** Why it ended. */
  readonly end: 'coupons gone' | 'time up';
  readonly people: number;
  readonly sales: number;
  readonly simulatedMs: number;
  readonly violation: Violation | undefined;
  readonly traceHash: string;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Everybody takes one of each tier while there are some, so that more people than coupons of a tier come. */
const PEOPLE_A_COUPON = 0.52;
/** Word goes round: the last ones claim three days after the first. */
const CLAIMS_WITHIN_MS = 3 * DAY_MS;
/** A shop switches its counter on this long before the hours begin, and off after they have ended. */
const AROUND_HOURS_MS = 20 * MINUTE_MS;
/** One customer with a coupon in so many minutes, by the kind of shop; the rest of its trade is not the campaign's. */
const VISITS: readonly (readonly [RegExp, number])[] = [
  [/企业|石油|油/, 3],
  [/超市|百货|个体/, 2.5],
];
const QUIET_SHOP_MINUTES = 6;

/** `tell`: once in each simulated hour, how much of the coupons is used, and what day it is. */
export function runCampaign(
  campaign: Campaign,
  seed: number,
  tell: (done: number, words: string) => void = () => {},
): CampaignCourse {
  const compiled = compileCampaign(campaign);
  const coupons = campaign.tiers.reduce((sum, { quantity }) => sum + quantity, 0);
  const start = compiled.openings[0]?.earliest ?? compiled.begins;
  const people = Math.ceil(coupons * PEOPLE_A_COUPON);
  const plan: Plan = {
    seed,
    profile: 'calm',
    counters: campaign.merchants.length,
    merchants: campaign.merchants.map(({ id }) => id),
    people,
    start: start - AROUND_HOURS_MS,
    faultsMs: compiled.ends - start + AROUND_HOURS_MS,
    quietMs: QUIET_MS,
    faults: new Map(),
    offlineWeek: false,
    campaign,
    leaseMs: 120_000,
    visitEveryMs: 5 * MINUTE_MS,
    onlyInHours: true,
    trouble: 0,
    opaque: 0.5,
    codeless: 0,
    dishonestPerMille: 0,
    claimsWithinMs: CLAIMS_WITHIN_MS,
    slow: undefined,
    liars: [],
    lieEveryMs: 0,
    partners: 0,
  };
  const register = new Register(campaign, compiled);
  const kinds = new Map<MerchantId, string>(campaign.merchants.map(({ id, category }) => [id, category]));
  const world = new World(plan, {
    campaign: {
      booked: (changes) => register.booked(changes, world.scheduler.now),
      visitEveryMs: (merchant) =>
        (VISITS.find(([kind]) => kind.test(kinds.get(merchant) ?? ''))?.[1] ?? QUIET_SHOP_MINUTES) * MINUTE_MS,
    },
  });
  const isOver = (): boolean => register.redeemed >= coupons || world.violation !== undefined;
  for (const { earliest, latest } of compiled.openings) {
    for (const { box } of world.counters) {
      box.isOff = false;
      world.scheduler.at(earliest - AROUND_HOURS_MS, () => box.powerOn());
    }
    for (let hour: number = earliest; !isOver() && hour < latest + AROUND_HOURS_MS; hour += HOUR_MS) {
      world.runTo(Math.min(hour, latest + AROUND_HOURS_MS));
      const local = new Date(compiled.zone.local(wallMs(world.scheduler.now))).toISOString();
      tell(register.redeemed / coupons, `${local.slice(0, 16).replace('T', ' ')}, ${register.redeemed} coupons used`);
    }
    if (isOver()) break;
    for (const { box } of world.counters) {
      box.isOff = true;
      box.cutPower('the shop is shut');
    }
  }
  for (const { box } of world.counters) box.isOff = false;
  const violation = world.comeToRest();
  return {
    campaign,
    days: register.days,
    hours: register.hours,
    end: register.redeemed >= coupons ? 'coupons gone' : 'time up',
    people,
    sales: world.sales,
    simulatedMs: world.scheduler.now - plan.start,
    violation,
    traceHash: world.trace.hash,
  };
}

/** What the ledger took in, day by day by the campaign's own calendar. */
class Register {
  readonly #compiled: ReturnType<typeof compileCampaign>;
  readonly #days: { claimed: number[]; redeemed: number[]; sales: number; sponsorFen: number }[] = [];
  readonly #hours: { claimed: number[]; redeemed: number[] }[] = [];
  readonly #known = new Set<number>();
  readonly #midnights: readonly number[];
  #used = 0;

  constructor(campaign: Campaign, compiled: ReturnType<typeof compileCampaign>) {
    this.#compiled = compiled;
    const { zone, begins } = compiled;
    const first = zone.local(begins);
    this.#midnights = Array.from({ length: campaign.window.days }, (_, day) => zone.instant(first + day * DAY_MS));
    for (let day = 0; day < campaign.window.days; day++) {
      const none = campaign.tiers.map(() => 0);
      this.#days.push({ claimed: [...none], redeemed: [...none], sales: 0, sponsorFen: 0 });
    }
  }

  booked(changes: Changes, now: number): void {
    const { tiers } = this.#compiled;
    const day = this.#days[this.#midnights.findLastIndex((midnight) => midnight <= now)];
    if (day === undefined) return;
    const hour = this.#hourOf(now);
    const tierAt = (serial: number): number => tiers.findIndex(({ serials }) => serial <= serials.last);
    const add = (counts: number[], tier: number): void => {
      counts[tier] = (counts[tier] ?? 0) + 1;
    };
    for (const { serial } of changes.coupons) {
      if (this.#known.has(serial)) continue;
      this.#known.add(serial);
      add(day.claimed, tierAt(serial));
      add(hour.claimed, tierAt(serial));
    }
    for (const sale of changes.sales) {
      if (sale.state !== 'settled') continue;
      day.sales += 1;
      if (sale.serial === null || sale.booking !== 'kept') continue;
      add(day.redeemed, tierAt(sale.serial));
      add(hour.redeemed, tierAt(sale.serial));
      day.sponsorFen += sale.faceFen;
      this.#used += 1;
    }
  }

  #hourOf(now: number): { claimed: number[]; redeemed: number[] } {
    const { tiers, begins } = this.#compiled;
    const none = (): number[] => tiers.map(() => 0);
    const at = Math.floor((now - begins) / HOUR_MS);
    while (this.#hours.length <= at) this.#hours.push({ claimed: none(), redeemed: none() });
    return this.#hours[at] ?? { claimed: none(), redeemed: none() };
  }

  get hours(): readonly CampaignHour[] {
    return this.#hours;
  }

  get redeemed(): number {
    return this.#used;
  }

  get days(): readonly CampaignDay[] {
    const { zone, begins } = this.#compiled;
    const first = zone.local(begins);
    return this.#days.map((day, at) => ({
      day: new Date(first + at * DAY_MS).toISOString().slice(0, 10),
      ...day,
    }));
  }
}
