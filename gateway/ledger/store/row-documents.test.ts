/** Rows of the tables: read back as they were written, by version, and refused by name where no gateway can have written one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CouponSerial, HolderId } from '#protocol/kernel/ids.js';
import { sha256 } from '#protocol/node/crypto.js';
import {
  asked,
  authorised,
  Counter,
  charging,
  claimed,
  claimOp,
  commitOne,
  settled,
  testRules,
} from '../../../test/contract/ledger-fixture.js';
import type { LedgerFault } from '../../ports/ledger.js';
import type { Coupon, SaleKey } from '../book/book.js';
import { verifyLedger } from './ledger-verify.js';
import { type CouponRow, couponOf, couponRowOf, documentOf, entityOf } from './row-documents.js';
import { openSqlite } from './sqlite.js';
import { openSqliteLedger } from './sqlite-ledger.js';

const base: CouponRow = {
  ...{ serial: 7, holder: 'h', state: 'held', sale: null, leaseEnds: null },
  ...{ usableFrom: 0, version: 3 },
};
const ofHolder = { serial: 7 as CouponSerial, holder: 'h' as HolderId, usableFrom: 0, version: 3 };
const sale = 'd1/a' as SaleKey;

describe('a coupon', () => {
  it.each<readonly [string, Partial<CouponRow>, Coupon]>([
    ['held', {}, { ...ofHolder, state: 'held' }],
    ['reserved', { state: 'reserved', sale, leaseEnds: 5 }, { ...ofHolder, state: 'reserved', sale, leaseEnds: 5 }],
    ['held fast', { state: 'reserved', sale }, { ...ofHolder, state: 'reserved', sale, leaseEnds: null }],
    ['used', { state: 'used', sale }, { ...ofHolder, state: 'used', sale }],
  ])('that is %s is read, and written as it was', (_what, change, coupon) => {
    const row = { ...base, ...change };
    expect(couponOf(row)).toStrictEqual(coupon);
    expect(couponRowOf(coupon)).toEqual(Object.values(row));
  });

  it.each<readonly [string, Partial<CouponRow>]>([
    ['reserved for no sale', { state: 'reserved', leaseEnds: 5 }],
    ['used by no sale', { state: 'used' }],
    ['lost', { state: 'lost' }],
  ])('that is %s is refused, and the refusal names it', (what, change) => {
    expect(() => couponOf({ ...base, ...change })).toThrow(
      expect.objectContaining({
        code: 'LEDGER_ROW_IMPOSSIBLE',
        message: expect.stringMatching(new RegExp(`coupon 7 .*${what}`)),
      }),
    );
  });
});

describe('a document', () => {
  const row = { rrn: '1', netFen: 5 };
  it.each([
    ['of release 0.1.0, which has no version', JSON.stringify(row)],
    ['of this release', documentOf(row)],
  ])('%s is read', (_what, text) => {
    expect(entityOf('x', JSON.parse(text))).toStrictEqual(row);
  });
  it('of a later version is left to the gateway that wrote it', () => {
    expect(() => entityOf('act x-1', { v: 2, ...row })).toThrow(
      expect.objectContaining({ code: 'LEDGER_OTHER_VERSION', message: expect.stringContaining('act x-1') }),
    );
  });
});

describe('a ledger', () => {
  const rules = testRules();
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'codeplate-rows-'));
    file = path.join(folder, 'ledger.db');
    const ledger = await openSqliteLedger(file, rules);
    const till = new Counter();
    await claimed(ledger, claimOp('ann', ['s20']));
    const serial = Number(await authorised(ledger, till.asks('a', 'ann', 15_000)));
    const of = { sale: 'a', amountFen: 15_000, serial };
    await commitOne(ledger, till.sends([charging(of), settled(of)]));
    await promisify(ledger.close)();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function change(sql: string): Promise<void> {
    const database = await promisify(openSqlite)(file);
    await promisify(database.exec)(sql);
    await new Promise<void>((closed) => database.close(closed));
  }

  it.each([
    ['a coupon that can’t be', 'update coupon set sale = null', 'LEDGER_ROW_IMPOSSIBLE', 'coupon 0'],
    ['a sale of a later version', "update sale set doc = json_set(doc, '$.v', 2)", 'LEDGER_OTHER_VERSION', 'sale d1/a'],
  ])('with %s is not begun with, and verify names the row', async (_what, sql, code, name) => {
    await change(sql);
    const refused = expect.objectContaining({ code, message: expect.stringContaining(name) });
    await expect(openSqliteLedger(file, rules)).rejects.toEqual(refused);
    const { problems } = await verifyLedger(file, sha256);
    expect(problems).toEqual([{ code, what: expect.stringContaining(name) }]);
  });

  it('that comes to such a row while it runs answers nothing by it', async () => {
    const ledger = await openSqliteLedger(file, rules);
    await change('update coupon set sale = null');
    const fault = await new Promise<LedgerFault | undefined>((done) => ledger.holder(claimOp('ann', []).holder, done));
    expect(fault).toMatchObject({ code: 'LEDGER_ROW_IMPOSSIBLE' });
    await promisify(ledger.close)();
  });

  it('without versions, as release 0.1.0 wrote it, is gone on with, and what changes gets one', async () => {
    await change(
      ['sale', 'holder', 'device', 'totals'].map((t) => `update ${t} set doc = json_remove(doc, '$.v');`).join(''),
    );
    const ledger = await openSqliteLedger(file, rules);
    const sums = await asked((done) => ledger.reconciliation(done));
    expect(sums).toMatchObject({ redeemed: 1, used: 1 });
    await claimed(ledger, claimOp('ann', ['s40']));
    await promisify(ledger.close)();
    const database = await promisify(openSqlite)(file);
    const versions = await promisify(
      database.prepare("select json_array(doc->'v', (select doc->'v' from sale)) as text from totals where ?1 = ''")
        .text,
    )(['']);
    expect(JSON.parse(versions)).toEqual([1, null]);
    await new Promise<void>((closed) => database.close(closed));
  });
});
