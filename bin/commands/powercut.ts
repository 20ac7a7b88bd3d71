/** `codeplate powercut`: cuts the power at every write of journal and ledger, and at everything that a counter or the gateway does. */
import { Command, Option } from 'commander';
import type { SuitePart, SuiteRow } from '../../simulator/powercut/suite.js';
import { whole } from '../numbers.js';
import { EXIT_FAILED, printJson, UsageError } from '../usage.js';

const EXAMPLES = `
Examples:
  $ codeplate powercut                        (two minutes)
  $ codeplate powercut --thorough --json      (some minutes: more states a point, every fsync failing once)
  $ codeplate powercut --only journal --seed 7
  $ codeplate powercut --only world           (needs no strace)

What it does: the journal of the counter and the ledger of the gateway run on real files under strace, which records
every write, length, name and fsync. Then, for every point of the recording, it builds the disks that a power cut could
leave there (nothing, everything, or any part of what was not yet synced, torn in 512-byte sectors, reordered, files that
grew without their bytes, names that were lost) and opens each with the adapter that ships. Whatever had been called back
as safe has to be there, once, in order, with its hash chain.

In the simulated world a street runs once while every call of a port is counted: each journal write, each effect, each
message, before and after. Then it runs again for each of them with the power going there, of the counter or of the
gateway, and of the counter once more while it recovers. The checkers of codeplate explore judge each of these worlds.

Journal and ledger need Linux and strace: sudo apt-get install strace. Exit code 1 where anything was lost, doubled or corrupt.`;

interface Options {
  readonly only?: SuitePart;
  readonly thorough?: boolean;
  readonly seed: string;
  readonly json?: boolean;
  readonly workload?: string;
}

export const command = (): Command =>
  new Command('powercut')
    .description(
      'Cut the power at every write of journal and ledger, and at every step of a counter and the gateway; count what is lost, doubled or corrupt.',
    )
    .addOption(new Option('--only <part>', 'one of the three').choices(['journal', 'ledger', 'world']))
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
  const from = whole('--seed', seed);
  if (only !== 'world') {
    const { recordingProblem } = await import('../../simulator/powercut/record.js');
    const problem = recordingProblem();
    if (problem !== undefined) throw new UsageError(problem);
  }
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

function sum(reports: readonly SuiteRow['report'][]): Counts {
  const of = (count: (typeof COUNTS)[number]): number => reports.reduce((all, report) => all + report[count], 0);
  return {
    points: of('points'),
    states: of('states'),
    lost: of('lost'),
    doubled: of('doubled'),
    corrupt: of('corrupt'),
  };
}

function table(rows: readonly SuiteRow[], total: Counts): string {
  const line = (name: string, counts: Counts, seconds: string): string =>
    `${name.padEnd(44)}${COUNTS.map((count) => String(counts[count]).padStart(9)).join('')}${seconds.padStart(9)}\n`;
  const head = `${''.padEnd(44)}${COUNTS.map((count) => count.padStart(9)).join('')}${'seconds'.padStart(9)}\n`;
  const body = rows.map(({ name, report, seconds }) => line(name, report, seconds.toFixed(1))).join('');
  const all = rows.reduce((seconds, row) => seconds + row.seconds, 0).toFixed(1);
  const findings = rows.flatMap(({ name, report }) => report.findings.map((what) => `  ${name}: ${what}\n`));
  const notes = rows.flatMap(({ report }) => (report.notes ?? []).map((what) => `  ${what}\n`));
  return `${head}${body}${line('all', total, all)}${notes.join('')}${findings.join('')}`;
}
