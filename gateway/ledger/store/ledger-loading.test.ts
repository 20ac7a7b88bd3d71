/**
 * A ledger that loads only a batch's read set decides like one with all rows in memory. Two gateways take turns on one
 * file, so that each loses its cache and reads again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openMemoryLedger } from '#simulator/doubles/memory-ledger.js';
import {
  asked,
  Counter,
  charging,
  claimOp,
  commitOne,
  settled,
  testRules,
} from '../../../test/contract/ledger-fixture.js';
import type { Ledger, Op } from '../../ports/ledger.js';
import { saleKey } from '../book/book.js';
import { openSqliteLedger } from './sqlite-ledger.js';

const RULES = testRules();
let folder: string;
let turns: Ledger[];
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'codeplate-loading-'));
  const open = () => openSqliteLedger(path.join(folder, 'ledger.db'), RULES);
  turns = [await open(), await open()];
});
afterEach(async () => {
  for (const one of turns) await promisify(one.close.bind(one))();
  rmSync(folder, { recursive: true, force: true });
});

it('a counter is paid once for a coupon that it charges by earlier answers to two sales', async () => {
  const [honest, liar] = [new Counter('d1'), new Counter('d2')];
  const of = (sale: string) => ({ sale, amountFen: 30_000, serial: 7 });
  const ops: Op[] = [
    claimOp('ann', ['s80']),
    claimOp('ben', ['s20']),
    // Each of the sales is offered Ann's coupon first; its last code is Ben's.
    ...['s1', 's2'].flatMap((sale) => [liar.asks(sale, 'ann', 30_000), liar.asks(sale, 'ben', 30_000)]),
    honest.asks('x', 'ann', 30_000),
    honest.sends([charging(of('x')), settled(of('x'))]),
    ...['s1', 's2'].map((sale) => liar.sends([charging(of(sale)), settled(of(sale))])),
  ];
  const memory = openMemoryLedger(RULES);
  for (const [at, op] of ops.entries()) {
    const one = turns[at % 2];
    if (one === undefined) throw new Error('two ledgers');
    expect(await commitOne(one, op)).toEqual(await commitOne(memory, op));
  }
  const last = memory.book.sale(saleKey(liar.device, 's2' as never));
  expect(last).toMatchObject({ booking: 'disputed', flags: expect.arrayContaining(['coupon-taken-here-before']) });
  const sums = (ledger: Ledger) => asked((done) => ledger.reconciliation(done));
  for (const one of turns) expect(await sums(one)).toEqual(await sums(memory));
});
