/**
 * The public test vectors of the Wycheproof project, built from the mistakes that ECDSA implementations have made, pass
 * through the very function that checks a customer's presentation.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SignatureWorker } from '#gateway/signatures/signature-worker.js';
import { signatureHolds } from '#protocol/codes/presentation.js';
import { es256Verifier } from '#protocol/node/crypto.js';

const hex = z
  .string()
  .regex(/^([0-9a-f]{2})*$/)
  .transform((text) => new Uint8Array(Buffer.from(text, 'hex')));

const vectors = z
  .object({
    numberOfTests: z.number(),
    testGroups: z.array(
      z.object({
        publicKey: z.object({ uncompressed: hex }),
        tests: z.array(
          z.object({
            tcId: z.number(),
            comment: z.string(),
            msg: hex,
            sig: hex,
            result: z.enum(['valid', 'invalid']),
          }),
        ),
      }),
    ),
  })
  .parse(
    JSON.parse(
      readFileSync(new URL('../vectors/wycheproof-ecdsa-p256-sha256-p1363.json', import.meta.url), {
        encoding: 'utf8',
      }),
    ),
  );

/** SEC 1 section 2.3.3: the sign of y and x. */
const compressed = (point: Uint8Array): Uint8Array =>
  new Uint8Array([2 + ((point[64] ?? 0) & 1), ...point.slice(1, 33)]);

describe("Wycheproof's vectors for ES256, through the presentation's own verify function", () => {
  const cases = vectors.testGroups.flatMap((group) =>
    group.tests.map((test) => ({ ...test, publicKey: compressed(group.publicKey.uncompressed) })),
  );

  it('are all there, valid and invalid', () => {
    expect(cases).toHaveLength(vectors.numberOfTests);
    expect(cases.filter((test) => test.result === 'valid').length).toBeGreaterThan(100);
    expect(cases.filter((test) => test.result === 'invalid').length).toBeGreaterThan(50);
  });

  it.each(cases)('$tcId $comment: $result', ({ publicKey, msg, sig, result }) => {
    const check = { publicKey, message: msg, signature: sig };
    expect(signatureHolds(check, es256Verifier())).toBe(result === 'valid');
  });

  it('are judged the same on the thread that a gateway hands its presentations to', async () => {
    const verifier = es256Verifier();
    const lane = new SignatureWorker({ cachedKeys: 100, checkHere: (check) => signatureHolds(check, verifier) });
    const judged = await Promise.all(
      cases.map(
        ({ tcId, publicKey, msg, sig }) =>
          new Promise<readonly [number, boolean]>((resolve) => {
            lane.check('d1', { publicKey, message: msg, signature: sig }, (holds) => resolve([tcId, holds]));
          }),
      ),
    );
    await new Promise<void>((closed) => lane.close(closed));
    expect(judged).toEqual(cases.map(({ tcId, result }) => [tcId, result === 'valid']));
  });
});
