/** What the gateway signs, opened again by those who have to believe it. */
import { expect, it } from 'vitest';
import { decodeGrant, EXPIRY_STEP_MS, SERIALS_PER_GRANT } from '#protocol/codes/presentation.js';
import { wallMs } from '#protocol/kernel/time.js';
import { openAllowance } from '#protocol/messages/allowance.js';
import { openBundle } from '#protocol/messages/bundle.js';
import { timeHolds } from '#protocol/messages/signed-time.js';
import { es256Signer, es256Verifier, generatePrivateKey } from '#protocol/node/crypto.js';
import { MORNING, serialOf } from '../../test/contract/ledger-fixture.js';
import { d1, rulesWith } from '../../test/contract/one-book.js';
import { renewAllowance } from '../ledger/decide/allowances.js';
import { createIssuer } from './issuer.js';

const rules = rulesWith();
const signer = es256Signer(generatePrivateKey());
const phone = es256Signer(generatePrivateKey());
const verifier = es256Verifier();
const issuer = createIssuer(rules, signer, 3);

it.each([
  [0, []],
  [1, [1]],
  [SERIALS_PER_GRANT, [SERIALS_PER_GRANT]],
  [SERIALS_PER_GRANT + 1, [SERIALS_PER_GRANT, 1]],
  [2 * SERIALS_PER_GRANT, [SERIALS_PER_GRANT, SERIALS_PER_GRANT]],
])('%i coupons stand in grants of %j, each once and in their order', (count, sizes) => {
  const serials = Array.from({ length: count }, (_, n) => serialOf(n));
  const grants = issuer.grants(phone.publicKey, serials).map((bytes) => {
    const decoded = decodeGrant(bytes);
    if (!decoded.ok) throw new Error(decoded.fault);
    return decoded.value;
  });
  expect(grants.map((grant) => grant.serials.length)).toEqual(sizes);
  expect(grants.flatMap((grant) => grant.serials)).toEqual(serials);
});

it('a grant is good to the campaign’s last moment, and at most five minutes longer', () => {
  const [bytes = new Uint8Array()] = issuer.grants(phone.publicKey, [serialOf(7)]);
  const grant = decodeGrant(bytes);
  if (!grant.ok) throw new Error(grant.fault);
  expect([grant.value.keyId, grant.value.holderKey]).toEqual([3, phone.publicKey]);
  expect(grant.value.expiresAt).toBeGreaterThan(rules.compiled.ends);
  expect(grant.value.expiresAt).toBeLessThanOrEqual(rules.compiled.ends + EXPIRY_STEP_MS);
});

it('a bundle is the campaign, the key, and each opening from its first moment to the first after it', () => {
  const opened = openBundle(issuer.bundle(MORNING), issuer.issuerKeys, verifier);
  if (!opened.ok) throw new Error(opened.fault.what);
  const { campaign, compiled } = rules;
  const { campaign: sent, version, issuedAt, openings, issuerKeys } = opened.value;
  expect([sent.id, version, issuedAt]).toEqual([campaign.id, campaign.version, MORNING]);
  expect(openings).toEqual(compiled.openings.map(({ earliest, latest }) => [earliest, latest + 1]));
  expect(openings.length).toBeGreaterThan(0);
  expect(JSON.parse(issuer.bundle(MORNING).payload)).not.toHaveProperty('needs');
  expect([...issuerKeys]).toEqual([[3, signer.publicKey]]);
});

it('an allowance and a time are signed by the key that devices know', () => {
  const allowance = renewAllowance({ device: d1, seq: 0, hash: '', fork: null, forkEvidence: 0 }, rules, MORNING);
  if (allowance === undefined) throw new Error('none');
  const opened = openAllowance(issuer.allowance(allowance.allowance), issuer.issuerKeys, verifier);
  expect(opened).toEqual({ ok: true, value: allowance.allowance });
  const statement = { device: d1, re: 'q1', time: MORNING };
  const signed = issuer.time(statement);
  expect(timeHolds(statement, signed, issuer.issuerKeys, verifier)).toBe(true);
  expect(timeHolds({ ...statement, time: wallMs(MORNING + 1) }, signed, issuer.issuerKeys, verifier)).toBe(false);
});
