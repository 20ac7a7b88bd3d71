import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { movedToToday } from '#simulator/counter/campaign-copy.js';
import { diceOf } from '#simulator/counter/dice.js';
import { type Rig, startRig } from '#simulator/counter/rig.js';
import { AT_REST } from '#simulator/counter/till-client.js';

const CAMPAIGN: unknown = JSON.parse(readFileSync('campaigns/youhao-2023.json', 'utf8'));
let rig: Rig | undefined;

afterEach(async () => {
  const pids = rig?.counters.map(({ pid }) => pid);
  await rig?.stop();
  for (const pid of pids ?? []) if (pid !== undefined) expect(existsSync(`/proc/${pid}`)).toBe(false);
  if (rig !== undefined) expect(existsSync(rig.folder)).toBe(false);
  rig = undefined;
});

describe('one sale, over real serial, real MQTT and files', () => {
  it('takes the largest coupon, charges the rest, prints it, and all four books agree', async () => {
    rig = await startRig({
      counters: [{ name: 'plate-001', merchant: 'yh-02' }],
      campaign: movedToToday(CAMPAIGN, Date.now()),
      dice: diceOf(1),
    });
    const customer = await rig.customer(['yuan-20', 'yuan-40', 'yuan-80']);
    const { till, scanner, paper } = rig.counter('plate-001');
    expect(await till.open('A1', 25_990)).toMatchObject({ ok: true, sale: { state: 'opened' } });
    await scanner.scan(customer.present(rig.now()));
    const sale = await till.follow('A1', ({ state }) => AT_REST.has(state), { withinMs: 15_000, what: 'at rest' });
    expect(sale).toMatchObject({ state: 'settled', netFen: 21_990, coupon: { faceFen: 4_000 } });

    const books = await rig.settle();
    expect(books.differences).toEqual([]);
    const sums = { sales: 1, netFen: 21_990, redeemed: 1, faceFen: 4_000, refunded: 0, refundedFen: 0 };
    expect(books).toMatchObject({ journal: sums, ledger: sums, receipts: sums, reader: { sales: 1, netFen: 21_990 } });
    expect(paper.copies.map(({ receipt, copy }) => [receipt, copy])).toEqual([[sale.receipt, 'original']]);
  });
});
