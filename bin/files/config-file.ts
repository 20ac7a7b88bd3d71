/** The configuration file of a long-running command: what is wrong with it is told at once, under its code in the registry. */

import { describeProblem, type Findings, type Problem } from '#protocol/config/yaml-file.js';
import type { Result } from '#protocol/kernel/result.js';
import { printJson, UsageError } from '../usage.js';
import { readText } from './read-file.js';
import { whyUnwritable } from './write-place.js';

/** A hundred thousand devices are some 10 MiB; what each command takes of it is its own schema's to say. */
const MAX_CONFIG_BYTES = 32 * 1024 * 1024;

type Parse<Config> = (yaml: string, source: string) => Result<Config, readonly Problem[]>;

/** Throws a `UsageError` whose text begins with the code. */
export function readConfigFile<Config>(file: string, parse: Parse<Config>): Config {
  const parsed = parse(textOf(file), file);
  if (parsed.ok) return parsed.value;
  throw invalid(file, parsed.fault);
}

/**
 * What `--check` does: says that the file is in order, or throws as `readConfigFile` does. With `json` the problems are the
 * answer as well. `further`: what a look at all that the file names shows.
 */
export async function checkConfigFile<Config extends { readonly data: string }>(
  file: string,
  parse: Parse<Config>,
  { json, further }: { readonly json: boolean; readonly further: (config: Config) => Promise<Findings> | Findings },
): Promise<void> {
  const parsed = parse(textOf(file), file);
  const found = parsed.ok ? await further(parsed.value) : { problems: parsed.fault, warnings: [] };
  const folder = parsed.ok ? dataFolderProblem(parsed.value.data) : undefined;
  const problems = [...found.problems, ...(folder === undefined ? [] : [folder])];
  const { warnings } = found;
  if (json) printJson({ config: file, problems, warnings });
  if (problems.length > 0) throw invalid(file, [...problems, ...warnings]);
  if (json) return;
  const lines = warnings.map((warning) => `  ${describeProblem(warning)}\n`);
  process.stdout.write(
    warnings.length === 0 ? `${file} is in order.\n` : `${file} can be started, but:\n${lines.join('')}`,
  );
}

/** Whether a start could make the data folder, and write into it. */
function dataFolderProblem(folder: string): Problem | undefined {
  const wrong = whyUnwritable(folder);
  return wrong === undefined ? undefined : { path: 'data', value: folder, allowed: wrong, code: 'DATA_UNWRITABLE' };
}

const invalid = (file: string, problems: readonly Problem[]): UsageError =>
  new UsageError(
    [
      `CONFIG_INVALID: ${file}: correct the following and start again.`,
      ...problems.map((problem) => `  ${describeProblem(problem)}`),
    ].join('\n'),
  );

function textOf(file: string): string {
  try {
    return readText(file, MAX_CONFIG_BYTES);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `CONFIG_UNREADABLE: ${file}: ${why}\n\`codeplate init DIR\` writes a configuration to begin with.`,
    );
  }
}
