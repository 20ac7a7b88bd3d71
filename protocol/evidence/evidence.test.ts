import { describe, expect, it } from 'vitest';
import { base64url } from '../codes/bit-text.js';
import { roundUpExpiry, sealGrant, sealPresentation } from '../codes/presentation.js';
import type { CampaignId, CouponSerial } from '../ids.js';
import { es256Signer, es256Verifier, generatePrivateKey, sha256 } from '../node-crypto.js';
import { extend, GENESIS } from '../records/chain.js';
import { wallMs } from '../time.js';
import { checkEvidence, evidenceSchema } from './evidence.js';

const CAMPAIGN = 'youhao-2023' as CampaignId;
const NOON = 1_680_000_000_000;
const issuer = es256Signer(generatePrivateKey());
const tools = { verifier: es256Verifier(), sha256 };

function phone(serials: readonly number[], signedBy = issuer) {
  const holder = es256Signer(generatePrivateKey());
  const grant = {
    keyId: 1,
    holderKey: holder.publicKey,
    serials: serials as CouponSerial[],
    expiresAt: roundUpExpiry(wallMs(NOON + 1e9)),
  };
  const grantBytes = sealGrant(grant, CAMPAIGN, signedBy);
  return {
    key: Buffer.from(holder.publicKey).toString('hex'),
    show: (counter: number) =>
      sealPresentation({ grantBytes, shownAt: wallMs(NOON + counter * 1_000), counter }, holder),
  };
}

const pair = (first: string | null, second: string | null, serial = 7) =>
  evidenceSchema.parse({
    format: 1,
    id: 1,
    kind: 'double-spend',
    campaign: CAMPAIGN,
    issuerKeys: { '1': base64url.encode(issuer.publicKey) },
    device: 'counter-2',
    at: NOON,
    detail: {
      serial,
      holder: null,
      first: { sale: 'counter-1/s1', presented: first },
      second: { sale: 'counter-2/s9', presented: second },
    },
  });
const found = (document: ReturnType<typeof pair>) => {
  const result = checkEvidence(document, tools);
  return result.ok ? [result.value.proves, result.value.against] : [result.fault.code, result.fault.why];
};

describe('evidence of a coupon spent twice', () => {
  const honest = phone([7]);
  const other = phone([7]);

  it.each([
    ['two showings that one holder signed', honest.show(1), honest.show(2), ['holder-spent-twice', honest.key]],
    ['one showing, photographed', honest.show(1), honest.show(1), ['one-showing-taken-twice', null]],
    ['one showing, and one sale on line with a bare payment code', null, honest.show(1), ['one-side-signed', null]],
    ['no signature at all', null, null, ['nothing', null]],
    [
      'two holders',
      honest.show(1),
      other.show(1),
      ['EVIDENCE_DOES_NOT_HOLD', 'the two presentations are of different holders'],
    ],
    [
      'a grant without this coupon',
      honest.show(1),
      phone([8]).show(1),
      ['EVIDENCE_DOES_NOT_HOLD', "the second presentation's grant does not hold coupon 7"],
    ],
    [
      'a grant that the issuer never signed',
      phone([7], es256Signer(generatePrivateKey())).show(1),
      honest.show(1),
      ['EVIDENCE_DOES_NOT_HOLD', 'a signature of the first presentation is not valid'],
    ],
    [
      'a text that was touched',
      honest.show(1).replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')),
      honest.show(2),
      ['EVIDENCE_DOES_NOT_HOLD', 'a signature of the first presentation is not valid'],
    ],
  ])('%s', (_what, first, second, expected) => {
    expect(found(pair(first, second))).toEqual(expected);
  });
});

describe('evidence of a forked journal', () => {
  const fork = (bodies: readonly string[], mine: readonly string[]) =>
    evidenceSchema.parse({
      format: 1,
      id: 2,
      kind: 'fork',
      campaign: CAMPAIGN,
      issuerKeys: {},
      device: 'counter-1',
      at: NOON,
      detail: { from: 1, prev: GENESIS, bodies, mine: extend(sha256, { seq: 0, hash: GENESIS }, mine) },
    });

  it('holds when other records stand under the same numbers', () => {
    const result = checkEvidence(fork(['a', 'b'], ['a', 'x']), tools);
    expect(result).toMatchObject({ ok: true, value: { proves: 'device-forked', against: 'counter-1' } });
  });

  it('does not hold when the records are the same after all', () => {
    expect(checkEvidence(fork(['a', 'b'], ['a', 'b']), tools)).toMatchObject({
      ok: false,
      fault: { code: 'EVIDENCE_DOES_NOT_HOLD' },
    });
  });
});

describe('the issuer as the reader knows it', () => {
  it('is who must have signed, whatever key the document brings along', () => {
    const known = { ...tools, issuerKeys: new Map([[1, issuer.publicKey]]) };
    const li = phone([7]);
    const genuine = pair(li.show(1), li.show(2));
    expect(checkEvidence({ ...genuine, issuerKeys: {} }, known)).toMatchObject({ ok: true });

    const forger = es256Signer(generatePrivateKey());
    const framed = phone([7], forger);
    const forged = { ...pair(framed.show(1), framed.show(2)), issuerKeys: { '1': base64url.encode(forger.publicKey) } };
    expect(checkEvidence(forged, tools)).toMatchObject({ ok: true });
    expect(checkEvidence(forged, known)).toMatchObject({ ok: false, fault: { code: 'EVIDENCE_DOES_NOT_HOLD' } });
  });
});
