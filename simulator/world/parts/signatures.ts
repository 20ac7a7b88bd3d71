/**
 * A stand-in for ES256 in simulated worlds. Real ECDSA draws randomness of its own and costs a hundred times as much; this
 * one is a keyed hash of the same sizes, and the world, which has made every key, can check it. What it keeps is what
 * the product relies on: without the key no signature, and any changed byte breaks it.
 */
import { createHash } from 'node:crypto';
import type { Es256Signer, Es256Verifier } from '#protocol/kernel/crypto.js';

export class Signatures implements Es256Verifier {
  /** Secret by public key, both hex. */
  readonly #secrets = new Map<string, string>();

  signer(secret: string): Es256Signer {
    const publicKey = new Uint8Array(33);
    publicKey[0] = 2;
    publicKey.set(createHash('sha256').update(`point ${secret}`).digest(), 1);
    this.#secrets.set(nameOf(publicKey), secret);
    return { publicKey, sign: (message) => sign(secret, message) };
  }

  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const secret = this.#secrets.get(nameOf(publicKey));
    if (secret === undefined || signature.length !== 64) return false;
    return Buffer.compare(sign(secret, message), signature) === 0;
  }
}

const sign = (secret: string, message: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha512').update(`${secret}\n`).update(message).digest());

const nameOf = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
