/** The configuration file of a long-running command: what is wrong with it is told at once, under its code in the registry. */
import type { Result } from '#protocol/result.js';
import { describeProblem, type Problem } from '#protocol/yaml-file.js';
import { readText } from './read-file.js';
import { UsageError } from './usage.js';

/** A hundred thousand devices are some 10 MiB; what each command takes of it is its own schema's to say. */
const MAX_CONFIG_BYTES = 32 * 1024 * 1024;

/** Throws a `UsageError` whose text begins with the code. */
export function readConfigFile<Config>(
  file: string,
  parse: (yaml: string, source: string) => Result<Config, readonly Problem[]>,
): Config {
  const parsed = parse(textOf(file), file);
  if (parsed.ok) return parsed.value;
  const lines = parsed.fault.map((problem) => `  ${describeProblem(problem)}`);
  throw new UsageError([`CONFIG_INVALID: ${file}: correct the following and start again.`, ...lines].join('\n'));
}

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
