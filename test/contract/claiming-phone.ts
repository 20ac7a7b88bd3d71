/** Phones that claim at a gateway of a test: their claims signed, and their owners known to a wallet's server. */

import type { z } from 'zod';
import { base64url } from '#protocol/codes/bit-text.js';
import type { Es256Signer } from '#protocol/kernel/crypto.js';
import type { CampaignId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import { type claimSchema, type SignedClaim, signClaim } from '#protocol/messages/claim-request.js';
import { es256Signer, generatePrivateKey } from '#protocol/node/crypto.js';
import { diceOf } from '#simulator/counter/dice.js';
import { WalletServer } from '#simulator/wallets/wallet-server.js';
import { MORNING } from './ledger-fixture.js';

export const walletServer = new WalletServer(es256Signer(generatePrivateKey()), diceOf(7));
/** For a gateway.yaml. */
export const CLAIMS = { identity: 'wallet', walletKeys: [walletServer.publicKey] } as const;

export type ClaimInput = z.input<typeof claimSchema>;

const PERSON = {
  phone: '13800138000',
  idCard: '11010519491231002X',
  device: 'a1b2c3d4-e5f6',
  position: { longitude: 128.84, latitude: 47.86 },
  tiers: ['s20'],
} as const;

/** Of the test's campaign, unless `change` says otherwise; proved, unless it brings a proof of its own. */
export function claimOf(
  change: Partial<ClaimInput> = {},
  signer: Es256Signer = es256Signer(generatePrivateKey()),
  nowMs: number = MORNING,
): ClaimInput {
  const campaign = 'test-2023' as CampaignId;
  const bare = { ...PERSON, tiers: [...PERSON.tiers], campaign, madeAt: wallMs(nowMs), ...change };
  const proof = walletServer.statement(bare, { campaign, publicKey: signer.publicKey, nowMs });
  return { publicKey: base64url.encode(signer.publicKey), proof, ...bare };
}

export function signedClaim(change: Partial<ClaimInput> = {}, signer?: Es256Signer, nowMs?: number): SignedClaim {
  const by = signer ?? es256Signer(generatePrivateKey());
  return signClaim(claimOf(change, by, nowMs), by);
}

/** A text that is no claim, signed like one. */
export function signText(payload: string, signer: Es256Signer): SignedClaim {
  const bytes = new TextEncoder().encode(`codeplate claim 1\n${payload}`);
  return { payload, signature: base64url.encode(signer.sign(bytes)) };
}
