import { decodeGrant, encodeGrant } from '#protocol/codes/presentation.js';
import type { CouponSerial } from '#protocol/kernel/ids.js';
import type { Presenter } from '../presenter.js';
import { signPresentation, type Wallet } from '../wallet.js';

/** A phone that writes other serials into its own grant, and leaves the issuer's signature as it was. */
export function claimingToHold(wallet: Wallet, serials: readonly CouponSerial[]): Presenter {
  const own = wallet.grant === undefined ? undefined : decodeGrant(wallet.grant);
  if (own?.ok !== true) throw new Error('this wallet has no grant to alter: claim first');
  const grant = encodeGrant({ ...own.value, serials }, own.value.signature);
  let nonce = 0;
  return { present: (nowMs) => signPresentation({ signer: wallet.signer, grant, nonce: ++nonce, nowMs }) };
}
