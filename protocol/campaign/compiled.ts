/**
 * A campaign made ready for deciding: what the rules look up for every sale is computed once. A gateway asks some
 * thousands of times a second.
 */
import type { MerchantId } from '../kernel/ids.js';
import type { Fen } from '../kernel/money.js';
import type { Interval, WallMs } from '../kernel/time.js';
import { DAY_MS, fixedZone, parseDay, parseTimeOfDay, type Zone, zoneOf } from './calendar.js';
import type { Campaign, PresentationMode, Tier } from './schema.js';
import { NO_TIERS, onlyTier, type SerialRange, serialRanges, type TierSet } from './tiers.js';
import { campaignBegins, claimOpens, openings } from './window.js';

export interface CompiledTier {
  /** Its place in the document, and its bit in a `TierSet`. */
  readonly index: number;
  readonly id: string;
  readonly faceFen: Fen;
  readonly thresholdFen: Fen;
  /**
   * The smallest amount it comes off: the threshold, and one fen more than the face where they are equal, since a card
   * reader cannot be asked for nothing (CRP/1: 1 fen at least).
   */
  readonly fromFen: Fen;
  readonly serials: SerialRange;
}

export interface CompiledCampaign {
  readonly campaign: Campaign;
  /** In the order of the document. */
  readonly tiers: readonly CompiledTier[];
  readonly tierById: ReadonlyMap<string, CompiledTier>;
  /** Where two tiers have one face, the first of the document. */
  readonly tierByFace: ReadonlyMap<number, CompiledTier>;
  readonly tiersByMode: Readonly<Record<PresentationMode, TierSet>>;
  readonly merchants: ReadonlySet<MerchantId>;
  readonly openings: readonly Interval[];
  /** Midnight at which its first day begins. */
  readonly begins: WallMs;
  /** The last instant at which a coupon is taken. */
  readonly ends: WallMs;
  readonly claimOpens: WallMs;
  readonly zone: Zone;
}

/** `open`: where somebody with a newer time zone file has worked them out already. */
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
 * A box may be older than the zone's name. Openings that were worked out elsewhere then say how far its clocks are from UTC:
 * good enough for what is shown, and the openings decide.
 */
function zoneFor({ window: { timeZone, firstDay, opens } }: Campaign, [first]: readonly Interval[]): Zone {
  const zone = zoneOf(timeZone);
  if (zone !== undefined) return zone;
  if (first === undefined) throw new RangeError(`time zone ${timeZone} is not known here`);
  return fixedZone(parseDay(firstDay) * DAY_MS + parseTimeOfDay(opens) - first.earliest);
}

const tiersIn = (tiers: readonly Tier[], mode: PresentationMode): TierSet =>
  tiers.reduce((set, tier, index) => (tier.modes.includes(mode) ? set | onlyTier(index) : set), NO_TIERS);
