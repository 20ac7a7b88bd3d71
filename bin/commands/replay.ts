/** `codeplate replay`: one seed again, step by step, as lines that a person can read. */
import { Command, Option } from 'commander';
import type { Trim } from '../../simulator/world/explore/shrink.js';
import type { ProfileName } from '../../simulator/world/profiles.js';
import type { StoreName } from '../../simulator/world/run-seed.js';
import { aboveZero, whole } from '../numbers.js';
import { Stepper } from '../stepper.js';
import { EXIT_FAILED, printJson, refuseUnused, UsageError } from '../usage.js';

const EXAMPLES = `
Examples:
  $ codeplate replay 4711 --profile hell
  $ codeplate replay 4711 --profile hell --without power-cut,disk-stall --counters 1 --fault-minutes 12
  $ codeplate replay 4711 --profile hell --mutant charge-before-journal
  $ codeplate replay 4711 --profile hell --step         (Enter for the next step; a time, 00:12:30, to go on to it)
  $ codeplate replay 4711 --profile hell --only c2      (what happens at one counter, and what is found wrong)
  $ codeplate replay 4711 --json                        (only the verdict and the trace's hash)

The same seed and profile are the same steps in the same order, on every machine; the hash at the end says so.`;

interface Options {
  readonly profile?: ProfileName;
  readonly store?: StoreName;
  readonly without?: string;
  readonly counters?: string;
  readonly faultMinutes?: string;
  readonly mutant?: string;
  readonly step?: boolean;
  readonly only?: string;
  readonly json?: boolean;
}

export const command = (): Command =>
  new Command('replay')
    .description('Run one seed of the simulated world again and print what happens, line by line.')
    .argument('<seed>', 'the seed')
    .addOption(
      new Option('--profile <name>', 'as explore printed it').choices([
        'calm',
        'rough',
        'hell',
        'offline-week',
        'flash-sale',
        'dishonest',
      ]),
    )
    .addOption(
      new Option('--store <name>', 'where ledger and journals are kept, as explore printed it').choices([
        'memory',
        'sqlite',
      ]),
    )
    .option('--without <faults>', 'leave these faults out (comma between them)')
    .option('--counters <n>', 'only so many counters')
    .option('--fault-minutes <n>', 'faults end after so long')
    .option('--mutant <id>', 'break the product this way first')
    .option('--step', 'wait for Enter before each step')
    .option('--only <who>', 'print the lines of one counter (c1, c2, ...), the gateway or the world only')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(replay);

async function replay(text: string, options: Options): Promise<void> {
  const seed = whole('<seed>', text);
  if (options.json === true)
    refuseUnused(options, ['profile', 'store', 'without', 'counters', 'faultMinutes', 'mutant', 'json'], 'with --json');
  const { profileOf } = await import('../../simulator/world/explore/explore.js');
  const { runSeedOn, storeOf } = await import('../../simulator/world/run-seed.js');
  const { planOf } = await import('../../simulator/world/profiles.js');
  const { trimmed } = await import('../../simulator/world/explore/shrink.js');
  const { MUTANTS } = await import('../../simulator/world/mutants/index.js');
  const mutant = MUTANTS.find(({ id }) => id === options.mutant);
  if (options.mutant !== undefined && mutant === undefined)
    throw new UsageError(`There is no mutant ${options.mutant}. There are: ${MUTANTS.map(({ id }) => id).join(', ')}.`);
  const trim = trimOf(options);
  const { FAULTS } = await import('../../simulator/faults/index.js');
  const stranger = trim.without.find((name) => FAULTS.every(({ id }) => id !== name));
  if (stranger !== undefined)
    throw new UsageError(
      `There is no fault ${JSON.stringify(stranger)}. There are: ${FAULTS.map(({ id }) => id).join(', ')}.`,
    );
  const profile = options.profile ?? profileOf(seed);
  checkOnly(options.only, trimmed(planOf(seed, profile), trim));
  const store = options.store ?? (mutant === undefined ? storeOf(seed) : (mutant.store ?? 'memory'));
  const report = await runSeedOn(store, seed, profile, {
    trim: (plan) => trimmed(plan, trim),
    ...(mutant === undefined ? {} : { sabotage: mutant.sabotage() }),
    ...(options.json === true ? {} : { onLine: teller(options) }),
  });
  if (options.json === true) printJson(report);
  else {
    const { violation } = report;
    process.stdout.write(
      `\nseed ${seed} (${profile}): ${report.sales} sales, ${report.steps} steps, trace ${report.traceHash}\n`,
    );
    process.stdout.write(
      violation === undefined
        ? 'no invariant was broken\n'
        : `broke “${violation.invariant}”: ${violation.promise}\n  ${violation.what}\n`,
    );
  }
  if (report.violation !== undefined) process.exitCode = EXIT_FAILED;
}

function teller({ step, only }: Options): (line: string) => void {
  // Whoever reads along may have seen enough (`| head`).
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  const stepper = step === true ? new Stepper() : undefined;
  return (line) => {
    const who = /^(?:\d+d )?\S+ {2}(\S+)/.exec(line)?.[1];
    if (only !== undefined && who !== only && who !== 'CHECK') return;
    process.stdout.write(`${line}\n`);
    if (stepper?.pause(line) === 'enough') process.exit();
  };
}

/** Nothing at all would be printed of whom there isn't. */
function checkOnly(
  only: string | undefined,
  { counters, liars }: { readonly counters: number; readonly liars: readonly unknown[] },
): void {
  const names = Array.from({ length: counters }, (_, at) => `c${at + 1}`);
  const there = [...names, ...liars.map((_, at) => `x${at + 1}`), 'gateway', 'world'];
  if (only !== undefined && !there.includes(only))
    throw new UsageError(`There is no ${JSON.stringify(only)} in this world. There are: ${there.join(', ')}.`);
}

function trimOf({ without, counters, faultMinutes }: Options): Trim {
  const minutes = faultMinutes === undefined ? undefined : aboveZero('--fault-minutes', faultMinutes);
  const count = counters === undefined ? undefined : whole('--counters', counters, { least: 1 });
  return {
    without: without?.split(',') ?? [],
    ...(count === undefined ? {} : { counters: count }),
    ...(minutes === undefined ? {} : { faultsMs: minutes * 60_000 }),
  };
}
