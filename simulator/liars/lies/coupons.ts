/** Lies about whose coupon it was, and what proves it: false grants, foreign serials, one presentation for many sales. */
import { campaignTag, decodeGrant, encodeGrant, sealGrant } from '#protocol/codes/presentation.js';
import type { CampaignId, CouponSerial } from '#protocol/kernel/ids.js';
import { signPresentation } from '../../wallets/wallet.js';
import type { Partner } from '../gang.js';
import { anyCoupon, byReservation, freshCoupon, type Lie, offline, type Scene, saleRecords, tierOf } from '../scene.js';

type Found = NonNullable<ReturnType<typeof freshCoupon>>;

const lie = (
  id: string,
  words: string,
  tell: (scene: Scene, found: Found, allowance: string) => unknown,
  find = freshCoupon,
): Lie => ({
  id,
  words,
  tell(scene) {
    const found = find(scene);
    const allowance = scene.allowance?.id;
    if (found === undefined || allowance === undefined) return false;
    return tell(scene, found, allowance) !== false;
  },
});

/** A whole sale offline, true in every other respect. */
function sell(
  scene: Scene,
  serial: CouponSerial,
  presentation: string,
  allowance: string,
  sale = scene.newSale(),
): void {
  const tier = tierOf(scene.tiers, serial) ?? scene.tiers[0];
  if (tier !== undefined) scene.write(saleRecords(scene, { sale, serial, tier, by: offline(presentation, allowance) }));
}

/** A serial that is not the partner's. */
function foreign({ chance, tiers }: Scene, partner: Partner): CouponSerial {
  const last = tiers.at(-1)?.last ?? 0;
  for (let tries = 0; tries < 10; tries++) {
    const serial = chance.below(last + 1) as CouponSerial;
    if (!partner.serials.includes(serial)) return serial;
  }
  return (last + 1) as CouponSerial;
}

function grantOf(partner: Partner): ReturnType<typeof decodeGrant> {
  return decodeGrant(partner.wallet.grant ?? new Uint8Array());
}

export const couponLies: readonly Lie[] = [
  lie('serial-of-another', 'a coupon that the grant doesn’t name', (scene, { partner }, allowance) =>
    sell(scene, foreign(scene, partner), partner.present(scene.now), allowance),
  ),
  lie('serial-of-nobody', 'a coupon that was never handed out', (scene, { partner }, allowance) => {
    sell(
      scene,
      ((scene.tiers.at(-1)?.last ?? 0) - scene.chance.below(2)) as CouponSerial,
      partner.present(scene.now),
      allowance,
    );
    return true;
  }),
  lie('grant-widened', 'a grant with more serials than the issuer signed', (scene, { partner }, allowance) => {
    const own = grantOf(partner);
    if (!own.ok) return false;
    const serial = foreign(scene, partner);
    const grant = encodeGrant({ ...own.value, serials: [serial] }, own.value.signature);
    const nonce = partner.lastNonce + 1;
    sell(
      scene,
      serial,
      signPresentation({ signer: partner.wallet.signer, grant, nonce: nonce, nowMs: scene.now }),
      allowance,
    );
    return true;
  }),
  lie('grant-forged', 'a grant that a partner has signed instead of the issuer', (scene, { partner }, allowance) => {
    const own = grantOf(partner);
    if (!own.ok) return false;
    const { signer } = partner.wallet;
    const serial = foreign(scene, partner);
    const fields = {
      keyId: own.value.keyId,
      serials: [serial],
      expiresAt: own.value.expiresAt,
      holderKey: signer.publicKey,
    };
    const grant = sealGrant(fields, 'world-2023' as CampaignId, signer);
    sell(scene, serial, signPresentation({ signer, grant, nonce: 1, nowMs: scene.now }), allowance);
    return own.value.campaignTag === campaignTag('world-2023' as CampaignId);
  }),
  lie('signature-of-another', 'a code that another partner has signed', (scene, { partner, serial }, allowance) => {
    const other = scene.gang.partners.find((one) => one !== partner);
    const { grant } = partner.wallet;
    if (other === undefined || grant === undefined) return false;
    const code = signPresentation({
      signer: other.wallet.signer,
      grant,
      nonce: partner.lastNonce + 1,
      nowMs: scene.now,
    });
    sell(scene, serial, code, allowance);
    return true;
  }),
  lie('no-presentation', 'something that is no code at all', (scene, { serial }, allowance) => {
    sell(scene, serial, 'CP1:NOTHING', allowance);
    return true;
  }),
  lie('never-reserved', 'the gateway had reserved it', (scene, { serial, tier }) => {
    scene.write(saleRecords(scene, { sale: scene.newSale(), serial, tier, by: byReservation }));
    return true;
  }),
  lie('settled-out-of-nothing', 'it is settled, and no charge was ever written down', (scene, { serial, tier }) => {
    const [, , settled] = saleRecords(scene, { sale: scene.newSale(), serial, tier, by: byReservation });
    scene.write([settled]);
    return true;
  }),

  lie('one-showing-two-coupons', 'one showing, two of the holder’s coupons', (scene, { partner }, allowance) => {
    if (partner.serials.length < 2) return false;
    const code = partner.present(scene.now);
    for (const serial of partner.serials.slice(0, 2)) sell(scene, serial, code, allowance);
    return true;
  }),
  lie('one-showing-two-sales', 'one showing, one coupon, two sales', (scene, { partner, serial }, allowance) => {
    const code = partner.present(scene.now);
    sell(scene, serial, code, allowance);
    sell(scene, serial, code, allowance);
  }),
  lie('showing-of-yore', 'a showing whose number was used long ago', (scene, { partner, serial }, allowance) => {
    if (partner.lastNonce < 1) return false;
    sell(scene, serial, partner.present(scene.now, 1 + scene.chance.below(partner.lastNonce)), allowance);
    return true;
  }),
  lie('showing-handed-on', 'a showing that another liar has just taken as well', (scene, { partner }, allowance) => {
    // Kept as a picture: whoever of the gang comes by next uses it, within the minute or long after.
    scene.gang.keep({ code: partner.present(scene.now), serials: partner.serials });
    const picture = scene.gang.pictures.at(-1);
    const serial = picture?.serials[0];
    if (picture !== undefined && serial !== undefined) sell(scene, serial, picture.code, allowance);
  }),
  lie(
    'picture',
    'a picture of somebody’s code',
    (scene, _, allowance) => {
      const picture = scene.gang.pictures.at(-1 - scene.chance.below(3));
      const serial = picture === undefined ? undefined : scene.chance.any(picture.serials);
      if (picture === undefined || serial === undefined) return false;
      sell(scene, serial, picture.code, allowance);
      return true;
    },
    anyCoupon,
  ),
  lie(
    'coupon-used-again',
    'a coupon that it has been paid for already',
    (scene, { partner, serial }, allowance) => {
      sell(scene, serial, partner.present(scene.now), allowance);
      scene.gang.spend(serial);
    },
    anyCoupon,
  ),
  lie(
    'greedy-conflict',
    'a used coupon, and worth more than it was',
    (scene, { partner, serial, tier }, allowance) => {
      const by = offline(partner.present(scene.now), allowance);
      const [opened, charging, settled] = saleRecords(scene, { sale: scene.newSale(), serial, tier, by });
      scene.write([opened, { ...charging, netFen: 0 }, { ...settled, netFen: 0, faceFen: tier.thresholdFen + 1_000 }]);
    },
    anyCoupon,
  ),
  lie('week-of-sales', 'more coupons than its allowance permits', (scene, _, allowance) => {
    for (const partner of scene.gang.partners)
      for (const serial of partner.serials)
        if (!scene.gang.isSpent(serial)) sell(scene, serial, partner.present(scene.now), allowance);
  }),
  lie(
    'one-holder-all-coupons',
    'more of one holder’s coupons than its allowance permits',
    (scene, { partner }, allowance) => {
      for (const serial of partner.serials) sell(scene, serial, partner.present(scene.now), allowance);
    },
  ),
];
