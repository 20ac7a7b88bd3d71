/**
 * Checks an offline sale without trusting its counter.
 *
 * Each of the counter's own checks is repeated, by the holder's signature, the gateway's issued documents and the campaign.
 * Each check is a function of its own, so that each has a mutant of its own.
 */
import { insideWindow } from '#protocol/campaign/window.js';
import { checkFreshness } from '#protocol/codes/presentation.js';
import type { CouponSerial, DeviceId } from '#protocol/kernel/ids.js';
import type { Interval, WallMs } from '#protocol/kernel/time.js';
import type { JournalledCoupon, RecordOf } from '#protocol/records/record.js';
import type { Verdict } from '../../../ports/verifier.js';
import type { BatchOverlay } from '../../book/batch-overlay.js';
import type { Coupon, DeviceChain, SaleEntry } from '../../book/book.js';
import { type Doubt, isDistrusted } from '../../book/doubts.js';
import { allowanceDoubts, maxSyncAgeOf } from '../allowances.js';
import type { EarlierRules, Rules } from '../rules.js';
import { presentationUseDoubts } from './presentation-uses.js';
import { merchantDoubts, tierDoubts, when } from './proof.js';
import { CLOCKS_APART_MS, heldWhenJudged, timeDoubts } from './record-time.js';

export interface OfflineClaim {
  readonly overlay: BatchOverlay;
  readonly rules: Rules;
  readonly now: WallMs;
  readonly device: DeviceId;
  readonly chain: DeviceChain;
  /** The newest time in the device's records so far. */
  readonly newestAt: number | undefined;
  /** The sale before this record. */
  readonly known: SaleEntry;
  readonly record: RecordOf<'charging'>;
  readonly taken: JournalledCoupon;
  readonly by: JournalledCoupon['by'] & { readonly kind: 'offline' };
  readonly verdict: Verdict | undefined;
}

/**
 * Judges by the document in force, or by an earlier one that this counter may still have held. An offline counter can't
 * learn of a new version, so coupons taken under the old one are valid.
 */
export function offlineDoubts(claim: OfflineClaim): Doubt[] {
  const doubts = doubtsBy(claim);
  if (!isDistrusted(doubts)) return doubts;
  for (const earlier of heldThen(claim)) {
    const then = doubtsBy({ ...claim, rules: { ...claim.rules, ...earlier } });
    if (!isDistrusted(then)) return then;
  }
  return doubts;
}

/**
 * The documents that a counter could hold at this sale. It takes nothing once its last contact with the gateway is older
 * than `maxSyncAgeHours`, so a document counts for that long after its end, and not before its beginning.
 */
function heldThen({ rules, record: { at } }: OfflineClaim): EarlierRules['rules'][] {
  if (at === null) return [];
  const isHeld = ({ since, until, ...earlier }: EarlierRules): boolean => {
    const age = Math.max(maxSyncAgeOf(rules.campaign.offline), maxSyncAgeOf(earlier.rules.campaign.offline));
    return since <= at.latest + CLOCKS_APART_MS && until > at.latest - age - CLOCKS_APART_MS;
  };
  return rules
    .earlier()
    .filter(isHeld)
    .map((earlier) => earlier.rules);
}

function doubtsBy(claim: OfflineClaim): Doubt[] {
  const { rules, device, record, taken, verdict } = claim;
  const { serial } = taken;
  const tier = rules.tierOf(serial);
  const doubts = [
    ...when(!rules.campaign.offline.permitted, 'offline-not-permitted'),
    ...merchantDoubts(rules, device, record.merchant),
    ...askedDoubts(claim.known, record),
    ...tierDoubts(tier, record, taken),
  ];
  if (verdict === undefined) return [...doubts, 'presentation-unchecked'];
  if (!verdict.ok) return [...doubts, verdict.reason];
  doubts.push(...grantDoubts(verdict.serials, serial), ...holderDoubts(verdict, claim.overlay.coupon(serial)));
  const { at } = record;
  if (at === null) return [...doubts, 'no-trusted-time'];
  doubts.push(
    ...freshnessDoubts(verdict, at),
    ...timeDoubts(at, claim),
    ...hoursDoubts(rules, at),
    ...showingsDoubts(claim, verdict),
  );
  const { overlay, chain, by } = claim;
  const { holder } = verdict;
  // The campaign's face, not the counter's: a different one has its own doubt.
  if (tier === undefined) return doubts;
  return [
    ...doubts,
    ...allowanceDoubts({ overlay, chain, rules, id: by.allowance, at, holder, faceFen: tier.faceFen }),
  ];
}

type Verified = Extract<Verdict, { ok: true }>;

/** Requested online first, and taken offline when no answer came: by the same counter for the same merchant. */
const askedDoubts = ({ answer, merchant }: SaleEntry, record: RecordOf<'charging'>): Doubt[] =>
  when(answer !== null && merchant !== record.merchant, 'merchant-differs');

const grantDoubts = (serials: readonly CouponSerial[], serial: CouponSerial): Doubt[] =>
  when(!serials.includes(serial), 'serial-not-in-grant');

/** A grant outlives a restored older ledger, which may have issued the coupon to somebody else since. */
const holderDoubts = ({ holder }: Verified, coupon: Coupon | undefined): Doubt[] =>
  when(coupon !== undefined && coupon.holder !== holder, 'coupon-of-another-holder');

/** The counter's checks when the code was shown, at its own recorded time. */
function freshnessDoubts({ shownAt, expiresAt }: Verified, at: Interval): Doubt[] {
  const isFresh = heldWhenJudged(at, (judged) => checkFreshness(shownAt, judged) === undefined);
  const stale = isFresh ? undefined : checkFreshness(shownAt, at);
  const isInForce = heldWhenJudged(at, ({ latest }) => latest < expiresAt);
  return [...(stale === undefined ? [] : [stale]), ...when(!isInForce, 'grant-expired')];
}

/** A counter takes a coupon offline only if its whole time interval lies in one opening. */
const hoursDoubts = ({ compiled }: Rules, at: Interval): Doubt[] =>
  when(!heldWhenJudged(at, (judged) => insideWindow(compiled.openings, judged)), 'outside-hours');

function showingsDoubts({ overlay, known }: OfflineClaim, { holder: id, nonce: counter }: Verified): Doubt[] {
  const holder = overlay.holder(id);
  return holder === undefined ? [] : presentationUseDoubts(holder, { counter, sale: known.key });
}
