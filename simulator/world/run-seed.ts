/** One seed, from its plan to its verdict. */

import type { Violation } from './judge.js';
import { type Plan, type ProfileName, planOf } from './profiles.js';
import type { Sabotage } from './sabotage.js';
import { World } from './world.js';

export interface SeedReport {
  readonly seed: number;
  readonly profile: ProfileName;
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

export function runSeed(seed: number, profile: ProfileName, options: SeedOptions = {}): SeedReport {
  const drawn = planOf(seed, profile);
  const plan = options.trim?.(drawn) ?? drawn;
  const world = new World(plan, options);
  const violation = world.run();
  return {
    seed,
    profile,
    traceHash: world.trace.hash,
    violation,
    simulatedMs: world.scheduler.now - plan.start,
    sales: world.sales,
    steps: world.scheduler.steps,
    strikes: Object.fromEntries(world.strikes),
    lastSteps: violation === undefined ? [] : world.trace.last(LAST_STEPS),
  };
}
