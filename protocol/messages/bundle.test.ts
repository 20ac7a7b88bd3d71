import { describe, expect, it } from 'vitest';
import { exampleCampaign } from '../campaign/example-campaign.js';
import { base64url } from '../codes/bit-text.js';
import { es256Signer, es256Verifier, generatePrivateKey } from '../node/crypto.js';
import { type BundleDocument, type BundleEnvelope, bundleBytesToSign, openBundle, sealBundle } from './bundle.js';
import { encode, parseBundle } from './index.js';

const issuer = es256Signer(generatePrivateKey());
const verifier = es256Verifier();
const trusted = new Map([[1, issuer.publicKey]]);
const NINE = Date.UTC(2023, 2, 27, 1);
const TEN_PM = Date.UTC(2023, 2, 27, 14);
const DAY = 86_400_000;

const EXAMPLE = exampleCampaign();

const DOCUMENT: BundleDocument = {
  format: 1,
  version: 3,
  issuedAt: NINE,
  issuerKeys: { '1': base64url.encode(issuer.publicKey) },
  openings: [
    [NINE, TEN_PM],
    [NINE + DAY, TEN_PM + DAY],
  ],
  campaign: {
    ...EXAMPLE,
    id: 'youhao-2023',
    name: '“畅购友好·乐享消费”惠民消费季',
    nameEn: 'Youhao consumption season',
    receiptLine: '',
    window: { ...EXAMPLE.window, days: 2 },
    claim: { ...EXAMPLE.claim, identifiers: ['phone'] },
    tiers: [{ id: '20', faceFen: 2_000, thresholdFen: 10_000, quantity: 10, modes: ['customer-code'] }],
    offline: { ...EXAMPLE.offline, maxCoupons: 5, maxFaceFen: 10_000, conflictAccount: 'merchant' },
    merchants: [{ id: 'm1', name: '鑫亿家', category: '限上个体' }],
    sponsors: [{ id: 'district', name: '友好区', shareBasisPoints: 10_000 }],
    budgetFen: 20_000,
  },
};

const codeOf = (envelope: BundleEnvelope, keys = trusted): string | undefined => {
  const opened = openBundle(envelope, keys, verifier);
  return opened.ok ? undefined : opened.fault.code;
};

describe('the campaign bundle', () => {
  it('opens on the device as it was sealed, over the wire', () => {
    const parsed = parseBundle(new TextEncoder().encode(encode(sealBundle(DOCUMENT, 1, issuer))));
    if (!parsed.ok) throw new Error(parsed.fault.what);
    const opened = openBundle(parsed.value, trusted, verifier);
    if (!opened.ok) throw new Error(opened.fault.what);
    expect(opened.value).toMatchObject({ version: 3, campaign: { id: 'youhao-2023' } });
    expect(opened.value.issuerKeys).toEqual(trusted);
  });

  it('is refused when one character was changed, or another key sealed it', () => {
    const sealed = sealBundle(DOCUMENT, 1, issuer);
    expect(codeOf({ ...sealed, payload: sealed.payload.replace('"maxCoupons":5', '"maxCoupons":9') })).toBe(
      'BUNDLE_FORGED',
    );
    expect(codeOf({ ...sealed, payload: `${sealed.payload} ` })).toBe('BUNDLE_FORGED');
    expect(codeOf({ ...sealed, signature: '' })).toBe('BUNDLE_FORGED');
    expect(codeOf(sealBundle(DOCUMENT, 1, es256Signer(generatePrivateKey())))).toBe('BUNDLE_FORGED');
    expect(codeOf(sealBundle(DOCUMENT, 2, issuer))).toBe('BUNDLE_KEY_UNKNOWN');
  });

  it('is refused when what was signed is not a bundle', () => {
    expect(codeOf(sealBundle({ ...DOCUMENT, version: 0 }, 1, issuer))).toBe('BUNDLE_MALFORMED');
    expect(codeOf(sealBundle({ ...DOCUMENT, issuerKeys: { '1': 'AA' } }, 1, issuer))).toBe('BUNDLE_MALFORMED');
    expect(codeOf(sealBundle({ ...DOCUMENT, openings: [] }, 1, issuer))).toBe('BUNDLE_MALFORMED');
  });

  it('is refused when a name stands in it twice', () => {
    const payload = JSON.stringify(DOCUMENT).replace('"version":', '"version":9,"version":');
    const signature = base64url.encode(issuer.sign(bundleBytesToSign(payload)));
    expect(codeOf({ v: 1, type: 'bundle', keyId: 1, payload, signature })).toBe('BUNDLE_MALFORMED');
  });

  describe('of a newer gateway', () => {
    const { campaign } = DOCUMENT;
    const [tier] = campaign.tiers;
    const newer = {
      ...DOCUMENT,
      since: 'later',
      campaign: {
        ...campaign,
        hint: 'x',
        tiers: [{ ...tier, weekdays: [6, 7] }],
        claim: { ...campaign.claim, rounds: 2 },
      },
    } as unknown as BundleDocument;

    it('is read without the fields that are not known here', () => {
      expect(openBundle(sealBundle(newer, 1, issuer), trusted, verifier)).toEqual(
        openBundle(sealBundle(DOCUMENT, 1, issuer), trusted, verifier),
      );
    });

    it('is not read where it names an ability that is missing, whatever else stands in it', () => {
      const tiers = [{ id: 'x', benefit: 'percent' }];
      for (const document of [newer, { ...newer, campaign: { ...campaign, tiers } } as unknown as BundleDocument]) {
        const sealed = sealBundle({ ...document, needs: ['weekdays', 'rounds'] }, 1, issuer);
        expect(openBundle(sealed, trusted, verifier, new Set(['rounds']))).toMatchObject({
          ok: false,
          fault: { code: 'BUNDLE_NEEDS_UPDATE', campaign: 'youhao-2023', version: 3, lacks: ['weekdays'] },
        });
      }
      const sealed = sealBundle({ ...newer, needs: ['weekdays'] }, 1, issuer);
      expect(openBundle(sealed, trusted, verifier, new Set(['weekdays']))).toMatchObject({ ok: true });
      expect(codeOf({ ...sealed, signature: '' })).toBe('BUNDLE_FORGED');
    });
  });
});
