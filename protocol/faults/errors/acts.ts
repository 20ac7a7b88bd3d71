/** What an operator decides about open cases. One row a code; a code once used is retired, never reused. */
import type { ErrorRow } from './row.js';

export const ACT_ERRORS = {
  CASE_OPENED: [
    'operator',
    'never',
    'Something waits for a person: a coupon is held for a charge whose end nobody said, or two sales name one card payment.',
    'Look at it with `codeplate operator show ID`, and decide it; `docs/operators.md` says how.',
  ],
  CASES_STILL_OPEN: [
    'operator',
    'never',
    'Cases were open when the gateway started, and still wait for a person. It is said once a start, for all of them.',
    'List them with `codeplate operator cases`, and decide them.',
  ],
  LEDGER_PURGE_TOO_EARLY: [
    'operator',
    'never',
    'The campaign is not over: without their identities people could claim again.',
    'Purge after the end of the campaign.',
  ],
  LEDGER_IN_USE: ['operator', 'never', 'Another process has the ledger open.', 'Stop the gateway, and begin again.'],
  CASE_UNKNOWN: [
    'operator',
    'never',
    'There is no such case, sale or device.',
    'List the open cases with `codeplate operator cases` and take an id from there.',
  ],
  ACT_NOT_ALLOWED: [
    'operator',
    'never',
    'This cannot be done about this case as it stands; nothing was changed.',
    'Do one of the acts that the answer names, or look at the case again: the counter may have spoken meanwhile.',
  ],
  ACT_DIFFERS: [
    'operator',
    'never',
    'An act with this id was done already, and was another one; nothing was changed.',
    'Give the act an id of its own; leave `--act` out to get one.',
  ],
  ACT_BEYOND_BUDGET: [
    'operator',
    'never',
    'The sponsors would pay more than the budget of the campaign; nothing was changed.',
    'Decide `write-off`, and the bank bears it, or `not-paid`.',
  ],
} as const satisfies Record<string, ErrorRow>;
