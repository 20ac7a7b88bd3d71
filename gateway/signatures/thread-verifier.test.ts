import { afterEach, describe, expect, it } from 'vitest';
import { holderIdOf, roundUpExpiry, sealGrant, sealPresentation } from '#protocol/codes/presentation.js';
import type { Es256Signer } from '#protocol/kernel/crypto.js';
import type { CampaignId, CouponSerial, DeviceId } from '#protocol/kernel/ids.js';
import { exactly, wallMs } from '#protocol/kernel/time.js';
import { es256Signer, generatePrivateKey } from '#protocol/node/crypto.js';
import type { PresentationJob, Verdict, Verifier } from '../ports/verifier.js';
import { threadVerifier } from './thread-verifier.js';

const CAMPAIGN = 'youhao-2023' as CampaignId;
const D1 = 'd1' as DeviceId;
const NOON = wallMs(Date.UTC(2023, 2, 27, 4));
const issuer = es256Signer(generatePrivateKey());
const phone = es256Signer(generatePrivateKey());
const thief = es256Signer(generatePrivateKey());

const GRANT = {
  keyId: 1,
  holderKey: phone.publicKey,
  serials: [17 as CouponSerial],
  expiresAt: roundUpExpiry(wallMs(Date.UTC(2023, 3, 10, 14))),
};
const grantBytes = sealGrant(GRANT, CAMPAIGN, issuer);

function shown(counter: number, signer: Es256Signer = phone): PresentationJob {
  return { code: sealPresentation({ grantBytes, shownAt: NOON, nonce: counter }, signer), at: exactly(NOON) };
}

const good = (counter: number): Verdict => ({
  ok: true,
  holder: holderIdOf(phone.publicKey),
  serials: GRANT.serials,
  nonce: counter,
  shownAt: NOON,
  expiresAt: GRANT.expiresAt,
});
const forged: Verdict = { ok: false, reason: 'presentation-forged' };
const malformed: Verdict = { ok: false, reason: 'presentation-malformed' };

const started: Verifier[] = [];
function start(issuerKeys = new Map([[1, issuer.publicKey]]), program?: URL): Verifier {
  const verifier = threadVerifier({ campaign: CAMPAIGN, issuerKeys }, program);
  started.push(verifier);
  return verifier;
}
afterEach(async () => {
  for (const verifier of started.splice(0)) await new Promise<void>((closed) => verifier.close(closed));
});
const verdictsOf = (verifier: Verifier, jobs: readonly PresentationJob[]): Promise<readonly Verdict[]> =>
  new Promise((resolve) => verifier.verify(D1, jobs, resolve));

describe("the gateway's verifier", () => {
  it('answers one that comes alone at once, and those behind it from another thread', async () => {
    const verifier = start();
    const order: string[] = [];
    const first = verdictsOf(verifier, [shown(1)]).then((verdicts) => {
      order.push('first');
      return verdicts;
    });
    const second = verdictsOf(verifier, [shown(2)]).then((verdicts) => {
      order.push('second');
      return verdicts;
    });
    order.push('asked');
    expect([await first, await second]).toEqual([[good(1)], [good(2)]]);
    expect(order).toEqual(['asked', 'first', 'second']);
  });

  it('calls back before it returns where nobody else is being checked, and only then', () => {
    const verifier = start();
    const heard: number[] = [];
    verifier.verify(D1, [shown(1)], () => heard.push(1));
    verifier.verify(D1, [shown(2)], () => heard.push(2));
    expect(heard).toEqual([1]);
  });

  it('gives a batch its verdicts in the order of its jobs, whatever is wrong with some', async () => {
    const jobs = Array.from({ length: 100 }, (_, n): PresentationJob => {
      if (n % 10 === 3) return shown(n + 1, thief);
      return n % 10 === 7 ? { code: 'CP1:NONSENSE', at: undefined } : shown(n + 1);
    });
    const expected = jobs.map((_, n) => (n % 10 === 3 ? forged : n % 10 === 7 ? malformed : good(n + 1)));
    expect(await verdictsOf(start(), jobs)).toEqual(expected);
  });

  it('knows a grant again that it has issued, but never a holder who did not sign', async () => {
    const verifier = start(new Map());
    expect(await verdictsOf(verifier, [shown(1)])).toEqual([forged]);
    verifier.issued(grantBytes);
    expect(await verdictsOf(verifier, [shown(2), shown(3, thief)])).toEqual([good(2), forged]);
  });

  it('answers an empty batch', async () => {
    expect(await verdictsOf(start(), [])).toEqual([]);
  });

  it('takes more than its thread has room for, and answers each in its turn', async () => {
    const verifier = start();
    const jobs = [shown(1), shown(2, thief), shown(3)];
    const heard: number[] = [];
    const all = Array.from({ length: 1_500 }, async (_, n) => {
      const [verdict] = await verdictsOf(verifier, jobs.slice(n % 3, (n % 3) + 1));
      heard.push(n);
      expect(verdict).toEqual(n % 3 === 1 ? forged : good((n % 3) + 1));
    });
    await Promise.all(all);
    expect(heard).toEqual(Array.from({ length: 1_500 }, (_, n) => n));
  });

  it('answers a counter in its turn, however many another has checked, and that one all of it in order', async () => {
    const verifier = start();
    const heard: string[] = [];
    const ask = (from: string, name: string, jobs: readonly PresentationJob[]): Promise<void> =>
      new Promise((resolve) => {
        verifier.verify(from as DeviceId, jobs, ([verdict]) => {
          expect(verdict?.ok).toBe(from !== 'loud');
          heard.push(name);
          resolve();
        });
      });
    const flood = Array.from({ length: 400 }, (_, n) => ask('loud', `loud${n}`, [shown(1, thief)]));
    const asked = ['d1', 'd2', 'd3'].map((from, n) => ask(from, from, [shown(n + 1)]));
    await Promise.all([...flood, ...asked]);
    const loud = heard.filter((name) => name.startsWith('loud'));
    expect(loud).toEqual(Array.from({ length: 400 }, (_, n) => `loud${n}`));
    for (const from of ['d1', 'd2', 'd3']) expect(heard.indexOf(from)).toBeLessThan(80);
  });

  it('answers a sale while the keys of a morning of new holders are still to be made ready', async () => {
    const verifier = start();
    const jobs = [shown(1), shown(2, thief), shown(3)];
    await verdictsOf(verifier, jobs); // starts the thread
    for (let n = 0; n < 300; n++) {
      const grant = { ...GRANT, holderKey: es256Signer(generatePrivateKey()).publicKey };
      verifier.issued(sealGrant(grant, CAMPAIGN, issuer));
    }
    expect(await verdictsOf(verifier, jobs)).toEqual([good(1), forged, good(3)]);
  });

  it.each([
    ['at once', 'process.exit(1)'],
    ['in the middle of it', "setTimeout(() => { throw new Error('out of memory') }, 20)"],
  ])('answers all the same where its thread dies %s', async (_, program) => {
    const verifier = start(undefined, new URL(`data:text/javascript,${encodeURIComponent(program)}`));
    const jobs = Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? shown(n + 1) : shown(n + 1, thief)));
    const expected = jobs.map((_, n) => (n % 2 === 0 ? good(n + 1) : forged));
    expect(await verdictsOf(verifier, jobs)).toEqual(expected);
    verifier.issued(grantBytes);
    expect(await verdictsOf(verifier, jobs)).toEqual(expected);
  });
});
