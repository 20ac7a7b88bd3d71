/**
 * A compiled campaign: everything that the rules look up for a sale, computed once. A gateway quotes thousands of sales a
 * second.
 */
import type { MerchantId } from '../kernel/ids.js';
import type { Fen } from '../kernel/money.js';
import type { Interval, WallMs } from '../kernel/time.js';
import { DAY_MS, fixedZone, parseDay, parseTimeOfDay, type Zone, zoneOf } from './calendar.js';
import type { Campaign, PresentationMode, Tier } from './schema.js';
import { NO_TIERS, onlyTier, type SerialRange, serialRanges, type TierSet } from './tiers.js';
import { campaignBegins, claimOpens, openings } from './window.js';

export interface CompiledTier {
  /** The tier's position in the document, and its bit in a `TierSet`. */
  readonly index: number;
  readonly id: string;
  readonly faceFen: Fen;
  readonly thresholdFen: Fen;
  /**
   * The smallest amount from which this coupon may be deducted: the threshold, or one fen more than the face where the two
   * are equal, because a card reader can't charge zero (CRP/1: at least 1 fen).
   */
  readonly fromFen: Fen;
  readonly serials: SerialRange;
}

export interface CompiledCampaign {
  readonly campaign: Campaign;
  /** In document order. */
  readonly tiers: readonly CompiledTier[];
  readonly tierById: ReadonlyMap<string, CompiledTier>;
  /** Where two tiers have the same face, the first in the document. */
  readonly tierByFace: ReadonlyMap<number, CompiledTier>;
  readonly tiersByMode: Readonly<Record<PresentationMode, TierSet>>;
  readonly merchants: ReadonlySet<MerchantId>;
  readonly openings: readonly Interval[];
  /** Midnight at the start of the first day. */
  readonly begins: WallMs;
  /** The last instant at which the campaign takes a coupon. */
  readonly ends: WallMs;
  readonly claimOpens: WallMs;
  readonly zone: Zone;
}

/** `open`: openings that the gateway computed from newer time zone data. */
export function compileCampaign(campaign: Campaign, open: readonly Interval[] = openings(campaign)): CompiledCampaign {
  const ranges = serialRanges(campaign);
  const tiers = campaign.tiers.flatMap((tier, index): CompiledTier[] => {
    const serials = ranges[index];
    if (serials === undefined) return [];
    const { id, faceFen, thresholdFen } = tier;
    return [{ index, id, faceFen, thresholdFen, fromFen: Math.max(thresholdFen, faceFen + 1) as Fen, serials }];
  });
  const zone = zoneFor(campaign, open);
  const begins = campaignBegins(campaign, zone);
  return {
    campaign,
    tiers,
    tierById: new Map(tiers.map((tier) => [tier.id, tier])),
    tierByFace: new Map(tiers.toReversed().map((tier) => [tier.faceFen, tier])),
    tiersByMode: {
      'customer-code': tiersIn(campaign.tiers, 'customer-code'),
      plate: tiersIn(campaign.tiers, 'plate'),
    },
    merchants: new Set(campaign.merchants.map(({ id }) => id)),
    openings: open,
    begins,
    ends: open.at(-1)?.latest ?? begins,
    claimOpens: claimOpens(campaign, zone),
    zone,
  };
}

/**
 * The device's time zone data may be older than the zone's name. The gateway's openings then give the offset from UTC. That
 * is good enough for display; decisions use the openings themselves.
 */
function zoneFor({ window: { timeZone, firstDay, opens } }: Campaign, [first]: readonly Interval[]): Zone {
  const zone = zoneOf(timeZone);
  if (zone !== undefined) return zone;
  if (first === undefined) throw new RangeError(`time zone ${timeZone} is not known here`);
  return fixedZone(parseDay(firstDay) * DAY_MS + parseTimeOfDay(opens) - first.earliest);
}

const tiersIn = (tiers: readonly Tier[], mode: PresentationMode): TierSet =>
  tiers.reduce((set, tier, index) => (tier.modes.includes(mode) ? set | onlyTier(index) : set), NO_TIERS);
