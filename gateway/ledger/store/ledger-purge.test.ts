import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { wallMs } from '#protocol/kernel/time.js';
import {
  asked,
  authorised,
  Counter,
  charging,
  claimed,
  claimOp,
  commitOne,
  holderId,
  settled,
  testRules,
} from '../../../test/contract/ledger-fixture.js';
import type { Ledger } from '../../ports/ledger.js';
import { purgeIdentities } from './ledger-purge.js';
import { openSqliteLedger } from './sqlite-ledger.js';

const rules = testRules();
const AFTERWARDS = wallMs(rules.compiled.ends);

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-purge-'));
  file = path.join(folder, 'ledger.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () => openSqliteLedger(file, rules);
const close = (ledger: Ledger) => new Promise<void>((closed) => ledger.close(closed));
const purge = (now = AFTERWARDS) => purgeIdentities(file, rules, { now, by: 'li' });
/** The bytes of every file of the ledger, as a thief would read them. */
const bytes = (): string =>
  readdirSync(folder)
    .map((name) => readFileSync(path.join(folder, name), 'latin1'))
    .join();

async function campaignOf(people: readonly string[]): Promise<readonly string[]> {
  const ledger = await open();
  for (const who of people) await claimed(ledger, claimOp(who, ['s20']));
  const counter = new Counter();
  const serial = await authorised(ledger, counter.asks('a', 'ann', 15_000));
  const sale = { sale: 'a', amountFen: 15_000, serial: Number(serial) };
  await commitOne(ledger, counter.sends([charging(sale), settled(sale)]));
  await close(ledger);
  return people.flatMap((who) => Object.values(claimOp(who, []).identity));
}

it('leaves no byte of an identity in any file, and everything else as it was', async () => {
  const hashes = await campaignOf(['ann', 'ben', 'cem']);
  expect(hashes.every((hash) => bytes().includes(hash))).toBe(true);
  const before = await open();
  const sums = await asked((done) => before.reconciliation(done));
  await close(before);
  expect(await purge()).toEqual({ holders: 3 });
  expect(hashes.filter((hash) => bytes().includes(hash))).toEqual([]);
  const after = await open();
  expect(await asked((done) => after.reconciliation(done))).toEqual(sums);
  expect(await asked((done) => after.auditIntact(done))).toBe(true);
  expect(await asked<unknown>((done) => after.holder(holderId('ann'), done))).toMatchObject({
    holder: { id: holderId('ann'), identities: [] },
    coupons: [{ state: 'used' }],
  });
  await close(after);
  expect(bytes()).toContain('"what":"purge-identities","by":"li","detail":3');
});

it('does nothing the second time', async () => {
  await campaignOf(['ann']);
  await purge();
  expect(await purge()).toEqual({ holders: 0 });
  expect(bytes().match(/purge-identities/g)).toHaveLength(1);
});

it('refuses before the end of the campaign, and while a gateway runs', async () => {
  const [hash = ''] = await campaignOf(['ann']);
  await expect(purge(wallMs(AFTERWARDS - 1))).rejects.toMatchObject({ code: 'LEDGER_PURGE_TOO_EARLY' });
  const running = await open();
  await expect(purge()).rejects.toMatchObject({ code: 'LEDGER_IN_USE' });
  await close(running);
  expect(bytes()).toContain(hash);
  await expect(
    purgeIdentities(path.join(folder, 'none.db'), rules, { now: AFTERWARDS, by: 'li' }),
  ).rejects.toMatchObject({
    code: 'LEDGER_CANNOT_OPEN',
  });
  expect(readdirSync(folder)).not.toContain('none.db');
});
