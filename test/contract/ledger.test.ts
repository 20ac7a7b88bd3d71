import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { lookAtLedger } from '#gateway/ledger/store/ledger-opening.js';
import { openSqlite, type SqliteDatabase } from '#gateway/ledger/store/sqlite.js';
import { openSqliteLedger } from '#gateway/ledger/store/sqlite-ledger.js';
import type { Ledger } from '#gateway/ports/ledger.js';
import { wallMs } from '#protocol/kernel/time.js';
import { ledgerContract } from './ledger-contract.js';
import { asked, authorised, Counter, claimed, claimOp, commit, MORNING, testRules } from './ledger-fixture.js';

describe('the ledger on SQLite', () => {
  ledgerContract(() => {
    const folder = mkdtempSync(join(tmpdir(), 'codeplate-ledger-'));
    return {
      open: (rules) => openSqliteLedger(join(folder, 'ledger.db'), rules),
      isDurable: true,
      cleanUp: () => rmSync(folder, { recursive: true, force: true }),
    };
  });

  it('lets two gateways share a file without redeeming, reserving or handing out anything twice', async () => {
    await withTwo(async (one, two) => {
      const crowd = (side: string) =>
        Array.from({ length: 30 }, (_, n) => claimOp(`${side}${n}`, ['s20', 's40', 's80']));
      const outcomes = (await Promise.all([commit(one, crowd('a')), commit(two, crowd('b'))])).flat();
      const serials = outcomes.flatMap((outcome) => (outcome.kind === 'claimed' ? outcome.serials : []));
      expect(serials.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      const holders = outcomes.flatMap((outcome) =>
        outcome.kind === 'claimed' && outcome.serials.length > 0 ? [outcome] : [],
      );
      expect(holders.length).toBeGreaterThan(0);
    });
  });

  it('gives a coupon to one of two gateways that are asked at the same moment', async () => {
    await withTwo(async (one, two) => {
      await claimed(one, claimOp('ann', ['s20']));
      const answers = await Promise.all([
        authorised(one, new Counter('d1').asks('a', 'ann', 15_000)),
        authorised(two, new Counter('d2').asks('b', 'ann', 15_000)),
      ]);
      const [coupon, reason] = answers.toSorted();
      expect(coupon).toBe(0);
      // Both showed one payment code, so the later commit sees the code used or the coupon reserved.
      expect(['coupon-reserved', 'payment-code-used']).toContain(reason);
    });
  });

  it('refuses a file that is another campaign’s, or no database', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'codeplate-ledger-'));
    const file = join(folder, 'ledger.db');
    const ledger = await openSqliteLedger(file, testRules());
    await new Promise<void>((closed) => ledger.close(closed));
    await expect(openSqliteLedger(file, testRules({ id: 'other' }))).rejects.toMatchObject({
      code: 'LEDGER_OF_ANOTHER_CAMPAIGN',
    });
    await expect(openSqliteLedger(folder, testRules())).rejects.toMatchObject({ code: 'LEDGER_CANNOT_OPEN' });
    rmSync(folder, { recursive: true, force: true });
  });

  // A serial names its tier by its place: another stock or another tier, and coupons in people's hands change their worth.
  it('refuses to go on with other tiers than those that its coupons were handed out of', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'codeplate-ledger-'));
    const file = join(folder, 'ledger.db');
    const close = (ledger: Ledger) => new Promise<void>((closed) => ledger.close(closed));
    await close(await openSqliteLedger(file, testRules()));
    const { tiers, budgetFen, version } = testRules().campaign;
    const [s20, s40, s80] = tiers;
    const more = { ...s80, id: 's81', quantity: 1 };
    const cheaper = { ...s20, thresholdFen: 9_000 };
    for (const changed of [
      [{ ...s20, quantity: 5 }, s40, s80],
      [s20, s40, s80, more],
      [s40, s20, s80],
    ])
      await expect(openSqliteLedger(file, testRules({ tiers: changed, budgetFen: 100_000 }))).rejects.toMatchObject({
        code: 'LEDGER_OF_OTHER_TIERS',
      });
    const same = { tiers: [cheaper, s40, s80], budgetFen: budgetFen + 1, version: version + 1 };
    await close(await openSqliteLedger(file, testRules(same)));
    rmSync(folder, { recursive: true, force: true });
  });

  it('says of a file that is damaged, and of one that may not be written, what to do about that', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'codeplate-ledger-'));
    const damaged = join(folder, 'damaged.db');
    writeFileSync(damaged, 'this is no ledger at all'.repeat(1_000));
    await expect(openSqliteLedger(damaged, testRules())).rejects.toMatchObject({
      code: 'LEDGER_UNREADABLE',
      message: expect.stringContaining('Keep the files as they are'),
    });
    const whole = join(folder, 'ledger.db');
    const ledger = await openSqliteLedger(whole, testRules());
    await new Promise<void>((closed) => ledger.close(closed));
    // What SQLite would have to write first can't be: as in a folder of somebody else's.
    mkdirSync(`${whole}-wal`);
    await expect(openSqliteLedger(whole, testRules())).rejects.toMatchObject({
      code: 'LEDGER_CANNOT_OPEN',
      message: expect.stringContaining('rights'),
    });
    rmSync(folder, { recursive: true, force: true });
  });

  it('refuses to be run with an earlier version of the campaign than one that counters have heard', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'codeplate-ledger-'));
    const file = join(folder, 'ledger.db');
    const run = async (version: number, at: number): Promise<number> => {
      const rules = testRules({ version });
      const ledger = await openSqliteLedger(file, rules);
      const earlier = await asked<readonly unknown[]>((done) =>
        ledger.keepDocument(rules.campaign, wallMs(MORNING + at), done),
      );
      await new Promise<void>((closed) => ledger.close(closed));
      return earlier.length;
    };
    expect([await run(1, 0), await run(2, 1)]).toEqual([0, 1]);
    await expect(run(1, 2)).rejects.toMatchObject({
      code: 'LEDGER_OF_A_LATER_DOCUMENT',
      message: expect.stringMatching(/version 2 of the campaign; this is version 1/),
    });
    expect(await lookAtLedger(file, testRules({ version: 1 }).campaign)).toMatchObject({
      code: 'LEDGER_OF_A_LATER_DOCUMENT',
    });
    expect(await lookAtLedger(file, testRules({ version: 3 }).campaign)).toBeUndefined();
    expect([await run(2, 3), await run(3, 4)]).toEqual([1, 2]);
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['a later version of it', 'pragma user_version = 4', 'LEDGER_OTHER_VERSION'],
    ["another program's database", 'pragma application_id = 7', 'LEDGER_CANNOT_OPEN'],
  ])('refuses %s, and leaves it as it is', async (_, change, code) => {
    const folder = mkdtempSync(join(tmpdir(), 'codeplate-ledger-'));
    const file = join(folder, 'ledger.db');
    const ledger = await openSqliteLedger(file, testRules());
    await new Promise<void>((closed) => ledger.close(closed));
    const database = await promisify(openSqlite)(file);
    await promisify(database.exec)(change);
    await new Promise<void>((closed) => database.close(closed));
    const before = readFileSync(file);
    chmodSync(file, 0o644);
    await expect(openSqliteLedger(file, testRules())).rejects.toMatchObject({ code });
    expect([readFileSync(file).equals(before), statSync(file).mode & 0o777]).toEqual([true, 0o644]);
    rmSync(folder, { recursive: true, force: true });
  });
});

describe('a ledger of an older version', () => {
  it.each([1, 2])('(%i) is taken over with all that is in it, and then is of this one', async (version) => {
    const folder = mkdtempSync(join(tmpdir(), 'codeplate-ledger-'));
    const file = join(folder, 'ledger.db');
    const close = (ledger: Ledger) => new Promise<void>((closed) => ledger.close(closed));
    const before = await openSqliteLedger(file, testRules());
    await claimed(before, claimOp('ann', ['s20']));
    await close(before);
    const inFile = async <Value>(use: (database: SqliteDatabase) => Promise<Value>): Promise<Value> => {
      const database = await promisify(openSqlite)(file);
      const value = await use(database);
      await new Promise<void>((closed) => database.close(closed));
      return value;
    };
    await inFile((database) => promisify(database.exec)(`pragma user_version = ${version}`));
    const after = await openSqliteLedger(file, testRules());
    expect(await authorised(after, new Counter().asks('a', 'ann', 15_000))).toBe(0);
    await close(after);
    const question = 'select user_version as text from pragma_user_version where ?1 = ?1';
    expect(await inFile((database) => promisify(database.prepare(question).text)(['']))).toBe(3);
    rmSync(folder, { recursive: true, force: true });
  });
});

async function withTwo(use: (one: Ledger, two: Ledger) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'codeplate-ledger-'));
  const file = join(folder, 'ledger.db');
  const one = await openSqliteLedger(file, testRules());
  const two = await openSqliteLedger(file, testRules());
  await use(one, two);
  for (const ledger of [one, two]) await new Promise<void>((closed) => ledger.close(closed));
  rmSync(folder, { recursive: true, force: true });
}
