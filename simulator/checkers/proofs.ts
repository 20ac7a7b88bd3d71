/**
 * What proves a sale that a liar reports. Written from the promise (docs/reliability.md), not from the gateway's code: the
 * records as they came, the line as it was heard, the campaign's tiers, and signatures checked anew.
 */
import type { CompiledCampaign } from '#protocol/campaign/compiled.js';
import { CLOCK_AHEAD_MS, checkPresentation, decodePresentation, FRESH_MS } from '#protocol/codes/presentation.js';
import type { Es256Verifier } from '#protocol/kernel/crypto.js';
import type { CouponSerial, DeviceId, HolderId, MerchantId, SaleId } from '#protocol/kernel/ids.js';
import type { JournalRecord, RecordOf } from '#protocol/records/record.js';
import type { Street } from './street.js';

/** Of one sale: its records in the order in which they came. */
export type SaleTape = readonly JournalRecord[];

export interface Proven {
  readonly serial: CouponSerial;
  readonly faceFen: number;
  /** One showing of one holder: good for one sale. Undefined for a payment code. */
  readonly showing: string | undefined;
  readonly holder: HolderId | undefined;
  /** The allowance that permits it; undefined: online. */
  readonly allowance: string | undefined;
}

export type Verdict = { readonly ok: true; readonly proven: Proven } | { readonly ok: false; readonly why: string };

export interface Proofs {
  readonly campaign: CompiledCampaign;
  readonly street: Street;
  readonly issuerKeys: ReadonlyMap<number, Uint8Array>;
  readonly verifier: Es256Verifier;
  now(): number;
}

/** An honest clock and the gateway's are within this of each other. */
const CLOCKS_MS = 5_000;
/** A counter judges the hours up to this long before it writes its record. */
const JUDGED_MS = 2_000;

const no = (why: string): Verdict => ({ ok: false, why });

/** May this device's merchant be credited for this sale, and with what? */
export function proofOf(proofs: Proofs, device: DeviceId, sale: SaleId, tape: SaleTape): Verdict {
  const settled = tape.find((record) => record.kind === 'settled');
  if (settled === undefined || settled.serial === null) return no('it was never settled with a coupon');
  const before = tape.slice(0, tape.indexOf(settled));
  const charging = before.findLast((record) => record.kind === 'charging');
  const tier = proofs.campaign.tiers.find(
    ({ serials }) => serials.first <= (settled.serial ?? -1) && (settled.serial ?? -1) <= serials.last,
  );
  if (tier === undefined) return no('its coupon is of no tier');
  const { faceFen } = tier;
  if (settled.faceFen !== faceFen) return no(`${settled.faceFen} fen came off for a coupon of ${faceFen}`);
  if (settled.netFen !== settled.amountFen - faceFen) return no('its sums differ');
  if (settled.amountFen < tier.thresholdFen) return no(`${settled.amountFen} fen are below its threshold`);
  const merchant = proofs.street.liars.get(device);
  if (charging !== undefined) {
    const wrong = chargingDiffers({ charging, settled, merchant, tier });
    if (wrong !== undefined) return no(wrong);
    const ended = before
      .slice(0, before.indexOf(charging))
      .find(({ kind }) => kind === 'abandoned' || kind === 'not-charged' || kind === 'refunded');
    const since = before
      .slice(before.indexOf(charging))
      .find(({ kind }) => kind === 'abandoned' || kind === 'not-charged');
    const over = ended ?? since;
    if (over !== undefined) return no(`it was ${over.kind} before it was settled`);
  }
  if (charging?.coupon?.by.kind === 'offline')
    return offlineProof(proofs, device, {
      charging,
      presentation: charging.coupon.by.presentation,
      allowance: charging.coupon.by.allowance,
      serial: settled.serial,
      faceFen,
    });
  const reserved = proofs.street.reservations(device, sale).find(({ answer }) => answer.serial === settled.serial);
  if (reserved === undefined) return no('it was never reserved');
  const { asked, answer } = reserved;
  if (asked.amountFen !== settled.amountFen || answer.netFen !== settled.netFen || answer.faceFen !== settled.faceFen)
    return no(`${settled.amountFen} fen are not what was asked for`);
  if (asked.merchant !== merchant) return no(`${asked.merchant} asked for it`);
  return {
    ok: true,
    proven: { serial: settled.serial, faceFen, allowance: undefined, ...shownBy(asked.presented.code) },
  };
}

function shownBy(code: string): Pick<Proven, 'showing' | 'holder'> {
  const decoded = decodePresentation(code);
  if (!decoded.ok) return { showing: undefined, holder: undefined };
  const { grant, nonce: counter } = decoded.value;
  const key = Buffer.from(grant.holderKey).toString('hex');
  return { showing: `${key} ${counter}`, holder: key as HolderId };
}

function chargingDiffers(sale: {
  readonly charging: RecordOf<'charging'>;
  readonly settled: RecordOf<'settled'>;
  readonly merchant: MerchantId | undefined;
  readonly tier: CompiledCampaign['tiers'][number];
}): string | undefined {
  const { charging, settled, merchant, tier } = sale;
  const { coupon } = charging;
  if (charging.merchant !== merchant) return `it is of ${charging.merchant}, and the device is not`;
  if (coupon === null) return 'it was charged without a coupon';
  if (coupon.serial !== settled.serial) return 'it was charged with another coupon';
  if (charging.amountFen !== settled.amountFen || charging.netFen !== settled.netFen)
    return 'it was charged with other sums';
  if (coupon.faceFen !== tier.faceFen) return `it was charged with a face of ${coupon.faceFen}`;
  if (coupon.thresholdFen !== tier.thresholdFen) return `it was charged with a threshold of ${coupon.thresholdFen}`;
  if (coupon.tier !== tier.id) return `it was charged with tier ${coupon.tier}`;
  return undefined;
}

function offlineProof(
  { campaign, street, issuerKeys, verifier, now }: Proofs,
  device: DeviceId,
  taken: {
    readonly charging: RecordOf<'charging'>;
    readonly presentation: string;
    readonly allowance: string;
    readonly serial: CouponSerial;
    readonly faceFen: number;
  },
): Verdict {
  const { charging, presentation, serial, faceFen } = taken;
  const { at } = charging;
  if (at === null) return no('nobody knows when it was');
  const decoded = decodePresentation(presentation);
  if (!decoded.ok) return no('its presentation is none');
  const { shownAt } = decoded.value;
  // The time is judged below; here the signatures, the grant and the campaign.
  const checked = checkPresentation({
    campaign: campaign.campaign.id,
    code: presentation,
    at: { earliest: shownAt, latest: shownAt },
    issuerKeys,
    verifier,
  });
  if (!checked.ok) return no(`its presentation is refused: ${checked.fault}`);
  if (!checked.value.serials.includes(serial)) return no('its presentation names other coupons');
  const width = at.latest - at.earliest;
  if (width > FRESH_MS + CLOCK_AHEAD_MS) return no(`it was some time within ${width} ms`);
  const apart = Math.max(at.latest - shownAt, shownAt - at.earliest);
  if (apart > FRESH_MS + CLOCK_AHEAD_MS + width) return no(`it was shown ${apart} ms away from the sale`);
  if (at.earliest > now() + CLOCKS_MS) return no('it is of the future');
  const isOpen = (judgedBefore: number): boolean =>
    campaign.openings.some(
      ({ earliest, latest }) => at.earliest - judgedBefore >= earliest && at.latest - judgedBefore <= latest,
    );
  if (!isOpen(0) && !isOpen(JUDGED_MS)) return no('it was outside the hours');
  const allowance = street.allowance(device, taken.allowance);
  if (allowance === undefined) return no(`nobody gave it the allowance ${taken.allowance}`);
  if (at.latest + CLOCKS_MS < allowance.issuedAt) return no('it was before its allowance was given');
  if (at.earliest > allowance.expiresAt) return no('it was after its allowance had ended');
  return { ok: true, proven: { serial, faceFen, allowance: taken.allowance, ...shownBy(presentation) } };
}
