/**
 * The heartbeat for systemd's WatchdogSec: as long as the event loop turns, systemd hears of it; a process that hangs is killed and
 * started again. systemd listens on a datagram socket of Unix, which Node doesn't have, so systemd's own `systemd-notify` says
 * it: one short child a beat, no native module. The unit therefore needs NotifyAccess=all.
 */
import { execFile } from 'node:child_process';

/** One late beat of three is no reason to be killed. */
const BEATS_A_PERIOD = 3;
/** Where systemd-notify itself hangs, the next beat begins another. */
const CHILD_TIMEOUT_MS = 5_000;

/** Does nothing unless systemd asks for it by its environment. Returns how to end it. */
export function beatForWatchdog(environment: Readonly<Record<string, string | undefined>> = process.env): () => void {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: period, WATCHDOG_PID: pid } = environment;
  const periodMs = Number(period) / 1_000;
  const isForUs = pid === undefined || pid === String(process.pid);
  if (socket === undefined || !(periodMs > 0) || !isForUs) return () => {};
  const beat = (): void => {
    // Where the program is missing, systemd kills and restarts: its log then says why, and nothing here could.
    execFile('systemd-notify', ['WATCHDOG=1'], { timeout: CHILD_TIMEOUT_MS }, () => {});
  };
  beat();
  const timer = setInterval(beat, periodMs / BEATS_A_PERIOD);
  timer.unref();
  return () => clearInterval(timer);
}
