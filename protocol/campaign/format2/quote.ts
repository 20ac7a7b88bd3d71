/**
 * Which coupons of which campaign come off a payment, and of each coupon why not. Pure. All coupons of one payment are of
 * one campaign: the one that saves most, then the one whose coupon ends first, then the one with the smallest threshold.
 */
import type { ReasonCode } from '../../faults/reasons.js';
import { type Fen, fen } from '../../kernel/money.js';
import type { AskV2, HeldCoupon } from './ask.js';
import { savingOf, usableFrom } from './benefit.js';
import type { CompiledV2 } from './compiled.js';
import { CAMPAIGN_RULES, type Candidate, COUPON_RULES, SET_RULES, savingOfSet, splitRule } from './rules.js';

/**
 * Sets are tried one by one where several coupons come off a payment: of 12 coupons 4,095. Of more, those that save most
 * are tried; nobody was seen to hold so many for one payment.
 */
export const MAX_TRIED = 12;

export interface QuotedV2 {
  /** What comes off with this coupon alone, where it is usable; 0 elsewhere. */
  readonly savingFen: Fen;
  /** Why it is not taken; null: it is. */
  readonly reason: ReasonCode | null;
}

export interface QuoteV2 {
  /** Places in the ask, in its order. */
  readonly chosen: readonly number[];
  readonly savingFen: Fen;
  readonly netFen: Fen;
  /** Why no coupon is taken; null where one is. */
  readonly reason: ReasonCode | null;
  /** In the order of the ask. */
  readonly each: readonly QuotedV2[];
  /** The least that is missing until a coupon comes off that saves more, where the amount alone is in the way. */
  readonly next: { readonly savingFen: Fen; readonly missingFen: Fen } | null;
}

/** `rank`: how far it came through the rules. */
interface Refusal {
  readonly rank: number;
  readonly reason: ReasonCode;
}
type Judged = { readonly candidate: Candidate } | { readonly refusal: Refusal };

export function quoteV2(campaigns: readonly CompiledV2[], ask: AskV2): QuoteV2 {
  const judged = ask.coupons.map((_coupon, at) => judge(campaigns, ask, at));
  const best = campaigns
    .map((campaign) => ({ campaign, set: setOf(campaign, ask, judged) }))
    .filter(({ set }) => set.length > 0)
    .toSorted((one, other) => compareSets(one.set, other.set, campaigns));
  const picked = best.find(({ campaign, set }) => isPicked(campaign, ask, set));
  const chosen = (picked ?? best[0])?.set ?? [];
  const places = chosen.map(({ at }) => at).toSorted((one, other) => one - other);
  const refusals = judged.map((one) => refusalOf(campaigns, ask, one));
  const savingFen = fen(savingOfSet(chosen));
  const reason = chosen.length > 0 ? null : furthest(campaigns, ask, refusals);
  return {
    chosen: places,
    savingFen,
    netFen: fen(ask.amountFen - savingFen),
    reason,
    each: judged.map((one, at) => ({
      savingFen: fen('candidate' in one ? one.candidate.savingFen : 0),
      reason: places.includes(at) ? null : (refusals[at]?.reason ?? 'another-coupon-chosen'),
    })),
    next: reason === null || reason === 'below-threshold' ? nextOf(campaigns, ask, refusals, savingFen) : null,
  };
}

/** The rules that look at one coupon by itself. */
function judge(campaigns: readonly CompiledV2[], ask: AskV2, at: number): Judged {
  const coupon = ask.coupons[at];
  const campaign = campaigns.find((known) => known.campaign.id === coupon?.campaign);
  const tier = campaign?.tiers.get(coupon?.tier ?? '');
  const refused = campaign === undefined ? undefined : refusedByCampaign(campaign, ask);
  if (refused !== undefined) return { refusal: refused };
  if (coupon === undefined || campaign === undefined || tier === undefined)
    return { refusal: { rank: CAMPAIGN_RULES.length, reason: 'other-campaign' } };
  for (const [index, rule] of COUPON_RULES.entries()) {
    const reason = rule(campaign, ask, coupon, tier);
    if (reason !== null) return { refusal: { rank: CAMPAIGN_RULES.length + 1 + index, reason } };
  }
  return { candidate: { at, coupon, tier, savingFen: savingOf(tier.tier, coupon.drawnFen, ask) } };
}

function refusedByCampaign(campaign: CompiledV2, ask: AskV2): Refusal | undefined {
  for (const [rank, rule] of CAMPAIGN_RULES.entries()) {
    const reason = rule(campaign, ask);
    if (reason !== null) return { rank, reason };
  }
  return undefined;
}

/** The rules that look at what comes off together. */
function refusedTogether(campaign: CompiledV2, ask: AskV2, set: readonly Candidate[]): Refusal | undefined {
  for (const [index, rule] of SET_RULES.entries()) {
    const reason = rule(campaign, ask, set);
    if (reason !== null) return { rank: CAMPAIGN_RULES.length + 1 + COUPON_RULES.length + index, reason };
  }
  return undefined;
}

function refusalOf(campaigns: readonly CompiledV2[], ask: AskV2, judged: Judged): Refusal | undefined {
  if ('refusal' in judged) return judged.refusal;
  const campaign = campaignOf(campaigns, judged.candidate.coupon);
  return campaign === undefined ? undefined : refusedTogether(campaign, ask, [judged.candidate]);
}

const campaignOf = (campaigns: readonly CompiledV2[], coupon: HeldCoupon): CompiledV2 | undefined =>
  campaigns.find(({ campaign }) => campaign.id === coupon.campaign);

/** What this campaign would take off, by its own choice. */
function setOf(campaign: CompiledV2, ask: AskV2, judged: readonly Judged[]): readonly Candidate[] {
  const { id, choice, couponsPerPayment } = campaign.campaign;
  const candidates = judged.flatMap((one) =>
    'candidate' in one && one.candidate.coupon.campaign === id && one.candidate.savingFen > 0 ? [one.candidate] : [],
  );
  const isTaken = (set: readonly Candidate[]): boolean => refusedTogether(campaign, ask, set) === undefined;
  switch (choice) {
    case 'earliest-end':
      return oneByOne(candidates.toSorted(firstBy(endOf(campaign), bySaving)), couponsPerPayment, isTaken);
    case 'smallest-face':
      return oneByOne(candidates.toSorted(firstBy(smallest, endOf(campaign))), couponsPerPayment, isTaken);
    case 'customer': {
      const picked = candidates.filter(({ at }) => ask.picked?.includes(at) === true);
      if (picked.length === 0) return largest(campaign, candidates, isTaken);
      return picked.length <= couponsPerPayment && isTaken(picked) ? picked : [];
    }
    case 'largest-saving':
      return largest(campaign, candidates, isTaken);
  }
}

type Key = (candidate: Candidate) => number;
const bySaving: Key = ({ savingFen }) => -savingFen;
const smallest: Key = ({ savingFen }) => savingFen;
const byThreshold: Key = ({ tier }) => tier.tier.thresholdFen ?? 0;
const endOf =
  ({ ends }: CompiledV2): Key =>
  ({ coupon }) =>
    Math.min(coupon.endsAt ?? ends, ends);

const firstBy =
  (...keys: readonly Key[]) =>
  (one: Candidate, other: Candidate): number => {
    for (const key of [...keys, byThreshold]) {
      const difference = key(one) - key(other);
      if (difference !== 0) return difference;
    }
    return one.at - other.at;
  };

function oneByOne(
  sorted: readonly Candidate[],
  most: number,
  isTaken: (set: readonly Candidate[]) => boolean,
): readonly Candidate[] {
  let set: readonly Candidate[] = [];
  for (const candidate of sorted) {
    const larger = [...set, candidate];
    if (set.length < most && isTaken(larger)) set = larger;
  }
  return set;
}

function largest(
  campaign: CompiledV2,
  candidates: readonly Candidate[],
  isTaken: (set: readonly Candidate[]) => boolean,
): readonly Candidate[] {
  const most = campaign.campaign.couponsPerPayment;
  const tried = most === 1 ? candidates : candidates.toSorted(firstBy(bySaving, endOf(campaign))).slice(0, MAX_TRIED);
  let best: readonly Candidate[] = [];
  const grow = (set: readonly Candidate[], from: number): void => {
    for (const [index, candidate] of tried.entries()) {
      if (index < from) continue;
      const larger = [...set, candidate];
      if (isTaken(larger) && compareSets(larger, best, [campaign]) < 0) best = larger;
      if (larger.length < most) grow(larger, index + 1);
    }
  };
  grow([], 0);
  return best;
}

/** Negative: `one` comes first. */
function compareSets(one: readonly Candidate[], other: readonly Candidate[], campaigns: readonly CompiledV2[]): number {
  const keys = (set: readonly Candidate[]): readonly number[] => [
    -savingOfSet(set),
    Math.min(
      ...set.map((candidate) => {
        const campaign = campaignOf(campaigns, candidate.coupon);
        return campaign === undefined ? Number.POSITIVE_INFINITY : endOf(campaign)(candidate);
      }),
    ),
    set.reduce((sum, candidate) => sum + byThreshold(candidate), 0),
    set.length,
    ...set.map(({ at }) => at).toSorted((first, second) => first - second),
  ];
  const others = keys(other);
  for (const [index, key] of keys(one).entries()) {
    const second = others[index] ?? 0;
    if (key !== second) return key < second ? -1 : 1;
  }
  return 0;
}

const isPicked = ({ campaign }: CompiledV2, { picked }: AskV2, set: readonly Candidate[]): boolean =>
  campaign.choice === 'customer' && set.some(({ at }) => picked?.includes(at) === true);

/** Of several coupons the one that came furthest speaks; without any, the campaign that came furthest. */
function furthest(
  campaigns: readonly CompiledV2[],
  ask: AskV2,
  refusals: readonly (Refusal | undefined)[],
): ReasonCode {
  const ofCoupons = refusals.filter((refusal) => refusal !== undefined);
  const closed = campaigns.map((campaign) => refusedByCampaign(campaign, ask));
  if (ask.coupons.length === 0 && closed.some((refusal) => refusal === undefined)) return 'no-coupon-held';
  const all = ask.coupons.length === 0 ? closed.filter((refusal) => refusal !== undefined) : ofCoupons;
  const [first] = all.toSorted((one, other) => other.rank - one.rank);
  return first?.reason ?? 'no-coupon-held';
}

/** Only what would come true: everything but the amount is as now, and the guard against split orders is over by then. */
function nextOf(
  campaigns: readonly CompiledV2[],
  ask: AskV2,
  refusals: readonly (Refusal | undefined)[],
  savingFen: number,
): QuoteV2['next'] {
  let next: { savingFen: number; missingFen: number } | null = null;
  for (const [at, coupon] of ask.coupons.entries()) {
    const campaign = campaignOf(campaigns, coupon);
    const tier = campaign?.tiers.get(coupon.tier);
    if (campaign === undefined || tier === undefined || refusals[at]?.reason !== 'below-threshold') continue;
    const from = usableFrom(tier.tier, coupon.drawnFen, ask.excludedFen);
    if (from === null) continue;
    const then = { ...ask, amountFen: fen(from + ask.excludedFen) };
    const saving = savingOf(tier.tier, coupon.drawnFen, then);
    const candidate = { at, coupon, tier, savingFen: saving };
    const isKept = SET_RULES.every((rule) => rule === splitRule || rule(campaign, then, [candidate]) === null);
    const missingFen = then.amountFen - ask.amountFen;
    if (!isKept || saving <= savingFen || missingFen <= 0) continue;
    if (next === null || missingFen < next.missingFen || (missingFen === next.missingFen && saving > next.savingFen))
      next = { savingFen: saving, missingFen };
  }
  return next === null ? null : { savingFen: fen(next.savingFen), missingFen: fen(next.missingFen) };
}
