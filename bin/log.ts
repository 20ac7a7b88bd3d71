/** Log lines of the long-running commands: JSON on standard error, one a line, so that standard output stays free for answers. */

import { type Logger, pino } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogLine = (level: LogLevel, code: string, fields?: Readonly<Record<string, unknown>>) => void;

/** `messageKey`: what the text handed to the logger is called; the agent logs codes, the gateway codes and words. */
export const loggerTo = (level: LogLevel, messageKey: 'code' | 'msg' = 'code'): Logger =>
  pino(
    {
      level,
      base: null,
      messageKey,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    // Synchronous: the line that says why a process ended must not be lost with it.
    pino.destination({ dest: 2, sync: true }),
  );

export function logTo(level: LogLevel): LogLine {
  const logger = loggerTo(level);
  return (at, code, fields) => logger[at](fields ?? {}, code);
}
