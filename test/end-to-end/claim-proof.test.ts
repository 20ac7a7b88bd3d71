/** Claims need proof, on the real gateway over HTTP: nobody gets a coupon, blocks a person or learns of one without it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkGatewayConfig } from '#gateway/config/config.js';
import { type RunningGateway, startGateway } from '#gateway/main.js';
import { base64url } from '#protocol/codes/bit-text.js';
import type { CampaignId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import { signClaim } from '#protocol/messages/claim-request.js';
import { es256Signer, generatePrivateKey } from '#protocol/node/crypto.js';
import { diceOf } from '#simulator/counter/dice.js';
import { bySms, claimOverHttp, codeInFile } from '#simulator/wallets/claim-over-http.js';
import { type Identity, randomIdentity } from '#simulator/wallets/identities.js';
import { Wallet } from '#simulator/wallets/wallet.js';
import { WalletServer } from '#simulator/wallets/wallet-server.js';
import { CLAIMS, type ClaimInput, claimOf, signedClaim } from '../contract/claiming-phone.js';
import { MORNING, testCampaign } from '../contract/ledger-fixture.js';

const OPERATOR = 'the operator of the day';
const SMS = { identity: 'sms', smsFile: 'sms.jsonl', perAddressPerMinute: 100_000 };
const WALLET = { ...CLAIMS, perAddressPerMinute: 100_000 };

let folder: string;
let gateway: RunningGateway;
let lines: string[];
let now: number = MORNING;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-claim-proof-'));
  now = MORNING;
  lines = [];
});
afterEach(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(claims: object | undefined, http: object = {}): Promise<void> {
  writeFileSync(path.join(folder, 'campaign.json'), JSON.stringify(testCampaign()));
  const file = {
    campaign: 'campaign.json',
    data: 'data',
    mqtt: { port: 0 },
    http: { port: 0, operatorToken: OPERATOR, ...http },
    ...(claims !== undefined && { claims }),
  };
  const config = checkGatewayConfig(file, folder);
  if (!config.ok) throw new Error(JSON.stringify(config.fault));
  const clock = { now: () => wallMs(now), wakeAfter: () => () => undefined };
  const logger = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  gateway = await startGateway(config.value, { logger, clock });
}

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function post(
  body: unknown,
  to = '/v1/claims',
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  const response = await fetch(`http://127.0.0.1:${gateway.httpPort}${to}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const sums = async (): Promise<unknown> => {
  const address = `http://127.0.0.1:${gateway.httpPort}/v1/reconciliation`;
  return (await fetch(address, { headers: { authorization: `Bearer ${OPERATOR}` } })).json();
};

const phone = (identity: Identity): Wallet => new Wallet({ identity, signer: es256Signer(generatePrivateKey()) });
const place = () => ({
  gateway: `http://127.0.0.1:${gateway.httpPort}`,
  campaign: 'test-2023' as CampaignId,
  now: () => now,
});
const smsFile = () => path.join(folder, 'sms.jsonl');
const readsSms = bySms((number) => codeInFile(smsFile(), number));
const claimsBySms = (wallet: Wallet, tiers: readonly string[]) => claimOverHttp(place(), wallet, tiers, readsSms);

/** Each as good as its maker can, without any proof. */
const unproved: readonly (readonly [string, (identity: Identity) => object])[] = [
  ['the form of the release before', (identity) => ({ ...identity, tiers: ['s20', 's80'], publicKey: someKey() })],
  [
    'a code that was never sent',
    (identity) => signedClaim({ ...identity, proof: { kind: 'sms', challenge: '1', code: '123456' } }),
  ],
  ['the statement of a server that nobody knows', (identity) => stated(identity, strangers)],
  ['the statement for another phone', (identity) => stated(identity, undefined, someBytes())],
  ['the statement for another person', ({ device }) => withStatementOf(device)],
  ['no signature', (identity) => ({ ...signedClaim(identity), signature: base64url.encode(new Uint8Array(64)) })],
];
const someBytes = () => es256Signer(generatePrivateKey()).publicKey;
const someKey = () => base64url.encode(someBytes());
const strangers = new WalletServer(es256Signer(generatePrivateKey()), diceOf(8));
const campaign = 'test-2023' as CampaignId;

function stated(identity: Identity, server: WalletServer | undefined, publicKey?: Uint8Array): object {
  const signer = es256Signer(generatePrivateKey());
  const claim = claimOf(identity, signer);
  const proof = server?.statement(identity, { campaign, publicKey: publicKey ?? signer.publicKey, nowMs: now });
  const another = claimOf(identity);
  return signClaim({ ...claim, proof: proof ?? another.proof }, signer);
}

function withStatementOf(device: string): object {
  const signer = es256Signer(generatePrivateKey());
  const { proof } = claimOf({ device }, signer);
  return signClaim(claimOf({ ...randomIdentity(diceOf(99)), proof }, signer), signer);
}

describe('a claim without proof', () => {
  it('of whatever kind gets no coupon, keeps nobody from one, and is answered alike whoever it names', async () => {
    await start(WALLET);
    const dice = diceOf(1);
    const known = randomIdentity(dice);
    expect((await post(signedClaim({ ...known, tiers: ['s80'] }))).text).toContain('"ok":true');
    const before = await sums();
    const victim = randomIdentity(dice);
    for (const [kind, make] of unproved) {
      const answers = new Set<string>();
      // Known or not, and with a tier that is gone: nothing of that is to be seen.
      for (const identity of [known, victim, ...Array.from({ length: 60 }, () => randomIdentity(dice))]) {
        const { status, text } = await post(make(identity));
        answers.add(`${status} ${text}`);
      }
      expect([...answers], kind).toHaveLength(1);
      expect([...answers][0], kind).toMatch(/^40[13] \{"code":"(IDENTITY_UNPROVED|CLAIM_UNSIGNED)"/);
    }
    expect(await sums()).toEqual(before);
    expect((await post(signedClaim({ ...victim, tiers: ['s20'] }))).text).toContain('"ok":true');
  });

  it('is what every claim is where the configuration says nothing', async () => {
    await start(undefined);
    expect(await post(signedClaim())).toMatchObject({ status: 503, text: expect.stringContaining('CLAIMS_CLOSED') });
    expect(await post({}, '/v1/claims/challenge')).toMatchObject({ status: 503 });
    expect(lines.join()).toContain('CLAIMS_CLOSED');
  });

  it.each([
    ['made six minutes ago', { madeAt: wallMs(MORNING - 360_000) }, 401, 'CLAIM_STALE'],
    ['made in six minutes', { madeAt: wallMs(MORNING + 360_000) }, 401, 'CLAIM_STALE'],
    ['of another campaign', { campaign: 'other-2023' as CampaignId }, 400, 'REQUEST_MALFORMED'],
  ] as const)('or %s is refused', async (_, change: Partial<ClaimInput>, status, code) => {
    await start(WALLET);
    expect(await post(signedClaim(change))).toMatchObject({ status, text: expect.stringContaining(code) });
  });
});

describe('a code to the phone', () => {
  it('proves its owner, who gets coupons; what else they wrote down keeps nobody else from theirs', async () => {
    await start(SMS);
    const dice = diceOf(2);
    const [victim, thief] = [randomIdentity(dice), randomIdentity(dice)];
    // With a phone of his own, and the victim's ID number and device.
    const impostor = phone({ ...victim, phone: thief.phone });
    expect(await claimsBySms(impostor, ['s20'])).toMatchObject({ ok: true, value: { results: [{ ok: true }] } });
    expect(await claimsBySms(phone(victim), ['s20'])).toMatchObject({ ok: true, value: { results: [{ ok: true }] } });
    // One phone is one person, whatever else is written down.
    const greedy = phone({ ...randomIdentity(dice), phone: victim.phone });
    expect(await claimsBySms(greedy, ['s20'])).toMatchObject({ value: { results: [{ reason: 'already-claimed' }] } });
    expect(lines.join()).not.toMatch(/\d{6}.*分钟/);
  });

  it('is good for one claim: sent again because its answer was lost it is answered again, and no other', async () => {
    await start(SMS);
    const wallet = phone(randomIdentity(diceOf(3)));
    const proof = await readsSms(wallet, place());
    const claim = wallet.claimRequest(['s20'], { campaign, nowMs: now, proof });
    const first = await post(claim);
    expect(first.text).toContain('"ok":true');
    const again = JSON.parse((await post(claim)).text) as { readonly token: unknown; readonly grant: unknown };
    expect(again).toMatchObject({ grant: expect.any(String), token: expect.any(String) });
    expect(await post(wallet.claimRequest(['s40'], { campaign, nowMs: now, proof }))).toMatchObject({ status: 403 });
  });

  it('is taken three times at most, for five minutes, with the phone and the key that asked', async () => {
    await start(SMS);
    const wallet = phone(randomIdentity(diceOf(4)));
    const claims = async (proof: ClaimInput['proof'], by = wallet): Promise<number> =>
      (await post(by.claimRequest(['s20'], { campaign, nowMs: now, proof }))).status;
    const asks = async () => {
      const proof = await readsSms(wallet, place());
      if (proof.kind !== 'sms') throw new Error('not a code');
      return proof;
    };
    const one = await asks();
    const wrong = { ...one, code: String((Number(one.code) + 1) % 100_000_000).padStart(8, '0') };
    expect([await claims(wrong), await claims(wrong), await claims(wrong), await claims(one)]).toEqual([
      403, 403, 403, 403,
    ]);
    const two = await asks();
    now += 5 * 60_000;
    expect(await claims(two)).toBe(403);
    const three = await asks();
    expect(await claims(three, phone(wallet.identity))).toBe(403);
    expect(await claims(three, new Wallet({ identity: randomIdentity(diceOf(5)), signer: wallet.signer }))).toBe(403);
    expect(await claims(three)).toBe(200);
  });

  it('is answered alike for a phone that has claimed and one that has not', async () => {
    await start(SMS);
    const wallet = phone(randomIdentity(diceOf(6)));
    await claimsBySms(wallet, ['s20']);
    const other = randomIdentity(diceOf(7)).phone;
    const shapes = new Set<string>();
    for (const number of [wallet.identity.phone, other]) {
      const { status, text } = await post({ phone: number, publicKey: someKey() }, '/v1/claims/challenge');
      shapes.add(`${status} ${text.replace(/\d{24}/, 'N')}`);
    }
    expect([...shapes]).toEqual(['200 {"challenge":"N","seconds":300}']);
  });
});

describe('budgets', () => {
  it('of an address: 429 and how long to wait, and then it is served again', async () => {
    await start({ ...CLAIMS, perAddressPerMinute: 10 });
    const statuses = [];
    for (let claim = 0; claim < 6; claim += 1) statuses.push(await post(signedClaim({}, undefined, now)));
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(statuses.at(-1)?.headers.get('retry-after')).toBe('6');
    now += 6_000;
    expect((await post(signedClaim({}, undefined, now))).status).toBe(200);
  });

  it('are those of the address that a trusted proxy names, and nobody else is believed', async () => {
    const claims = { ...CLAIMS, perAddressPerMinute: 10 };
    const from = (address: string) => ({ 'x-forwarded-for': address });
    await start(claims, { trustedProxies: ['127.0.0.1'] });
    for (let claim = 0; claim < 5; claim += 1) await post(signedClaim(), '/v1/claims', from('203.0.113.7'));
    expect((await post(signedClaim(), '/v1/claims', from('203.0.113.7'))).status).toBe(429);
    expect((await post(signedClaim(), '/v1/claims', from('203.0.113.8'))).status).toBe(200);
    await gateway.stop();
    await start(claims);
    for (let claim = 0; claim < 5; claim += 1) await post(signedClaim(), '/v1/claims', from(`203.0.113.${claim}`));
    expect((await post(signedClaim(), '/v1/claims', from('203.0.113.9'))).status).toBe(429);
  });

  it('of messages: a neighbour wakes nobody for ever, and keeps nobody behind the same address from claiming', async () => {
    await start(SMS);
    const wallet = phone(randomIdentity(diceOf(9)));
    const { phone: number } = wallet.identity;
    const asks = () => post({ phone: number, publicKey: someKey() }, '/v1/claims/challenge');
    const statuses = [];
    for (let ask = 0; ask < 30; ask += 1) statuses.push((await asks()).status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(readFileSync(smsFile(), 'utf8').trim().split('\n')).toHaveLength(3);
    // The owner's own question sends nothing any more: the code that came counts for their key.
    expect(await claimsBySms(wallet, ['s20'])).toMatchObject({ ok: true, value: { results: [{ ok: true }] } });
    expect(readFileSync(smsFile(), 'utf8').trim().split('\n')).toHaveLength(3);
    // That code is used up. Until the next message may go out there is nothing to type.
    const none = await asks();
    expect(none).toMatchObject({ status: 429 });
    now += Number(none.headers.get('retry-after')) * 1_000;
    expect((await asks()).status).toBe(200);
  });
});
