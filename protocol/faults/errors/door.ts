/** The gateway's doors and its own standing. One row a code; a code once used is retired, never reused. */
import type { ErrorRow } from './row.js';

export const DOOR_ERRORS = {
  DOOR_CROWDED: [
    'peer',
    'again',
    'Too many silent connections, from one address or in total; the oldest was closed.',
    'Look at who connects. If it is your own proxy for many clients, name it under `proxies`.',
  ],
  HTTP_TLS_FAILED: [
    'peer',
    'again',
    'A connection to the HTTP port did not complete its TLS handshake in time; it was closed.',
    'Nothing for a few: scanners and old phones do that. Compare `http.tls` with what the phones trust if there are many.',
  ],
  DEVICE_OVER_BUDGET: [
    'peer',
    'again',
    'A device sent more records or bytes than a busy shop does in weeks. Further ones are refused with TOO_MANY_REQUESTS until its budget refills.',
    'Check which software runs on it. An honest backlog is accepted by itself, a day’s worth a day; a restart of the gateway refills its budget at once.',
  ],
  CLOCK_LEAPT: [
    'operator',
    'again',
    "The gateway's wall clock leapt against its monotonic clock. Time continues without the leap, and nothing is signed: no allowance, no campaign, no new coupon.",
    'Correct the clock (`timedatectl`, NTP): signing resumes by itself. If it is right now and was wrong before, restart the gateway.',
  ],
  CLOCK_BEHIND_LEDGER: [
    'operator',
    'again',
    "The gateway machine's clock is before the newest commit in the ledger. Nothing is signed: no allowance, no campaign, no new coupon.",
    'Correct the clock: signing resumes by itself. If the clock is right, and was wrong when those commits were made, start with `--trust-clock`.',
  ],
  SQLITE_DOUBTFUL: [
    'operator',
    'never',
    'The bundled SQLite version has a known fault, or was withdrawn.',
    'Nothing urgent: the log describes the fault, and it does not affect this program. Update when `docs/reliability.md` names a better build for your Node.',
  ],
  STOP_UNFINISHED: [
    'ours',
    'never',
    'A part of the gateway did not stop in time; the gateway stopped without it.',
    'Nothing is lost: devices resend uncommitted records. Check the disk if it was the ledger, and report it with the log.',
  ],
} as const satisfies Record<string, ErrorRow>;
