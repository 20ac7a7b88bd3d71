/**
 * The one registry of error codes.
 *
 * Codes are stable: logs, replies and `docs/errors.md` refer to them. To add one, add a row to its family in `errors/` and
 * run `npx vitest run protocol/faults -u`, which regenerates the docs.
 *
 * The reason why a coupon wasn't taken is not an error; those are in `reasons.ts`.
 */

import { ACT_ERRORS } from './errors/acts.js';
import { CLAIM_ERRORS } from './errors/claims.js';
import { CONFIG_ERRORS } from './errors/config.js';
import { DOOR_ERRORS } from './errors/door.js';
import { JOURNAL_ERRORS } from './errors/journal.js';
import { LEDGER_ERRORS } from './errors/ledger.js';
import { LINE_ERRORS } from './errors/line.js';
import { MQTT_ERRORS } from './errors/mqtt.js';
import { PERIPHERAL_ERRORS } from './errors/peripheral.js';
import { PROTOCOL_ERRORS } from './errors/protocol.js';
import type { Blame, ErrorRow } from './errors/row.js';

export type { Blame } from './errors/row.js';

export const ERRORS_BY_FAMILY = {
  ConfigError: CONFIG_ERRORS,
  ProtocolError: {
    ...PROTOCOL_ERRORS,
    ...CLAIM_ERRORS,
    ...MQTT_ERRORS,
    ...DOOR_ERRORS,
    ...LINE_ERRORS,
  },
  PeripheralError: PERIPHERAL_ERRORS,
  JournalError: JOURNAL_ERRORS,
  LedgerError: { ...LEDGER_ERRORS, ...ACT_ERRORS },
} as const;

export type ErrorFamily = keyof typeof ERRORS_BY_FAMILY;
export type CodeOf<Family extends ErrorFamily> = keyof (typeof ERRORS_BY_FAMILY)[Family];
export type ErrorCode = { [Family in ErrorFamily]: CodeOf<Family> }[ErrorFamily];

export interface ErrorEntry {
  readonly family: ErrorFamily;
  readonly blame: Blame;
  /** Whether a retry without any change may succeed. */
  readonly retry: boolean;
  /** What happened: a sentence. */
  readonly what: string;
  /** What to do about it: a sentence. */
  readonly remedy: string;
}

const FAMILIES = ['ConfigError', 'ProtocolError', 'PeripheralError', 'JournalError', 'LedgerError'] as const;

const entries = (family: ErrorFamily): [string, ErrorEntry][] =>
  Object.entries<ErrorRow>(ERRORS_BY_FAMILY[family]).map(([code, [blame, retry, what, remedy]]) => [
    code,
    { family, blame, retry: retry === 'again', what, remedy },
  ]);

/** By code, families together. A map, so that a code from outside finds no inherited property. */
export const ERRORS: ReadonlyMap<string, ErrorEntry> = new Map(FAMILIES.flatMap(entries));

export const isErrorCode = (code: string): code is ErrorCode => ERRORS.has(code);

export function errorEntry(code: ErrorCode): ErrorEntry {
  const entry = ERRORS.get(code);
  if (entry === undefined) throw new RangeError(`${code} is not in the registry`);
  return entry;
}

export const worthRetrying = (code: ErrorCode): boolean => errorEntry(code).retry;

export interface ErrorDetails {
  /** Specifics of this case: a path, a number, a list of problems. Never personal data, never a whole card number or code. */
  readonly detail?: string;
  readonly cause?: unknown;
}

/** An error with a registered code; its message says what happened and what to do. */
export class CodeplateError extends Error {
  override readonly name: string = 'CodeplateError';
  readonly code: ErrorCode;
  readonly remedy: string;

  constructor(code: ErrorCode, { detail, cause }: ErrorDetails = {}) {
    const { what, remedy } = errorEntry(code);
    super([what, detail, remedy].filter((part) => part !== undefined && part !== '').join(' '), { cause });
    this.code = code;
    this.remedy = remedy;
  }
}

export class ConfigError extends CodeplateError {
  override readonly name = 'ConfigError';

  constructor(code: CodeOf<'ConfigError'>, details?: ErrorDetails) {
    super(code, details);
  }
}

export class JournalError extends CodeplateError {
  override readonly name = 'JournalError';

  constructor(code: CodeOf<'JournalError'>, details?: ErrorDetails) {
    super(code, details);
  }
}

export class LedgerError extends CodeplateError {
  override readonly name = 'LedgerError';

  constructor(code: CodeOf<'LedgerError'>, details?: ErrorDetails) {
    super(code, details);
  }
}
