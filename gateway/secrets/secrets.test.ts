import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { issuerSigner, keyedHash } from './secrets.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-secrets-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('are made once, and are the same at every start', () => {
  const [pem, hex] = [path.join(folder, 'issuer-key.pem'), path.join(folder, 'identity-key.hex')];
  const first = { key: issuerSigner(pem).publicKey, hash: keyedHash(hex)('13800138000') };
  expect({ key: issuerSigner(pem).publicKey, hash: keyedHash(hex)('13800138000') }).toEqual(first);
  expect(readdirSync(folder).sort()).toEqual(['identity-key.hex', 'issuer-key.pem']);
  for (const file of [pem, hex]) expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('that a power cut left half written are made anew: nothing was signed with them yet', () => {
  writeFileSync(path.join(folder, 'identity-key.hex.new'), 'abc', { mode: 0o644 });
  const hash = keyedHash(path.join(folder, 'identity-key.hex'));
  expect(hash('13800138000')).toMatch(/^[0-9a-f]{64}$/);
  expect(readdirSync(folder)).toEqual(['identity-key.hex']);
  expect(statSync(path.join(folder, 'identity-key.hex')).mode & 0o777).toBe(0o600);
});

it('that can no longer be read stop the start with their file and what is needed', () => {
  const file = path.join(folder, 'identity-key.hex');
  writeFileSync(file, 'too short');
  expect(() => keyedHash(file)).toThrow(/identity-key\.hex: 32 bytes in hexadecimal/);
});
