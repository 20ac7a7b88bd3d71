/** `codeplate explore`: whole simulated worlds, one a seed, until something is wrong or the time is up. */
import { Command, Option } from 'commander';
import type { Caught } from '../../simulator/world/mutants/hunt.js';
import type { Mutant } from '../../simulator/world/mutants/index.js';
import type { ProfileName } from '../../simulator/world/profiles.js';
import type { SeedReport, StoreName } from '../../simulator/world/run-seed.js';
import { failureText, Summary } from '../explore-summary.js';
import { aboveZero, whole } from '../numbers.js';
import { progress } from '../progress.js';
import { EXIT_FAILED, printJson, refuseUnused, UsageError } from '../usage.js';

const EXAMPLES = `
Examples:
  $ codeplate explore                                   (50 seeds over all profiles)
  $ codeplate explore --seeds 2000
  $ codeplate explore --minutes 5                       (fresh seeds, printed first)
  $ codeplate explore --profile hell --from 1000 --seeds 100 --shrink
  $ codeplate explore --store sqlite --seeds 20         (all of them with ledger and journals on SQLite)
  $ codeplate explore --mutants                         (breaks the product on purpose: all must be caught)
  $ codeplate explore --mutants lost-sync --shrink      (and the shortest schedule that shows this one)
  $ codeplate explore --campaign youhao-2023            (the whole reference campaign)

Profiles: calm, rough, hell, offline-week, flash-sale; and dishonest, where some counters lie. A seed is a world: counters, tills, customers, wallets, readers,
printers, lines, gateway, ledger and clocks on one virtual clock, running the cores that ship. Faults first, then quiet, in
which everything must come together. In one world in eleven ledger and journals are on SQLite, as they ship, beside the ones in
memory: both must answer the same, over crashes and with a second gateway on the same file. Exit code 1 where an invariant was broken, 2 for wrong use.`;

const PROFILE_NAMES = ['calm', 'rough', 'hell', 'offline-week', 'flash-sale', 'dishonest'] as const;
const STORE_NAMES = ['memory', 'sqlite'] as const;
const DEFAULT_SEEDS = 50;
const MUTANT_PATIENCE = 150;
/** More than any machine has cores for; each takes some hundred megabytes. */
const MOST_WORKERS = 256;

interface Options {
  readonly seeds?: string;
  readonly from?: string;
  readonly minutes?: string;
  readonly profile?: ProfileName;
  readonly store?: StoreName;
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
    .addOption(
      new Option('--profile <name>', 'only this profile (all in turn, dishonest apart)').choices(PROFILE_NAMES),
    )
    .addOption(
      new Option('--store <name>', 'where ledger and journals are kept (as the seed says)').choices(STORE_NAMES),
    )
    .option('--shrink', 'find a short schedule that still shows the first failure')
    .option(
      '--mutants [id]',
      'break the product on purpose, one way at a time (or only this way), and see whether it is noticed',
    )
    .option('--campaign <file>', 'run a whole campaign, day by day, instead of faults')
    .option('--svg <file>', 'with --campaign: write a chart here')
    .option('--workers <n>', 'threads (one for each core)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      if (options.campaign !== undefined) {
        refuseUnused(options, ['campaign', 'svg', 'from', 'json'], 'with --campaign');
        const { runCampaign } = await import('../campaign-run.js');
        await runCampaign(options.campaign, {
          svg: options.svg,
          json: options.json === true,
          seed: options.from === undefined ? 1 : whole('--from', options.from),
        });
      } else if (options.mutants !== undefined) await huntMutants(options);
      else await exploreSeeds(options);
    });

async function exploreSeeds(options: Options): Promise<void> {
  refuseUnused(
    options,
    ['seeds', 'from', 'minutes', 'profile', 'store', 'shrink', 'workers', 'json'],
    'without --campaign FILE',
  );
  const seeds = options.seeds === undefined ? undefined : whole('--seeds', options.seeds, { least: 1 });
  const minutes = options.minutes === undefined ? undefined : aboveZero('--minutes', options.minutes);
  const workers = workersOf(options);
  // Fresh ones where time is the limit: the same minutes each night would look at the same worlds.
  const fresh = minutes === undefined ? 1 : Date.now() % 1_000_000_000;
  const from = options.from === undefined ? fresh : whole('--from', options.from);
  const limit = seeds ?? (minutes === undefined ? DEFAULT_SEEDS : Number.POSITIVE_INFINITY);
  const { explore, profileOf } = await import('../../simulator/world/explore/explore.js');
  const { FAULTS } = await import('../../simulator/faults/index.js');
  const began = Date.now();
  const until = minutes === undefined ? Number.POSITIVE_INFINITY : began + minutes * 60_000;
  const total = new Summary(from);
  const bar = progress(options.json === true);
  if (options.json !== true) process.stdout.write(`seeds from ${from}, profile ${options.profile ?? 'each in turn'}\n`);
  let next = from;
  await explore({
    ...workers,
    next() {
      if (next - from >= limit || Date.now() >= until || total.failures.length > 0) return undefined;
      const seed = next++;
      return { seed, profile: options.profile ?? profileOf(seed), store: options.store };
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
    process.stdout.write(total.text(wallMs, new Map(FAULTS.map(({ id, words }) => [id, words]))));
    for (const report of total.failures) process.stdout.write(failureText(report));
    if (shrunk !== undefined) process.stdout.write(shrunkText(shrunk));
  }
  if (failure !== undefined) process.exitCode = EXIT_FAILED;
}

async function shrinkIt(
  { seed, profile, store }: Pick<SeedReport, 'seed' | 'profile' | 'store'>,
  isJson: boolean,
  mutant?: Mutant,
): Promise<{ tries: number; command: string } | undefined> {
  const { shrink } = await import('../../simulator/world/explore/shrink.js');
  const best = await shrink(seed, profile, {
    store,
    ...(mutant === undefined ? {} : { sabotage: mutant.sabotage }),
    tell(trim) {
      if (!isJson) process.stderr.write(`still fails: ${trimFlags(trim)}\n`);
    },
  });
  if (best === undefined) return undefined;
  const broken = mutant === undefined ? '' : ` --mutant ${mutant.id}`;
  return {
    tries: best.tries,
    command: `codeplate replay ${seed} --profile ${profile} --store ${store}${broken}${trimFlags(best.trim)}`,
  };
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
  refuseUnused(options, ['mutants', 'seeds', 'from', 'shrink', 'workers', 'json'], 'with --mutants');
  const from = options.from === undefined ? 1 : whole('--from', options.from);
  const patience = options.seeds === undefined ? MUTANT_PATIENCE : whole('--seeds', options.seeds, { least: 1 });
  const { MUTANTS } = await import('../../simulator/world/mutants/index.js');
  const { hunt } = await import('../../simulator/world/mutants/hunt.js');
  const only = typeof options.mutants === 'string' ? options.mutants : undefined;
  const mutants = MUTANTS.filter(({ id }) => only === undefined || id === only);
  if (mutants.length === 0)
    throw new UsageError(`There is no mutant ${only}. There are: ${MUTANTS.map(({ id }) => id).join(', ')}.`);
  if (options.shrink === true && mutants.length > 1)
    throw new UsageError('--shrink takes one mutant at a time: --mutants ID --shrink.');
  const began = Date.now();
  const bar = progress(options.json === true);
  let tried = 0;
  let judged = 0;
  const standing = (): void => bar(judged / mutants.length, `${judged} of ${mutants.length} mutants, ${tried} seeds`);
  const results = await hunt({
    from,
    patience,
    mutants,
    ...workersOf(options),
    tried() {
      tried += 1;
      standing();
    },
    caught({ id, words, seeds, seed, profile, invariant }) {
      judged += 1;
      if (options.json === true) return;
      bar(undefined, '');
      const verdict = seeds === undefined ? 'NOT CAUGHT' : `caught after ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}`;
      const how = invariant === undefined ? '' : ` by “${invariant}” (${profile} ${seed})`;
      process.stdout.write(`${id.padEnd(28)} ${verdict}${how}\n${' '.repeat(29)}${words}\n`);
    },
  });
  bar(undefined, '');
  const wallSeconds = (Date.now() - began) / 1000;
  const shrunk = options.shrink === true ? await shrinkMutant(mutants, results, options.json === true) : undefined;
  const survivors = results.filter(({ seeds }) => seeds === undefined);
  if (options.json === true)
    printJson({
      mutants: results,
      caught: results.length - survivors.length,
      survivors: survivors.map(({ id }) => id),
      seedsTried: tried,
      wallSeconds,
      ...(shrunk === undefined ? {} : { shrunk }),
    });
  else
    process.stdout.write(
      `\n${results.length - survivors.length} of ${results.length} mutants caught, with ${tried} seeds in all, in ${wallSeconds.toFixed(0)} s\n`,
    );
  if (options.json !== true && shrunk !== undefined) process.stdout.write(shrunkText(shrunk));
  if (survivors.length > 0) process.exitCode = EXIT_FAILED;
}

/** The short way to see one mutant caught. */
async function shrinkMutant(
  [mutant]: readonly Mutant[],
  [result]: readonly Caught[],
  isJson: boolean,
): Promise<Awaited<ReturnType<typeof shrinkIt>>> {
  if (mutant === undefined || result?.seed === undefined) return undefined;
  const { seed, profile } = result;
  return shrinkIt({ seed, profile, store: mutant.store ?? 'memory' }, isJson, mutant);
}

const shrunkText = ({ tries, command }: { readonly tries: number; readonly command: string }): string =>
  `\nshrunk after ${tries} tries: ${command}\n`;

const workersOf = ({ workers }: Options): { readonly workers?: number } => {
  if (workers === undefined) return {};
  return { workers: whole('--workers', workers, { least: 1, most: MOST_WORKERS }) };
};
