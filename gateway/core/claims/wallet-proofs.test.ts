/** A wallet's server vouches for numbers: what its word proves, and whose word it must be. */
import { expect, it } from 'vitest';
import { base64url } from '#protocol/codes/bit-text.js';
import type { CampaignId } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import { claimSchema } from '#protocol/messages/claim-request.js';
import { type NormalIdentifiers, signStatement } from '#protocol/messages/identity-proof.js';
import { es256Signer, es256Verifier, generatePrivateKey, hmacSha256 } from '#protocol/node/crypto.js';
import { type ClaimInput, claimOf } from '../../../test/contract/claiming-phone.js';
import { MORNING } from '../../../test/contract/ledger-fixture.js';
import { walletProofs } from './wallet-proofs.js';

const server = es256Signer(generatePrivateKey());
const second = es256Signer(generatePrivateKey());
const stranger = es256Signer(generatePrivateKey());
const phone = es256Signer(generatePrivateKey());
const verifier = es256Verifier();
const DAY_MS = 86_400_000;
const key = Uint8Array.from({ length: 32 }, (_, n) => n);
const proofs = walletProofs({ servers: [server.publicKey, second.publicKey], verifier, hmac: hmacSha256 });

const ALL: NormalIdentifiers = { phone: '13800138000', idCard: '11010519491231002X', device: 'a1b2c3d4-e5f6' };

interface Said {
  readonly identifiers?: NormalIdentifiers;
  readonly campaign?: string;
  readonly publicKey?: Uint8Array;
  readonly expiresAt?: number;
  readonly signer?: typeof server;
}

function statement({ identifiers = ALL, campaign = 'test-2023', expiresAt = MORNING + 1, ...said }: Said = {}) {
  const publicKey = base64url.encode(said.publicKey ?? phone.publicKey);
  const facts = { campaign: campaign as CampaignId, publicKey, identifiers, expiresAt: wallMs(expiresAt) };
  return signStatement(facts, { key, signer: said.signer ?? server, hmac: hmacSha256 });
}

function provedBy(proof: ClaimInput['proof'], change: Partial<ClaimInput> = {}): readonly string[] {
  const claim = claimSchema.parse(claimOf({ ...change, proof }, phone));
  return proofs.prove({ claim, fingerprint: '', now: MORNING });
}

it.each<readonly [string, Said, readonly string[]]>([
  ['of all three numbers', {}, ['phone', 'idCard', 'device']],
  ['of the phone alone', { identifiers: { phone: ALL.phone } }, ['phone']],
  ['of the ID card alone', { identifiers: { idCard: ALL.idCard } }, ['idCard']],
  ['of the device alone', { identifiers: { device: ALL.device } }, ['device']],
  ['of nothing', { identifiers: {} }, []],
  ['of the other server', { signer: second }, ['phone', 'idCard', 'device']],
  ['of nobody’s server', { signer: stranger }, []],
  ['of another campaign', { campaign: 'other-2023' }, []],
  ['for another phone', { publicKey: stranger.publicKey }, []],
  ['with one number of another person', { identifiers: { ...ALL, phone: '13800138001' } }, []],
  ['that ends now', { expiresAt: MORNING }, []],
  ['for a day', { expiresAt: MORNING + DAY_MS }, ['phone', 'idCard', 'device']],
  ['for longer', { expiresAt: MORNING + DAY_MS + 1 }, []],
])('a statement %s proves %j', (_, said, proved) => {
  expect(provedBy(statement(said))).toEqual(proved);
});

it('a statement proves numbers however the claim writes them, and none that the claim doesn’t have', () => {
  expect(provedBy(statement(), { phone: '+86 138-0013-8000' })).toEqual(['phone', 'idCard', 'device']);
  expect(provedBy(statement(), { device: '02:00:00:00:00:00' })).toEqual([]);
});

it.each([
  ['another kind of proof', { kind: 'sms' as const, challenge: '1', code: '2' }],
  ['a statement that was changed', { ...statement(), payload: statement().payload.replace('}', ' }') }],
  ['no signature', { ...statement(), signature: '' }],
])('%s proves nothing', (_, proof) => {
  expect(provedBy(proof)).toEqual([]);
});

it.each(['', '{}', '[]', '{"campaign":"test-2023"}'])('the signed text %j proves nothing', (payload) => {
  const bytes = new TextEncoder().encode(`codeplate wallet statement 1\n${payload}`);
  expect(provedBy({ kind: 'wallet', payload, signature: base64url.encode(server.sign(bytes)) })).toEqual([]);
});
