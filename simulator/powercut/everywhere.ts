/** The rows of `codeplate powercut` for the world: the power goes at every call of a port, and the world's checkers judge. */
import { type CutSums, cutEverywhere, type Failure, type Side } from '../world/explore/cut-everywhere.js';
import type { Counts } from './suite.js';

/** Streets whose every call is cut. In the quick ones every state of a sale and of a sync comes by already. */
const STREETS = { quick: 1, thorough: 8 } as const;
/** Shown of what went wrong; the counts count all. */
const MAX_FINDINGS = 5;

/** What a broken invariant comes down to. */
const LOST: ReadonlySet<string> = new Set(['nothing lost', 'settled in the end', 'charged iff consumed']);
const DOUBLED: ReadonlySet<string> = new Set(['once per coupon', 'receipts', 'voice']);

export async function cutSide(
  side: Side,
  { seed, size }: { readonly seed: number; readonly size: 'quick' | 'thorough' },
): Promise<Counts & { readonly notes: readonly string[] }> {
  const seeds = Array.from({ length: STREETS[size] }, (_, n) => seed + n);
  const sums = await cutEverywhere({ side, seeds });
  const broken = (those: (invariant: string) => boolean): number =>
    sums.violations.filter(({ violation }) => those(violation.invariant)).length;
  return {
    points: sums.points,
    states: sums.worlds,
    lost: broken((invariant) => LOST.has(invariant)),
    doubled: broken((invariant) => DOUBLED.has(invariant)),
    corrupt: broken((invariant) => !LOST.has(invariant) && !DOUBLED.has(invariant)),
    findings: sums.violations.slice(0, MAX_FINDINGS).map(inWords),
    notes: notesOf(sums),
  };
}

/** With what replays it: a street's cuts are the same each time. */
const inWords = ({ cut, violation, lastSteps }: Failure): string =>
  [
    `${violation.invariant}: ${violation.what}`,
    `cut after ${cut.after.join(' and ')} calls of ports; again with codeplate powercut --only world --seed ${cut.seed}`,
    ...lastSteps,
  ].join('\n      ');

function notesOf({ side, places, sales, syncs }: CutSums): readonly string[] {
  const list = (counts: ReadonlyMap<string, number>): string =>
    [...counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, times]) => `${what} ${times}`)
      .join(', ');
  const at = `${side}: cut at ${list(places)}`;
  return side === 'gateway' ? [at] : [at, `sales under way: ${list(sales)}`, `sync: ${list(syncs)}`];
}
