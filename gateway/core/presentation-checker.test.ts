/** Two-step verification of presentations: real signatures, and grants recognised by their bytes. */
import { describe, expect, it } from 'vitest';
import { holderIdOf, sealGrant, sealPresentation } from '#protocol/codes/presentation.js';
import type { Es256Verifier } from '#protocol/kernel/crypto.js';
import type { CampaignId } from '#protocol/kernel/ids.js';
import { exactly, type WallMs, wallMs } from '#protocol/kernel/time.js';
import { es256Signer, es256Verifier, generatePrivateKey } from '#protocol/node/crypto.js';
import { MORNING, serialOf } from '../../test/contract/ledger-fixture.js';
import { DAY } from '../../test/contract/one-book.js';
import type { Verdict } from '../ports/verifier.js';
import { createPresentationChecker } from './presentation-checker.js';

const CAMPAIGN = 'test-2023' as CampaignId;
const KEY_ID = 1;
const issuer = es256Signer(generatePrivateKey());
const phone = es256Signer(generatePrivateKey());
const stranger = es256Signer(generatePrivateKey());
const expiresAt = wallMs(MORNING + 7 * DAY);
const serials = [serialOf(0), serialOf(7)];

const grantBy = (
  signer = issuer,
  change: { readonly campaign?: string; readonly keyId?: number; readonly expiresAt?: WallMs } = {},
) =>
  sealGrant(
    { keyId: change.keyId ?? KEY_ID, holderKey: phone.publicKey, serials, expiresAt: change.expiresAt ?? expiresAt },
    (change.campaign ?? CAMPAIGN) as CampaignId,
    signer,
  );
const showBy = (signer = phone, grantBytes = grantBy(), shownAt: number = MORNING) =>
  sealPresentation({ grantBytes, shownAt: wallMs(shownAt), nonce: 5 }, signer);

/** Counts the signatures that are actually verified. */
function checker() {
  const real = es256Verifier();
  let looked = 0;
  const verifier: Es256Verifier = {
    ...real,
    verify: (...args: Parameters<Es256Verifier['verify']>) => {
      looked += 1;
      return real.verify(...args);
    },
  };
  const made = createPresentationChecker({
    campaign: CAMPAIGN,
    issuerKeys: new Map([[KEY_ID, issuer.publicKey]]),
    verifier,
  });
  return { ...made, looked: () => looked };
}
const good: Verdict = {
  ok: true,
  holder: holderIdOf(phone.publicKey),
  serials,
  nonce: 5,
  shownAt: MORNING,
  expiresAt,
};

describe('a presentation', () => {
  const now = exactly(MORNING);
  it.each<readonly [string, string, Verdict]>([
    ['as the holder signed it', showBy(), good],
    ['that another phone signed', showBy(stranger), { ok: false, reason: 'presentation-forged' }],
    [
      'whose grant another issuer signed',
      showBy(phone, grantBy(stranger)),
      { ok: false, reason: 'presentation-forged' },
    ],
    [
      'whose grant names a key that nobody has',
      showBy(phone, grantBy(issuer, { keyId: 2 })),
      { ok: false, reason: 'presentation-forged' },
    ],
    [
      'of another campaign',
      showBy(phone, grantBy(issuer, { campaign: 'other-2023' })),
      { ok: false, reason: 'other-campaign' },
    ],
    ['that is no presentation', 'CP1:HELLO', { ok: false, reason: 'presentation-malformed' }],
    ['that is nothing', '', { ok: false, reason: 'presentation-malformed' }],
    ['a day old', showBy(phone, grantBy(), MORNING - DAY), { ok: false, reason: 'presentation-stale' }],
    ['from tomorrow', showBy(phone, grantBy(), MORNING + DAY), { ok: false, reason: 'phone-clock-ahead' }],
    [
      'whose grant is over',
      showBy(phone, grantBy(issuer, { expiresAt: wallMs(MORNING - DAY) })),
      { ok: false, reason: 'grant-expired' },
    ],
  ])('%s', (_what, code, verdict) => {
    expect(checker().check({ code, at: now })).toEqual(verdict);
  });

  it('that a counter took offline is judged by its time later: only its campaign and signatures count here', () => {
    const check = (code: string) => checker().check({ code, at: undefined });
    expect(check(showBy(phone, grantBy(), MORNING - DAY))).toEqual({ ...good, shownAt: MORNING - DAY });
    expect(check(showBy(phone, grantBy(issuer, { expiresAt: wallMs(MORNING - DAY) })))).toMatchObject({ ok: true });
    expect(check(showBy(phone, grantBy(issuer, { campaign: 'other-2023' })))).toEqual({
      ok: false,
      reason: 'other-campaign',
    });
    expect(check(showBy(stranger))).toEqual({ ok: false, reason: 'presentation-forged' });
  });

  it('with any character changed is refused', () => {
    const code = showBy();
    const { check } = checker();
    for (let at = 4; at < code.length; at += 7) {
      const other = code[at] === 'A' ? 'B' : 'A';
      expect(check({ code: code.slice(0, at) + other + code.slice(at + 1), at: now }).ok, `at ${at}`).toBe(false);
    }
  });
});

describe('a grant', () => {
  it('that was issued here is known by its bytes: one signature is left', () => {
    const { check, issued, looked } = checker();
    const grant = grantBy();
    issued(grant);
    expect([check({ code: showBy(phone, grant), at: undefined }), looked()]).toEqual([good, 1]);
  });

  it('is known once its signature has held', () => {
    const { check, looked } = checker();
    const grant = grantBy();
    check({ code: showBy(phone, grant), at: undefined });
    expect(looked()).toBe(2);
    check({ code: showBy(phone, grant), at: undefined });
    expect(looked()).toBe(3);
  });

  it('is not known by a presentation that was forged', () => {
    const { check, looked } = checker();
    const grant = grantBy();
    expect(check({ code: showBy(stranger, grant), at: undefined }).ok).toBe(false);
    const before = looked();
    expect(check({ code: showBy(phone, grant), at: undefined })).toEqual(good);
    expect(looked() - before).toBe(2);
  });

  it('with the last bytes of a known one and other bytes before is looked at like any other', () => {
    const { check, issued, looked } = checker();
    const grant = grantBy();
    const forged = grantBy(stranger);
    forged.set(grant.slice(-4), forged.length - 4);
    issued(grant);
    expect(check({ code: showBy(phone, forged), at: undefined })).toEqual({ ok: false, reason: 'presentation-forged' });
    expect(looked()).toBeGreaterThan(1);
  });

  it('is known to this checker only', () => {
    const [one, two] = [checker(), checker()];
    const grant = grantBy();
    one.issued(grant);
    two.check({ code: showBy(phone, grant), at: undefined });
    expect(two.looked()).toBe(2);
  });
});

it('in two steps says the same: what is left to check, and what follows from it', () => {
  const { begin } = checker();
  const begun = begin({ code: showBy(), at: undefined });
  if ('ok' in begun) throw new Error('nothing left to check');
  expect(begun.signatures).toHaveLength(2);
  expect(begun.end(false)).toEqual({ ok: false, reason: 'presentation-forged' });
  expect(begun.end(true)).toEqual(good);
  expect(begin({ code: 'CP1:HELLO', at: undefined })).toEqual({ ok: false, reason: 'presentation-malformed' });
});

it('50,000 grants are remembered, and then the oldest is forgotten', () => {
  const { check, issued, looked } = checker();
  const grant = grantBy();
  issued(grant);
  const another = (n: number): Uint8Array => {
    const bytes = new Uint8Array(grant.length);
    new DataView(bytes.buffer).setUint32(grant.length - 4, n);
    return bytes;
  };
  for (let n = 1; n < 50_000; n += 1) issued(another(n));
  check({ code: showBy(phone, grant), at: undefined });
  expect(looked()).toBe(1);
  issued(another(50_000));
  check({ code: showBy(phone, grant), at: undefined });
  expect(looked()).toBe(3);
});
