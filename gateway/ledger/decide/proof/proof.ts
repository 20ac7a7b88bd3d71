/**
 * Checks that a counter was entitled to a coupon: by the gateway's own offer for that sale, or by a presentation that its
 * holder signed (`offline-proof.ts`).
 *
 * A counter's report alone proves neither coupon nor money, because serials are dense and amounts are just numbers. Each
 * check returns its doubts; `doubts.ts` weighs them.
 */
import type { Tier } from '#protocol/campaign/schema.js';
import type { CouponSerial, DeviceId, MerchantId } from '#protocol/kernel/ids.js';
import { fen } from '#protocol/kernel/money.js';
import type { JournalledCoupon, RecordOf } from '#protocol/records/record.js';
import type { Offer, SaleEntry } from '../../book/book.js';
import type { Doubt } from '../../book/doubts.js';
import type { Rules } from '../rules.js';

/** Checks a charge with a coupon that the gateway allegedly reserved. `known`: the sale before this record. */
export function reservationDoubts(options: {
  readonly rules: Rules;
  readonly device: DeviceId;
  readonly known: SaleEntry;
  readonly record: RecordOf<'charging'>;
  readonly taken: JournalledCoupon;
}): Doubt[] {
  const { rules, device, known, record, taken } = options;
  const offer = offerOf(rules, known, taken.serial);
  if (offer === undefined) return [...merchantDoubts(rules, device, record.merchant), 'never-reserved'];
  // The offer names a merchant, who was checked at that time.
  const merchant: Doubt[] =
    offer.merchant === null
      ? merchantDoubts(rules, device, record.merchant)
      : when(offer.merchant !== record.merchant, 'merchant-differs');
  return [...merchant, ...offerDoubts(offer, record, taken)];
}

/** Every amount is the gateway's own: the counter repeats it and decides none. */
const offerDoubts = (offer: Offer, record: RecordOf<'charging'>, taken: JournalledCoupon): Doubt[] => [
  ...when(taken.tier !== offer.tier, 'tier-differs'),
  ...when(taken.faceFen !== offer.faceFen, 'face-differs'),
  ...when(taken.thresholdFen !== offer.thresholdFen, 'threshold-differs'),
  ...when(record.amountFen !== offer.netFen + offer.faceFen, 'amount-differs'),
  ...when(record.netFen !== offer.netFen, 'sums-differ'),
];

/** The same without an offer: by the campaign's tier. */
export const tierDoubts = (
  tier: Tier | undefined,
  { amountFen, netFen }: Pick<RecordOf<'charging'>, 'amountFen' | 'netFen'>,
  taken: Pick<JournalledCoupon, 'tier' | 'faceFen' | 'thresholdFen'>,
): Doubt[] => {
  if (tier === undefined) return ['coupon-never-handed-out'];
  return [
    ...when(taken.tier !== tier.id, 'tier-differs'),
    ...when(taken.faceFen !== tier.faceFen, 'face-differs'),
    ...when(taken.thresholdFen !== tier.thresholdFen, 'threshold-differs'),
    ...when(amountFen < tier.thresholdFen, 'below-threshold'),
    ...when(amountFen - tier.faceFen !== netFen, 'sums-differ'),
  ];
};

/**
 * A settled sale repeats its charge to the fen. If this version can't read the charge, the gateway's own offer replaces it.
 */
export function settlementDoubts(rules: Rules, before: SaleEntry, record: RecordOf<'settled'>): Doubt[] {
  const { serial } = record;
  if (before.state === 'not-charged' || before.state === 'abandoned') return [`settled-after-${before.state}`];
  if (before.state === 'asked') {
    if (serial === null) return sumDoubts(record);
    const offer = offerOf(rules, before, serial);
    if (offer === undefined) return ['never-reserved'];
    return [
      'settled-without-charge',
      ...differences({ ...offer, amountFen: fen(offer.netFen + offer.faceFen) }, record),
    ];
  }
  if (before.serial !== serial) {
    const wasOffered = serial === null || offerOf(rules, before, serial) !== undefined;
    return ['serial-differs', ...when(!wasOffered, 'never-reserved')];
  }
  return [...differences(before, record), ...(serial === null ? sumDoubts(record) : [])];
}

type Amounts = Pick<SaleEntry, 'amountFen' | 'netFen' | 'faceFen'>;
const differences = (charged: Amounts, { amountFen, netFen, faceFen }: RecordOf<'settled'>): Doubt[] => [
  ...when(amountFen !== charged.amountFen, 'amount-differs'),
  ...when(netFen !== charged.netFen, 'sums-differ'),
  ...when(faceFen !== charged.faceFen, 'face-differs'),
];
const sumDoubts = ({ amountFen, netFen, faceFen }: RecordOf<'settled'>): Doubt[] => [
  ...when(faceFen > 0, 'face-without-coupon'),
  ...when(amountFen !== netFen + faceFen, 'sums-differ'),
];

/** By the newest answer to this sale, or by an earlier one, which may have come through after a later question. */
export function offerOf(rules: Rules, sale: SaleEntry, serial: CouponSerial): Offer | undefined {
  const { answer, shown, at, reservedBefore = [] } = sale;
  const earlier = reservedBefore.find((one) => (typeof one === 'number' ? one : one.serial) === serial);
  const before = typeof earlier === 'number' ? offerByTier(rules, sale, earlier) : earlier;
  if (answer?.kind !== 'reserved' || answer.serial !== serial) return before;
  // It may be charged for by the earlier answer all the same: neither is newer than that.
  const firstAt = before === undefined ? at : Math.min(before.at ?? 0, at);
  return { ...answer, merchant: sale.merchant, ...(shown !== undefined && { shown }), at: firstAt };
}

/** Release 0.1 kept only an earlier answer's serial: its amounts follow from the tier and the request. */
function offerByTier(rules: Rules, { amountFen, merchant }: SaleEntry, serial: CouponSerial): Offer | undefined {
  const tier = rules.tierOf(serial);
  if (tier === undefined || amountFen < tier.thresholdFen) return undefined;
  const { id, faceFen, thresholdFen } = tier;
  return { serial, tier: id, faceFen, thresholdFen, netFen: fen(amountFen - faceFen), merchant };
}

export function merchantDoubts(rules: Rules, device: DeviceId, merchant: MerchantId): Doubt[] {
  const registered = rules.merchantOf(device);
  if (registered !== undefined && registered !== merchant) return ['merchant-of-another-device'];
  return when(!rules.isListed(merchant), 'merchant-not-listed');
}

export const when = (isSo: boolean, doubt: Doubt): Doubt[] => (isSo ? [doubt] : []);
