/** `codeplate fuzz-doors`: conversations that nobody ought to have, at the real gateway. */
import { Command } from 'commander';
import { EXIT_FAILED, printJson, UsageError } from '../usage.js';

const EXAMPLES = `
Examples:
  $ codeplate fuzz-doors                        (1,000 conversations, some two minutes)
  $ codeplate fuzz-doors --cases 10000 --json
  $ codeplate fuzz-doors --seed 7               (the same conversations again)

MQTT and HTTP, over TLS and plain, against two gateways of its own. Ends with 1 where an answer was a 5xx, descriptors did
not come back, memory grew, or a gateway ended. Needs Linux, and the development dependencies for the certificate.`;

interface Options {
  readonly cases: number;
  readonly seed: number;
  readonly json?: boolean;
}

export function command(): Command {
  return new Command('fuzz-doors')
    .description("Say what nobody ought to say at the gateway's doors, and count what it costs them.")
    .option('--cases <n>', 'how many conversations', wholeNumber, 1_000)
    .option('--seed <n>', 'the conversations that are drawn', wholeNumber, 1)
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new UsageError(`${text}: a whole number is expected, below ten million.`);
  return Number(text);
}

async function run({ cases, seed, json }: Options): Promise<void> {
  const { fuzzDoors, isSound } = await import('#simulator/doors/fuzz-doors.js');
  const report = await fuzzDoors({ cases, seed });
  const { answered, serverErrors, descriptors, memoryMiB, died } = report;
  if (json === true) printJson(report);
  else {
    process.stdout.write(
      `${cases} conversations from seed ${seed}, ${answered} answered, ${serverErrors} with a 5xx.\n` +
        `Descriptors of both gateways: ${descriptors.before} before, ${descriptors.after} after. ` +
        `Memory: ${memoryMiB.before} MiB before, ${memoryMiB.after} after.\n${died.map((how) => `${how}\n`).join('')}`,
    );
  }
  if (!isSound(report)) process.exitCode = EXIT_FAILED;
}
