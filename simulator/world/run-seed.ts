/** One seed, from its plan to its verdict. */
import { memoryFolder, temporaryFolder } from '../processes/at-the-end.js';
import type { Violation } from './judge.js';
import { type Plan, type ProfileName, planOf } from './profiles.js';
import type { Sabotage } from './sabotage.js';
import { World } from './world.js';

/** Where ledger and journals are: in memory, or on SQLite beside it, as they ship. */
export const STORES = ['memory', 'sqlite'] as const;
export type StoreName = (typeof STORES)[number];

export interface SeedReport {
  readonly seed: number;
  readonly profile: ProfileName;
  readonly store: StoreName;
  readonly traceHash: string;
  readonly violation: Violation | undefined;
  readonly simulatedMs: number;
  readonly sales: number;
  readonly steps: number;
  readonly strikes: Readonly<Record<string, number>>;
  /** The last steps in words; empty where all was well. */
  readonly lastSteps: readonly string[];
}

export interface SeedOptions {
  readonly sabotage?: Sabotage;
  readonly onLine?: (line: string) => void;
  /** Changes the plan before the first event: what a shrinker does. */
  readonly trim?: (plan: Plan) => Plan;
}

const LAST_STEPS = 25;

/** The first of every eleven after the third: the profiles take turns by fives, so that each of them has its share. */
const [STORED_OF, STORED_AT] = [11, 3];

/** Which store a seed's world has, where nobody asks for another. */
export const storeOf = (seed: number): StoreName => (seed % STORED_OF === STORED_AT ? 'sqlite' : 'memory');

/** With the store that it is to have: one that ships takes real time. */
export async function runSeedOn(
  store: StoreName,
  seed: number,
  profile: ProfileName,
  options: SeedOptions & { readonly folder?: string | undefined } = {},
): Promise<SeedReport> {
  if (store === 'memory') return runSeed(seed, profile, options);
  const folder = temporaryFolder('codeplate-world-', options.folder ?? memoryFolder());
  try {
    const drawn = planOf(seed, profile);
    const plan = options.trim?.(drawn) ?? drawn;
    const world = new World(plan, { ...options, storeIn: folder.path });
    await world.runStored();
    return reportOf(world, store);
  } finally {
    folder.remove();
  }
}

/** In memory. */
export function runSeed(seed: number, profile: ProfileName, options: SeedOptions = {}): SeedReport {
  const drawn = planOf(seed, profile);
  const plan = options.trim?.(drawn) ?? drawn;
  const world = new World(plan, options);
  world.run();
  return reportOf(world, 'memory');
}

function reportOf({ plan, trace, violation, scheduler, sales, strikes }: World, store: StoreName): SeedReport {
  return {
    seed: plan.seed,
    profile: plan.profile,
    store,
    traceHash: trace.hash,
    violation,
    simulatedMs: scheduler.now - plan.start,
    sales,
    steps: scheduler.steps,
    strikes: Object.fromEntries(strikes),
    lastSteps: violation === undefined ? [] : trace.last(LAST_STEPS),
  };
}
