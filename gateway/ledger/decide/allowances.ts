/**
 * Issues allowances and counts their use.
 *
 * An allowance is in the ledger before it is sent. So a record that names one can be checked without trusting its device:
 * issued to this very device, in force at that time, not exceeded.
 *
 * A device that says hello with nothing outstanding gets an allowance. If the newest one is unused, it is renewed under its
 * own id, so that a flapping connection doesn't add rows. The device counts the same way, by the id, and continues its
 * count when an id comes again.
 *
 * A holder's coupons per allowance are counted in the holder's row. A counter that returns after a week brings thousands of
 * holders: counted in the device's row, each batch would rewrite all of them.
 */
import type { DeviceId, HolderId } from '#protocol/kernel/ids.js';
import type { Fen } from '#protocol/kernel/money.js';
import type { Interval, Millis, WallMs } from '#protocol/kernel/time.js';
import type { Allowance } from '#protocol/messages/allowance.js';
import type { BatchOverlay } from '../book/batch-overlay.js';
import type { DeviceChain, Holder, IssuedAllowance, SaleEntry, TakenUnder, Totals } from '../book/book.js';
import type { Doubt } from '../book/doubts.js';
import { CLOCKS_APART_MS, heldWhenJudged } from './proof/record-time.js';
import type { Rules } from './rules.js';

const HOUR_MS: Millis = 3_600_000;
/** A device that says hello again this soon gets the same allowance, which saves a commit. */
const RENEW_MS: Millis = 60_000;
/**
 * An allowance that ended this long before a hello with nothing outstanding has no more records to come. No network delays
 * a message nearly as long.
 */
const FORGET_MS: Millis = 24 * HOUR_MS;
/** Per device; some 200 bytes each. Further offline periods within one allowance's life count on the newest. */
const MAX_ALLOWANCES = 32;

/** Stands for all allowances that the earlier release issued and didn't record. No issued id can equal this. */
const OF_THE_RELEASE_BEFORE = '*';

export interface Renewal {
  readonly chain: DeviceChain;
  readonly allowance: Allowance;
}

/** For a device in sync; undefined: this campaign takes no coupons offline. `chain` is the same object if nothing changed. */
export function renewAllowance(chain: DeviceChain, { campaign, compiled }: Rules, now: WallMs): Renewal | undefined {
  const { permitted, maxCoupons, maxFaceFen, maxPerHolder } = campaign.offline;
  if (!permitted || now > compiled.ends) return undefined;
  const maxSyncAgeMs = maxSyncAgeOf(campaign.offline);
  const limits = { maxCoupons, maxFaceFen, maxPerHolder };
  const told = ({ id, renewedAt, expiresAt, ...issued }: IssuedAllowance): Allowance => ({
    ...{ format: 1, id, device: chain.device, campaign: campaign.id },
    ...{ maxCoupons: issued.maxCoupons, maxFaceFen: issued.maxFaceFen, maxPerHolder: issued.maxPerHolder },
    ...{ issuedAt: renewedAt as WallMs, expiresAt: expiresAt as WallMs, maxSyncAgeMs },
  });
  const live = (chain.allowances ?? []).filter(({ expiresAt }) => expiresAt + FORGET_MS >= now);
  const newest = live.findLast(({ id }) => id !== OF_THE_RELEASE_BEFORE);
  const isSame = newest !== undefined && hasLimits(newest, limits);
  const isUnused = newest?.coupons === 0;
  if (newest !== undefined && isSame && isUnused && isBetween(now - newest.renewedAt, 0, RENEW_MS))
    return { chain, allowance: told(newest) };
  const expiresAt = Math.min(now + maxSyncAgeMs, compiled.ends + 1);
  // The counter may still hold the one that ends later, because this answer was lost: that one keeps counting unchanged.
  const isLonger = newest !== undefined && expiresAt >= newest.expiresAt;
  const goesOn = newest !== undefined && ((isSame && isUnused && isLonger) || live.length >= MAX_ALLOWANCES);
  const next: IssuedAllowance = goesOn
    ? { ...newest, ...limits, renewedAt: now, expiresAt }
    : { id: freshId(live, now), issuedAt: now, renewedAt: now, expiresAt, ...limits, ...NOTHING_COUNTED };
  const others = goesOn ? live.filter((issued) => issued !== newest) : live;
  return { chain: { ...chain, allowances: [...others, next] }, allowance: told(next) };
}

/** Doubts about a coupon of this face, taken at that time under the record's allowance. */
export function allowanceDoubts(options: {
  readonly overlay: BatchOverlay;
  readonly chain: DeviceChain;
  readonly rules: Rules;
  readonly id: string;
  readonly at: Interval;
  readonly holder: HolderId;
  readonly faceFen: Fen;
}): Doubt[] {
  const { overlay, chain, at, holder, faceFen } = options;
  const issued = issuedTo({ ...options, totals: overlay.totals });
  if (issued === undefined) return ['allowance-unknown'];
  const doubts: Doubt[] = [];
  const hasBegun = at.latest + CLOCKS_APART_MS >= issued.issuedAt;
  if (!hasBegun || !heldWhenJudged(at, ({ latest }) => latest < issued.expiresAt))
    doubts.push('allowance-not-in-force');
  if (issued.coupons + 1 > issued.maxCoupons || issued.faceFen + faceFen > issued.maxFaceFen)
    doubts.push('allowance-exceeded');
  const ofHolder = countOf(issued.holders, holder) + takenUnder(overlay.holder(holder), chain.device, issued.id);
  if (ofHolder + 1 > issued.maxPerHolder) doubts.push('holder-limit-exceeded');
  return doubts;
}

/** Counts a believed coupon on its allowance. */
export function countTaking(
  overlay: BatchOverlay,
  options: {
    readonly chain: DeviceChain;
    readonly rules: Rules;
    readonly id: string;
    readonly holder: HolderId;
    readonly faceFen: Fen;
  },
): void {
  const { chain, holder, faceFen } = options;
  const issued = issuedTo({ ...options, totals: overlay.totals });
  if (issued === undefined) return;
  const isWritten = isKnown(chain, issued.id);
  const allowances = isWritten ? (chain.allowances ?? []) : [issued, ...(chain.allowances ?? [])];
  const counted = counting(overlay, { chain, issued, holder, faceFen, by: 1 });
  overlay.putDevice({ ...chain, allowances: allowances.map((one) => (one.id === issued.id ? counted : one)) });
}

/** The charge failed: its coupon no longer counts. Mirrors the device's `OfflineCount`. */
export function uncountTaking(
  overlay: BatchOverlay,
  chain: DeviceChain,
  { offline }: Pick<SaleEntry, 'offline'>,
): void {
  if (offline?.counted === undefined) return;
  const { holder, faceFen } = offline.counted;
  const known = chain.allowances ?? [];
  const issued =
    known.find(({ id }) => id === offline.allowance) ?? known.find(({ id }) => id === OF_THE_RELEASE_BEFORE);
  if (issued === undefined) return;
  const counted = counting(overlay, { chain, issued, holder, faceFen, by: -1 });
  overlay.putDevice({ ...chain, allowances: known.map((one) => (one === issued ? counted : one)) });
}

function issuedTo(options: {
  readonly chain: DeviceChain;
  readonly rules: Rules;
  readonly totals: Totals;
  readonly id: string;
}): IssuedAllowance | undefined {
  const { chain, id } = options;
  return chain.allowances?.find((one) => one.id === id) ?? ofTheReleaseBefore(options);
}

/**
 * A counter with an allowance of the earlier release keeps it until its end. That gateway recorded none, so all of them
 * together count as one with today's campaign, and none outlives one issued at the takeover.
 */
function ofTheReleaseBefore({
  chain,
  rules,
  totals,
}: {
  readonly chain: DeviceChain;
  readonly rules: Rules;
  readonly totals: Totals;
}): IssuedAllowance | undefined {
  const { allowancesSince = 0 } = totals;
  if (allowancesSince === 0) return undefined;
  const known = chain.allowances?.find(({ id }) => id === OF_THE_RELEASE_BEFORE);
  if (known !== undefined) return known;
  const { maxCoupons, maxFaceFen, maxPerHolder } = rules.campaign.offline;
  const expiresAt = allowancesSince + maxSyncAgeOf(rules.campaign.offline);
  return {
    ...{ id: OF_THE_RELEASE_BEFORE, issuedAt: 0, renewedAt: 0, expiresAt },
    ...{ maxCoupons, maxFaceFen, maxPerHolder },
    ...NOTHING_COUNTED,
  };
}

const NOTHING_COUNTED = { coupons: 0, faceFen: 0, holders: [] } as const;

export const maxSyncAgeOf = ({ maxSyncAgeHours }: { readonly maxSyncAgeHours: number }): Millis =>
  Math.round(maxSyncAgeHours * HOUR_MS);

type CountOfHolder = IssuedAllowance['holders'][number];

const countOf = (holders: readonly CountOfHolder[], holder: HolderId): number =>
  holders.find(([id]) => id === holder)?.[1] ?? 0;

const takenUnder = (holder: Holder | undefined, device: DeviceId, allowance: string): number =>
  holder?.takenUnder?.find(([by, id]) => by === device && id === allowance)?.[2] ?? 0;

interface Counting {
  readonly chain: DeviceChain;
  readonly issued: IssuedAllowance;
  readonly holder: HolderId;
  readonly faceFen: Fen;
  readonly by: 1 | -1;
}

function counting(overlay: BatchOverlay, { chain, issued, holder: id, faceFen, by }: Counting): IssuedAllowance {
  const sums = { ...issued, coupons: issued.coupons + by, faceFen: issued.faceFen + by * faceFen };
  const holder = overlay.holder(id);
  const left = takenUnder(holder, chain.device, issued.id) + by;
  if (holder === undefined || left < 0) return { ...sums, holders: countingHere(issued, id, by) };
  const { takenUnder: before = [], ...rest } = holder;
  // Forgotten allowances of this device no longer count.
  const others = before.filter(([device, allowance]) =>
    device === chain.device ? allowance !== issued.id && isKnown(chain, allowance) : true,
  );
  const counts: readonly TakenUnder[] = left > 0 ? [...others, [chain.device, issued.id, left]] : others;
  overlay.putHolder({ ...rest, ...(counts.length > 0 && { takenUnder: counts }) });
  return sums;
}

/** Counts here if the ledger has no row of the holder, or if it counted the coupon here before it used holders' rows. */
function countingHere({ holders }: IssuedAllowance, holder: HolderId, by: 1 | -1): readonly CountOfHolder[] {
  const left = countOf(holders, holder) + by;
  const others = holders.filter(([id]) => id !== holder);
  return left > 0 ? [...others, [holder, left]] : others;
}

const isKnown = ({ allowances = [] }: DeviceChain, id: string): boolean => allowances.some((one) => one.id === id);

type Limits = Pick<IssuedAllowance, 'maxCoupons' | 'maxFaceFen' | 'maxPerHolder'>;
const hasLimits = (issued: Limits, { maxCoupons, maxFaceFen, maxPerHolder }: Limits): boolean =>
  issued.maxCoupons === maxCoupons && issued.maxFaceFen === maxFaceFen && issued.maxPerHolder === maxPerHolder;

const isBetween = (value: number, from: number, to: number): boolean => value >= from && value < to;

/** Made from the time, as in release 0.1; after a clock was set back the id may already exist. */
function freshId(known: readonly IssuedAllowance[], now: WallMs): string {
  const plain = `a-${now.toString(36)}`;
  let id = plain;
  for (let n = 2; known.some((one) => one.id === id); n++) id = `${plain}-${n}`;
  return id;
}
