import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Random } from '#device/ports/clock.js';
import { base64url } from '#protocol/codes/bit-text.js';
import { type PaymentNumber, paymentCodeAt } from '#protocol/codes/payment-code.js';
import { checkPresentation, holderIdOf, roundUpExpiry, sealGrant } from '#protocol/codes/presentation.js';
import type { CampaignId, CouponSerial } from '#protocol/kernel/ids.js';
import { exactly, wallMs } from '#protocol/kernel/time.js';
import { openClaim } from '#protocol/messages/claim-request.js';
import { es256Signer, es256Verifier, generatePrivateKey, hmacSha256 } from '#protocol/node/crypto.js';
import { byWalletServer, claimOverHttp } from './claim-over-http.js';
import { randomIdentity } from './identities.js';
import { claimingToHold } from './misbehaviours/coupon-not-held.js';
import { withForgedGrant } from './misbehaviours/forged-grant.js';
import { screenshotOf } from './misbehaviours/screenshot.js';
import { secondPhoneOf } from './misbehaviours/two-phones.js';
import { withWrongClock } from './misbehaviours/wrong-clock.js';
import { Wallet } from './wallet.js';
import { WalletServer } from './wallet-server.js';

const CAMPAIGN = 'youhao-2023' as CampaignId;
const NOON = Date.UTC(2023, 2, 27, 4);
const PAYMENT = { number: '123456789' as PaymentNumber, secret: base64url.encode(new Uint8Array(32)), stepSeconds: 30 };
const PAYMENT_CODE = paymentCodeAt({ number: PAYMENT.number, secret: new Uint8Array(32) }, wallMs(NOON), hmacSha256);
const issuer = es256Signer(generatePrivateKey());
const issuerKeys = new Map([[1, issuer.publicKey]]);
const verifier = es256Verifier();

/** Numbers that look random enough and are the same each time (a linear congruential generator). */
function randomFrom(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const hex = (bytes: number): string =>
    Array.from({ length: bytes }, () =>
      Math.floor(next() * 256)
        .toString(16)
        .padStart(2, '0'),
    ).join('');
  return { next, hex };
}

const grantFor = (holderKey: Uint8Array) => ({
  keyId: 1,
  holderKey,
  serials: [17, 4_017] as CouponSerial[],
  expiresAt: roundUpExpiry(wallMs(NOON + 86_400_000)),
});

const walletServer = new WalletServer(es256Signer(generatePrivateKey()), randomFrom(9));
const at = (port: number) => ({ gateway: `http://127.0.0.1:${port}`, campaign: CAMPAIGN, now: () => NOON });
function requestOf(wallet: Wallet) {
  const { publicKey } = wallet.signer;
  const proof = walletServer.statement(wallet.identity, { campaign: CAMPAIGN, publicKey, nowMs: NOON });
  return wallet.claimRequest(['yuan-20'], { campaign: CAMPAIGN, nowMs: NOON, proof });
}

/** What a gateway answers to this wallet's claim of both tiers. */
function answerTo(wallet: Wallet): unknown {
  const grant = grantFor(wallet.signer.publicKey);
  return {
    results: [
      { tier: 'yuan-20', ok: true, serial: 17 },
      { tier: 'yuan-40', ok: true, serial: 4_017 },
      { tier: 'yuan-80', ok: false, reason: 'tier-gone', zh: '该面额已领完', en: 'This tier is gone' },
    ],
    grant: base64url.encode(sealGrant(grant, CAMPAIGN, issuer)),
    payment: PAYMENT,
  };
}

const newWallet = (): Wallet =>
  new Wallet({ identity: randomIdentity(randomFrom(1)), signer: es256Signer(generatePrivateKey()) });

function claimed(): Wallet {
  const wallet = newWallet();
  const taken = wallet.takeAnswer(answerTo(wallet));
  if (!taken.ok) throw new Error(taken.fault);
  return wallet;
}

const check = (code: string, nowMs = NOON) =>
  checkPresentation({ code, issuerKeys, campaign: CAMPAIGN, at: exactly(wallMs(nowMs)), verifier });

describe("an honest customer's phone", () => {
  it('shows a code that a counter takes, with its counter rising each time', () => {
    const wallet = claimed();
    const holder = holderIdOf(wallet.signer.publicKey);
    expect(wallet.serials).toEqual([17, 4_017]);
    expect(check(wallet.present(NOON))).toMatchObject({
      ok: true,
      value: { holder, nonce: 1, serials: [17, 4_017] },
    });
    expect(check(wallet.present(NOON + 999))).toMatchObject({ ok: true, value: { nonce: 2 } });
    expect(wallet.paymentCode(NOON)).toBe(PAYMENT_CODE);
  });

  it('asks in the form that the gateway reads, and shows nothing before it has claimed', () => {
    const wallet = newWallet();
    expect(openClaim(requestOf(wallet), verifier)).toMatchObject({
      ok: true,
      value: { ...wallet.identity, madeAt: NOON },
    });
    expect(() => wallet.present(NOON)).toThrow('claim first');
    expect(() => wallet.paymentCode(NOON)).toThrow('claim first');
  });

  it('keeps what it had when an answer makes no sense', () => {
    const wallet = claimed();
    const before = wallet.grant;
    for (const answer of [null, {}, 'x', { results: [], grant: 'AAAA', payment: null }]) {
      expect(wallet.takeAnswer(answer).ok).toBe(false);
    }
    expect(wallet.takeAnswer({ results: [], grant: null, payment: null }).ok).toBe(true);
    expect(wallet.grant).toBe(before);
    expect(wallet.paymentCode(NOON)).toBe(PAYMENT_CODE);
  });

  it('claims over HTTP, and says in words what went wrong', async () => {
    const wallet = newWallet();
    let asked = '';
    const server = createServer((request, response) => {
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => {
        asked += chunk;
      });
      request.on('end', () => {
        response.statusCode = request.url === '/v1/claims' ? 200 : 404;
        response.end(JSON.stringify(answerTo(wallet)));
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    try {
      expect(await claimOverHttp(at(port), wallet, ['yuan-20', 'yuan-40'], byWalletServer(walletServer))).toMatchObject(
        {
          ok: true,
        },
      );
      expect(openClaim(JSON.parse(asked), verifier)).toMatchObject({
        ok: true,
        value: { tiers: ['yuan-20', 'yuan-40'] },
      });
      expect(check(wallet.present(NOON)).ok).toBe(true);
    } finally {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
    expect(await claimOverHttp(at(port), wallet, ['yuan-20'], byWalletServer(walletServer))).toMatchObject({
      ok: false,
    });
  });
});

describe('a phone that misbehaves', () => {
  it('shows a screenshot: good at once, stale a minute later', () => {
    const shot = screenshotOf(claimed(), NOON);
    expect(check(shot.present(NOON + 30_000), NOON + 30_000).ok).toBe(true);
    expect(shot.present(NOON + 61_000)).toBe(shot.present(NOON));
    expect(check(shot.present(NOON + 61_000), NOON + 61_000)).toEqual({ ok: false, fault: 'presentation-stale' });
  });

  it('has a wrong clock, ahead or behind', () => {
    expect(check(withWrongClock(claimed(), 120_000).present(NOON))).toEqual({ ok: false, fault: 'phone-clock-ahead' });
    expect(check(withWrongClock(claimed(), -120_000).present(NOON))).toEqual({
      ok: false,
      fault: 'presentation-stale',
    });
  });

  it('is one of two with one key: both codes are good, and their counters collide', () => {
    const first = claimed();
    first.present(NOON);
    const second = secondPhoneOf(first);
    const [one, other] = [check(first.present(NOON)), check(second.present(NOON))];
    if (!one.ok || !other.ok) throw new Error('refused');
    expect(other.value.holder).toBe(one.value.holder);
    expect(other.value.nonce).toBe(one.value.nonce);
  });

  it('writes coupons into its grant that it does not hold', () => {
    const code = claimingToHold(claimed(), [17, 8_001] as CouponSerial[]).present(NOON);
    expect(check(code)).toEqual({ ok: false, fault: 'presentation-forged' });
  });

  it('brings a grant that nobody issued', () => {
    const holder = es256Signer(generatePrivateKey());
    const { holderKey: _, ...grant } = grantFor(holder.publicKey);
    const forger = es256Signer(generatePrivateKey());
    const code = withForgedGrant({ campaign: CAMPAIGN, grant, holder, forger }).present(NOON);
    expect(check(code)).toEqual({ ok: false, fault: 'presentation-forged' });
  });
});

describe('an identity', () => {
  it('is the same from the same seed, and another from another', () => {
    expect(randomIdentity(randomFrom(5))).toEqual(randomIdentity(randomFrom(5)));
    expect(randomIdentity(randomFrom(5))).not.toEqual(randomIdentity(randomFrom(6)));
  });

  it('has a mobile number and an ID card whose check digit is right', () => {
    const random = randomFrom(7);
    for (let n = 0; n < 500; n++) {
      const { phone, idCard, device } = randomIdentity(random);
      expect(phone).toMatch(/^1[3-9]\d{9}$/);
      expect(idCard).toMatch(/^\d{17}[\dX]$/);
      expect(device).toMatch(/^[0-9a-f]{32}$/);
      // ISO 7064 MOD 11-2, reckoned the other way round: the whole number with its check digit leaves 1.
      const left = [...idCard].reduce((sum, digit) => (sum * 2 + (digit === 'X' ? 10 : Number(digit))) % 11, 0);
      expect(left, idCard).toBe(1);
    }
  });
});
