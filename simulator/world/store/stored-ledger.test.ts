/** The shipped SQLite ledger in a simulated world: sound as it is, and found out when it is broken on purpose. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { memoryFolder, temporaryFolder } from '../../processes/at-the-end.js';
import { storeMutants } from '../mutants/store.js';
import type { Plan } from '../profiles.js';
import { runSeedOn, storeOf } from '../run-seed.js';

/** Cut short, so that a unit test can afford it. */
const trim = (plan: Plan): Plan => ({ ...plan, faultsMs: Math.min(plan.faultsMs, 10 * 60_000) });

describe('a world with the ledger on SQLite', () => {
  it('has the same steps each time, keeps every promise and leaves no file', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder('codeplate-world-test-', memoryFolder());
    try {
      const run = () => runSeedOn('sqlite', 4, 'hell', { trim, folder: folder.path });
      const once = await run();
      expect(once.violation).toBeUndefined();
      expect(once).toMatchObject({ store: 'sqlite' });
      expect(once.sales).toBeGreaterThan(0);
      expect(await run()).toEqual(once);
      expect(readdirSync(folder.path)).toEqual([]);
    } finally {
      folder.remove();
    }
  });

  it('is one seed in eleven, of every profile that takes its turn', () => {
    const stored = Array.from({ length: 55 }, (_, seed) => seed).filter((seed) => storeOf(seed) === 'sqlite');
    expect(stored).toEqual([3, 14, 25, 36, 47]);
    expect(new Set(stored.map((seed) => seed % 5)).size).toBe(5);
  });
});

describe('a stored ledger that is broken on purpose', () => {
  it.each(storeMutants)('is found out: $id', { timeout: 300_000 }, async ({ profile, sabotage }) => {
    const seeds = [1, 2, 3, 4, 5, 6];
    let seed = seeds.shift();
    while (
      seed !== undefined &&
      (await runSeedOn('sqlite', seed, profile, { sabotage: sabotage() })).violation === undefined
    )
      seed = seeds.shift();
    expect(seed, 'six seeds, and nothing noticed').toBeDefined();
  });

  it.each(storeMutants)('goes unseen where the ledger is in memory: $id', async ({ profile, sabotage }) => {
    const { violation } = await runSeedOn('memory', 1, profile, { trim, sabotage: sabotage() });
    expect(violation).toBeUndefined();
  });
});
