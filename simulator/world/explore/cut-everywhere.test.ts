import { describe, expect, it } from 'vitest';
import { MUTANTS } from '../mutants/index.js';
import { runCut } from './cut-everywhere.js';

const SEED = 5;
/** A unit test can't afford all of them; `codeplate powercut --only world` cuts at each. */
const everySome = (points: number, step: number): readonly number[] =>
  Array.from({ length: Math.floor(points / step) }, (_, n) => 1 + n * step);

describe('a street with a power cut', () => {
  it('has a place for a cut at every call of a port, and is cut where it is told to be', () => {
    const whole = runCut({ seed: SEED, side: 'counter', after: [] });
    expect(whole).toMatchObject({ deaths: [], violation: undefined });
    expect(whole.points).toBeGreaterThan(300);
    expect(whole.sales).toBeGreaterThan(3);
    const cut = runCut({ seed: SEED, side: 'counter', after: [100, 10] });
    expect(cut.deaths).toHaveLength(2);
    expect(runCut({ seed: SEED, side: 'counter', after: [100, 10] })).toEqual(cut);
  });

  it.each([
    ['counter', 61],
    ['gateway', 37],
  ] as const)('keeps every promise wherever the power of the %s goes', (side, step) => {
    const { points } = runCut({ seed: SEED, side, after: [] });
    for (const at of everySome(points, step)) {
      const { deaths, violation } = runCut({ seed: SEED, side, after: [at] });
      expect({ at, violation, deaths: deaths.length }).toEqual({ at, violation: undefined, deaths: 1 });
    }
  });

  it('notices a journal whose last write was not on the disk', () => {
    const mutant = MUTANTS.find(({ id }) => id === 'lost-sync');
    const found = everySome(700, 29).map(
      (at) => runCut({ seed: SEED, side: 'counter', after: [at] }, mutant?.sabotage()).violation?.invariant,
    );
    expect(found.filter((invariant) => invariant !== undefined).length).toBeGreaterThan(0);
  });
});
