/** Structured log lines in English. `code` is stable. Never log personal data or a whole payment code. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  code: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;
