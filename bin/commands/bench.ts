/** `codeplate bench`: how fast, how large; ratios to a limit of the same run first. Exit code 1 where a limit isn't met (✗). */
import { Command } from 'commander';
import type { Figure } from '#simulator/bench/figure.js';
import { readCampaign } from '../campaign-file.js';
import { EXIT_FAILED, printJson, UsageError } from '../usage.js';

const BENCHES: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  gateway: gateway,
  agent: async () => (await import('#simulator/bench/counter-bench.js')).benchAgent(readCampaign('youhao-2023')),
  latency: async () => (await import('#simulator/bench/counter-bench.js')).benchLatency(readCampaign('youhao-2023')),
  receipt: async () => (await import('#simulator/bench/parts-bench.js')).benchReceipt(),
  journal: async () => (await import('#simulator/bench/parts-bench.js')).benchJournal(),
  sync: async () => (await import('#simulator/bench/sync-bench.js')).benchSync(),
};

/** Without pseudo-terminals these can't run, and the ones before them would be measured for nothing. */
const ON_VIRTUAL_HARDWARE: ReadonlySet<string> = new Set(['agent', 'latency']);

export function command(): Command {
  return new Command('bench')
    .summary('Measure gateway, agent, latency, receipt, journal and sync; ratios first.')
    .description(
      `Measures the real pieces on this machine, beside a limit that is taken in the same run (bare broker echoes, bare fdatasync).\nNames: ${Object.keys(BENCHES).join(', ')}; without one, all of them. Exit code 1 where a limit isn't met (✗).`,
    )
    .argument('[name]', 'which one')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExamples:\n  codeplate bench gateway\n  codeplate bench --json')
    .action(bench);
}

async function bench(name: string | undefined, { json }: { readonly json?: boolean }): Promise<void> {
  if (name !== undefined && !Object.hasOwn(BENCHES, name))
    throw new UsageError(
      `There is no bench "${name}". Choose one of ${Object.keys(BENCHES).join(', ')}, or none for all.`,
    );
  if (name === undefined || ON_VIRTUAL_HARDWARE.has(name)) {
    const { loadPty } = await import('#simulator/hardware/pty.js');
    await loadPty();
  }
  const { describeFigure, isMissed } = await import('#simulator/bench/figure.js');
  const all: Figure[] = [];
  for (const [one, measure] of Object.entries(BENCHES)) {
    if (name !== undefined && one !== name) continue;
    const figures = await measure();
    all.push(...figures);
    if (json !== true) for (const figure of figures) process.stdout.write(`${describeFigure(figure)}\n`);
  }
  if (json === true) printJson({ figures: all });
  if (all.some(isMissed)) process.exitCode = EXIT_FAILED;
}

async function gateway(): Promise<readonly Figure[]> {
  const { benchGateway } = await import('#simulator/bench/gateway-bench.js');
  const b = await benchGateway();
  return [
    {
      name: 'gateway: authorise + redeem, durable, signed',
      ratio: b.throughputRatio,
      value: b.salesPerSecond,
      unit: 'sales/s',
      against: `limit 0.30, aim 0.50 of ${b.rawSalesPerSecond.toFixed(0)} (bare echoes of the same run); ${b.cores} cores for gateway and clients`,
      met: b.throughputRatio >= 0.3,
    },
    {
      name: 'gateway: one sale alone, median',
      ratio: b.latencyRatio,
      value: b.loneSaleMs,
      unit: 'ms',
      against: `limit 3.00 x of 2 fdatasync + 2 echoes = ${b.loneFloorMs.toFixed(2)} ms (fdatasync ${b.fdatasyncMs.toFixed(2)}, echo ${b.echoMs.toFixed(2)})`,
      met: b.latencyRatio <= 3,
    },
    {
      name: 'gateway: the same beside bare durable echoes',
      ratio: b.loneSaleMs / (2 * b.durableEchoMs),
      value: 2 * b.durableEchoMs,
      unit: 'ms',
      against: 'two echoes that each wait for one row in the same SQLite; for information',
      met: null,
    },
  ];
}
