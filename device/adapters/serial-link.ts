/**
 * A serial port that reopens by itself for ever and never lets a write hang.
 *
 * The reason for each part:
 * - A port that vanishes while node-serialport is between two reads may report nothing, and read "end of file" for ever. So
 * the path is checked every WATCH_MS: once another device, or none, is behind it, the port is dead.
 * - On a stuck port `write` may never call back, and `drain` and `close` may hang after it (known upstream). Every write
 * has a deadline, `drain` is not used, and nothing waits for `close`.
 * - Listing ports needs `udevadm` and reveals nothing useful: paths are configured, never discovered.
 * - Another process on the port ("Cannot lock port") goes away eventually, like any other cause.
 */
import { stat } from 'node:fs';
import { SerialPort } from 'serialport';
import type { LinkState, SerialLink, SerialLinkEvents } from '../ports/serial-link.js';

export interface SerialLinkOptions {
  readonly path: string;
  readonly baudRate: number;
  /** For tests: shorter waits, deterministic jitter. */
  readonly limits?: Partial<SerialLinkLimits> | undefined;
  readonly random?: (() => number) | undefined;
}

/** All in milliseconds. */
export const LIMITS = {
  /** A replugged USB adapter needs some 100 ms to get its node and its permissions. */
  firstRetryMs: 200,
  /** A returning reader must be open again within one of the 2 s intervals at which a sale queries its charge. */
  maxRetryMs: 2_000,
  /** A port that stayed open this long was healthy: after the next loss the back-off starts over. */
  wellMs: 5_000,
  /** On top of twice the transmission time: a printer's buffer may be full for that long. */
  writeGraceMs: 2_000,
  /** Interval for detecting a silently dead port; one stat a second costs nothing. */
  watchMs: 1_000,
  /** A longer open is reported as lost. It can't be cancelled, so the next attempt waits for it. */
  openMs: 5_000,
};

export type SerialLinkLimits = Readonly<typeof LIMITS>;

const BITS_PER_BYTE = 10;

interface Write {
  readonly done: (fault: string | undefined) => void;
  readonly size: number;
  deadline: NodeJS.Timeout | undefined;
}

export function serialLink(options: SerialLinkOptions): SerialLink {
  return new ReopeningLink(options);
}

class ReopeningLink implements SerialLink {
  readonly #options: SerialLinkOptions;
  readonly #limits: SerialLinkLimits;
  #events: SerialLinkEvents | undefined;
  #told: LinkState | undefined;
  /** The current port, opening or open. All others are closing, and their events are ignored. */
  #port: SerialPort | undefined;
  #identity: string | undefined;
  #openSince = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #writes = new Set<Write>();

  constructor(options: SerialLinkOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
  }

  start(events: SerialLinkEvents): void {
    if (this.#events !== undefined) throw new Error('a serial link is started once');
    this.#events = events;
    this.#tell('opening', undefined);
    this.#open();
  }

  write(bytes: Uint8Array, done: (fault: string | undefined) => void): void {
    const port = this.#port;
    if (port === undefined || this.#told !== 'open') {
      // Never synchronously: an effect of a machine's step must not re-enter the machine.
      setImmediate(done, 'PORT_CLOSED');
      return;
    }
    const write: Write = { done, size: bytes.length, deadline: undefined };
    this.#writes.add(write);
    let ahead = 0;
    for (const { size } of this.#writes) ahead += size;
    const onLineMs = (ahead * BITS_PER_BYTE * 1_000) / this.#options.baudRate;
    const deadlineMs = 2 * onLineMs + this.#limits.writeGraceMs;
    write.deadline = setTimeout(() => this.#lose(port, 'PORT_STUCK', 'a write missed its deadline'), deadlineMs);
    port.write(Buffer.from(bytes), (error) => {
      if (error) this.#lose(port, 'PORT_LOST', error.message);
      else this.#settle(write, undefined);
    });
  }

  stop(): void {
    this.#events = undefined;
    clearTimeout(this.#timer);
    const port = this.#port;
    this.#port = undefined;
    // Flush pending writes, unless the port has exceeded its time: the end of a receipt is worth a second.
    if (port !== undefined) discard(port, this.#writes.size > 0);
    for (const write of this.#writes) this.#settle(write, 'PORT_STOPPED');
  }

  #open(): void {
    const { path, baudRate } = this.#options;
    identify(path, (before) => {
      if (this.#events === undefined) return;
      let port: SerialPort;
      try {
        port = new SerialPort({ path, baudRate, autoOpen: false });
      } catch (error) {
        this.#retry('PORT_FAILED', messageOf(error));
        return;
      }
      this.#port = port;
      port.on('error', (error) => this.#lose(port, 'PORT_LOST', error.message));
      port.on('close', (error: unknown) => this.#lose(port, 'PORT_LOST', messageOf(error)));
      port.on('data', (bytes: Uint8Array) => {
        // A copy: Buffer's `slice` shares memory where Uint8Array's copies.
        if (this.#port === port) this.#events?.onBytes(Uint8Array.from(bytes));
      });
      this.#timer = setTimeout(() => this.#tell('lost', 'PORT_SLOW: it takes long to open'), this.#limits.openMs);
      port.open((error) => this.#opened(port, before, error));
    });
  }

  #opened(port: SerialPort, before: string | undefined, error: Error | null): void {
    if (this.#port !== port) {
      discard(port, true);
      return;
    }
    clearTimeout(this.#timer);
    if (error !== null) {
      this.#port = undefined;
      discard(port, true);
      this.#retry(openFault(error.message), error.message);
      return;
    }
    this.#identity = before;
    this.#openSince = performance.now();
    this.#watch(port);
    this.#tell('open', undefined);
  }

  #watch(port: SerialPort): void {
    this.#timer = setTimeout(() => {
      identify(this.#options.path, (now) => {
        if (this.#port !== port) return;
        if (now === this.#identity) this.#watch(port);
        else this.#lose(port, 'PORT_LOST', now === undefined ? 'it was unplugged' : 'another device replaced it');
      });
    }, this.#limits.watchMs);
  }

  #lose(port: SerialPort, code: string, why: string): void {
    if (this.#port !== port) return;
    clearTimeout(this.#timer);
    this.#port = undefined;
    if (performance.now() - this.#openSince >= this.#limits.wellMs) this.#failures = 0;
    discard(port, true);
    for (const write of this.#writes) this.#settle(write, code);
    this.#retry(code, why);
  }

  /** Exponential back-off up to a cap, half of it jitter, so that a hub full of adapters doesn't return in step. */
  #retry(code: string, why: string): void {
    const { firstRetryMs, maxRetryMs } = this.#limits;
    const backOffMs = Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(this.#failures, 16));
    this.#failures++;
    const jitter = (this.#options.random ?? Math.random)();
    this.#timer = setTimeout(() => this.#open(), backOffMs * (0.5 + jitter / 2));
    this.#tell('lost', `${code}: ${why}`);
  }

  #settle(write: Write, fault: string | undefined): void {
    if (!this.#writes.delete(write)) return;
    clearTimeout(write.deadline);
    setImmediate(write.done, fault);
  }

  #tell(state: LinkState, why: string | undefined): void {
    if (state === this.#told) return;
    this.#told = state;
    this.#events?.onState(state, why);
  }
}

/** Discards a port without waiting for it. A port that is still opening closes afterwards. */
function discard(port: SerialPort, unsentToo: boolean): void {
  port.removeAllListeners('data');
  port.removeAllListeners('close');
  port.removeAllListeners('error');
  port.on('error', () => {});
  if (port.opening) port.once('open', () => port.close(() => {}));
  if (!port.isOpen) return;
  // With unsent bytes the kernel delays a dead port's close for half a minute.
  if (unsentToo) port.flush(() => {});
  port.close(() => {});
}

/** The identity of the device behind the path, through symlinks; a replugged device is another one. */
function identify(path: string, done: (identity: string | undefined) => void): void {
  stat(path, (error, found) => done(error === null ? `${found.dev}.${found.ino}.${found.rdev}` : undefined));
}

/** node-serialport has messages only, no codes. */
function openFault(message: string): string {
  if (/lock/i.test(message)) return 'PORT_BUSY';
  if (/no such file/i.test(message)) return 'PORT_ABSENT';
  if (/permission/i.test(message)) return 'PORT_FORBIDDEN';
  return 'PORT_FAILED';
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'it closed');
