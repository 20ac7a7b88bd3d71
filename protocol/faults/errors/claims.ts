/** Phones that claim, and counters that try codes. One row a code; a code once used is retired, never reused. */
import type { ErrorRow } from './row.js';

export const CLAIM_ERRORS = {
  COUNTER_GUESSES_CODES: [
    'peer',
    'never',
    'A counter has sent more wrong payment codes of holders than honest ones ever do; it takes no payment codes for an hour, or for the day.',
    'Ask the merchant; look at the audit rows wrong-code. If nobody has an explanation, take the device off the list.',
  ],
} as const satisfies Record<string, ErrorRow>;
