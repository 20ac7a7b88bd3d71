/** Phones that claim, and counters that try codes. One row a code; a code once used is retired, never reused. */
import type { ErrorRow } from './row.js';

export const CLAIM_ERRORS = {
  COUNTER_GUESSES_CODES: [
    'peer',
    'never',
    'A counter has sent more wrong payment codes than honest counters ever do; it accepts no payment codes for an hour, or for the day.',
    'Ask the merchant; look at the audit rows wrong-code. If there is no explanation, take the device off the list.',
  ],
  COUNTER_TOO_FAST: [
    'peer',
    'never',
    'A counter or a merchant has reached its limit of coupons for an hour or a day; until it ends, its sales go on at full price.',
    'Ask the merchant, and compare with the acquirer. If it is simply busy, raise coupons in gateway.yaml; if not, take the device off the list.',
  ],
  CLAIMS_CLOSED: [
    'operator',
    'never',
    'The gateway accepts no claims: its configuration names no proof of identity.',
    'Set claims.identity in gateway.yaml to sms or wallet; docs/wallets.md says what each needs.',
  ],
  CLAIM_UNSIGNED: [
    'peer',
    'never',
    'A claim is not signed by its own key, or has the unsigned form of an earlier version.',
    'Sign the exact bytes of the payload as docs/wallets.md says.',
  ],
  CLAIM_STALE: [
    'peer',
    'again',
    "A claim was made more than five minutes ago, or later than now, by the phone's clock.",
    "Set the phone's clock and claim again.",
  ],
  IDENTITY_UNPROVED: [
    'peer',
    'never',
    'A claim does not prove that it comes from the person whose numbers it names; nothing of it was stored.',
    "Ask for a new code, or have the wallet's server sign a new statement. The answer is the same whatever was wrong.",
  ],
  SMS_NOT_SENT: [
    'operator',
    'again',
    'A one-time code could not be handed to the sender of messages.',
    'Check the sender: its file, disk or service. Claimants are asked to try later.',
  ],
} as const satisfies Record<string, ErrorRow>;
