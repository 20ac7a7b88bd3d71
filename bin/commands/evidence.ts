/** `codeplate evidence`: checks a piece of evidence by itself, without a database. */
import { Command } from 'commander';
import { readJson } from '#protocol/config/strict-json.js';
import { readBytes, utf8 } from '../files/read-file.js';
import { askGateway, OPERATOR_OPTIONS, type OperatorOptions, withOperatorOptions } from '../operator-client.js';
import { EXIT_FAILED, printJson, refuseUnused, UsageError } from '../usage.js';

/** Two presentations have some 4 kB; the records of a forked journal are the most that there is. */
const MAX_EVIDENCE_BYTES = 16 * 1024 * 1024;

/** A key's number is one byte in a grant. */
const MAX_KEY_ID = 255;

interface Options extends OperatorOptions {
  readonly file?: string;
  readonly issuerKey?: readonly string[];
  readonly json?: boolean;
}

export function command(): Command {
  return withOperatorOptions(new Command('evidence'))
    .summary('Check the evidence of a double spend or a forked journal, without a database.')
    .description(
      'Check evidence by itself: the signatures of both presentations, or the hash chains of a forked journal.\nWithout ID: list what the gateway has. Exit 1 where the evidence does not hold.',
    )
    .argument('[id]', "the evidence's number")
    .option('--file <path>', 'check a saved document instead; - reads standard input')
    .option(
      '--issuer-key <N=KEY...>',
      "the issuer's public key as a device.yaml has it; else the document's own is taken",
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  $ codeplate evidence --config shop/gateway.yaml\n  $ codeplate evidence 3 --config shop/gateway.yaml --json > evidence-3.json\n  $ codeplate evidence --file evidence-3.json --issuer-key 1=A7EvS8jGbNdzEXX1AcIbo31bPTiPCdUEAfh-8iaFwI0k',
    )
    .action(evidence);
}

async function evidence(id: string | undefined, options: Options): Promise<void> {
  if (id !== undefined && !/^[1-9]\d{0,8}$/.test(id))
    throw new UsageError(`"${id}" is no evidence number. Run codeplate evidence without one to see which there are.`);
  if (options.file !== undefined) {
    if (id !== undefined) throw new UsageError(`Give a number or --file, not both: is it ${id} or ${options.file}?`);
    refuseUnused(options, ['file', 'issuerKey', 'json'], 'with --file');
  } else if (id === undefined) {
    refuseUnused(options, [...OPERATOR_OPTIONS, 'json'], 'where only a list is asked for');
    await list(await ask(options, '/v1/evidence'), options);
    return;
  }
  const text = options.file === undefined ? await ask(options, `/v1/evidence/${id}`) : await read(options.file);
  const { checkEvidence, evidenceSchema } = await import('#protocol/evidence/evidence.js');
  const { es256Verifier, sha256 } = await import('#protocol/node/crypto.js');
  const parsed = evidenceSchema.safeParse(documentIn(text));
  if (!parsed.success) throw new UsageError('That is no evidence document. codeplate evidence ID --json prints one.');
  const issuerKeys = await keysOf(options.issuerKey);
  const result = checkEvidence(parsed.data, { verifier: es256Verifier(), sha256, issuerKeys });
  if (!result.ok) process.exitCode = EXIT_FAILED;
  if (options.json === true) {
    printJson({ holds: result.ok, ...(result.ok ? result.value : result.fault), document: documentIn(text) });
    return;
  }
  const { kind, device, at } = parsed.data;
  const lines = result.ok
    ? [
        `holds: ${result.value.proves}${result.value.against === null ? '' : `, against ${result.value.against}`}`,
        ...result.value.checked.map((line) => `  - ${line}`),
      ]
    : [`DOES NOT HOLD: ${result.fault.why}`];
  if (issuerKeys === undefined && parsed.data.kind === 'double-spend') {
    const keys = Object.entries(parsed.data.issuerKeys).map(([id, key]) => `${id}=${key}`);
    lines.push(
      `Checked by the document's own issuer key: ${keys.join(', ')}. Compare it, or give the one you know: --issuer-key`,
    );
  }
  process.stdout.write(
    `evidence ${parsed.data.id}: ${kind}, found at ${device}, ${new Date(at).toISOString()}\n${lines.join('\n')}\n`,
  );
}

/** undefined: none were given. */
async function keysOf(given: readonly string[] | undefined): Promise<ReadonlyMap<number, Uint8Array> | undefined> {
  if (given === undefined) return undefined;
  const { base64url } = await import('#protocol/codes/bit-text.js');
  const { PUBLIC_KEY_BYTES } = await import('#protocol/codes/presentation.js');
  return new Map(
    given.map((text) => {
      const [, id = '', key = ''] = /^(\d{1,3})=(.+)$/.exec(text) ?? [];
      const bytes = base64url.decode(key);
      if (!bytes.ok || bytes.value.length !== PUBLIC_KEY_BYTES || Number(id) > MAX_KEY_ID)
        throw new UsageError(`"${text}" is no issuer key. Give it as the gateway prints it at its start: 1=A7Ev...`);
      return [Number(id), bytes.value];
    }),
  );
}

async function list(text: string, { json, gateway }: Options): Promise<void> {
  const { z } = await import('zod');
  const listed = z.object({ id: z.int(), kind: z.string(), device: z.string(), at: z.int() });
  const read = readJson(text);
  const parsed = z.object({ evidence: z.array(listed) }).safeParse(read.ok ? read.value : undefined);
  if (!parsed.success)
    throw new UsageError(
      `What answers${gateway === undefined ? '' : ` at ${gateway}`} is no gateway of ours. Give its address with --gateway.`,
    );
  const all = parsed.data;
  if (json === true) {
    printJson(all);
    return;
  }
  if (all.evidence.length === 0)
    process.stdout.write('There is no evidence: nothing was spent twice, no journal forked.\n');
  for (const { id, kind, device, at } of all.evidence)
    process.stdout.write(
      `${String(id).padStart(4)}  ${kind.padEnd(14)} ${device.padEnd(20)} ${new Date(at).toISOString()}\n`,
    );
}

async function ask(options: Options, path: string): Promise<string> {
  const { status, text } = await askGateway(options, path);
  if (status === 404)
    throw new UsageError('The gateway has no such evidence. Run codeplate evidence to see which there are.');
  if (status !== 200) throw new Error(`the gateway answered ${status}: ${text.slice(0, 200)}`);
  return text;
}

async function read(file: string): Promise<string> {
  try {
    return utf8(await readBytes(file, MAX_EVIDENCE_BYTES));
  } catch (error) {
    throw new UsageError(
      `Can't read ${file}: ${error instanceof Error ? error.message : String(error)}\nGive the path of a document that codeplate evidence ID --json has printed, or - for standard input.`,
    );
  }
}

/** A document as the gateway gives it, or inside what `--json` printed. */
function documentIn(text: string): unknown {
  const read = readJson(text);
  if (!read.ok)
    throw new UsageError(
      `That can't be read: ${read.fault.what}. codeplate evidence ID --json prints what is expected.`,
    );
  const { value } = read;
  return typeof value === 'object' && value !== null && 'document' in value ? value.document : value;
}
