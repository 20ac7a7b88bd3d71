/**
 * The door. Only the command that was asked for is loaded, so that the agent on a Pi never pays for the simulator.
 */
import { Command, CommanderError } from 'commander';
import { VERSION } from '#protocol/node/version.js';
import { tellFailure } from './failure.js';
import { EXIT_FAILED } from './usage.js';

/** In the order in which a newcomer needs them. Each module exports `command()`. */
const COMMANDS: Readonly<Record<string, () => Promise<{ command(): Command }>>> = {
  demo: () => import('./commands/demo.js'),
  init: () => import('./commands/init.js'),
  gateway: () => import('./commands/gateway.js'),
  device: () => import('./commands/device.js'),
  wallet: () => import('./commands/wallet.js'),
  quote: () => import('./commands/quote.js'),
  campaign: () => import('./commands/campaign.js'),
  simulate: () => import('./commands/simulate.js'),
  explore: () => import('./commands/explore.js'),
  replay: () => import('./commands/replay.js'),
  bench: () => import('./commands/bench.js'),
  operator: () => import('./commands/operator.js'),
  ledger: () => import('./commands/ledger.js'),
  evidence: () => import('./commands/evidence.js'),
  render: () => import('./commands/render.js'),
  inspect: () => import('./commands/inspect.js'),
  'fuzz-doors': () => import('./commands/fuzz-doors.js'),
  reconnects: () => import('./commands/reconnects.js'),
  powercut: () => import('./commands/powercut.js'),
  'virtual-hardware': () => import('./commands/virtual-hardware.js'),
};

/** They go on whoever reads what they print; the others have nobody left to print for. */
const SERVICES: ReadonlySet<string> = new Set(['device', 'gateway']);
/** As the shell says of a program that a closed pipe ended: 128 + SIGPIPE. */
const EXIT_NO_READER = 141;

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (SERVICES.has(process.argv[2] ?? '')) return;
    if (error.code === 'EPIPE') process.exit(EXIT_NO_READER);
    // A file on a disk that is full, and the like. Where standard error is what can't be written, the exit code has to do.
    if (stream === process.stdout)
      process.stderr.write(
        `OUTPUT_UNWRITABLE: What was printed did not all arrive: ${error.message}. Write it to a place with room.\n`,
      );
    process.exit(EXIT_FAILED);
  });
}

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('codeplate')
    .description(
      'Government consumption coupons (消费券) at the counter: the agent, its gateway, and the world that tests them.',
    )
    .version(VERSION)
    .addHelpText(
      'after',
      '\nBegin with:\n  $ codeplate demo            (what npm start runs)\n  $ codeplate demo --help     (every command has examples there)',
    )
    .showHelpAfterError('Run with --help to see what is possible.')
    .exitOverride();
  const name = argv[2] ?? '';
  const asked = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const wanted = asked === undefined ? Object.values(COMMANDS) : [asked];
  for (const load of wanted) {
    const command = (await load()).command();
    program.addCommand(command.copyInheritedSettings(program));
    if (asked !== undefined) tellUnknownToo(command, argv.slice(3));
    for (const below of command.commands) below.copyInheritedSettings(command);
  }
  await program.parseAsync([...argv]);
  // Node 20 was seen to spin for ever while it took such a process apart; all is printed and put away by now.
  if (name !== 'demo' && name !== 'simulate') return;
  // What couldn't be written is known a turn later.
  await new Promise((turn) => setImmediate(turn));
  process.exit();
}

/**
 * Commander looks for what is missing before it looks for what it doesn't know: of `--campain x` it would say only that
 * `--campaign` is missing.
 */
function tellUnknownToo(command: Command, words: readonly string[]): void {
  const known = new Set([command, ...command.commands].flatMap(({ options }) => options.map(({ long }) => long)));
  const end = words.indexOf('--');
  const unknown = words
    .slice(0, end < 0 ? words.length : end)
    .flatMap((word) => /^--[a-z][^=]*/.exec(word) ?? [])
    .filter((option) => option !== '--help' && !known.has(option));
  if (unknown.length === 0) return;
  const withUnknown = (text: string): string =>
    text.replace(/^error: (?=required option)/, `error: unknown option '${unknown.join("', '")}', and `);
  command.configureOutput({ outputError: (text, write) => write(withUnknown(text)) });
  command.exitOverride((error) => {
    throw new CommanderError(error.exitCode, error.code, withUnknown(error.message));
  });
}

main(process.argv).catch(async (error: unknown) => {
  process.exitCode = await tellFailure(error, { json: process.argv.includes('--json') });
});
