import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CampaignId, CouponSerial } from '../kernel/ids.js';
import { type Interval, wallMs } from '../kernel/time.js';
import { es256Signer, es256Verifier, generatePrivateKey } from '../node/crypto.js';
import { base32 } from './bit-text.js';
import {
  CLOCK_AHEAD_MS,
  campaignTag,
  checkPresentation,
  decodeGrant,
  decodePresentation,
  EXPIRY_STEP_MS,
  encodeGrant,
  encodePresentation,
  FRESH_MS,
  type Grant,
  grantBytesToSign,
  holderIdOf,
  PRESENTATION_CHARACTERS,
  roundUpExpiry,
  sealPresentation,
  signatureHolds,
  signaturesToCheck,
} from './presentation.js';

const CAMPAIGN = 'youhao-2023' as CampaignId;
const NOON = wallMs(Date.UTC(2023, 2, 27, 4));
const issuer = es256Signer(generatePrivateKey());
const phone = es256Signer(generatePrivateKey());
const verifier = es256Verifier();
const issuerKeys = new Map([[1, issuer.publicKey]]);

const GRANT: Grant = {
  keyId: 1,
  campaignTag: campaignTag(CAMPAIGN),
  holderKey: phone.publicKey,
  serials: [17, 4_001, 8_500] as CouponSerial[],
  expiresAt: roundUpExpiry(wallMs(Date.UTC(2023, 3, 10, 14))),
};

const issue = (grant: Grant = GRANT, signer = issuer, campaign = CAMPAIGN): Uint8Array =>
  encodeGrant(grant, signer.sign(grantBytesToSign(campaign, grant)));

const show = (grantBytes: Uint8Array = issue(), shownAt = NOON, nonce = 1, signer = phone): string =>
  sealPresentation({ grantBytes, shownAt, nonce }, signer);

const interval = (from: number, to = from): Interval => ({ earliest: wallMs(from), latest: wallMs(to) });
const check = (code: string, at: Interval = interval(NOON), campaign = CAMPAIGN) =>
  checkPresentation({ code, issuerKeys, campaign, at, verifier });
const refused = (fault: string) => ({ ok: false, fault });

describe('a verifiable presentation', () => {
  it('is 304 characters of the alphanumeric QR mode, which a version 10-M carries', () => {
    const code = show();
    expect(code).toHaveLength(304);
    expect(PRESENTATION_CHARACTERS).toBe(304);
    expect(code).toMatch(/^CP1:[A-Z2-7]{300}$/);
    expect(code.length).toBeLessThanOrEqual(311);
  });

  it('is taken with its coupons, holder, time and counter', () => {
    expect(check(show(undefined, NOON, 7))).toMatchObject({
      ok: true,
      value: { holder: holderIdOf(phone.publicKey), serials: [17, 4_001, 8_500], shownAt: NOON, nonce: 7 },
    });
  });

  it('carries whatever an encoder was given', () => {
    fc.assert(
      fc.property(
        fc.record({
          keyId: fc.nat(255),
          campaignTag: fc.nat(0xffffff),
          holderKey: fc
            .tuple(fc.constantFrom(2, 3), fc.uint8Array({ minLength: 32, maxLength: 32 }))
            .map(([sign, x]) => new Uint8Array([sign, ...x])),
          serials: fc
            .uniqueArray(fc.nat(0xffff_fffe), { maxLength: 3 })
            .map((serials) => serials.sort((a, b) => a - b) as CouponSerial[]),
          expiresAt: fc.nat(0xffffff).map((steps) => wallMs(steps * EXPIRY_STEP_MS)),
        }),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        fc.nat(0xffff_ffff),
        fc.nat(0xffff),
        (grant, signature, seconds, nonce) => {
          const grantBytes = encodeGrant(grant, signature);
          expect(decodeGrant(grantBytes)).toMatchObject({ ok: true, value: { ...grant, signature } });
          const shownAt = wallMs(seconds * 1000);
          const code = encodePresentation({ grantBytes, shownAt, nonce, signature });
          expect(decodePresentation(code)).toMatchObject({
            ok: true,
            value: { grant: { ...grant, signature, bytes: grantBytes }, shownAt, nonce, signature },
          });
        },
      ),
    );
  });

  it('never crashes and never passes, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 400 })), (text) => {
        expect(check(text)).toEqual(refused('presentation-malformed'));
        expect(check(`CP1:${text}`)).toEqual(refused('presentation-malformed'));
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 187, maxLength: 187 }), (bytes) => {
        expect(check(`CP1:${base32.encode(bytes)}`).ok).toBe(false);
      }),
    );
  });

  it('is refused when any one of its bits is changed', () => {
    const code = show();
    const original = base32.decode(code.slice(4));
    if (!original.ok) throw new Error(original.fault);
    for (let bit = 0; bit < 187 * 8; bit++) {
      const bent = original.value.slice();
      bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(check(`CP1:${base32.encode(bent)}`).ok, `bit ${bit}`).toBe(false);
    }
  });

  it('has one text only: lower case, blanks and other trailing bits are not it', () => {
    const code = show();
    for (const other of [code.toLowerCase(), ` ${code}`, `${code}\n`, `${code}A`, code.slice(0, -1)]) {
      expect(check(other)).toEqual(refused('presentation-malformed'));
    }
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(code.at(-1) ?? '');
    const sibling = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.charAt(last + 1);
    expect(check(code.slice(0, -1) + sibling)).toEqual(refused('presentation-malformed'));
  });

  it('is fresh from 30 s ahead of our clock to 60 s behind it, and not a millisecond beyond', () => {
    const code = show();
    expect(check(code, interval(NOON + FRESH_MS)).ok).toBe(true);
    expect(check(code, interval(NOON + FRESH_MS + 1))).toEqual(refused('presentation-stale'));
    expect(check(code, interval(NOON - CLOCK_AHEAD_MS)).ok).toBe(true);
    expect(check(code, interval(NOON - CLOCK_AHEAD_MS - 1))).toEqual(refused('phone-clock-ahead'));
  });

  it('is fresh only if the whole of a vague time says so', () => {
    const code = show();
    expect(check(code, interval(NOON - 20_000, NOON + 40_000)).ok).toBe(true);
    expect(check(code, interval(NOON, NOON + 61_000))).toEqual(refused('presentation-stale'));
    expect(check(code, interval(NOON - 31_000, NOON))).toEqual(refused('phone-clock-ahead'));
    expect(check(code, interval(NOON - 46_000, NOON + 46_000))).toEqual(refused('no-trusted-time'));
  });

  it('is refused from the moment its grant expires, and where it may have expired', () => {
    const last = wallMs(GRANT.expiresAt - 1);
    const code = show(issue(), wallMs(GRANT.expiresAt - 1000));
    expect(check(code, interval(last)).ok).toBe(true);
    expect(check(code, interval(GRANT.expiresAt))).toEqual(refused('grant-expired'));
    expect(check(code, interval(last - 5_000, GRANT.expiresAt))).toEqual(refused('grant-expired'));
  });

  it('is refused at another campaign', () => {
    const other = 'jinlin-2023' as CampaignId;
    expect(check(show(), interval(NOON), other)).toEqual(refused('other-campaign'));
    // An attacker can copy the tag, but not the signed id.
    const copied = { ...GRANT, campaignTag: campaignTag(other) };
    expect(check(show(issue(copied)), interval(NOON), other)).toEqual(refused('presentation-forged'));
  });

  it('is refused when somebody else issued it, showed it, or signed with a key we do not know', () => {
    const stranger = es256Signer(generatePrivateKey());
    expect(check(show(issue(GRANT, stranger)))).toEqual(refused('presentation-forged'));
    expect(check(show(issue(), NOON, 1, stranger))).toEqual(refused('presentation-forged'));
    expect(check(show(issue({ ...GRANT, keyId: 2 })))).toEqual(refused('presentation-forged'));
    expect(check(show(issue({ ...GRANT, holderKey: new Uint8Array(33).fill(2) })))).toEqual(
      refused('presentation-forged'),
    );
  });

  it('is refused with serials out of order, doubled, or after a gap', () => {
    for (const serials of [
      [5, 4, 0xffff_ffff],
      [5, 5, 0xffff_ffff],
      [0xffff_ffff, 5, 6],
    ]) {
      const bytes = issue();
      const view = new DataView(bytes.buffer);
      serials.forEach((serial, slot) => {
        view.setUint32(38 + slot * 4, serial);
      });
      expect(decodeGrant(bytes)).toEqual(refused('presentation-malformed'));
    }
  });

  it('lets an issuer that knows its own grant check the holder alone', () => {
    const decoded = decodePresentation(show());
    if (!decoded.ok) throw new Error(decoded.fault);
    const trust = { campaign: CAMPAIGN, issuerKeys };
    const both = signaturesToCheck(decoded.value, trust);
    const one = signaturesToCheck(decoded.value, { ...trust, ownGrant: true });
    if (!both.ok || !one.ok) throw new Error('refused');
    expect(both.value).toHaveLength(2);
    expect(one.value).toEqual(both.value.slice(0, 1));
    expect(both.value.every((each) => signatureHolds(each, verifier))).toBe(true);
  });

  it('cannot be encoded from what would not fit', () => {
    const tooMany = { ...GRANT, serials: [1, 2, 3, 4] as CouponSerial[] };
    expect(() => grantBytesToSign(CAMPAIGN, tooMany)).toThrow(RangeError);
    expect(() => grantBytesToSign(CAMPAIGN, { ...GRANT, expiresAt: wallMs(1) })).toThrow(RangeError);
    expect(() => grantBytesToSign(CAMPAIGN, { ...GRANT, serials: [2, 1] as CouponSerial[] })).toThrow(RangeError);
    expect(() => show(undefined, NOON, 0x10000)).toThrow(RangeError);
  });
});
