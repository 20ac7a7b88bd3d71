/**
 * What a card does to a journal, as the real agent on real files meets it: writes and fsyncs that fail while it works
 * (strace makes them fail), and a file that isn't what was left there. A full card has `full-disk.test.ts`.
 */
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { movedToToday } from '#simulator/counter/campaign-copy.js';
import type { Counter } from '#simulator/counter/counter.js';
import { diceOf } from '#simulator/counter/dice.js';
import { type Rig, startRig } from '#simulator/counter/rig.js';
import { AT_REST, type SaleSeen } from '#simulator/counter/till-client.js';
import { recordingProblem } from '#simulator/powercut/record.js';
import { until } from '#simulator/processes/waiting.js';

const SOON = { withinMs: 30_000 };
const AMOUNT_FEN = 15_000;
/** More than the fault lets pass. */
const MOST_SALES = 40;
const COUNTERS = ['write-error', 'failed-fsync', 'flipped-bit', 'older-copy', 'no-database'] as const;
type Fault = (typeof COUNTERS)[number];

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({
    counters: COUNTERS.map((name) => ({ name, merchant: 'yh-02' })),
    campaign: movedToToday(JSON.parse(readFileSync('campaigns/youhao-2023.json', 'utf8')), Date.now()),
    dice: diceOf(11),
    gateway: 'here',
    devices: [],
  });
}, 60_000);
afterAll(() => rig.stop());

const rests = ({ state }: SaleSeen): boolean => AT_REST.has(state);
const fileOf = (name: Fault): string => path.join(rig.folder, name, 'data', 'journal.sqlite');
const DATABASE = ['', '-wal', '-shm'];
/** With the witness: a copy of a journal is all of them. */
const PARTS = [...DATABASE, '.head'];
const isFailed = async ({ till }: Counter): Promise<boolean> => (await till.health())?.journal === 'failed';

/** False where the till was refused: the journal failed under it. */
async function present({ till, scanner }: Counter, order: string): Promise<boolean> {
  const customer = await rig.customer(['yuan-20']);
  if (!(await till.open(order, AMOUNT_FEN)).ok) return false;
  await scanner.scan(customer.present(rig.now()));
  return true;
}

async function sell(counter: Counter, order: string): Promise<SaleSeen> {
  expect(await present(counter, order)).toBe(true);
  return counter.till.follow(order, rests, { ...SOON, what: 'at rest' });
}

/** Ends with the first sale that the fault meets. */
async function sellUntilItFails(counter: Counter): Promise<void> {
  const { till } = counter;
  for (let n = 1; n <= MOST_SALES; n += 1) {
    const order = `F${n}`;
    await present(counter, order);
    for (;;) {
      if (await isFailed(counter)) {
        // One that began a moment after the failure is a sale like any other, and would keep the counter busy.
        await till.press(order, 'cancel');
        return;
      }
      const looked = till.follow(order, rests, { withinMs: 1_000, what: 'at rest' });
      if ((await looked.catch(() => undefined)) !== undefined) break;
    }
  }
}

function underFault(counter: Counter, call: string, from: number): void {
  const log = `${fileOf(counter.name as Fault)}-wal`;
  // -D: the agent stays our own child, and is what a kill kills. Calls are counted for each of SQLite's threads.
  const inject = `inject=${call}:error=EIO:when=${from}+`;
  counter.runUnder(['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-P', log, '-e', `trace=${call}`, '-e', inject]);
}

/** Its journal is not to be trusted: no coupon, a line that says so, and the full price, which this campaign permits. */
async function expectFailStop(counter: Counter): Promise<void> {
  const { till } = counter;
  expect(await till.health()).toMatchObject({ journal: 'failed', line: { zh: expect.stringContaining('存储故障') } });
  expect(await present(counter, 'L1')).toBe(true);
  await till.follow('L1', ({ reason }) => reason === 'journal-failed', { ...SOON, what: 'told why', looking: true });
  await till.press('L1', 'charge');
  expect(await till.follow('L1', rests, { ...SOON, what: 'at rest' })).toMatchObject({
    state: 'settled',
    netFen: AMOUNT_FEN,
    coupon: null,
  });
}

/** What was confirmed is in the journal, and the gateway has acknowledged all of that. */
async function expectNothingContradicted(counter: Counter, confirmed: readonly SaleSeen[]): Promise<void> {
  await counter.quiet();
  const books = await counter.books();
  expect(books.journalFault).toBeNull();
  const settled = books.journal.flatMap((record) => (record.kind === 'settled' ? [record.receipt] : []));
  for (const { receipt } of confirmed) expect(settled).toContain(receipt);
  // What was printed meanwhile is a record of its own, and waits two seconds for others to go up with it.
  const sent = await until('everything acknowledged', SOON.withinMs, async () => {
    const health = await counter.till.health();
    return health?.unsent.records === 0 ? health : undefined;
  });
  expect(sent).toMatchObject({ online: true, journal: 'ok' });
}

const problem = recordingProblem();

describe('while the agent works', () => {
  it.skipIf(problem !== undefined).each([
    ['write-error', 'pwrite64', 40],
    ['failed-fsync', 'fsync', 6],
  ] as const)(
    '%s (needs strace)',
    async (name, call, from) => {
      const counter = rig.counter(name);
      const before = await sell(counter, 'A1');
      await counter.stop();
      underFault(counter, call, from);
      await counter.start();
      await counter.ready();
      await sellUntilItFails(counter);
      await expectFailStop(counter);
      await counter.kill();
      counter.runUnder([]);
      await counter.start();
      await expectNothingContradicted(counter, [before]);
    },
    120_000,
  );
});

describe('before it starts', () => {
  it.each([
    ['flipped-bit', flipOneBit],
    ['no-database', (file: string) => writeFileSync(file, 'this was a journal once\n'.repeat(400))],
  ] as const)(
    '%s',
    async (name, spoil) => {
      const counter = rig.counter(name);
      const sold = [await sell(counter, 'A1'), await sell(counter, 'A2')];
      await counter.quiet();
      await counter.stop();
      const whole = readFileSync(fileOf(name));
      spoil(fileOf(name));
      await counter.start();
      await counter.ready();
      await expectFailStop(counter);
      await counter.stop();
      // Service puts back what was there; nothing has been written into what was not.
      writeFileSync(fileOf(name), whole);
      await counter.start();
      await expectNothingContradicted(counter, sold);
    },
    120_000,
  );

  it('older-copy', async () => {
    const counter = rig.counter('older-copy');
    const file = fileOf('older-copy');
    const older = path.join(rig.folder, 'older');
    const newest = path.join(rig.folder, 'newest');
    const sold = [await sell(counter, 'A1')];
    await counter.quiet();
    await counter.stop();
    copyParts(file, older, PARTS);
    await counter.start();
    await counter.ready();
    sold.push(await sell(counter, 'A2'));
    await counter.quiet();
    await counter.stop();
    copyParts(file, newest, PARTS);
    copyParts(older, file, DATABASE);
    await counter.start();
    await counter.ready();
    await expectFailStop(counter);
    await counter.stop();
    copyParts(newest, file, PARTS);
    await counter.start();
    await expectNothingContradicted(counter, sold);
  }, 120_000);
});

/** What the copy lacks is gone from where it is put. */
function copyParts(from: string, to: string, parts: readonly string[]): void {
  for (const part of parts) {
    rmSync(`${to}${part}`, { force: true });
    if (existsSync(`${from}${part}`)) copyFileSync(`${from}${part}`, `${to}${part}`);
  }
}

/** In the middle of a record's text: what only the hash chain sees. */
function flipOneBit(file: string): void {
  const bytes = readFileSync(file);
  const at = bytes.indexOf('"amountFen"') + 3;
  if (at < 3) throw new Error('no record in the file');
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}
