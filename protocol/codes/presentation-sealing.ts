/** Creates presentations: the issuer signs a grant, and the holder's phone signs a presentation of it. */
import type { Es256Signer } from '../kernel/crypto.js';
import type { CampaignId } from '../kernel/ids.js';
import type { WallMs } from '../kernel/time.js';
import {
  campaignTag,
  encodeGrant,
  encodePresentation,
  type Grant,
  grantBytesToSign,
  presentationBytesToSign,
} from './presentation-layout.js';

/** The bytes that the phone stores. Throws `RangeError` for values that a grant can't carry. */
export function sealGrant(
  grant: Omit<Grant, 'campaignTag'>,
  campaign: CampaignId,
  issuer: Pick<Es256Signer, 'sign'>,
): Uint8Array {
  const tagged: Grant = { ...grant, campaignTag: campaignTag(campaign) };
  return encodeGrant(tagged, issuer.sign(grantBytesToSign(campaign, tagged)));
}

/** The text of the code on the phone's screen. Its time has whole seconds; fractions are dropped. */
export function sealPresentation(
  shown: { readonly grantBytes: Uint8Array; readonly shownAt: WallMs; readonly nonce: number },
  holder: Pick<Es256Signer, 'sign'>,
): string {
  const { grantBytes, shownAt, nonce } = shown;
  const signature = holder.sign(presentationBytesToSign(grantBytes, shownAt, nonce));
  return encodePresentation({ ...shown, signature });
}
