/**
 * The power goes before and after every single thing that a counter or the gateway does: each journal write, each effect,
 * each message. The harness lets a short street run once and counts the calls of ports; then it lets the same street run
 * again for each of them, with the cut there, and once more with a second cut while the counter recovers from the first. The same
 * checkers look on as in every world, and at the end everything must come together.
 */

import type { Violation } from '../judge.js';
import type { Death } from '../parts/virtual-device.js';
import { type Plan, type ProfileName, planOf } from '../profiles.js';
import type { Sabotage } from '../sabotage.js';
import { World } from '../world.js';
import { onThreads } from './threads.js';

export const SIDES = ['counter', 'gateway'] as const;
export type Side = (typeof SIDES)[number];

export interface Cut {
  readonly seed: number;
  readonly side: Side;
  /** Calls of ports of the lives from the first on, each ended by a cut; none: nothing is cut. */
  readonly after: readonly number[];
}

export interface CutReport {
  /** Calls of ports in the first life: as many as there are places for a cut. */
  readonly points: number;
  /** A gateway has no sale and no sync of its own. */
  readonly deaths: readonly (Pick<Death, 'where'> & Partial<Death>)[];
  readonly sales: number;
  readonly violation: Violation | undefined;
  /** In words; empty where all was well. */
  readonly lastSteps: readonly string[];
  readonly traceHash: string;
}

const MINUTE_MS = 60_000;
/** A counter, a dozen people, and a spell without a line: every state of a sale and of a sync comes by. */
const PROFILE: ProfileName = 'calm';
const STREET_MS = 7 * MINUTE_MS;
/** Enough to see what the cut fell into and what came of it. */
const LAST_STEPS = 15;
const LINE_GONE = { from: 3 * MINUTE_MS, to: 5 * MINUTE_MS } as const;

function streetOf(seed: number): Plan {
  const plan = planOf(seed, PROFILE);
  return {
    ...plan,
    counters: 1,
    merchants: plan.merchants.slice(0, 1),
    people: 14,
    faultsMs: STREET_MS,
    visitEveryMs: 9_000,
    trouble: 1.5,
    claimsWithinMs: 20_000,
  };
}

/** `sabotage`: breaks the product first, to see that cuts find it. */
export function runCut({ seed, side, after }: Cut, sabotage: Sabotage = {}): CutReport {
  const world = new World(streetOf(seed), { sabotage, isDisturbed: true });
  const [counter] = world.counters;
  if (counter === undefined) throw new Error('a street without a counter');
  const { device, box } = counter;
  const { scheduler, network, gateway } = world;
  const struck = side === 'counter' ? box : gateway;
  struck.cutLivesAfter(after);
  scheduler.after(LINE_GONE.from, () => {
    network.gone.add(device);
    network.reset(device, 'the line is gone');
  });
  scheduler.after(LINE_GONE.to, () => network.gone.delete(device));
  world.runTo(world.plan.start + STREET_MS);
  const { points } = struck;
  const violation = world.comeToRest();
  const deaths = side === 'counter' ? box.deaths : gateway.deaths.map((where) => ({ where }));
  const lastSteps = violation === undefined ? [] : world.trace.last(LAST_STEPS);
  return { points, deaths, sales: world.sales, violation, lastSteps, traceHash: world.trace.hash };
}

export interface Failure {
  readonly cut: Cut;
  readonly violation: Violation;
  readonly lastSteps: readonly string[];
}

/** Sums over many cuts. */
export interface CutSums {
  readonly side: Side;
  /** Calls of ports that the harness counted, over all streets. */
  points: number;
  /** Streets that were run with a cut. */
  worlds: number;
  /** Cuts, by the call of a port. */
  readonly places: Map<string, number>;
  /** Cuts, by the state of a sale under way; `none` where there was none. */
  readonly sales: Map<string, number>;
  readonly syncs: Map<string, number>;
  readonly violations: Failure[];
}

/** A recovery makes some dozens of calls: the second cut falls on another one of them each time. */
const RECOVERY_POINTS = 60;

/** Every cut of a side: once, and at a counter once more while it recovers. */
export async function cutEverywhere(options: {
  readonly side: Side;
  readonly seeds: readonly number[];
}): Promise<CutSums> {
  const { side, seeds } = options;
  const sums: CutSums = {
    side,
    points: 0,
    worlds: 0,
    places: new Map(),
    sales: new Map(),
    syncs: new Map(),
    violations: [],
  };
  const cuts: Cut[] = [];
  for (const seed of seeds) {
    const whole: Cut = { seed, side, after: [] };
    const { points, violation, lastSteps } = runCut(whole);
    if (violation !== undefined) sums.violations.push({ cut: whole, violation, lastSteps });
    sums.points += points;
    for (let at = 1; at <= points; at++) {
      cuts.push({ seed, side, after: [at] });
      if (side === 'counter') cuts.push({ seed, side, after: [at, 1 + ((at * 7) % RECOVERY_POINTS)] });
    }
  }
  await onThreads<Cut, CutReport>({
    program: new URL('./cut-worker.js', import.meta.url),
    here: (cut) => runCut(cut),
    next: () => cuts.pop(),
    seen: (cut, report) => addUp(sums, cut, report),
  });
  return sums;
}

function addUp(sums: CutSums, cut: Cut, { deaths, violation, lastSteps }: CutReport): void {
  sums.worlds += 1;
  for (const { where, sales, sync } of deaths.slice(0, cut.after.length)) {
    count(sums.places, where);
    if (sync !== undefined) count(sums.syncs, sync);
    if (sales?.length === 0) count(sums.sales, 'none');
    for (const sale of new Set(sales)) count(sums.sales, sale);
  }
  if (violation !== undefined) sums.violations.push({ cut, violation, lastSteps });
}

const count = (into: Map<string, number>, what: string): void => void into.set(what, (into.get(what) ?? 0) + 1);
