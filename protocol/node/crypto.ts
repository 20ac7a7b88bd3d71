/**
 * The protocol's cryptography on Node: the one file of this room that names a library. Keys travel as compressed SEC1
 * points (33 bytes), signatures as IEEE P1363 (64 bytes), private keys at rest as PKCS#8 PEM or JWK.
 */
import {
  createECDH,
  createHmac,
  createPrivateKey,
  createPublicKey,
  sign as cryptoSign,
  verify as cryptoVerify,
  ECDH,
  hash,
  type KeyObject,
} from 'node:crypto';
import type { Es256Signer, Es256Verifier, HmacSha256, Sha256 } from '../kernel/crypto.js';
import { err, ok, type Result } from '../kernel/result.js';

const CURVE = 'prime256v1';
const COMPRESSED_BYTES = 33;
const SIGNATURE_BYTES = 64;
const PRIVATE_KEY_BYTES = 32;
const DER_SEQUENCE = 0x30;
const DER_INTEGER = 0x02;
/** Two integers of 33 bytes at most, each with a tag and a length, and the same around both. */
const MAX_DER_BYTES = 72;
/**
 * Public keys kept ready by a verifier. Importing one costs more than checking a signature with it, and a phone shows
 * its code again and again; at some 2 KiB each this many hold about 8 MiB at the very most, and a counter sees far fewer.
 */
const CACHED_KEYS = 4_096;

// One call instead of a hash object: half the time on a body of a few hundred bytes, and a journal's start is made of these.
export const sha256: Sha256 = (text) => hash('sha256', text, 'hex');

export const hmacSha256: HmacSha256 = (key, message) =>
  new Uint8Array(createHmac('sha256', key).update(message).digest());

/** Keeps up to `cachedKeys` imported public keys, the least recently used going first. */
export function es256Verifier(cachedKeys: number = CACHED_KEYS): Es256Verifier {
  // Map keeps insertion order, so the first key is the one unused for longest. null: these bytes are no point.
  const cache = new Map<string, KeyObject | null>();

  function keyOf(publicKey: Uint8Array): KeyObject | null {
    const name = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.byteLength).toString('latin1');
    let key = cache.get(name);
    if (key === undefined) {
      key = importPoint(publicKey);
      const oldest = cache.size >= cachedKeys ? cache.keys().next() : undefined;
      if (oldest?.done === false) cache.delete(oldest.value);
    } else {
      cache.delete(name);
    }
    cache.set(name, key);
    return key;
  }

  return {
    verify(publicKey, message, signature) {
      if (publicKey.length !== COMPRESSED_BYTES || signature.length !== SIGNATURE_BYTES) return false;
      const key = keyOf(publicKey);
      if (key === null) return false;
      try {
        return cryptoVerify('sha256', message, key, derOf(signature));
      } catch {
        return false; // OpenSSL throws on some malformed signatures; none of them is valid
      }
    },
  };
}

/**
 * A P1363 signature as DER (RFC 3279 section 2.2.3), which is what OpenSSL checks: asked to convert it, Node 24 takes 89 µs
 * instead of 66 for the whole check; Node 20 takes the same either way.
 */
function derOf(signature: Uint8Array): Uint8Array {
  const der = new Uint8Array(MAX_DER_BYTES);
  const half = signature.length / 2;
  let end = putInteger(der, 2, signature.subarray(0, half));
  end = putInteger(der, end, signature.subarray(half));
  der[0] = DER_SEQUENCE;
  der[1] = end - 2;
  return der.subarray(0, end);
}

/** The shortest form that is not negative; gives where the next one begins. */
function putInteger(der: Uint8Array, at: number, number: Uint8Array): number {
  const first = number.findIndex((byte) => byte !== 0);
  const digits = number.subarray(first === -1 ? number.length - 1 : first);
  const pad = (digits[0] ?? 0) >> 7;
  der[at] = DER_INTEGER;
  der[at + 1] = pad + digits.length;
  der.set(digits, at + 2 + pad);
  return at + 2 + pad + digits.length;
}

/**
 * Decompressing first and importing as a JWK takes 150 µs where a compressed SPKI takes 245 µs (Node 20, 2-core x64).
 * Both refuse what is not on the curve.
 */
function importPoint(compressed: Uint8Array): KeyObject | null {
  try {
    const point = Buffer.from(ECDH.convertKey(compressed, CURVE, undefined, undefined, 'uncompressed'));
    return createPublicKey({ key: jwkPoint(point), format: 'jwk' });
  } catch {
    return null;
  }
}

/** `point`: uncompressed, 65 bytes. */
const jwkPoint = (point: Buffer) => ({
  kty: 'EC',
  crv: 'P-256',
  x: point.subarray(1, 33).toString('base64url'),
  y: point.subarray(33).toString('base64url'),
});

export function es256Signer(privateKey: KeyObject): Es256Signer {
  const publicKey = compressedPublicKey(privateKey);
  return {
    publicKey,
    sign: (message) => new Uint8Array(cryptoSign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
  };
}

/**
 * Not with `generateKeyPairSync`: the job that made a key holds on to it, and where the garbage collector finds that job
 * while the same key is being exported, both wait for one lock for ever (Node 20.20, seen once in some ten thousand keys).
 */
export function generatePrivateKey(): KeyObject {
  const ecdh = createECDH(CURVE);
  const point = ecdh.generateKeys();
  const number = Buffer.alloc(PRIVATE_KEY_BYTES);
  ecdh.getPrivateKey().copy(number, PRIVATE_KEY_BYTES - ecdh.getPrivateKey().length); // leading zeros are left out
  return createPrivateKey({ key: { ...jwkPoint(point), d: number.toString('base64url') }, format: 'jwk' });
}

/** A private key from outside that can't be used; `what` says why and what to give instead. */
export interface KeyFault {
  readonly code: 'KEY_UNUSABLE';
  readonly what: string;
}

/** The private key whose number is given, 32 bytes: the same bytes are the same key, for worlds drawn from a seed. */
export function privateKeyFromBytes(bytes: Uint8Array): Result<KeyObject, KeyFault> {
  if (bytes.length !== PRIVATE_KEY_BYTES) return notAKey(`${PRIVATE_KEY_BYTES} bytes are needed, not ${bytes.length}`);
  // RFC 5915 ECPrivateKey in PKCS#8 (RFC 5208), without the optional public key: OpenSSL computes it.
  const head = Buffer.from('3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420', 'hex');
  return readPrivateKey(() => {
    createECDH(CURVE).setPrivateKey(bytes); // throws on 0 and on what passes the curve's order; the import below does not
    return createPrivateKey({ key: Buffer.concat([head, bytes]), format: 'der', type: 'pkcs8' });
  });
}

export const privateKeyToPem = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();

export const privateKeyFromPem = (pem: string): Result<KeyObject, KeyFault> =>
  readPrivateKey(() => createPrivateKey(pem));

function readPrivateKey(read: () => KeyObject): Result<KeyObject, KeyFault> {
  try {
    const key = read();
    const curve = key.asymmetricKeyDetails?.namedCurve;
    return curve === CURVE ? ok(key) : notAKey(`this one is ${curve ?? key.asymmetricKeyType ?? 'none'}`);
  } catch {
    // The library's own message may quote the text, and the text is a secret.
    return notAKey('this text cannot be read as a key');
  }
}

const notAKey = (why: string): Result<never, KeyFault> =>
  err({ code: 'KEY_UNUSABLE', what: `A private key of curve P-256 is needed, as PKCS#8 PEM or JWK: ${why}.` });

function compressedPublicKey(key: KeyObject): Uint8Array {
  const { x, y } = createPublicKey(key).export({ format: 'jwk' });
  if (x === undefined || y === undefined) throw new TypeError('not an elliptic-curve key');
  const isOdd = (Buffer.from(y, 'base64url').at(-1) ?? 0) & 1;
  return new Uint8Array([2 + isOdd, ...Buffer.from(x, 'base64url')]);
}
