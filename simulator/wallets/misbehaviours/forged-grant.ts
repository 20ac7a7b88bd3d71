import { type Grant, sealGrant } from '#protocol/codes/presentation.js';
import type { Es256Signer } from '#protocol/kernel/crypto.js';
import type { CampaignId } from '#protocol/kernel/ids.js';
import type { Presenter } from '../presenter.js';
import { signPresentation } from '../wallet.js';

/** A grant that looks right in every field, issued by somebody who is not the issuer. */
export function withForgedGrant(options: {
  readonly campaign: CampaignId;
  /** All but the holder's key, which is the forger's own. */
  readonly grant: Omit<Grant, 'holderKey' | 'campaignTag'>;
  readonly holder: Es256Signer;
  readonly forger: Es256Signer;
}): Presenter {
  const fields = { ...options.grant, holderKey: options.holder.publicKey };
  const grant = sealGrant(fields, options.campaign, options.forger);
  let nonce = 0;
  return { present: (nowMs) => signPresentation({ signer: options.holder, grant, nonce: ++nonce, nowMs }) };
}
