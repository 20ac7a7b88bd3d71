import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { testRules } from '../../test/contract/ledger-fixture.js';
import { checkGatewayConfig } from '../config/config.js';
import { openSqlite } from '../ledger/store/sqlite.js';
import { openSqliteLedger } from '../ledger/store/sqlite-ledger.js';
import type { Ledger } from '../ports/ledger.js';
import { identityHash, keyFindings, keyMark } from './identity-key.js';

let folder: string;
let data: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-identity-'));
  data = path.join(folder, 'data');
  mkdirSync(data);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const NUMBER = '13800138000';
const codes = (config: Parameters<typeof keyFindings>[0]) => keyFindings(config).warnings.map(({ code }) => code);
const ledgerIsThere = () => writeFileSync(path.join(data, 'ledger.db'), '');

describe('the identity key', () => {
  it('of a configuration of before lies beside the ledger, and somebody is told', () => {
    identityHash({ data });
    expect(existsSync(path.join(data, 'identity-key.hex'))).toBe(true);
    expect(codes({ data })).toEqual(['IDENTITY_KEY_BESIDE_LEDGER']);
  });

  it('is moved elsewhere with a move: the same people are the same', () => {
    const before = identityHash({ data })(NUMBER);
    ledgerIsThere();
    const file = path.join(folder, 'identity-key.hex');
    renameSync(path.join(data, 'identity-key.hex'), file);
    expect(identityHash({ data, identityKey: { file } })(NUMBER)).toBe(before);
    expect(codes({ data, identityKey: { file } })).toEqual([]);
    writeFileSync(path.join(data, 'identity-key.hex'), 'the old copy');
    expect(codes({ data, identityKey: { file } })).toEqual(['IDENTITY_KEY_LEFT_BEHIND']);
  });

  it('is made at the first start, for its owner only, and never beside a ledger that has one somewhere', () => {
    const file = path.join(folder, 'elsewhere.hex');
    identityHash({ data, identityKey: { file } });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    ledgerIsThere();
    const mistyped = path.join(folder, 'elsewhree.hex');
    expect(() => identityHash({ data, identityKey: { file: mistyped } })).toThrow(/elsewhree\.hex: there is a ledger/);
    expect(() => identityHash({ data })).toThrow(expect.objectContaining({ code: 'IDENTITY_KEY_MISSING' }));
    expect(existsSync(mistyped)).toBe(false);
    expect(keyFindings({ data, identityKey: { file: mistyped } }).problems).toMatchObject([
      { code: 'IDENTITY_KEY_MISSING' },
    ]);
  });

  it('is found beside the ledger through a link, too', () => {
    const link = path.join(folder, 'link');
    symlinkSync(data, link);
    const identityKey = { file: path.join(link, 'key.hex') };
    identityHash({ data, identityKey });
    expect(codes({ data, identityKey })).toEqual(['IDENTITY_KEY_BESIDE_LEDGER']);
  });

  it('comes as a credential of the service, and is made by nobody then', () => {
    const identityKey = { credential: 'identity-key' };
    vi.stubEnv('CREDENTIALS_DIRECTORY', '');
    expect(() => identityHash({ data, identityKey })).toThrow(/CREDENTIALS_DIRECTORY is not set/);
    const handed = path.join(folder, 'credentials');
    mkdirSync(handed);
    vi.stubEnv('CREDENTIALS_DIRECTORY', handed);
    expect(() => identityHash({ data, identityKey })).toThrow(/LoadCredential=/);
    writeFileSync(path.join(handed, 'identity-key'), `${'ab'.repeat(32)}\n`);
    expect(identityHash({ data, identityKey })(NUMBER)).toMatch(/^[0-9a-f]{64}$/);
    expect(codes({ data, identityKey })).toEqual([]);
  });

  it('that is another one opens no ledger', async () => {
    const file = path.join(data, 'ledger.db');
    const [one, other] = ['one', 'other'].map((name) =>
      identityHash({ data, identityKey: { file: path.join(folder, name) } }),
    );
    const open = (hash: typeof one) =>
      openSqliteLedger(file, testRules(), { open: openSqlite, ...(hash !== undefined && { keyMark: keyMark(hash) }) });
    const close = (ledger: Ledger) => new Promise<void>((closed) => ledger.close(closed));
    // A ledger of an earlier version isn't bound to a key, and accepts the first.
    await close(await open(undefined));
    await close(await open(one));
    await expect(open(other)).rejects.toMatchObject({ code: 'LEDGER_OF_ANOTHER_KEY' });
    await close(await open(one));
  });

  it.each([
    ['neither', {}],
    ['both', { file: 'a', credential: 'b' }],
    ['a path for a credential', { credential: '../key' }],
  ])('has one place: not %s', (_, identityKey) => {
    const config = checkGatewayConfig({ campaign: 'c.json', data: 'data', identityKey }, folder);
    expect(config.ok ? [] : config.fault.map(({ path: where }) => where)).toEqual([
      expect.stringMatching(/^identityKey/),
    ]);
  });
});
