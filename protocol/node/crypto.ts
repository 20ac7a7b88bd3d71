/**
 * The protocol's cryptography on Node's `crypto`.
 *
 * Keys travel as compressed SEC1 points (33 bytes), signatures as IEEE P1363 (64 bytes), private keys at rest as PKCS#8 PEM
 * or JWK.
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
/** Two integers of at most 33 bytes, each with tag and length, inside one sequence. */
const MAX_DER_BYTES = 72;
/**
 * Public keys that a verifier caches. Importing one costs more than checking a signature with it, and a phone shows its
 * code again and again. At some 2 KiB each they take at most about 8 MiB; a counter sees far fewer.
 */
const CACHED_KEYS = 4_096;

// One call instead of a hash object takes half the time on a body of a few hundred bytes, and opening a journal consists of
// these.
export const sha256: Sha256 = (text) => hash('sha256', text, 'hex');

export const hmacSha256: HmacSha256 = (key, message) =>
  new Uint8Array(createHmac('sha256', key).update(message).digest());

/** Caches up to `cachedKeys` imported public keys and evicts the least recently used. */
export function es256Verifier(cachedKeys: number = CACHED_KEYS): Es256Verifier {
  // Map keeps insertion order, so the first key is the least recently used. null: these bytes are no point.
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
 * Converts a P1363 signature to DER (RFC 3279 section 2.2.3), OpenSSL's own form. Left to convert by itself, Node 24 takes
 * 89 µs instead of 66 for the whole check; Node 20 takes the same either way.
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

/** Writes the shortest non-negative form; returns the next offset. */
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
 * Decompressing first and importing as a JWK takes 150 µs, importing a compressed SPKI 245 µs (Node 20, 2-core x64). Both
 * refuse points off the curve.
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
 * Avoids `generateKeyPairSync`: its job keeps a reference to the key, and if the garbage collector meets that job while the
 * key is being exported, both wait for one lock for ever (Node 20.20, seen once in some ten thousand keys).
 */
export function generatePrivateKey(): KeyObject {
  const ecdh = createECDH(CURVE);
  const point = ecdh.generateKeys();
  const number = Buffer.alloc(PRIVATE_KEY_BYTES);
  ecdh.getPrivateKey().copy(number, PRIVATE_KEY_BYTES - ecdh.getPrivateKey().length); // OpenSSL omits leading zeros
  return createPrivateKey({ key: { ...jwkPoint(point), d: number.toString('base64url') }, format: 'jwk' });
}

/** An unusable private key from outside; `what` gives the reason and the remedy. */
export interface KeyFault {
  readonly code: 'KEY_UNUSABLE';
  readonly what: string;
}

/** The private key for a given 32-byte number: the same bytes give the same key, for seeded worlds. */
export function privateKeyFromBytes(bytes: Uint8Array): Result<KeyObject, KeyFault> {
  if (bytes.length !== PRIVATE_KEY_BYTES) return notAKey(`${PRIVATE_KEY_BYTES} bytes are needed, not ${bytes.length}`);
  // RFC 5915 ECPrivateKey in PKCS#8 (RFC 5208), without the optional public key: OpenSSL computes it.
  const head = Buffer.from('3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420', 'hex');
  return readPrivateKey(() => {
    createECDH(CURVE).setPrivateKey(bytes); // throws on 0 and on numbers beyond the curve's order; the import below does not
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
    // The library's message may quote the text, and the text is a secret.
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
