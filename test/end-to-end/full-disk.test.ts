/**
 * A card that is full, as the real agent on real files meets it: no file of its may grow any more (`ulimit -f`, POSIX
 * sh), so that the write fails which a record needs.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { movedToToday } from '#simulator/counter/campaign-copy.js';
import { diceOf } from '#simulator/counter/dice.js';
import { type Rig, startRig } from '#simulator/counter/rig.js';
import { AT_REST, type SaleSeen } from '#simulator/counter/till-client.js';

const SALE_MS = 30_000;
const SOON = { withinMs: SALE_MS };
/** In units of 512 bytes: room for the journal's tables and some sales, not for many. */
const FULL_AFTER = 160;
const MOST_SALES = 60;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({
    counters: [{ name: 'plate-001', merchant: 'yh-02' }],
    campaign: movedToToday(JSON.parse(readFileSync('campaigns/youhao-2023.json', 'utf8')), Date.now()),
    dice: diceOf(7),
    gateway: 'here',
    devices: [],
  });
});
afterAll(() => rig.stop());

it('stops taking coupons, says so, sells on at full price where the campaign lets it, and has all that it confirmed', async () => {
  const counter = rig.counter('plate-001');
  const { till, scanner } = counter;
  const isJournalFailed = async (): Promise<boolean> => (await till.health())?.journal === 'failed';
  const rests = ({ state }: SaleSeen): boolean => AT_REST.has(state);
  const begin = async (order: string): Promise<void> => {
    const customer = await rig.customer(['yuan-20']);
    await till.open(order, 15_000);
    await scanner.scan(customer.present(rig.now()));
  };
  /** undefined: the journal failed under it. */
  const sellOrStrand = async (order: string): Promise<SaleSeen | undefined> => {
    await begin(order);
    for (const end = performance.now() + SALE_MS; performance.now() < end; ) {
      const seen = await till.follow(order, rests, { withinMs: 2_000, what: 'at rest' }).catch(() => undefined);
      if (seen !== undefined || (await isJournalFailed())) return seen;
    }
    throw new Error(`order ${order} neither came to rest nor was the journal said to have failed`);
  };

  await counter.stop();
  counter.runUnder(['sh', '-c', `ulimit -f ${FULL_AFTER}; exec "$0" "$@"`]);
  await counter.start();
  await counter.ready();
  const confirmed: SaleSeen[] = [];
  for (let n = 1; n <= MOST_SALES && !(await isJournalFailed()); n += 1) {
    const seen = await sellOrStrand(`A${n}`);
    if (seen !== undefined) confirmed.push(seen);
  }
  expect(await isJournalFailed()).toBe(true);
  expect(confirmed.length).toBeGreaterThan(0);
  expect(confirmed.every(({ coupon }) => coupon?.faceFen === 2_000)).toBe(true);

  expect((await till.health())?.line.zh).toContain('存储故障');
  await begin('B1');
  await till.follow('B1', ({ reason }) => reason === 'journal-failed', { ...SOON, what: 'told why', looking: true });
  await till.press('B1', 'charge');
  const fullPrice = await till.follow('B1', rests, { ...SOON, what: 'at rest' });
  expect(fullPrice).toMatchObject({ state: 'settled', netFen: 15_000, coupon: null });

  await counter.kill();
  counter.runUnder([]);
  await counter.start();
  const books = await rig.settle();
  // The reader has what was sold without a record; everything that was confirmed with one is in every other book.
  expect(books.journal.sales).toBeGreaterThanOrEqual(confirmed.length);
  expect(books.ledger).toMatchObject({ sales: books.journal.sales, redeemed: books.journal.redeemed });
  expect(books.reader.sales).toBe(books.journal.sales + 1);
  for (const { receipt } of confirmed) expect(counter.paper.copies.some((copy) => copy.receipt === receipt)).toBe(true);
}, 180_000);
