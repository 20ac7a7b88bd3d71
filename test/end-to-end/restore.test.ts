/**
 * A gateway whose ledger is put back to a backup while its counters have gone on: the counter sends again what the ledger has lost,
 * nothing forks, the sale that the ledger knows nothing of waits for a person, and the counter goes on selling.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { z } from 'zod';
import { movedToToday } from '#simulator/counter/campaign-copy.js';
import { diceOf } from '#simulator/counter/dice.js';
import { type Rig, startRig } from '#simulator/counter/rig.js';
import { AT_REST } from '#simulator/counter/till-client.js';
import { until } from '#simulator/processes/waiting.js';

const SOON_MS = 20_000;
let rig: Rig | undefined;
afterAll(() => rig?.stop());

const casesSchema = z.object({
  cases: z.array(z.object({ id: z.string(), kind: z.string(), acts: z.array(z.string()).optional() })),
});
const sumsSchema = z.object({ settledSales: z.int(), redeemed: z.int(), disputed: z.int(), postingsFen: z.int() });

it('loses no sale, forks no honest counter, and gives the doubt to a person', async () => {
  const here = await startRig({
    counters: [{ name: 'plate-001', merchant: 'yh-02' }],
    campaign: movedToToday(JSON.parse(readFileSync('campaigns/youhao-2023.json', 'utf8')), Date.now()),
    dice: diceOf(14),
  });
  rig = here;
  const { till, scanner } = here.counter('plate-001');
  const ask = async (address: string): Promise<unknown> =>
    (
      await fetch(`${here.gateway.url}${address}`, { headers: { ...here.gateway.asOperator, connection: 'close' } })
    ).json();
  const sell = async (order: string, code: string) => {
    await till.open(order, 25_990);
    await scanner.scan(code);
    return till.follow(order, ({ state }) => AT_REST.has(state), { withinMs: SOON_MS, what: 'at rest' });
  };
  const [ann, ben, cem] = [
    await here.customer(['yuan-40']),
    await here.customer(['yuan-40']),
    await here.customer(['yuan-40']),
  ];
  expect(await sell('A1', ann.present(here.now()))).toMatchObject({ state: 'settled', coupon: { faceFen: 4_000 } });
  await here.settle();

  const folder = path.join(here.folder, 'gateway');
  const backup = path.join(here.folder, 'backup.db');
  const out = execFileSync(
    process.execPath,
    ['bin/codeplate.js', 'ledger', 'backup', backup, '--config', path.join(folder, 'gateway.yaml'), '--json'],
    { encoding: 'utf8' },
  );
  expect(JSON.parse(out)).toMatchObject({ file: backup, problems: [] });

  // What comes after the backup is acknowledged to the counter, and lost to the ledger.
  expect(await sell('A2', ben.present(here.now()))).toMatchObject({ state: 'settled', coupon: { faceFen: 4_000 } });
  await here.settle();
  await here.gateway.stop();
  const ledger = path.join(folder, 'data', 'ledger.db');
  expect(existsSync(ledger)).toBe(true);
  for (const part of ['', '-wal', '-shm']) rmSync(`${ledger}${part}`, { force: true });
  copyFileSync(backup, ledger);
  await here.gateway.start();

  const sums = await until('both sales are in the restored ledger', SOON_MS, async () => {
    const found = sumsSchema.parse(await ask('/v1/reconciliation'));
    return found.settledSales === 2 ? found : undefined;
  });
  expect(sums).toMatchObject({ redeemed: 1, disputed: 1, postingsFen: 0 });
  const { cases } = casesSchema.parse(await ask('/v1/cases'));
  expect(cases.map(({ kind }) => kind)).toEqual(['disputed']);

  expect(await sell('A3', cem.present(here.now()))).toMatchObject({ state: 'settled', coupon: { faceFen: 4_000 } });
  await until('the counter goes on', SOON_MS, async () => {
    const found = sumsSchema.parse(await ask('/v1/reconciliation'));
    return found.settledSales === 3 && found.redeemed === 2 ? true : undefined;
  });
});
