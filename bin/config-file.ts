/** The configuration file of a long-running command: what is wrong with it is told at once, under its code in the registry. */
import type { Result } from '#protocol/result.js';
import { describeProblem, type Problem } from '#protocol/yaml-file.js';
import { readText } from './read-file.js';
import { printJson, UsageError } from './usage.js';

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
 * answer as well. `further`: those of what the file names.
 */
export function checkConfigFile<Config>(
  file: string,
  parse: Parse<Config>,
  { json, further = () => [] }: { readonly json: boolean; readonly further?: (config: Config) => readonly Problem[] },
): void {
  const parsed = parse(textOf(file), file);
  const problems = parsed.ok ? further(parsed.value) : parsed.fault;
  if (json) printJson({ config: file, problems });
  if (problems.length > 0) throw invalid(file, problems);
  if (!json) process.stdout.write(`${file} is in order.\n`);
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
