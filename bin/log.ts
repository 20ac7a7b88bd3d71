/** Log lines of the long-running commands: JSON on standard error, one a line, so that standard output stays free for answers. */

import { type Logger, pino } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogLine = (level: LogLevel, code: string, fields?: Readonly<Record<string, unknown>>) => void;

/** The problems of a configuration are some lines; what comes over a line may have 65,535 characters. */
const LONGEST_TEXT = 2_000;
/** A hundred devices that came with a configuration are told of; nobody else makes lists that long. */
const LONGEST_LIST = 100;
/** Characters that wait for the disk to have room again; what comes beyond them is lost. */
const MAX_UNWRITTEN = 1024 * 1024;
/** What a terminal would obey (C0, DEL, C1, direction marks) or cannot show; an end of line is written as two characters. */
const HARMFUL = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Whoever writes a line need not think of where its words come from: a stranger's are as long as they like, and JSON leaves
 * C1 controls and direction marks as they are.
 */
export function tidyFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, tidy(value)]));
}

function tidy(value: unknown): unknown {
  if (typeof value === 'string') {
    const text = value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}…` : value;
    return text.replace(HARMFUL, '\ufffd');
  }
  if (!Array.isArray(value)) return value;
  const some = value.slice(0, LONGEST_LIST).map(tidy);
  return value.length > LONGEST_LIST ? [...some, `and ${value.length - LONGEST_LIST} more`] : some;
}

/** `messageKey`: what the text handed to the logger is called; the agent logs codes, the gateway codes and words. */
export function loggerTo(level: LogLevel, messageKey: 'code' | 'msg' = 'code'): Logger {
  // Synchronous: the line that says why a process ended must not be lost with it.
  const destination = pino.destination({ dest: 2, sync: true, maxLength: MAX_UNWRITTEN });
  // Sales go on where the disk under the log is full.
  destination.on('error', () => {});
  return pino(
    {
      level,
      base: null,
      messageKey,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: tidyFields },
    },
    destination,
  );
}

export function logTo(level: LogLevel): LogLine {
  const logger = loggerTo(level);
  // The code stands where pino has its message, which `tidyFields` doesn't see; a gateway's refusal brings one along.
  return (at, code, fields) => logger[at](fields ?? {}, String(tidy(code)));
}
