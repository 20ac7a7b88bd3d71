/**
 * A shorter schedule that still shows the failure. The seed stays; what is taken away are faults, counters and time,
 * one after another, and whatever the failure can do without stays away. Each thing draws from a stream of its own, so what is
 * left does much the same as before.
 */
import type { Plan, ProfileName } from '../profiles.js';
import { runSeedOn, type SeedReport, type StoreName } from '../run-seed.js';
import type { Sabotage } from '../sabotage.js';

/** What is taken away from a seed's plan. */
export interface Trim {
  readonly without: readonly string[];
  readonly counters?: number;
  readonly faultsMs?: number;
}

export const NO_TRIM: Trim = { without: [] };

export function trimmed(plan: Plan, trim: Trim): Plan {
  return {
    ...plan,
    faults: new Map([...plan.faults].filter(([id]) => !trim.without.includes(id))),
    counters: Math.min(plan.counters, trim.counters ?? plan.counters),
    faultsMs: Math.min(plan.faultsMs, trim.faultsMs ?? plan.faultsMs),
  };
}

export interface Shrunk {
  readonly trim: Trim;
  readonly report: SeedReport;
  readonly tries: number;
}

const MINUTE_MS = 60_000;

export async function shrink(
  seed: number,
  profile: ProfileName,
  {
    tell = () => {},
    sabotage = () => ({}),
    store = 'memory',
  }: {
    readonly tell?: (trim: Trim) => void;
    readonly sabotage?: () => Sabotage;
    readonly store?: StoreName | undefined;
  } = {},
): Promise<Shrunk | undefined> {
  const run = (trim: Trim): Promise<SeedReport> =>
    runSeedOn(store, seed, profile, { trim: (plan) => trimmed(plan, trim), sabotage: sabotage() });
  const first = await run(NO_TRIM);
  const wanted = first.violation?.invariant;
  if (wanted === undefined) return undefined;
  let best: Shrunk = { trim: NO_TRIM, report: first, tries: 1 };
  const attempt = async (trim: Trim): Promise<void> => {
    const report = await run(trim);
    const fails = report.violation?.invariant === wanted;
    best = fails ? { trim, report, tries: best.tries + 1 } : { ...best, tries: best.tries + 1 };
    if (fails) tell(trim);
  };
  const shorten = async (): Promise<void> => {
    // The faults need not rain on past the failure; sometimes it shows all the same at the quiet after them.
    const at = best.report.violation?.at;
    if (at !== undefined) await attempt({ ...best.trim, faultsMs: Math.ceil(at / MINUTE_MS) * MINUTE_MS });
    for (let faultsMs = (best.trim.faultsMs ?? at ?? 0) / 2; faultsMs > MINUTE_MS; faultsMs /= 2) {
      const before = best;
      await attempt({ ...best.trim, faultsMs: Math.floor(faultsMs) });
      if (best.trim === before.trim) break;
    }
  };
  await shorten();
  for (let counters = 1; counters < (best.trim.counters ?? 8); counters++) {
    const before = best;
    await attempt({ ...best.trim, counters });
    if (best.trim !== before.trim) break;
  }
  for (const id of Object.keys(first.strikes)) await attempt({ ...best.trim, without: [...best.trim.without, id] });
  await shorten();
  return best;
}
