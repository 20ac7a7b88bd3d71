/** Holders as the earlier release wrote them: with a fixed payment code, which is no longer accepted. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { paymentNumberOf } from '#protocol/codes/payment-code.js';
import { err } from '#protocol/kernel/result.js';
import {
  authorised,
  Counter,
  claimed,
  claimOp,
  commitOne,
  holderId,
  paymentNumber,
  testRules,
} from '../../../test/contract/ledger-fixture.js';
import type { CheckedPresentation } from '../../ports/ledger.js';
import { openSqlite } from './sqlite.js';
import { openSqliteLedger } from './sqlite-ledger.js';

const FIXED = '6212345678901234567';

/** A counter's request with a fixed code: its digits match no holder's number. */
function fixedCode(): CheckedPresentation {
  const number = paymentNumberOf(FIXED);
  if (number === undefined) throw new Error('not a payment code');
  return { kind: 'opaque', code: FIXED, readCode: { number, step: err('payment-code-wrong') } };
}

it('are read, told to open the app, and given a number when their phone asks again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'codeplate-earlier-'));
  const file = join(folder, 'ledger.db');
  const opened = async () => {
    const ledger = await openSqliteLedger(file, testRules());
    return { ledger, close: () => new Promise<void>((closed) => ledger.close(closed)) };
  };
  try {
    const before = await opened();
    await claimed(before.ledger, claimOp('ann', ['s20']));
    await before.close();
    const database = await promisify(openSqlite)(file);
    await promisify(database.exec)(
      `update holder set code = '${FIXED}', doc = json_set(json_remove(doc, '$.number'), '$.paymentCode', '${FIXED}')`,
    );
    await new Promise<void>((closed) => database.close(closed));

    const after = await opened();
    const counter = new Counter();
    const shows = (sale: string) =>
      authorised(after.ledger, counter.asks(sale, 'ann', 15_000, { presented: fixedCode() }));
    expect(await shows('a')).toBe('payment-code-old');
    expect(await commitOne(after.ledger, claimOp('ann', ['s20']))).toMatchObject({
      holder: holderId('ann'),
      number: paymentNumber('ann'),
      serials: [0],
    });
    expect(await shows('b')).toBe('no-coupon-held');
    expect(await authorised(after.ledger, counter.asks('c', 'ann', 15_000))).toBe(0);
    await after.close();
    const again = await opened();
    expect(await authorised(again.ledger, new Counter('d2').asks('d', 'ann', 15_000))).toBe('coupon-reserved');
    await again.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
