/** What an operator decides about open cases. One row a code; a code once used is retired, never reused. */
import type { ErrorRow } from './row.js';

export const ACT_ERRORS = {
  CASE_OPENED: [
    'operator',
    'never',
    'A case needs a person: a coupon is held for a charge without a known outcome, or two sales name one card payment.',
    'Examine it with `codeplate operator show ID`, and decide it; `docs/operators.md` says how.',
  ],
  CASES_STILL_OPEN: [
    'operator',
    'never',
    'Cases were already open when the gateway started. One alert per start covers all of them.',
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
    'This act is not allowed for this case now; nothing was changed.',
    'Choose an act that the answer lists, or look at the case again: the counter may have reported meanwhile.',
  ],
  ACT_DIFFERS: [
    'operator',
    'never',
    'This id was already used for a different act; nothing was changed.',
    'Use a new id; leave `--act` out to get one.',
  ],
  ACT_BEYOND_BUDGET: [
    'operator',
    'never',
    'The sponsors would pay more than the budget of the campaign; nothing was changed.',
    'Decide `write-off`, and the bank bears it, or `not-paid`.',
  ],
} as const satisfies Record<string, ErrorRow>;
