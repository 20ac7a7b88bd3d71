import { expect, it } from 'vitest';
import { es256Signer, es256Verifier, generatePrivateKey } from '../node/crypto.js';
import { openAllowance, sealAllowance } from './allowance.js';

const issuer = es256Signer(generatePrivateKey());
const verifier = es256Verifier();
const trusted = new Map([[1, issuer.publicKey]]);
const ALLOWANCE = {
  format: 1,
  id: 'a-1',
  device: 'counter-1',
  campaign: 'youhao-2023',
  maxCoupons: 20,
  maxFaceFen: 100_000,
  maxPerHolder: 1,
  issuedAt: 1,
  expiresAt: 2,
  maxSyncAgeMs: 1,
} as const;

it('opens an allowance as it was sealed', () => {
  expect(openAllowance(sealAllowance(ALLOWANCE, 1, issuer), trusted, verifier)).toEqual({ ok: true, value: ALLOWANCE });
});

it('refuses an allowance that was raised, sealed by another, or is none', () => {
  const sealed = sealAllowance(ALLOWANCE, 1, issuer);
  const stranger = es256Signer(generatePrivateKey());
  const forged = { ok: false, fault: 'ALLOWANCE_FORGED' };
  const raised = { ...sealed, payload: sealed.payload.replace('"maxCoupons":20', '"maxCoupons":99') };
  expect(openAllowance(raised, trusted, verifier)).toEqual(forged);
  expect(openAllowance(sealAllowance(ALLOWANCE, 1, stranger), trusted, verifier)).toEqual(forged);
  expect(openAllowance(sealAllowance(ALLOWANCE, 2, issuer), trusted, verifier)).toEqual(forged);
  expect(openAllowance(sealAllowance({ ...ALLOWANCE, maxCoupons: -1 }, 1, issuer), trusted, verifier)).toEqual({
    ok: false,
    fault: 'ALLOWANCE_MALFORMED',
  });
});
