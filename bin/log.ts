/** Log lines of the long-running commands: JSON on standard error, one a line, so that standard output stays free for answers. */

import { type Logger, pino } from 'pino';
import { maskPersonal } from '#protocol/codes/mask.js';

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

/** An object in a line is a record of ours, two or three levels deep. */
const DEEPEST = 4;
/** Names that the operator and the till gave, and look for in the log: they may be of many digits, and are of nobody. */
const UNMASKED: ReadonlySet<string> = new Set(['order', 'sale', 'device', 'merchant', 'added', 'removed', 'changed']);

/**
 * Every line of device and gateway comes through here, so that none has to think of where its words come from: a stranger's
 * are as long as they like, may be personal, and JSON leaves C1 controls and direction marks as they are.
 */
export const tidyFields = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      tidy(value, { masked: !UNMASKED.has(name), levels: DEEPEST }),
    ]),
  );

interface Manner {
  readonly masked: boolean;
  readonly levels: number;
}

function tidy(value: unknown, { masked, levels }: Manner): unknown {
  if (typeof value === 'string') return shortened(masked ? maskPersonal(value) : value);
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return '…';
  const within = (one: unknown): unknown => tidy(one, { masked, levels: levels - 1 });
  if (value instanceof Error) return within(value.message);
  if (!Array.isArray(value)) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, within(one)]));
  const some = value.slice(0, LONGEST_LIST).map(within);
  return value.length > LONGEST_LIST ? [...some, `and ${value.length - LONGEST_LIST} more`] : some;
}

const shortened = (text: string): string =>
  (text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text).replace(HARMFUL, '\ufffd');

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
  return (at, code, fields) => logger[at](fields ?? {}, String(tidy(code, { masked: true, levels: 0 })));
}
