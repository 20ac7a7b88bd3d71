import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Counter, claimOp, commit, MORNING, testRules } from '../../test/contract/ledger-fixture.js';
import type { Answer, Ledger, Op, Outcome } from '../ports/ledger.js';
import { Daybook } from './daybook.js';
import { BATCH_TRIGGER, DAYBOOK_SLOTS, DAYBOOK_TRIGGERS, TABLES } from './ledger-sql.js';
import { openSqlite, type SqliteDatabase } from './sqlite.js';
import { openSqliteLedger } from './sqlite-ledger.js';

const RULES = testRules();

let folder: string;
let file: string;
let open: { close(done: () => void): void }[];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-daybook-'));
  file = path.join(folder, 'ledger.db');
  open = [];
});
afterEach(async () => {
  for (const one of open) await promisify(one.close.bind(one))();
  rmSync(folder, { recursive: true, force: true });
});

async function ledger(): Promise<Ledger> {
  const opened = await openSqliteLedger(file, RULES);
  open.push(opened);
  return opened;
}
async function database(): Promise<SqliteDatabase> {
  const opened = await promisify(openSqlite)(file);
  open.push(opened);
  return opened;
}
const ask = async (on: SqliteDatabase, sql: string): Promise<string> =>
  promisify(on.prepare(`select (${sql}) || '' as text where ?1 = ''`).text)(['']);
const rowsOf = (on: SqliteDatabase) => ask(on, 'select count(*) from holder');
const heldIn = (from: Ledger) =>
  new Promise((resolve, reject) => {
    const done: Answer<{ readonly held: number }> = (fault, sums) =>
      fault === undefined ? resolve(sums.held) : reject(new Error(fault.message));
    from.reconciliation(done as Parameters<Ledger['reconciliation']>[0]);
  });
const crowd = (name: string, size: number): Op[] =>
  Array.from({ length: size }, (_, n) => claimOp(`${name}${n}`, ['s20']));
const takenBy = (outcomes: readonly Outcome[]) =>
  outcomes.flatMap((outcome) => (outcome.kind === 'claimed' ? outcome.serials : []));

describe('a commit of few operations', () => {
  it('stands in the daybook only, until somebody asks: whoever asks finds it', async () => {
    const [mine, tables] = [await ledger(), await database()];
    await commit(mine, [claimOp('ann', ['s20'])], MORNING);
    expect([await rowsOf(tables), await ask(tables, 'select count(*) from daybook')]).toEqual(['0', '1']);
    expect(await heldIn(mine)).toBe(1);
    expect(await rowsOf(tables)).toBe('1');
  });

  it('is found by another gateway that asks, too', async () => {
    const [mine, other] = [await ledger(), await ledger()];
    await commit(mine, [claimOp('ann', ['s20'])], MORNING);
    expect(await heldIn(other)).toBe(1);
  });

  it('is entered when the ledger is opened the next time, also where nobody has closed it', async () => {
    const [mine, tables] = [await ledger(), await database()];
    for (const who of ['ann', 'ben', 'cat']) await commit(mine, [claimOp(who, ['s20'])], MORNING);
    expect(await rowsOf(tables)).toBe('0');
    const after = await ledger();
    expect(await rowsOf(tables)).toBe('3');
    expect(takenBy(await commit(after, [claimOp('dan', ['s20'])], MORNING))).toEqual([3]);
  });

  it('is entered in front of a larger batch, which goes to the tables at once', async () => {
    const [mine, tables] = [await ledger(), await database()];
    await commit(mine, [claimOp('ann', ['s20'])], MORNING);
    expect(takenBy(await commit(mine, crowd('c', 20), MORNING))).toEqual([1, 2, 3]);
    expect(await rowsOf(tables)).toBe('4');
    expect(await ask(tables, 'select group_concat(seq) from (select seq from audit order by seq)')).toBe('1,2');
  });

  it('is not passed by a larger batch of another gateway that has not seen it', async () => {
    const [mine, other] = [await ledger(), await ledger()];
    expect(takenBy(await commit(mine, [claimOp('ann', ['s20'])], MORNING))).toEqual([0]);
    expect(takenBy(await commit(other, crowd('c', 20), MORNING))).toEqual([1, 2, 3]);
    expect(await heldIn(mine)).toBe(4);
  });

  it('waits for more of its kind, as many as there is room for', async () => {
    const [mine, tables] = [await ledger(), await database()];
    const counter = new Counter();
    const next = () => commit(mine, [counter.sends([{ kind: 'restarted', at: null }])]);
    for (let n = 0; n < DAYBOOK_SLOTS; n += 1) await next();
    const commits = () => ask(tables, 'select count(*) from audit');
    expect(await commits()).toBe('0');
    await next();
    expect(await commits()).toBe(String(DAYBOOK_SLOTS + 1));
  });
});

it('a ledger of before the daybook is opened, and gets one', async () => {
  const before = await ledger();
  await commit(before, crowd('c', 20), MORNING);
  await promisify(before.close)();
  open = [];
  const tables = await database();
  await promisify(tables.exec)('drop table daybook; pragma user_version = 1');
  const after = await ledger();
  expect(takenBy(await commit(after, [claimOp('ann', ['s40'])], MORNING))).toEqual([4]);
  expect(await heldIn(after)).toBe(5);
  expect(await ask(tables, 'select user_version from pragma_user_version')).toBe('2');
});

describe('the daybook itself', () => {
  const bodyOf = (seq: number) => JSON.stringify({ audit: [[seq, MORNING, `hash ${seq}`, 1, 2]] });
  async function daybook() {
    const tables = await database();
    await promisify(tables.exec)(`${TABLES}${BATCH_TRIGGER}${DAYBOOK_TRIGGERS}`);
    const book = new Daybook(tables);
    const add = (seq: number) => promisify(book.add.bind(book))(seq, 1, [Buffer.from('[]'), bodyOf(seq)]);
    return { tables, book, add, enter: promisify(book.enter.bind(book)) };
  }

  it('takes each place in the chain once, and writes over nothing that is not in the tables', async () => {
    const { add, enter, book } = await daybook();
    for (let seq = 1; seq <= DAYBOOK_SLOTS; seq += 1) await add(seq);
    expect(book.hasRoomFor(1)).toBe(false);
    await expect(add(DAYBOOK_SLOTS)).rejects.toThrow('stale');
    await expect(add(DAYBOOK_SLOTS + 1)).rejects.toThrow('stale');
    await enter();
    expect([book.isEmpty, book.hasRoomFor(1)]).toEqual([true, true]);
    await expect(add(DAYBOOK_SLOTS)).rejects.toThrow('stale');
    await add(DAYBOOK_SLOTS + 1);
  });

  it('enters its commits in their order, wherever in the ring they stand', async () => {
    const { tables, add, enter } = await daybook();
    for (let seq = 1; seq <= DAYBOOK_SLOTS - 2; seq += 1) await add(seq);
    await enter();
    const last = DAYBOOK_SLOTS + 3;
    for (let seq = DAYBOOK_SLOTS - 1; seq <= last; seq += 1) await add(seq);
    await enter();
    const entered = await ask(tables, 'select group_concat(hash) from (select hash from audit order by rowid)');
    expect(entered.split(',')).toEqual(Array.from({ length: last }, (_, n) => `hash ${n + 1}`));
  });
});
