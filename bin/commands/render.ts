/** `codeplate render`: what a receipt printer would make of an ESC/POS stream. */
import { Command, Option } from 'commander';
import { PRINTER_MODEL_NAMES, PRINTER_MODELS, type PrinterModelName } from '#device/drivers/printers/models/index.js';
import { readBytes } from '../files/read-file.js';
import { UsageError } from '../usage.js';

interface Options {
  readonly text?: boolean;
  readonly svg?: boolean;
  readonly json?: boolean;
  readonly model?: PrinterModelName;
  readonly columns: string;
  readonly charset: 'gb2312' | 'gbk' | 'gb18030';
}

/** More than an hour of printing without a pause at 9600 Bd, or some thousand receipts. */
const MAX_STREAM_BYTES = 4 * 1024 * 1024;

const HELP = `
Examples:
  $ codeplate render receipt.bin                      the paper, drawn in the terminal
  $ codeplate render receipt.bin --svg > receipt.svg  a picture for a browser
  $ codeplate render receipt.bin --model xprinter-80  as this printer would print it
  $ codeplate render receipt.bin --json               lines, QR codes, cuts, drawer pulses, unknown commands
  $ cat receipt.bin | codeplate render - --columns 48 from standard input, on 80 mm paper

Commands that the printer would not understand are listed on standard error (with --json: under "unknown"). What would be
longer than three rolls of paper is shown as far as that, and said so (with --json: "leftOut" bytes).`;

export function command(): Command {
  return new Command('render')
    .description('Show what a receipt printer would make of an ESC/POS stream.')
    .argument('<file>', 'the bytes as they go to the printer; - reads standard input')
    .addOption(new Option('--text', 'draw it in the terminal (the default)').conflicts(['svg', 'json']))
    .addOption(new Option('--svg', 'a picture, as SVG').conflicts(['text', 'json']))
    .addOption(new Option('--json', 'one JSON object').conflicts(['text', 'svg']))
    .addOption(
      new Option('--model <name>', 'a printer as device.yaml names it: its paper and its characters')
        .choices([...PRINTER_MODEL_NAMES])
        .conflicts(['columns', 'charset']),
    )
    .addOption(
      new Option('--columns <n>', 'width of the paper: 32 on 58 mm, 48 on 80 mm').choices(['32', '48']).default('32'),
    )
    .addOption(
      new Option('--charset <name>', 'the Chinese characters that the printer has')
        .choices(['gb2312', 'gbk', 'gb18030'])
        .default('gb18030'),
    )
    .addHelpText('after', HELP)
    .action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const bytes = await read(file);
  const { hex, LONGEST_PAPER_M, PAPER_58, PAPER_80, paperSvg, paperText, render, renderingJson } = await import(
    '#simulator/hardware/printer/index.js'
  );
  const model = options.model === undefined ? undefined : PRINTER_MODELS[options.model];
  const isWide = (model?.columns ?? Number(options.columns)) === 48;
  const profile = { ...(isWide ? PAPER_80 : PAPER_58), charset: model?.charset ?? options.charset };
  const rendering = render(bytes, profile, { bounded: true });
  if (!isWide) {
    // A line that breaks on this paper and not on the other one was written for the other.
    const linesOn = (paper: typeof profile): number =>
      render(bytes, paper, { bounded: true }).documents.reduce(
        (sum, document) => sum + paperText(document, { ansi: false }).split('\n').length,
        0,
      );
    if (linesOn(profile) > linesOn({ ...PAPER_80, charset: profile.charset }))
      process.stderr.write(
        'This was made for wider paper: its lines break here. Try --columns 48, or the --model of its printer.\n',
      );
  }
  if (rendering.leftOut > 0)
    process.stderr.write(
      `Only the beginning is shown, some ${LONGEST_PAPER_M} m of paper, or less where it is full of pictures. The last ${rendering.leftOut} of ${bytes.length} bytes are left out: cut the file in two to see them.\n`,
    );
  if (options.json) {
    const { printJson } = await import('../usage.js');
    printJson(renderingJson(rendering));
    return;
  }
  const { NO_COLOR } = process.env;
  const ansi = process.stdout.isTTY === true && NO_COLOR === undefined;
  process.stdout.write(
    options.svg
      ? paperSvg(rendering.documents)
      : rendering.documents.map((document) => paperText(document, { ansi })).join('\n'),
  );
  if (rendering.documents.length === 0) process.stderr.write('Nothing would be printed.\n');
  for (const { offset, bytes: what, why } of rendering.unknown.slice(0, MAX_LISTED)) {
    process.stderr.write(`offset ${offset}: ${hex(what)} (${why})\n`);
  }
  const more = rendering.unknown.length - MAX_LISTED;
  if (more > 0) process.stderr.write(`… and ${more} more; --json lists them all.\n`);
}

/** A screenful: a file that is no receipt at all has a command in ten that no printer knows. */
const MAX_LISTED = 40;

async function read(file: string): Promise<Uint8Array> {
  try {
    return await readBytes(file, MAX_STREAM_BYTES);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `Can't read ${file}: ${why}\nGive the path of a file with the bytes that went to a printer, or - for standard input.`,
    );
  }
}
