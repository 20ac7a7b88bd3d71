/**
 * The gateway's clock, signed for one device and one request, so that nobody on the path can set a counter's time or replay
 * an old answer.
 */
import { base64url } from '../codes/bit-text.js';
import { SIGNATURE_BYTES } from '../codes/presentation.js';
import type { Es256Signer, Es256Verifier } from '../kernel/crypto.js';
import type { DeviceId } from '../kernel/ids.js';
import type { WallMs } from '../kernel/time.js';

export interface TimeStatement {
  readonly device: DeviceId;
  /** The id of the request that this answers. */
  readonly re: string;
  readonly time: WallMs;
}

const utf8 = new TextEncoder();

export const timeBytesToSign = ({ device, re, time }: TimeStatement): Uint8Array =>
  utf8.encode(`codeplate time 1\n${device}\n${re}\n${time}`);

export const signTime = (statement: TimeStatement, signer: Es256Signer): string =>
  base64url.encode(signer.sign(timeBytesToSign(statement)));

/** False for an unknown key, or a missing or invalid signature. */
export function timeHolds(
  statement: TimeStatement,
  signed: { readonly keyId?: number | undefined; readonly signature?: string | undefined },
  trustedKeys: ReadonlyMap<number, Uint8Array>,
  verifier: Es256Verifier,
): boolean {
  const key = signed.keyId === undefined ? undefined : trustedKeys.get(signed.keyId);
  const signature = base64url.decode(signed.signature ?? '');
  return (
    key !== undefined &&
    signature.ok &&
    signature.value.length === SIGNATURE_BYTES &&
    verifier.verify(key, timeBytesToSign(statement), signature.value)
  );
}
