/** `codeplate powercut`: cuts the power at every write of journal and ledger, and opens what is left. */
import { Command, Option } from 'commander';
import type { CheckReport } from '../../simulator/powercut/check.js';
import { EXIT_FAILED, printJson, UsageError } from '../usage.js';

const EXAMPLES = `
Examples:
  $ codeplate powercut                        (half a minute)
  $ codeplate powercut --thorough --json      (some minutes: more states a point, every fsync failing once)
  $ codeplate powercut --only journal --seed 7

What it does: the journal of the counter and the ledger of the gateway run on real files under strace, which records
every write, length, name and fsync. Then, for every point of the recording, it builds the disks that a power cut could
leave there (nothing, everything, or any part of what was not yet synced, torn in 512-byte sectors, reordered, files that
grew without their bytes, names that were lost) and opens each with the adapter that ships. Whatever had been called back
as safe has to be there, once, in order, with its hash chain.

It needs Linux and strace: sudo apt-get install strace. Exit code 1 where anything was lost, doubled or corrupt.`;

interface Options {
  readonly only?: 'journal' | 'ledger';
  readonly thorough?: boolean;
  readonly seed: string;
  readonly json?: boolean;
  readonly workload?: string;
}

export const command = (): Command =>
  new Command('powercut')
    .description('Cut the power at every write of the journal and the ledger; count what is lost, doubled or corrupt.')
    .addOption(new Option('--only <store>', 'one of the two').choices(['journal', 'ledger']))
    .option('--thorough', 'more states at every point, and every fsync failing once')
    .option('--seed <n>', 'draws the states', '1')
    .option('--json', 'print one JSON object')
    .addOption(new Option('--workload <orders>', 'lead one recorded life (what strace watches)').hideHelp())
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      if (options.workload === undefined) await check(options);
      else {
        const { liveUnderRecord } = await import('../../simulator/powercut/workload.js');
        await liveUnderRecord(JSON.parse(options.workload));
      }
    });

async function check({ only, thorough = false, seed, json = false }: Options): Promise<void> {
  const from = Number(seed);
  if (!Number.isSafeInteger(from)) throw new UsageError(`--seed takes a whole number, not ${seed}.`);
  const { recordingProblem } = await import('../../simulator/powercut/record.js');
  const problem = recordingProblem();
  if (problem !== undefined) throw new UsageError(problem);
  const { runSuite } = await import('../../simulator/powercut/suite.js');
  const tell = json ? () => {} : (text: string) => process.stderr.write(text);
  const rows = await runSuite({ only, thorough, seed: from, tell });
  const total = sum(rows.map(({ report }) => report));
  if (json) {
    printJson({
      ...total,
      seed: from,
      runs: rows.map(({ name, seconds, report }) => ({ name, seconds, ...report })),
    });
  } else process.stdout.write(table(rows, total));
  if (total.lost + total.doubled + total.corrupt > 0) process.exitCode = EXIT_FAILED;
}

const COUNTS = ['points', 'states', 'lost', 'doubled', 'corrupt'] as const;
type Counts = Readonly<Record<(typeof COUNTS)[number], number>>;

function sum(reports: readonly CheckReport[]): Counts {
  const of = (count: (typeof COUNTS)[number]): number => reports.reduce((all, report) => all + report[count], 0);
  return {
    points: of('points'),
    states: of('states'),
    lost: of('lost'),
    doubled: of('doubled'),
    corrupt: of('corrupt'),
  };
}

function table(
  rows: readonly { readonly name: string; readonly seconds: number; readonly report: CheckReport }[],
  total: Counts,
): string {
  const line = (name: string, counts: Counts, seconds: string): string =>
    `${name.padEnd(44)}${COUNTS.map((count) => String(counts[count]).padStart(9)).join('')}${seconds.padStart(9)}\n`;
  const head = `${''.padEnd(44)}${COUNTS.map((count) => count.padStart(9)).join('')}${'seconds'.padStart(9)}\n`;
  const body = rows.map(({ name, report, seconds }) => line(name, report, seconds.toFixed(1))).join('');
  const all = rows.reduce((seconds, row) => seconds + row.seconds, 0).toFixed(1);
  const findings = rows.flatMap(({ name, report }) => report.findings.map((what) => `  ${name}: ${what}\n`));
  return `${head}${body}${line('all', total, all)}${findings.join('')}`;
}
