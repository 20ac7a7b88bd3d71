import { describe, expect, it } from 'vitest';
import { base64url } from '../codes/bit-text.js';
import { roundUpExpiry, sealGrant, sealPresentation } from '../codes/presentation.js';
import type { CampaignId, CouponSerial } from '../kernel/ids.js';
import { wallMs } from '../kernel/time.js';
import { es256Signer, es256Verifier, generatePrivateKey, sha256 } from '../node/crypto.js';
import { extend, GENESIS } from '../records/chain.js';
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
      sealPresentation({ grantBytes, shownAt: wallMs(NOON + counter * 1_000), nonce: counter }, holder),
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
    ['one showing, and one sale online with a bare payment code', null, honest.show(1), ['one-side-signed', null]],
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

describe('evidence of format 2', () => {
  const holder = phone([7, 8]);
  const [EARLY, LATE] = [NOON + 1_000, NOON + 3 * 3_600_000];
  type Took = {
    readonly device: string;
    readonly shown: string | null;
    readonly at: number | null;
    readonly by?: string;
  };
  const side = ({ device, shown, at, by = 'counter' }: Took) => ({
    ...{ sale: `${device}/s1`, device, merchant: 'm1', serial: 7, presented: shown, shownAt: null, by },
    at: at === null ? null : { earliest: at, latest: at },
  });
  const document = (kind: string, detail: object) =>
    evidenceSchema.parse({
      ...{ format: 2, id: 4, kind, campaign: CAMPAIGN, device: 'd2', at: LATE },
      issuerKeys: { '1': base64url.encode(issuer.publicKey) },
      detail: { serial: 7, ...detail },
    });
  const twice = (first: Took, second: Took) =>
    document('double-spend', { holder: holder.key, first: side(first), second: side(second) });
  const one = (device: string, at: number | null): Took => ({ device, shown: holder.show(1), at });

  it.each([
    [
      'one showing at two counters in the same minute accuses nobody',
      one('d1', EARLY),
      one('d2', EARLY + 20_000),
      ['one-showing-taken-twice', null],
    ],
    [
      'one showing, three hours later, is against the counter that took it',
      one('d1', EARLY),
      one('d2', LATE),
      ['stale-showing-taken', 'd2'],
    ],
    [
      'one showing twice at one counter is against the counter',
      one('d1', EARLY),
      one('d1', EARLY + 9_000),
      ['one-showing-taken-twice', 'd1'],
    ],
    [
      'an honest sale online and its replay by another counter is against that one',
      { ...one('d1', EARLY), by: 'gateway' },
      one('d2', LATE),
      ['stale-showing-taken', 'd2'],
    ],
    [
      'two fresh showings are against their holder',
      one('d1', EARLY),
      { device: 'd2', shown: holder.show(900), at: NOON + 905_000 },
      ['holder-spent-twice', holder.key],
    ],
    [
      'two showings of which one was stale are against its counter, not against their holder',
      one('d1', EARLY),
      { device: 'd2', shown: holder.show(900), at: LATE },
      ['stale-showing-taken', 'd2'],
    ],
    [
      'two showings, taken nobody knows when, prove nothing',
      one('d1', null),
      { device: 'd2', shown: holder.show(2), at: EARLY },
      ['nothing', null],
    ],
    [
      'one showing and a bare code accuse nobody',
      { ...one('d1', EARLY), shown: null },
      one('d2', EARLY),
      ['one-side-signed', null],
    ],
  ] as const)('%s', (_what, first, second, expected) => {
    expect(found(twice(first, second))).toEqual(expected);
  });

  it('names both counters and both times in words', () => {
    const result = checkEvidence(twice(one('d1', EARLY), one('d2', EARLY + 20_000)), tools);
    const words = result.ok ? result.value.checked.join('\n') : '';
    for (const part of [
      'd1/s1 at d1',
      'd2/s1 at d2',
      `${EARLY} as the counter`,
      `shown at ${NOON + 1_000}`,
      'that is all',
    ])
      expect(words).toContain(part);
  });

  it.each([
    ['a stale showing is against the counter', one('d2', LATE), null, ['stale-showing-taken', 'd2']],
    [
      'a showing that the same counter had before, too',
      one('d2', EARLY),
      one('d2', EARLY),
      ['one-showing-taken-twice', 'd2'],
    ],
    ['no showing proves nothing', { ...one('d2', EARLY), shown: null }, null, ['nothing', null]],
    ['a forged showing proves nothing by itself', { ...one('d2', EARLY), shown: 'CP1:AAAA' }, null, ['nothing', null]],
  ] as const)('of a disputed sale: %s', (_what, claim, earlier, expected) => {
    const detail = { sale: 'd2/s1', doubts: ['presentation-stale'], claim: side(claim) };
    expect(found(document('disputed', { ...detail, earlier: earlier === null ? null : side(earlier) }))).toEqual(
      expected,
    );
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
