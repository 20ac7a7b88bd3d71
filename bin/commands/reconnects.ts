/** `codeplate reconnects`: everything that can happen to the line, a thousand times, on the real client and the real gateway. */
import { Command } from 'commander';
import type { TortureReport } from '#simulator/line-torture/torture.js';
import { wholeOption } from '../numbers.js';
import { EXIT_FAILED, printJson } from '../usage.js';

/** Seeds are printed and typed again: six digits are enough to differ. */
const SEEDS = 1_000_000;

const EXAMPLES = `
Examples:
  $ codeplate reconnects                       (1,000 cases in a minute or two, from a fresh seed)
  $ codeplate reconnects --cases 100 --seed 7  (the same cases again; sockets answer as they like)

After each case the line must be up again, the outbox empty, and in the end the gateway's ledger must hold every record of
every device once and in order. Exit code 1 where anything is wrong.
With --json: {"seed","cases","kinds":{...},"reconnects","records","stuck":[...],"lost","doubled","disordered","falseAlarms":[...],...}`;

export const command = (): Command =>
  new Command('reconnects')
    .description('Break the line between devices and gateway in every way there is, and see that each comes back.')
    .option('--cases <n>', 'how many', wholeOption('--cases', 1), 1_000)
    .option(
      '--seed <n>',
      'kinds, moments and amounts come from it; a fresh one, where missing',
      wholeOption('--seed', 1),
    )
    .option('--json', 'print one JSON object and nothing else')
    .addHelpText('after', EXAMPLES)
    .action(async ({ cases, seed, json }: { cases: number; seed?: number; json?: boolean }) => {
      const [{ tortureUplinks, isSound }, { KINDS }, { campaignPath, readCampaign }] = await Promise.all([
        import('#simulator/line-torture/torture.js'),
        import('#simulator/line-torture/kinds.js'),
        import('../campaign-file.js'),
      ]);
      const drawn = seed ?? Math.floor(Math.random() * SEEDS);
      const { id, merchants } = readCampaign('youhao-2023');
      const shows = json !== true && process.stdout.isTTY;
      if (json !== true) process.stdout.write(`${cases} cases, seed ${drawn}\n`);
      const began = performance.now();
      const report = await tortureUplinks({
        cases,
        seed: drawn,
        campaign: { file: campaignPath('youhao-2023'), id, merchant: merchants[0]?.id ?? '' },
        onCase: (done) => {
          if (shows) process.stdout.write(`\r${done} of ${cases}`);
        },
      });
      const tookS = Math.round((performance.now() - began) / 1_000);
      if (json === true) printJson({ ...report, tookS });
      else process.stdout.write(`${shows ? '\r' : ''}${told(report, KINDS, tookS)}`);
      if (!isSound(report)) process.exitCode = EXIT_FAILED;
    });

function told(
  report: TortureReport,
  kinds: Readonly<Record<string, { readonly words: string }>>,
  tookS: number,
): string {
  const { stuck, lost, doubled, disordered, differenceFen, falseAlarms } = report;
  return [
    ...Object.entries(report.kinds)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([kind, times]) => `${String(times).padStart(6)}  ${kind.padEnd(18)} ${kinds[kind]?.words ?? ''}`),
    '',
    `${report.reconnects} reconnects, ${report.records} records; back after ${report.medianMs} ms in the middle, ${report.longestMs} ms at worst; ${tookS} s`,
    ...stuck.map(({ number, kind, why }) => `case ${number}, ${kind}: ${why}`),
    ...falseAlarms,
    `stuck ${stuck.length}, lost ${lost}, doubled ${doubled}, disordered ${disordered}, differences ${differenceFen} fen, false alarms ${falseAlarms.length}`,
    '',
  ].join('\n');
}
