/** A format-2 campaign made ready for deciding: its openings as instants, worked out once. */
import type { Interval, WallMs } from '../../kernel/time.js';
import { wallMs } from '../../kernel/time.js';
import { DAY_MS, parseDay, parseTimeOfDay, type Zone, zoneOf } from '../calendar.js';
import { type Hours, WEEKDAYS } from './parts.js';
import type { CampaignV2, TierV2 } from './schema.js';

export interface CompiledTierV2 {
  readonly tier: TierV2;
  /** null: whenever the campaign is open. */
  readonly openings: readonly Interval[] | null;
}

export interface CompiledV2 {
  readonly campaign: CampaignV2;
  readonly tiers: ReadonlyMap<string, CompiledTierV2>;
  readonly openings: readonly Interval[];
  /** Midnight at which its first day begins. */
  readonly begins: WallMs;
  /** The last instant at which a coupon is taken. */
  readonly ends: WallMs;
  readonly zone: Zone;
}

export function compileV2(campaign: CampaignV2): CompiledV2 {
  const zone = zoneOf(campaign.timeZone);
  // `parseCampaignV2` has refused unknown zones.
  if (zone === undefined) throw new RangeError(`time zone ${campaign.timeZone} is not known here`);
  const openings = openingsOf(campaign, campaign.opening.hours, zone);
  const begins = zone.instant(parseDay(campaign.opening.firstDay) * DAY_MS);
  const tiers = campaign.tiers.map((tier): readonly [string, CompiledTierV2] => [
    tier.id,
    { tier, openings: tier.hours === null ? null : openingsOf(campaign, tier.hours, zone) },
  ]);
  return { campaign, tiers: new Map(tiers), openings, begins, ends: openings.at(-1)?.latest ?? begins, zone };
}

/** 1970-01-01, day 0, was a Thursday. */
const DAY_ZERO = WEEKDAYS.indexOf('thu');

function openingsOf({ opening }: Pick<CampaignV2, 'opening'>, hours: readonly Hours[], zone: Zone): Interval[] {
  const found: Interval[] = [];
  for (let day = parseDay(opening.firstDay); day <= parseDay(opening.lastDay); day++) {
    const weekday = WEEKDAYS[(day + DAY_ZERO) % WEEKDAYS.length];
    for (const { weekdays, opens, closes } of hours) {
      if (weekday === undefined || (weekdays !== 'daily' && !weekdays.includes(weekday))) continue;
      const isNextDay = parseTimeOfDay(closes) <= parseTimeOfDay(opens);
      const earliest = zone.instant(day * DAY_MS + parseTimeOfDay(opens));
      const latest = wallMs(zone.instant((day + (isNextDay ? 1 : 0)) * DAY_MS + parseTimeOfDay(closes)) - 1);
      // Hours that the clocks jump over are no opening.
      if (latest >= earliest) found.push({ earliest, latest });
    }
  }
  return joined(found.sort((one, other) => one.earliest - other.earliest));
}

/** Openings that meet or overlap become one: a counter unsure around midnight is inside all the same. */
function joined(sorted: readonly Interval[]): Interval[] {
  const found: Interval[] = [];
  for (const next of sorted) {
    const last = found.at(-1);
    if (last === undefined || next.earliest > last.latest + 1) found.push(next);
    else found[found.length - 1] = { earliest: last.earliest, latest: wallMs(Math.max(last.latest, next.latest)) };
  }
  return found;
}
