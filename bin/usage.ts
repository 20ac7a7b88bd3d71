/** Exit codes of every command: 0 done, 1 the thing itself failed, 2 wrong use (and standard error says what to do). */
export const EXIT_FAILED = 1;
export const EXIT_WRONG_USE = 2;

/** Wrong use: a message for standard error that says what to write instead. `main` prints it and exits with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** With `--json` a command prints this one object on standard output and nothing else. */
export const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};
