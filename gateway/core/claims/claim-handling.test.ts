/** Refusals by the rules before the ledger is asked, in the words that the phone shows. */
import { expect, it } from 'vitest';
import type { Identifier } from '#protocol/campaign/schema.js';
import { base64url } from '#protocol/codes/bit-text.js';
import type { PaymentNumber } from '#protocol/codes/payment-code.js';
import { holderIdOf } from '#protocol/codes/presentation.js';
import { wallMs } from '#protocol/kernel/time.js';
import { claimSchema } from '#protocol/messages/claim-request.js';
import { es256Signer, generatePrivateKey, hmacSha256, sha256 } from '#protocol/node/crypto.js';
import { type ClaimInput, claimOf } from '../../../test/contract/claiming-phone.js';
import { MORNING, serialOf, testCampaign, testRules } from '../../../test/contract/ledger-fixture.js';
import { createIssuer } from '../issuer.js';
import { paymentCodes } from '../payment-codes.js';
import { answerClaim, claimOp, prepareClaim } from './claim-handling.js';

const signer = es256Signer(generatePrivateKey());
const { publicKey } = signer;
const square = [
  [128, 47],
  [129, 47],
  [129, 48],
  [128, 48],
  [128, 47],
];
const HOUR_MS = 3_600_000;
const codes = paymentCodes(sha256, hmacSha256);

it.each([
  ['at eight', { at: MORNING - 2 * HOUR_MS }, '领券尚未开始，请于2023-03-27 09:00（活动当地时间）起领取'],
  ['when all is over', { at: MORNING + 30 * 24 * HOUR_MS }, '活动已经结束，不再发券'],
  [
    'in Harbin',
    { change: { position: { longitude: 126.63, latitude: 45.75 } } },
    '您的位置不在活动区域内，请到活动区域后再领取',
  ],
  ['nobody knows where', { change: { position: null } }, '没有收到您的位置，请允许应用使用定位后再领取'],
  [
    'with a card of fifteen digits',
    { change: { idCard: '110105491231002' } },
    '身份证号不正确，请核对18位公民身份号码',
  ],
  ['from a phone that hides its number', { change: { device: '02:00:00:00:00:00' } }, /请允许应用读取设备标识/],
])('a claim made %s is told why it gets nothing, and what to do', (_, { at = MORNING, change = {} }: Told, zh) => {
  const rules = testRules({ claim: { ...testCampaign().claim, geofence: { type: 'Polygon', coordinates: [square] } } });
  const issuer = createIssuer(rules, es256Signer(generatePrivateKey()), 1);
  const claim = claimSchema.parse(claimOf(change, signer));
  const prepared = prepareClaim({ rules, claim, publicKey, now: wallMs(at) });
  expect(prepared.tiers).toEqual([]);
  const { answer } = answerClaim({ claim, prepared, outcome: undefined, issuer, rules, paymentCodes: codes });
  expect(answer).toMatchObject({
    results: [{ ok: false, zh: typeof zh === 'string' ? zh : expect.stringMatching(zh) }],
    grant: null,
    payment: null,
  });
});

interface Told {
  readonly at?: number;
  readonly change?: Partial<ClaimInput>;
}

const LISTED = { identifiers: ['phone', 'idCard'] };
const NUMBERS = { phone: 'phone\n13800138000', idCard: 'idCard\n11010519491231002X' };

it.each<readonly [string, readonly Identifier[], readonly Identifier[]]>([
  ['all', [], ['phone', 'idCard']],
  ['all', ['device'], ['phone', 'idCard']],
  ['any', ['phone'], ['phone']],
  ['any', ['idCard', 'device'], ['idCard']],
  ['any', [], []],
])('where %s of them make a person and %j are proved, %j are compared', (samePerson, proved, compared) => {
  const rules = testRules({ claim: { ...testCampaign().claim, ...LISTED, samePerson } });
  const claim = claimSchema.parse(claimOf({}, signer));
  const prepared = prepareClaim({ rules, claim, publicKey, now: MORNING });
  const op = claimOp({ rules, claim, prepared, proved, keyedHash: (text) => text, paymentCodes: codes });
  const holder = holderIdOf(publicKey);
  const hashOf = (kind: 'phone' | 'idCard') => (compared.includes(kind) ? NUMBERS[kind] : `${kind}\n${holder}`);
  expect(op).toEqual({
    kind: 'claim',
    holder,
    identity: { phone: hashOf('phone'), idCard: hashOf('idCard'), device: `device\n${holder}` },
    proved,
    tiers: ['s20'],
    numbers: codes.numbersFor(holder),
  });
});

it('an answer says what was given and what was not, with the grant and the payment code of it', () => {
  const rules = testRules();
  const issuer = createIssuer(rules, es256Signer(generatePrivateKey()), 1);
  const claim = claimSchema.parse(claimOf({ tiers: ['s20', 's80', 's20', 'nowhere'] }, signer));
  const prepared = prepareClaim({ rules, claim, publicKey, now: MORNING });
  expect(prepared.tiers).toEqual(['s20', 's80', 's20']);
  const number = '123456789' as PaymentNumber;
  const tiers = [
    { tier: 's20', serial: serialOf(0), reason: null },
    { tier: 's80', serial: null, reason: 'tier-gone' as const },
  ];
  const outcome = { kind: 'claimed' as const, holder: holderIdOf(publicKey), number, tiers, serials: [serialOf(0)] };
  const { answer, grants } = answerClaim({ claim, prepared, outcome, issuer, rules, paymentCodes: codes });
  expect(answer.results).toMatchObject([
    { tier: 's20', ok: true, serial: 0 },
    { tier: 's80', ok: false, reason: 'tier-gone' },
    { tier: 'nowhere', ok: false, reason: 'unknown-tier' },
  ]);
  expect(grants).toHaveLength(1);
  expect(answer.grant).toBe(base64url.encode(grants[0] ?? new Uint8Array()));
  const secret = base64url.encode(codes.secretOf(number));
  expect(answer.payment).toEqual({ number, secret, stepSeconds: 30 });
});
