/** The gateway's doors and its own standing. One row a code; a code once used is retired, never reused. */
import type { ErrorRow } from './row.js';

export const DOOR_ERRORS = {
  DOOR_CROWDED: [
    'peer',
    'again',
    'Too many connections of one address, or of all, said nothing yet; the oldest of them was closed.',
    'Look at who connects. If it is a proxy of yours that speaks for many, name it under `proxies`.',
  ],
  HTTP_TLS_FAILED: [
    'peer',
    'again',
    'A connection to the HTTP port came to no agreement on TLS in time; it was closed.',
    'Nothing for a few: scanners and old phones do that. Compare `http.tls` with what the phones trust if there are many.',
  ],
  DEVICE_OVER_BUDGET: [
    'peer',
    'again',
    'A device sent more records or bytes than a busy shop does in weeks. What is more is refused with TOO_MANY_REQUESTS until its budget fills up again.',
    'Look at which software runs on it. If it is an honest backlog, it comes through by itself, a day’s worth a day; a restart of the gateway gives it a full budget at once.',
  ],
  CLOCK_LEAPT: [
    'operator',
    'again',
    "The gateway machine's clock leapt against its own steady one. Time goes on as if it had not, and nothing is signed: no allowance, no campaign, no new coupon.",
    'Put the clock right (`timedatectl`, NTP): it goes on by itself. If it is right now and was wrong before, restart the gateway.',
  ],
  CLOCK_BEHIND_LEDGER: [
    'operator',
    'again',
    "The gateway machine's clock is before the newest commit in the ledger. Nothing is signed: no allowance, no campaign, no new coupon.",
    'Put the clock right: it goes on by itself. If the clock is right, and was wrong when those commits were made, start with `--trust-clock`.',
  ],
  SQLITE_DOUBTFUL: [
    'operator',
    'never',
    'The SQLite that came with the package is one with a known fault, or one that its makers withdrew.',
    'Nothing at once: what is known of it is in the log and does not touch this program. Update when `docs/reliability.md` names a better build for your Node.',
  ],
  STOP_UNFINISHED: [
    'ours',
    'never',
    'The gateway was told to stop, and a part of it did not end in time; it stopped without waiting for that.',
    'Nothing is lost: what was not committed is sent again. Look at the disk if it is the ledger, and report it with the log.',
  ],
} as const satisfies Record<string, ErrorRow>;
