/** `codeplate explore`: whole simulated worlds, one a seed, until something is wrong or the time is up. */
import { Command, Option } from 'commander';
import type { ProfileName } from '../../simulator/world/profiles.js';
import type { SeedReport } from '../../simulator/world/run-seed.js';
import { EXIT_FAILED, printJson, UsageError } from '../usage.js';

const EXAMPLES = `
Examples:
  $ codeplate explore                                   (50 seeds over all profiles)
  $ codeplate explore --seeds 2000
  $ codeplate explore --minutes 5                       (fresh seeds, printed first)
  $ codeplate explore --profile hell --from 1000 --seeds 100 --shrink
  $ codeplate explore --mutants                         (breaks the product on purpose: all must be caught)
  $ codeplate explore --campaign youhao-2023            (the whole reference campaign)

Profiles: calm, rough, hell, offline-week, flash-sale. A seed is a world: counters, tills, customers, wallets, readers,
printers, lines, gateway, ledger and clocks on one virtual clock, running the cores that ship. Faults first, then quiet, in
which everything must come together. Exit code 1 where an invariant was broken, 2 for wrong use.`;

const PROFILE_NAMES = ['calm', 'rough', 'hell', 'offline-week', 'flash-sale'] as const;
const DEFAULT_SEEDS = 50;
const MUTANT_PATIENCE = 150;

interface Options {
  readonly seeds?: string;
  readonly from?: string;
  readonly minutes?: string;
  readonly profile?: ProfileName;
  readonly shrink?: boolean;
  readonly mutants?: boolean | string;
  readonly campaign?: string;
  readonly svg?: string;
  readonly workers?: string;
  readonly json?: boolean;
}

export const command = (): Command =>
  new Command('explore')
    .description('Run simulated worlds from seeds, with every fault there is, and check what must always hold.')
    .option('--seeds <n>', `how many worlds (${DEFAULT_SEEDS}, or as many as fit into --minutes)`)
    .option('--from <seed>', 'the first seed (1; with --minutes a fresh one each time)')
    .option('--minutes <m>', 'go on for so long')
    .addOption(new Option('--profile <name>', 'only this profile (all in turn)').choices(PROFILE_NAMES))
    .option('--shrink', 'find a short schedule that still shows the first failure')
    .option(
      '--mutants [id]',
      'break the product on purpose, one way at a time (or only this way), and see whether it is noticed',
    )
    .option('--campaign <file>', 'run a whole campaign, day by day, instead of faults')
    .option('--svg <file>', 'with --campaign: where to write the chart')
    .option('--workers <n>', 'threads (one for each core)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      if (options.campaign !== undefined) {
        const { runCampaign } = await import('../campaign-run.js');
        runCampaign(options.campaign, {
          svg: options.svg,
          json: options.json === true,
          seed: whole(options.from, '--from') ?? 1,
        });
      } else if (options.mutants !== undefined) await huntMutants(options);
      else await exploreSeeds(options);
    });

async function exploreSeeds(options: Options): Promise<void> {
  const seeds = whole(options.seeds, '--seeds');
  const minutes = positive(options.minutes, '--minutes');
  // Fresh ones where time is the limit: the same minutes each night would look at the same worlds.
  const from = whole(options.from, '--from') ?? (minutes === undefined ? 1 : Date.now() % 1_000_000_000);
  const limit = seeds ?? (minutes === undefined ? DEFAULT_SEEDS : Number.POSITIVE_INFINITY);
  const { explore, profileOf } = await import('../../simulator/world/explore.js');
  const began = Date.now();
  const until = minutes === undefined ? Number.POSITIVE_INFINITY : began + minutes * 60_000;
  const total = new Summary(from);
  const bar = progress(options.json === true);
  if (options.json !== true) process.stdout.write(`seeds from ${from}, profile ${options.profile ?? 'each in turn'}\n`);
  let next = from;
  await explore({
    ...workersOf(options),
    next() {
      if (next - from >= limit || Date.now() >= until || total.failures.length > 0) return undefined;
      const seed = next++;
      return { seed, profile: options.profile ?? profileOf(seed) };
    },
    seen(_, report) {
      total.add(report);
      bar(Number.isFinite(limit) ? total.seeds / limit : (Date.now() - began) / (until - began), total.line());
    },
  });
  bar(undefined, '');
  const wallMs = Date.now() - began;
  const [failure] = total.failures.toSorted((a, b) => a.seed - b.seed);
  const shrunk =
    failure !== undefined && options.shrink === true ? await shrinkIt(failure, options.json === true) : undefined;
  if (options.json === true) printJson({ ...total.json(wallMs), ...(shrunk === undefined ? {} : { shrunk }) });
  else {
    process.stdout.write(total.text(wallMs));
    for (const report of total.failures) process.stdout.write(failureText(report));
    if (shrunk !== undefined) process.stdout.write(`\nshrunk after ${shrunk.tries} tries: ${shrunk.command}\n`);
  }
  if (failure !== undefined) process.exitCode = EXIT_FAILED;
}

async function shrinkIt(
  { seed, profile }: SeedReport,
  isJson: boolean,
): Promise<{ tries: number; command: string } | undefined> {
  const { shrink } = await import('../../simulator/world/shrink.js');
  const best = shrink(seed, profile, (trim) => {
    if (!isJson) process.stderr.write(`still fails: ${trimFlags(trim)}\n`);
  });
  if (best === undefined) return undefined;
  return { tries: best.tries, command: `codeplate replay ${seed} --profile ${profile}${trimFlags(best.trim)}` };
}

function trimFlags(trim: {
  readonly without: readonly string[];
  readonly counters?: number;
  readonly faultsMs?: number;
}): string {
  const without = trim.without.length === 0 ? '' : ` --without ${trim.without.join(',')}`;
  const counters = trim.counters === undefined ? '' : ` --counters ${trim.counters}`;
  const horizon = trim.faultsMs === undefined ? '' : ` --fault-minutes ${trim.faultsMs / 60_000}`;
  return without + counters + horizon;
}

async function huntMutants(options: Options): Promise<void> {
  const { MUTANTS } = await import('../../simulator/world/mutants/index.js');
  const { hunt } = await import('../../simulator/world/mutants/hunt.js');
  const only = typeof options.mutants === 'string' ? options.mutants : undefined;
  const mutants = MUTANTS.filter(({ id }) => only === undefined || id === only);
  if (mutants.length === 0)
    throw new UsageError(`There is no mutant ${only}. There are: ${MUTANTS.map(({ id }) => id).join(', ')}.`);
  const results = await hunt({
    from: whole(options.from, '--from') ?? 1,
    patience: whole(options.seeds, '--seeds') ?? MUTANT_PATIENCE,
    mutants,
    ...workersOf(options),
    caught({ id, words, seeds, seed, profile, invariant }) {
      if (options.json === true) return;
      const verdict = seeds === undefined ? 'NOT CAUGHT' : `caught after ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}`;
      const how = invariant === undefined ? '' : ` by “${invariant}” (${profile} ${seed})`;
      process.stdout.write(`${id.padEnd(28)} ${verdict}${how}\n${' '.repeat(29)}${words}\n`);
    },
  });
  const survivors = results.filter(({ seeds }) => seeds === undefined);
  if (options.json === true)
    printJson({
      mutants: results,
      caught: results.length - survivors.length,
      survivors: survivors.map(({ id }) => id),
    });
  else process.stdout.write(`\n${results.length - survivors.length} of ${results.length} mutants caught\n`);
  if (survivors.length > 0) process.exitCode = EXIT_FAILED;
}

/** What many worlds come to. */
class Summary {
  readonly #from: number;
  readonly failures: SeedReport[] = [];
  readonly #strikes = new Map<string, number>();
  seeds = 0;
  #simulatedMs = 0;
  #sales = 0;
  #steps = 0;

  constructor(from: number) {
    this.#from = from;
  }

  add(report: SeedReport): void {
    this.seeds += 1;
    this.#simulatedMs += report.simulatedMs;
    this.#sales += report.sales;
    this.#steps += report.steps;
    for (const [id, count] of Object.entries(report.strikes))
      this.#strikes.set(id, (this.#strikes.get(id) ?? 0) + count);
    if (report.violation !== undefined) this.failures.push(report);
  }

  line(): string {
    return `${this.seeds} seeds, ${(this.#simulatedMs / DAY_MS).toFixed(1)} simulated days, ${this.#sales} sales`;
  }

  json(wallMs: number): Readonly<Record<string, unknown>> {
    return {
      from: this.#from,
      seeds: this.seeds,
      simulatedDays: this.#simulatedMs / DAY_MS,
      sales: this.#sales,
      steps: this.#steps,
      faults: Object.fromEntries([...this.#strikes].sort()),
      wallSeconds: wallMs / 1000,
      timesRealTime: Math.round(this.#simulatedMs / Math.max(1, wallMs)),
      violations: this.failures.map(({ seed, profile, violation, lastSteps }) => ({
        seed,
        profile,
        ...violation,
        lastSteps,
      })),
    };
  }

  text(wallMs: number): string {
    const faults = [...this.#strikes]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, count]) => `  ${id.padEnd(20)} ${count}`);
    return [
      `${this.line()} in ${(wallMs / 1000).toFixed(1)} s: ${Math.round(this.#simulatedMs / Math.max(1, wallMs))} x real time`,
      `faults: ${[...this.#strikes.values()].reduce((sum, count) => sum + count, 0)}`,
      ...faults,
      this.failures.length === 0 ? 'no invariant was broken' : `${this.failures.length} worlds broke an invariant`,
      '',
    ].join('\n');
  }
}

const DAY_MS = 86_400_000;

function failureText({ seed, profile, violation, lastSteps }: SeedReport): string {
  return [
    '',
    `seed ${seed} (${profile}) broke “${violation?.invariant}”: ${violation?.promise}`,
    `  ${violation?.what}`,
    'the last steps:',
    ...lastSteps.map((line) => `  ${line}`),
    `replay it: codeplate replay ${seed} --profile ${profile}`,
    '',
  ].join('\n');
}

/** On a terminal only: elsewhere it would be a file full of carriage returns. */
function progress(isJson: boolean): (done: number | undefined, words: string) => void {
  if (isJson || !process.stderr.isTTY) return () => {};
  return (done, words) => {
    const width = 30;
    const full = Math.min(width, Math.round((done ?? 0) * width));
    const bar = done === undefined ? '' : `[${'#'.repeat(full)}${'.'.repeat(width - full)}] ${words}`;
    process.stderr.write(`\r\u001b[K${bar}`);
  };
}

const workersOf = ({ workers }: Options): { readonly workers?: number } => {
  const count = whole(workers, '--workers');
  return count === undefined ? {} : { workers: count };
};

function whole(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new UsageError(`${name} takes a whole number, not ${text}.`);
  return number;
}

function positive(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!(number > 0) || !Number.isFinite(number)) throw new UsageError(`${name} takes a number above 0, not ${text}.`);
  return number;
}
