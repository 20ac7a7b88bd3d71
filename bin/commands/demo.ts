/** `codeplate demo`: what `npm start` shows. */
import { Command, Option } from 'commander';
import { outputFolder } from '../files/write-place.js';
import { EXIT_FAILED, printJson } from '../usage.js';

interface Options {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly lang: 'zh' | 'en';
  readonly svgDir?: string;
}

export function command(): Command {
  return new Command('demo')
    .summary('Show the whole counter at work, without any hardware.')
    .description(
      'A gateway, two counters on virtual hardware and their customers, on free ports and in a temporary folder: sales in each tier, every trouble of an ordinary day, a line that is cut, and at the end four books that must say the same (else exit 1). Then it stays and takes amounts typed by hand.',
    )
    .option('--once', 'leave when the story is told (also when standard input is no terminal)')
    .addOption(
      new Option('--lang <language>', 'zh: Chinese with English beside it; en: English')
        .choices(['zh', 'en'])
        .default('zh'),
    )
    .option('--svg-dir <folder>', 'where the pictures of the receipts go; a temporary folder by default')
    .option('--json', 'print one JSON object on standard output; the story goes to standard error')
    .addHelpText(
      'after',
      '\nExamples:\n  npm start\n  codeplate demo --once --lang en\n  codeplate demo --json 2>/dev/null',
    )
    .action(demo);
}

async function demo(options: Options): Promise<void> {
  const { loadPty } = await import('#simulator/hardware/pty.js');
  await loadPty();
  if (options.svgDir !== undefined) outputFolder(options.svgDir, '--svg-dir');
  const { readCampaign } = await import('../campaign-file.js');
  const { runDemo } = await import('#simulator/demo/demo.js');
  const { NO_COLOR } = process.env;
  const out = options.json === true ? process.stderr : process.stdout;
  const result = await runDemo({
    campaign: readCampaign('youhao-2023'),
    language: options.lang,
    interactive: options.once !== true && options.json !== true && process.stdin.isTTY === true,
    colours: out.isTTY === true && NO_COLOR === undefined,
    svgFolder: options.svgDir,
    out,
  });
  if (options.json === true) printJson(result);
  if (result.differences.length > 0) process.exitCode = EXIT_FAILED;
}
