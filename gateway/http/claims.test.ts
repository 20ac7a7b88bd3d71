/** Claims over real HTTP at the whole gateway: stock, reasons, other people's keys, and repeated claims. */
import { describe, expect, it } from 'vitest';
import { base64url } from '#protocol/codes/bit-text.js';
import { es256Signer, generatePrivateKey } from '#protocol/node/crypto.js';
import { signedClaim } from '../../test/contract/claiming-phone.js';
import {
  claimBody,
  claimGrant,
  gatewayForEachTest,
  get,
  OPERATOR,
  person,
  post,
  signer,
} from '../../test/contract/gateway-for-each-test.js';

gatewayForEachTest();

describe('claims', () => {
  it('at the opening hand out exactly the stock, nobody gets two, and each refusal says why', async () => {
    const crowd = Array.from({ length: 60 }, (_, n) => ({
      ...claimBody,
      phone: `138001380${String(n % 30).padStart(2, '0')}`,
      idCard: cardOf(n % 30),
      device: `phone-${n % 30}`,
      tiers: ['s20', 's40', 's80'],
    }));
    const answers = await Promise.all(crowd.map((claim) => post(claim, es256Signer(generatePrivateKey()))));
    const results = answers.flatMap(({ json }) => json.results ?? []);
    const serials = results.flatMap(({ serial }) => serial ?? []);
    expect(serials.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(results).toHaveLength(180);
    const reasons = new Set(results.flatMap(({ reason }) => reason ?? []));
    expect([...reasons].toSorted()).toEqual(['already-claimed', 'tier-gone']);
    expect((await get('/v1/reconciliation', OPERATOR)).json).toMatchObject({ held: 8 });
  });

  it('say which part of a person is not what it should be', async () => {
    const { json } = await post({ ...claimBody, idCard: '110105194912310021' });
    expect(json).toMatchObject({
      results: [
        {
          tier: 's20',
          ok: false,
          reason: 'invalid-id-card',
          zh: '身份证号不正确，请核对18位公民身份号码',
          en: 'Not a valid ID-card number: check all 18 characters',
        },
        { tier: 's80', ok: false, reason: 'invalid-id-card' },
      ],
      grant: null,
      payment: null,
    });
  });

  it.each(['（+86）13800138000', '(+86) 138 0013 8000', '+86 138-0013-8000'])(
    'take the phone %s for the one that it is, so that it gets no second coupon by being written otherwise',
    async (phone) => {
      expect((await post({ ...claimBody, phone })).json.results).toMatchObject([{ ok: true }, { ok: true }]);
      const again = await post(
        { ...claimBody, idCard: cardOf(7), device: 'phone-7' },
        es256Signer(generatePrivateKey()),
      );
      expect(again.json.results?.map(({ reason }) => reason)).toEqual(['already-claimed', 'already-claimed']);
    },
  );

  it.each([
    ['no JSON', '{', 400, 'REQUEST_MALFORMED'],
    ['__proto__', '{"__proto__":{"tiers":["s20"]}}', 400, 'REQUEST_MALFORMED'],
    ['a field too few', JSON.stringify({ ...signedClaim(), payload: '{}' }), 400, 'REQUEST_MALFORMED'],
    ['a key that is no point', JSON.stringify(signedClaim({ publicKey: 'A'.repeat(44) })), 401, 'CLAIM_UNSIGNED'],
    ['the form of the release before', JSON.stringify({ ...person, tiers: ['s20'] }), 401, 'CLAIM_UNSIGNED'],
    ['a book', JSON.stringify({ ...signedClaim(), more: 'x'.repeat(10_000) }), 413, 'REQUEST_TOO_LARGE'],
  ])('with %s get a code', async (_, body, status, code) => {
    expect(await post(body)).toMatchObject({ status, json: { code } });
  });

  it('of a phone that gives no position are for campaigns without an outline', async () => {
    expect((await post({ ...claimBody, position: null })).json).toMatchObject({
      results: [{ ok: true }, { ok: true }],
    });
  });

  it('with the key of another, read off a shown code, open nothing of theirs', async () => {
    const { holder } = await claimGrant();
    const stranger = { phone: '13800138001', idCard: cardOf(5), device: 'phone-5' };
    for (const tiers of [['s20', 's40'], ['no-such-tier']]) {
      const publicKey = base64url.encode(signer.publicKey);
      expect(await post({ ...stranger, tiers, publicKey }, es256Signer(generatePrivateKey()))).toMatchObject({
        status: 401,
        json: { code: 'CLAIM_UNSIGNED' },
      });
    }
    expect((await get(`/v1/holders/${holder}/coupons`, 'null')).status).toBe(401);
  });

  it('asked again bring the same coupons and the grant again', async () => {
    const first = await claimGrant();
    const { json } = await post(claimBody);
    expect(json).toMatchObject({
      results: [{ reason: 'already-claimed' }, { reason: 'already-claimed' }],
      payment: { number: first.payment.number, stepSeconds: 30 },
      token: first.token,
    });
    expect(json.grant).not.toBeNull();
  });
});

/** GB 11643-1999 with its check character (ISO 7064 MOD 11-2). */
function cardOf(n: number): string {
  const body = `11010519491231${String(n + 1).padStart(3, '0')}`;
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, at) => total + weight * Number(body[at]), 0);
  return body + '10X98765432'.charAt(sum % 11);
}
