import { describe, expect, it } from 'vitest';
import { FAULTS } from '../faults/index.js';
import { NO_TRIM, shrink, trimmed } from './explore/shrink.js';
import { MUTANTS } from './mutants/index.js';
import { chanceFrom } from './parts/random.js';
import { PROFILES, planOf } from './profiles.js';
import { runSeed } from './run-seed.js';

const QUARTER_HOUR_MS = 15 * 60_000;
/** What a unit test can afford of each; `codeplate explore` runs them whole. */
const MINUTES = { calm: 20, rough: 30, hell: 30, 'offline-week': 24 * 60, 'flash-sale': 5, dishonest: 10 };

/** A world cut short, so that a unit test can afford it. */
const short = (minutes = 15) => ({
  trim: (plan: ReturnType<typeof planOf>) => ({ ...plan, faultsMs: Math.min(plan.faultsMs, minutes * 60_000) }),
});

describe('a world from a seed', () => {
  it('does the same things in the same order each time, and others from another seed', () => {
    const once = runSeed(7, 'hell', short());
    expect(once.violation).toBeUndefined();
    expect(runSeed(7, 'hell', short())).toEqual(once);
    expect(runSeed(8, 'hell', short()).traceHash).not.toBe(once.traceHash);
  });

  it('has the same trace on every machine and every version of Node', () => {
    // Changes with every change of the product's behaviour; then it is written anew, after a look at why.
    expect(chanceFrom(1, 'test').hex(16)).toBe('ebf1a89352e9fb881a5a1973a6f3b3fd');
  });

  it.each(PROFILES.filter((profile) => profile !== 'dishonest'))('keeps every promise in the profile %s', (profile) => {
    const report = runSeed(1, profile, short(MINUTES[profile]));
    expect(report.violation, `codeplate replay 1 --profile ${profile}`).toBeUndefined();
    expect(report.sales).toBeGreaterThan(0);
  });

  it('strikes with every kind of fault in some seed, and turns some fully off in each', () => {
    const plans = Array.from({ length: 20 }, (_, seed) => planOf(seed, 'hell'));
    for (const { id } of FAULTS) {
      expect(
        plans.some((plan) => plan.faults.has(id)),
        id,
      ).toBe(true);
      expect(
        plans.some((plan) => !plan.faults.has(id)),
        id,
      ).toBe(true);
    }
  });

  it('is the same world with less in it when it is trimmed', () => {
    const plan = planOf(3, 'hell');
    const [first] = plan.faults.keys();
    const less = trimmed(plan, { without: [first ?? ''], counters: 1, faultsMs: QUARTER_HOUR_MS });
    expect([...less.faults.keys()]).toEqual([...plan.faults.keys()].slice(1));
    expect(less).toMatchObject({ counters: 1, faultsMs: QUARTER_HOUR_MS, seed: 3 });
    expect(trimmed(plan, NO_TRIM)).toEqual(plan);
  });
});

describe('a product that is broken on purpose', () => {
  it('is broken in at least 25 ways, each with a name and a sentence of its own', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(25);
    expect(new Set(MUTANTS.map(({ id }) => id)).size).toBe(MUTANTS.length);
    expect(new Set(MUTANTS.map(({ words }) => words)).size).toBe(MUTANTS.length);
  });

  it.each(['wrong-amount', 'said-twice', 'receipt-says-gross', 'fen-lost', 'redeemed-at-charging'])(
    'is noticed at once: %s',
    (id) => {
      const mutant = MUTANTS.find((candidate) => candidate.id === id);
      const report = runSeed(1, 'calm', { ...short(), ...(mutant && { sabotage: mutant.sabotage() }) });
      expect(report.violation).toBeDefined();
      // Behind it at the most what the gateway raised in the same step.
      expect(report.lastSteps.slice(-3).join('\n')).toContain('CHECK');
    },
  );
});

describe('a failing seed', () => {
  it('is shrunk to one counter and a minute or two where that is enough to break the same promise', async () => {
    const mutant = MUTANTS.find(({ id }) => id === 'fen-lost');
    const told: number[] = [];
    const shrunk = await shrink(1, 'calm', {
      tell: ({ faultsMs = 0 }) => told.push(faultsMs),
      ...(mutant && { sabotage: mutant.sabotage }),
    });
    const first = runSeed(1, 'calm', { ...(mutant && { sabotage: mutant.sabotage() }) });
    expect(shrunk?.report.violation?.invariant).toBe(first.violation?.invariant);
    expect(shrunk?.trim.counters).toBe(1);
    expect(shrunk?.trim.faultsMs).toBeLessThan(planOf(1, 'calm').faultsMs / 2);
    expect(told.length).toBeGreaterThan(0);
  });

  it('that does not fail cannot be shrunk', async () => {
    expect(await shrink(1, 'calm')).toBeUndefined();
  });
});
