/** Exit codes of every command: 0 done, 1 the thing itself failed, 2 wrong use, 3 this installation can't run it. */
export const EXIT_FAILED = 1;
export const EXIT_WRONG_USE = 2;
export const EXIT_CANNOT_RUN = 3;

/** Wrong use: a message for standard error that says what to write instead. `main` prints it and exits with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

let isJsonPrinted = false;

/** With `--json` a command prints this one object on standard output and nothing else. */
export const printJson = (value: unknown): void => {
  isJsonPrinted = true;
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

/** The one object of a command that failed before it had another: a program that reads it never meets 0 bytes. */
export const printJsonError = (error: { readonly code: string | null; readonly message: string }): void => {
  if (!isJsonPrinted) printJson({ error });
};

/**
 * Refuses what would be ignored: somebody would wait for its effect. `options` are those that were given, `taken` those that
 * count here, `where` in which case: `without --campaign`.
 */
export function refuseUnused(options: object, taken: readonly string[], where: string): void {
  const unused = Object.keys(options).filter((name) => !taken.includes(name));
  if (unused.length === 0) return;
  const named = unused.map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
  throw new UsageError(
    `${named.join(' and ')} ${named.length === 1 ? 'has' : 'have'} no effect ${where}: leave ${named.length === 1 ? 'it' : 'them'} out.`,
  );
}
