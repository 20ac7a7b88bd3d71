import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { base64url } from '#protocol/codes/bit-text.js';
import { roundUpExpiry, sealGrant } from '#protocol/codes/presentation.js';
import type { CampaignId, CouponSerial } from '#protocol/kernel/ids.js';
import { wallMs } from '#protocol/kernel/time.js';
import { es256Signer, generatePrivateKey, sha256 } from '#protocol/node/crypto.js';
import { extend, GENESIS } from '#protocol/records/chain.js';
import { signPresentation } from '#simulator/wallets/wallet.js';
import { UsageError } from '../usage.js';
import { command as evidence } from './evidence.js';

const CAMPAIGN = 'youhao-2023' as CampaignId;
const NOON = 1_680_000_000_000;
const issuer = es256Signer(generatePrivateKey());
const holder = es256Signer(generatePrivateKey());

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-evidence-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function shown(counter: number): string {
  const fields = {
    keyId: 1,
    holderKey: holder.publicKey,
    serials: [7 as CouponSerial],
    expiresAt: roundUpExpiry(wallMs(NOON + 1e9)),
  };
  const grant = sealGrant(fields, CAMPAIGN, issuer);
  return signPresentation({ signer: holder, grant, nonce: counter, nowMs: NOON + counter * 1_000 });
}

const common = {
  format: 1,
  id: 3,
  campaign: CAMPAIGN,
  issuerKeys: { '1': base64url.encode(issuer.publicKey) },
  device: 'plate-002',
  at: NOON,
};
const spentTwice = {
  ...common,
  kind: 'double-spend',
  detail: {
    serial: 7,
    holder: null,
    first: { sale: 'plate-001/s1', presented: shown(1) },
    second: { sale: 'plate-002/s9', presented: shown(2) },
  },
};
const bodies = ['{"kind":"opened"}', '{"kind":"charging"}'];
const theirs = extend(sha256, { seq: 0, hash: GENESIS }, bodies);
const forked = {
  ...common,
  kind: 'fork',
  detail: { from: 1, prev: GENESIS, bodies, mine: { seq: 2, hash: 'f'.repeat(64) } },
};

function check(document: unknown, ...more: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const file = path.join(folder, 'evidence.json');
  writeFileSync(file, JSON.stringify(document));
  return new Promise((resolve) => {
    execFile(process.execPath, ['bin/codeplate.js', 'evidence', '--file', file, ...more], (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}

describe('codeplate evidence', () => {
  it('holds where the holder signed both showings, and names the holder', async () => {
    const { code, out } = await check(spentTwice);
    expect(out).toContain(`holder-spent-twice, against ${Buffer.from(holder.publicKey).toString('hex')}`);
    expect(out).toContain('--issuer-key');
    expect(code).toBe(0);
  });

  it('holds where a device sent other records than those that were acknowledged, and names the device', async () => {
    const { code, out } = await check(forked, '--json');
    expect(JSON.parse(out)).toMatchObject({ holds: true, proves: 'device-forked', against: 'plate-002' });
    expect(code).toBe(0);
  });

  it.each<[string, unknown]>([
    ['another coupon', { ...spentTwice, detail: { ...spentTwice.detail, serial: 8 } }],
    [
      'one letter of a code',
      JSON.parse(
        JSON.stringify(spentTwice).replace(
          /CP1:(.{250})(.)/,
          (_, kept, letter) => `CP1:${kept}${letter === 'A' ? 'B' : 'A'}`,
        ),
      ),
    ],
    ['no fork at all', { ...forked, detail: { ...forked.detail, mine: { seq: 2, hash: theirs.hash } } }],
  ])('does not hold with %s: exit code 1', async (_, document) => {
    const { code, out } = await check(document);
    expect(out).toContain('DOES NOT HOLD');
    expect(code).toBe(1);
  });

  it('goes by the issuer key that the reader knows', async () => {
    const key = (bytes: Uint8Array): string => `1=${base64url.encode(bytes)}`;
    expect(await check(spentTwice, '--issuer-key', key(issuer.publicKey))).toMatchObject({ code: 0 });
    expect(await check(spentTwice, '--issuer-key', key(holder.publicKey))).toMatchObject({ code: 1 });
    expect(await check(spentTwice, '--issuer-key', '1=nonsense')).toMatchObject({ code: 2 });
  });

  it.each<[string, unknown]>([
    ['a list', []],
    ['__proto__', JSON.parse('{"__proto__":{"kind":"fork"}}')],
    ['a later format', { ...spentTwice, format: 2 }],
  ])('is wrong use with %s: exit code 2', async (_, document) => {
    const { code, out } = await check(document);
    expect(out).toBe('');
    expect(code).toBe(2);
  });
});

it.each(['<html>', '{}', 'null'])('says of a server that answers %s that it is no gateway', async (answer) => {
  const server = createServer((_, response) => response.end(answer)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const run = evidence()
    .exitOverride()
    .parseAsync(['--gateway', `http://127.0.0.1:${port}`], { from: 'user' });
  await expect(run).rejects.toThrow(/is no gateway of ours\. Give its address with --gateway/);
  await expect(run).rejects.toBeInstanceOf(UsageError);
  server.closeAllConnections();
  server.close();
});
