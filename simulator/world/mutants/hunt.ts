/** How soon the world notices that the product is broken: seeds, one after another, until one of them shows it. */
import { explore } from '../explore/explore.js';
import type { ProfileName } from '../profiles.js';
import { MUTANTS, type Mutant } from './index.js';

export interface Caught {
  readonly id: string;
  readonly words: string;
  /** Seeds until it was caught, the catching one included; undefined: it wasn't. */
  readonly seeds: number | undefined;
  readonly profile: ProfileName;
  /** The seed that shows it, and the invariant that it broke. */
  readonly seed: number | undefined;
  readonly invariant: string | undefined;
}

export async function hunt(options: {
  readonly from: number;
  /** Seeds to try on each before it is called a survivor. */
  readonly patience: number;
  readonly mutants?: readonly Mutant[];
  readonly workers?: number;
  /** One more seed was tried on one of them. */
  readonly tried?: () => void;
  readonly caught: (result: Caught) => void;
}): Promise<readonly Caught[]> {
  const { from, patience, mutants = MUTANTS, workers, tried: tell, caught } = options;
  const found = new Map<string, { seed: number; invariant: string }>();
  const next = new Map(mutants.map(({ id }) => [id, 0]));
  const pending = new Map(mutants.map(({ id }) => [id, 0]));
  const results: Caught[] = [];
  const finish = (mutant: Mutant): void => {
    const { id, words, profile } = mutant;
    const hit = found.get(id);
    const result: Caught = {
      id,
      words,
      profile,
      seeds: hit === undefined ? undefined : hit.seed - from + 1,
      seed: hit?.seed,
      invariant: hit?.invariant,
    };
    results.push(result);
    caught(result);
  };
  const open = [...mutants];
  await explore({
    ...(workers === undefined ? {} : { workers }),
    next() {
      for (;;) {
        const mutant = open[0];
        if (mutant === undefined) return undefined;
        const tried = next.get(mutant.id) ?? 0;
        if (found.has(mutant.id) || tried >= patience) {
          open.shift();
          continue;
        }
        next.set(mutant.id, tried + 1);
        pending.set(mutant.id, (pending.get(mutant.id) ?? 0) + 1);
        return { seed: from + tried, profile: mutant.profile, mutant: mutant.id };
      }
    },
    seen({ mutant: id }, report) {
      const mutant = mutants.find((candidate) => candidate.id === id);
      if (mutant === undefined) return;
      tell?.();
      const left = (pending.get(mutant.id) ?? 1) - 1;
      pending.set(mutant.id, left);
      const before = found.get(mutant.id);
      if (report.violation !== undefined && (before === undefined || report.seed < before.seed))
        found.set(mutant.id, { seed: report.seed, invariant: report.violation.invariant });
      const over = found.has(mutant.id) || (next.get(mutant.id) ?? 0) >= patience;
      if (over && left === 0) finish(mutant);
    },
  });
  return mutants.flatMap(({ id }) => results.find((result) => result.id === id) ?? []);
}
