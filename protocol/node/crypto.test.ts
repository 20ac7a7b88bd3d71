import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Result } from '../kernel/result.js';
import {
  es256Signer,
  es256Verifier,
  generatePrivateKey,
  privateKeyFromBytes,
  privateKeyFromPem,
  privateKeyToPem,
  sha256,
} from './crypto.js';

const must = <Value>(result: Result<Value, unknown>): Value => {
  if (!result.ok) throw new Error(JSON.stringify(result.fault));
  return result.value;
};
const message = new TextEncoder().encode('友好区');

describe('ES256 on Node', () => {
  it('verifies what it signed, and nothing that differs in one bit', () => {
    const signer = es256Signer(generatePrivateKey());
    const signature = signer.sign(message);
    const verifier = es256Verifier();
    expect(signer.publicKey).toHaveLength(33);
    expect(signature).toHaveLength(64);
    expect(verifier.verify(signer.publicKey, message, signature)).toBe(true);
    fc.assert(
      fc.property(fc.nat(64 * 8 - 1), (bit) => {
        const bent = signature.slice();
        bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(verifier.verify(signer.publicKey, message, bent)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  it('says of any 64 bytes what OpenSSL says of them as they are, leading zeros included', () => {
    const key = generatePrivateKey();
    const signer = es256Signer(key);
    const verifier = es256Verifier();
    const seen = new Set<string>();
    // A number has a leading zero byte once in 256, and a leading high bit every other time.
    for (let n = 0; n < 2_000; n++) {
      const text = Uint8Array.of(n >> 8, n & 255);
      const signature = signer.sign(text);
      seen.add(
        [0, 32].map((at) => (signature[at] === 0 ? 'short' : (signature[at] ?? 0) > 127 ? 'high' : 'low')).join(),
      );
      expect(verifier.verify(signer.publicKey, text, signature)).toBe(true);
    }
    expect([...seen].filter((kinds) => kinds.includes('short')).length).toBeGreaterThan(1);
    const zeros = fc.constantFrom(0, 1, 31, 32, 33, 64);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), zeros, (signature, many) => {
        signature.fill(0, 0, many);
        const asItIs = verify('sha256', message, { key: createPublicKey(key), dsaEncoding: 'ieee-p1363' }, signature);
        expect(verifier.verify(signer.publicKey, message, signature)).toBe(asItIs);
      }),
    );
  });

  it('answers false, never an exception, for bytes that are no key or no signature', () => {
    const verifier = es256Verifier(4);
    const signer = es256Signer(generatePrivateKey());
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ maxLength: 70 }), (key, signature) => {
        expect(verifier.verify(key, message, signature)).toBe(false);
        expect(verifier.verify(signer.publicKey, message, signature)).toBe(false);
      }),
      { numRuns: 50 },
    );
    expect(verifier.verify(new Uint8Array(33), message, new Uint8Array(64))).toBe(false);
    expect(verifier.verify(signer.publicKey, message, new Uint8Array(64))).toBe(false);
  });

  it('goes on verifying when more keys come by than it keeps', () => {
    const verifier = es256Verifier(2);
    const signers = Array.from({ length: 5 }, () => es256Signer(generatePrivateKey()));
    for (let round = 0; round < 2; round++) {
      for (const signer of signers) {
        expect(verifier.verify(signer.publicKey, message, signer.sign(message))).toBe(true);
      }
    }
  });

  it('keeps a key the same through PEM', () => {
    const key = generatePrivateKey();
    const { publicKey } = es256Signer(key);
    expect(es256Signer(must(privateKeyFromPem(privateKeyToPem(key)))).publicKey).toEqual(publicKey);
  });

  it('makes the same key of the same 32 bytes', () => {
    const bytes = new Uint8Array(32).fill(7);
    const first = es256Signer(must(privateKeyFromBytes(bytes)));
    const second = es256Signer(must(privateKeyFromBytes(bytes)));
    expect(first.publicKey).toEqual(second.publicKey);
    expect(es256Verifier().verify(second.publicKey, message, first.sign(message))).toBe(true);
  });

  it('refuses a key of another curve, a public key and nonsense, without repeating the text', () => {
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    for (const text of [privateKeyToPem(p384), 'secret-nonsense', '']) {
      const read = privateKeyFromPem(text);
      expect(read).toMatchObject({ ok: false, fault: { code: 'KEY_UNUSABLE' } });
      expect(JSON.stringify(read)).not.toContain('secret-nonsense');
    }
    expect(privateKeyFromBytes(new Uint8Array(31)).ok).toBe(false);
    expect(privateKeyFromBytes(new Uint8Array(32)).ok).toBe(false);
    expect(privateKeyFromBytes(new Uint8Array(32).fill(255)).ok).toBe(false);
  });

  it('hashes UTF-8 text to lower-case hex', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
