/** The verifiable code in docs/wallets.md is one that a counter takes, made of exactly the bytes that the page names. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { base32, base64url } from '#protocol/codes/bit-text.js';
import { checkPresentation } from '#protocol/codes/presentation.js';
import { campaignTag } from '#protocol/codes/presentation-layout.js';
import type { CampaignId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import { es256Signer, es256Verifier, privateKeyFromBytes } from '#protocol/node/crypto.js';

const text = readFileSync('docs/wallets.md', 'utf8');
const vector = z
  .object({
    issuer: z.object({ number: z.int(), publicKey: z.string() }),
    campaign: z.string(),
    tag: z.string(),
    serials: z.array(z.int()),
    expiresAt: z.int(),
    grant: z.string(),
    shownAt: z.int(),
    counter: z.int(),
    signed: z.string(),
    code: z.string(),
  })
  .parse(JSON.parse([...text.matchAll(/```json\n([\s\S]*?)```/g)].at(-1)?.[1] ?? ''));

const bytes = (encoded: string): Buffer => {
  const decoded = base64url.decode(encoded);
  if (!decoded.ok) throw new Error(encoded);
  return Buffer.from(decoded.value);
};
const campaign = vector.campaign as CampaignId;
const issuerKeys = new Map([[vector.issuer.number, bytes(vector.issuer.publicKey)]]);
const check = (code: string, at = vector.shownAt) =>
  checkPresentation({
    code,
    campaign,
    issuerKeys,
    at: { earliest: wallMs(at), latest: wallMs(at) },
    verifier: es256Verifier(),
  });

/** As a wallet's author would write it, by the page alone. */
function madeByThePage(): string {
  const grant = bytes(vector.grant);
  const moment = Buffer.alloc(6);
  moment.writeUInt32BE(vector.shownAt / 1_000, 0);
  moment.writeUInt16BE(vector.counter, 4);
  const message = Buffer.concat([Buffer.from('codeplate presentation 1\n'), grant, moment]);
  expect(message.toString('base64url')).toBe(vector.signed);
  const key = privateKeyFromBytes(new Uint8Array(32).fill(1));
  if (!key.ok) throw new Error(key.fault.what);
  return `CP1:${base32.encode(Buffer.concat([grant, moment, es256Signer(key.value).sign(message)]))}`;
}

it('is taken by a counter, and so is one that is made by the page', () => {
  const { serials, counter } = vector;
  expect(vector.code).toHaveLength(304);
  expect(check(vector.code)).toMatchObject({ ok: true, value: { serials, nonce: counter } });
  expect(check(madeByThePage())).toMatchObject({ ok: true, value: { serials, nonce: counter } });
  expect(campaignTag(campaign).toString(16)).toBe(vector.tag);
  expect(bytes(vector.grant).readUIntBE(50, 3) * 300_000).toBe(vector.expiresAt);
});

it('is refused as the page says', () => {
  expect(check(vector.code, vector.shownAt + 60_001)).toEqual({ ok: false, fault: 'presentation-stale' });
  expect(check(vector.code, vector.shownAt - 30_001)).toEqual({ ok: false, fault: 'phone-clock-ahead' });
  expect(check(vector.code, vector.expiresAt)).toEqual({ ok: false, fault: 'grant-expired' });
  expect(check(`${vector.code.slice(0, -9)}AAAAAAAAA`)).toEqual({ ok: false, fault: 'presentation-forged' });
  expect(check(vector.code.toLowerCase())).toEqual({ ok: false, fault: 'presentation-malformed' });
});
