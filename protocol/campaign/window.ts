/**
 * The campaign's opening hours as instants, computed once per campaign.
 *
 * An opening ends one millisecond before its closing time, because an `Interval` includes both ends: at 22:00:00.000 a
 * campaign that closes at 22:00 is closed. Days that meet at midnight (00:00 to 24:00) merge into one opening.
 */
import { type Interval, type WallMs, wallMs } from '../kernel/time.js';
import { DAY_MS, parseDay, parseTimeOfDay, type Zone, zoneOf } from './calendar.js';
import type { Campaign } from './schema.js';

export function openings(campaign: Pick<Campaign, 'window'>): readonly Interval[] {
  const { firstDay, days, opens, closes } = campaign.window;
  const zone = zoneOfCampaign(campaign);
  const first = parseDay(firstDay) * DAY_MS;
  const found: Interval[] = [];
  for (let day = 0; day < days; day++) {
    const midnight = first + day * DAY_MS;
    const earliest = zone.instant(midnight + parseTimeOfDay(opens));
    const latest = wallMs(zone.instant(midnight + parseTimeOfDay(closes)) - 1);
    const previous = found.at(-1);
    if (previous !== undefined && previous.latest + 1 >= earliest) {
      found[found.length - 1] = { earliest: previous.earliest, latest };
    } else if (latest >= earliest) {
      found.push({ earliest, latest }); // hours that the clocks skip make no opening
    }
  }
  return found;
}

/** True only if the whole interval lies inside one opening: any instant in it may be the true one. */
export function insideWindow(open: readonly Interval[], at: Interval): boolean {
  for (const opening of open) {
    if (at.earliest < opening.earliest) return false;
    if (at.latest <= opening.latest) return true;
  }
  return false;
}

/** Midnight at the start of the first day. */
export const campaignBegins = (campaign: Pick<Campaign, 'window'>, zone: Zone = zoneOfCampaign(campaign)): WallMs =>
  zone.instant(parseDay(campaign.window.firstDay) * DAY_MS);

export const claimOpens = (
  campaign: Pick<Campaign, 'window'> & { readonly claim: Pick<Campaign['claim'], 'opens'> },
  zone: Zone = zoneOfCampaign(campaign),
): WallMs => zone.instant(parseDay(campaign.claim.opens.day) * DAY_MS + parseTimeOfDay(campaign.claim.opens.time));

/** The next midnight in the campaign's zone: from then on a `restored-next-day` coupon is usable again. */
export function nextMidnight(campaign: Pick<Campaign, 'window'>, at: WallMs): WallMs {
  const zone = zoneOfCampaign(campaign);
  return zone.instant((Math.floor(zone.local(at) / DAY_MS) + 1) * DAY_MS);
}

function zoneOfCampaign({ window: { timeZone } }: Pick<Campaign, 'window'>): Zone {
  const zone = zoneOf(timeZone);
  // `parseCampaign` refuses unknown zones. A document that bypassed it must not open at a wrong hour.
  if (zone === undefined) throw new RangeError(`time zone ${timeZone} is not known here`);
  return zone;
}
