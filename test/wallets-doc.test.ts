/** docs/wallets.md is what a wallet's author has: its vectors are what the gateway takes. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { walletProofs } from '#gateway/core/claims/wallet-proofs.js';
import { base64url } from '#protocol/codes/bit-text.js';
import { type PaymentNumber, paymentCodeAt } from '#protocol/codes/payment-code.js';
import { wallMs } from '#protocol/kernel/time.js';
import { openClaim, signedClaimSchema } from '#protocol/messages/claim-request.js';
import { identityProofSchema } from '#protocol/messages/identity-proof.js';
import { es256Signer, es256Verifier, hmacSha256, privateKeyFromBytes } from '#protocol/node/crypto.js';

const text = readFileSync(fileURLToPath(new URL('../docs/wallets.md', import.meta.url)), 'utf8');
const vectors = z
  .object({
    holder: z.object({ privateKey: z.string(), publicKey: z.string() }),
    server: z.object({ publicKey: z.string() }),
    claim: signedClaimSchema,
    statement: identityProofSchema,
    payment: z.object({ number: z.string(), secret: z.string(), codes: z.array(z.tuple([z.int(), z.string()])) }),
  })
  .parse(JSON.parse(/```json\n([\s\S]*?)```/.exec(text)?.[1] ?? ''));

const bytes = (encoded: string): Uint8Array => {
  const decoded = base64url.decode(encoded);
  if (!decoded.ok) throw new Error(encoded);
  return decoded.value;
};

it('the claim is signed by the key beside it, and read as it says', () => {
  const key = privateKeyFromBytes(bytes(vectors.holder.privateKey));
  expect(key.ok && base64url.encode(es256Signer(key.value).publicKey)).toBe(vectors.holder.publicKey);
  const { publicKey } = vectors.holder;
  expect(openClaim(vectors.claim, es256Verifier())).toMatchObject({
    ok: true,
    value: { publicKey, tiers: ['yuan-20'] },
  });
  const tampered = { ...vectors.claim, payload: vectors.claim.payload.replace('yuan-20', 'yuan-80') };
  expect(openClaim(tampered, es256Verifier())).toEqual({ ok: false, fault: { kind: 'unsigned' } });
});

it('the statement proves phone and ID card, until it expires and of nobody else', () => {
  const opened = openClaim(vectors.claim, es256Verifier());
  if (!opened.ok) throw new Error('unsigned');
  const proofs = walletProofs({
    servers: [bytes(vectors.server.publicKey)],
    verifier: es256Verifier(),
    hmac: hmacSha256,
  });
  const claim = { ...opened.value, proof: vectors.statement };
  const now = claim.madeAt;
  const proved = (change: object, at: number = now) =>
    proofs.prove({ claim: { ...claim, ...change }, fingerprint: '', now: wallMs(at) });
  expect(proved({})).toEqual(['phone', 'idCard']);
  expect(proved({ phone: '+86 138-0013-8000' })).toEqual(['phone', 'idCard']);
  expect(proved({}, now + 599_999)).toEqual(['phone', 'idCard']);
  expect(proved({}, now + 600_000)).toEqual([]);
  expect(proved({}, now - 86_400_000)).toEqual([]);
  expect(proved({ phone: '13800138001' })).toEqual([]);
  expect(proved({ publicKey: vectors.server.publicKey })).toEqual([]);
  expect(proved({ campaign: 'other-2023' })).toEqual([]);
});

it('the payment codes are shown at the moments beside them', () => {
  const { number, secret, codes } = vectors.payment;
  for (const [at, code] of codes)
    expect(paymentCodeAt({ number: number as PaymentNumber, secret: bytes(secret) }, wallMs(at), hmacSha256)).toBe(
      code,
    );
});

it('gives the address, the words that are signed and the codes that the gateway uses', () => {
  for (const said of ['/v1/claims/challenge', 'codeplate claim 1', 'codeplate wallet statement 1', 'IDENTITY_UNPROVED'])
    expect(text).toContain(said);
});
