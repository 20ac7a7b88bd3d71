/** Structured log lines in English. `code` is stable; nothing personal and no whole payment code ever goes in. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  code: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;
