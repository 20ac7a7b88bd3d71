/**
 * The allowance: how many coupons, and what total, one device may take while offline.
 *
 * It is signed, because its file is on the counter. Its use is counted in the journal, so that no crash can exceed it.
 */
import { z } from 'zod';
import { base64url } from '../codes/bit-text.js';
import { SIGNATURE_BYTES } from '../codes/presentation.js';
import { readJson } from '../config/strict-json.js';
import { branded } from '../kernel/branded.js';
import type { Es256Signer, Es256Verifier } from '../kernel/crypto.js';
import { CAMPAIGN_ID, type CampaignId, DEVICE_ID, type DeviceId } from '../kernel/ids.js';
import { err, ok, type Result } from '../kernel/result.js';
import type { WallMs } from '../kernel/time.js';

const wall = branded<WallMs>(z.int().min(0));

export const allowanceSchema = z.object({
  format: z.literal(1),
  /** Identifies this allowance in the records that use it; a new one starts a new count. */
  id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  device: branded<DeviceId>(z.string().regex(DEVICE_ID)),
  campaign: branded<CampaignId>(z.string().regex(CAMPAIGN_ID)),
  maxCoupons: z.int().min(0),
  /** Face total in fen. */
  maxFaceFen: z.int().min(0),
  maxPerHolder: z.int().min(0),
  issuedAt: wall,
  expiresAt: wall,
  /** Offline coupons end when the last contact with the gateway is older than this. */
  maxSyncAgeMs: z.int().positive(),
});
export type Allowance = z.infer<typeof allowanceSchema>;

export const signedAllowanceSchema = z.object({
  v: z.literal(1),
  type: z.literal('allowance'),
  keyId: z.int().min(0).max(255),
  /** The JSON text of an `allowanceSchema`; the signature is over its exact bytes. */
  payload: z.string().max(2_000),
  signature: z.string().max(100),
});
export type SignedAllowance = z.infer<typeof signedAllowanceSchema>;

const utf8 = new TextEncoder();
const bytesToSign = (payload: string): Uint8Array => utf8.encode(`codeplate allowance 1\n${payload}`);

export function sealAllowance(
  allowance: z.input<typeof allowanceSchema>,
  keyId: number,
  signer: Es256Signer,
): SignedAllowance {
  const payload = JSON.stringify(allowance);
  return { v: 1, type: 'allowance', keyId, payload, signature: base64url.encode(signer.sign(bytesToSign(payload))) };
}

export function openAllowance(
  signed: SignedAllowance,
  trustedKeys: ReadonlyMap<number, Uint8Array>,
  verifier: Es256Verifier,
): Result<Allowance, 'ALLOWANCE_FORGED' | 'ALLOWANCE_MALFORMED'> {
  const key = trustedKeys.get(signed.keyId);
  const signature = base64url.decode(signed.signature);
  const genuine =
    key !== undefined &&
    signature.ok &&
    signature.value.length === SIGNATURE_BYTES &&
    verifier.verify(key, bytesToSign(signed.payload), signature.value);
  if (!genuine) return err('ALLOWANCE_FORGED');
  const read = readJson(signed.payload);
  const parsed = read.ok ? allowanceSchema.safeParse(read.value) : undefined;
  return parsed?.success ? ok(parsed.data) : err('ALLOWANCE_MALFORMED');
}
