/** How a command that failed says so: words on standard error, with `--json` one object on standard output, and the exit code. */
import { CommanderError } from 'commander';
import { EXIT_CANNOT_RUN, EXIT_FAILED, EXIT_WRONG_USE, printJsonError, UsageError } from './usage.js';

/** Returns the exit code. */
export async function tellFailure(error: unknown, { json }: { readonly json: boolean }): Promise<number> {
  if (error instanceof CommanderError) {
    // `--help` and `--version` come this way too. Commander has written its words already.
    if (error.exitCode === 0) return 0;
    if (json) printJsonError({ code: null, message: error.message.replace(/^error: /, '') });
    return EXIT_WRONG_USE;
  }
  const { CodeplateError } = await import('#protocol/faults/errors.js');
  const words = error instanceof Error ? error.message : String(error);
  const text = error instanceof CodeplateError ? `${error.code}: ${words}` : words;
  process.stderr.write(`${text}\n`);
  if (json) printJsonError(codeAndMessage(text));
  if (error instanceof UsageError) return EXIT_WRONG_USE;
  return error instanceof CodeplateError && error.code === 'PSEUDO_TERMINALS_MISSING' ? EXIT_CANNOT_RUN : EXIT_FAILED;
}

/** Texts about a fault of the registry begin with its code. */
function codeAndMessage(text: string): { readonly code: string | null; readonly message: string } {
  const [whole, code] = /^([A-Z][A-Z0-9_]+): /.exec(text) ?? [];
  if (whole === undefined || code === undefined) return { code: null, message: text };
  return { code, message: text.slice(whole.length) };
}
