/** The runs of `codeplate powercut`: each store with a sound disk, each with a disk that fails an fsync, and both sides of the world. */

import { SIDES } from '../world/explore/cut-everywhere.js';
import { chanceFrom } from '../world/parts/random.js';
import { checkPowerCuts } from './check.js';
import { cutSide } from './everywhere.js';
import { SUBJECTS } from './subjects.js';

/** States drawn at each sync: enough that every kind of cut is met there, in seconds; and in minutes, many times. */
const DRAWS = { quick: 6, thorough: 60 } as const;
/**
 * fsyncs of the first life that fail, in turn: SQLite's thread makes some thirty-five. Of the quick ones the first is of a
 * folder; each of the others finds a start that trusts the log as it reads it.
 */
const FAILING = { quick: [6, 14, 23, 27], thorough: Array.from({ length: 40 }, (_, n) => n + 1) } as const;
const DRAWS_FAILING = { quick: 4, thorough: 6 } as const;

export interface Counts {
  /** Moments at which the power was cut. */
  readonly points: number;
  /** What was looked at afterwards: different disks, or whole streets. */
  readonly states: number;
  readonly lost: number;
  readonly doubled: number;
  readonly corrupt: number;
  /** The first few things that were wrong. */
  readonly findings: readonly string[];
}

export interface SuiteRow {
  readonly name: string;
  readonly seconds: number;
  readonly report: Counts & { readonly notes?: readonly string[] };
}

export type SuitePart = 'journal' | 'ledger' | 'world';

export async function runSuite(options: {
  readonly only?: SuitePart | undefined;
  readonly thorough: boolean;
  readonly seed: number;
  readonly tell: (text: string) => void;
}): Promise<SuiteRow[]> {
  const { only, seed, tell } = options;
  const size = options.thorough ? 'thorough' : 'quick';
  const rows: SuiteRow[] = [];
  const timed = async (name: string, run: () => Promise<SuiteRow['report']>): Promise<void> => {
    tell(`${name} ...\n`);
    const from = performance.now();
    const report = await run();
    rows.push({ name, seconds: (performance.now() - from) / 1_000, report });
  };
  for (const subject of SUBJECTS) {
    if (only !== undefined && subject.name !== only) continue;
    await timed(`${subject.name}, power cut`, () =>
      checkPowerCuts({ subject, chance: chanceFrom(seed, `powercut ${subject.name}`), drawsAtSync: DRAWS[size] }),
    );
    await timed(`${subject.name}, an fsync failed before the cut`, () => failing(subject, seed, size));
  }
  if (only === undefined || only === 'world') {
    for (const side of SIDES)
      await timed(`${side} in the world, at every call of a port`, () => cutSide(side, { seed, size }));
  }
  return rows;
}

/** The same with the N-th fsync failing, for one N after the other, in one row. */
async function failing(subject: (typeof SUBJECTS)[number], seed: number, size: 'quick' | 'thorough'): Promise<Counts> {
  const all = { points: 0, states: 0, lost: 0, doubled: 0, corrupt: 0, findings: [] as string[] };
  for (const failSync of FAILING[size]) {
    const chance = chanceFrom(seed, `powercut ${subject.name} ${failSync}`);
    const report = await checkPowerCuts({ subject, chance, drawsAtSync: DRAWS_FAILING[size], failSync });
    all.points += report.points;
    all.states += report.states;
    all.lost += report.lost;
    all.doubled += report.doubled;
    all.corrupt += report.corrupt;
    all.findings.push(...report.findings.map((what) => `fsync ${failSync}, ${what}`));
  }
  return all;
}
