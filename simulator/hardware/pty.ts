/**
 * A virtual serial port: a pseudo-terminal whose slave end a SerialPort opens as if it were `/dev/ttyUSB0`, behind a
 * symlink that stays the same over every replug, as udev's `/dev/serial/by-id` does on a Pi.
 *
 * What made it necessary, each cost somebody an hour:
 * - node-pty starts a reader on the slave end that steals every byte, so that stream is destroyed at once. Without any
 *   holder of the slave the master reports end of file, so a keeper holds it; the keeper is a tty stream that is never
 *   resumed, and so never reads.
 * - A fresh pty is cooked: the device would hear its own echo. Raw mode is set on the keeper. Set on node-pty's own
 *   stream it works on Node 20, but Node 24 puts the old mode back when that stream closes.
 * - Writing to the master as a stream blocks the whole event loop once nobody reads (some 15 kB). Chunks go through
 *   `fs.write` in the thread pool; EAGAIN is tried again.
 * - node-pty's `destroy()` and `kill()` send a signal to pid -1 on an opened pty: to every process of the user. Never call them;
 *   the streams are destroyed one by one.
 * - A pty has no speed. `baud` paces what the device says, ten bits a byte.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import tty from 'node:tty';
import { ConfigError } from '#protocol/faults/errors.js';

declare module '@lydell/node-pty' {
  /** Missing from the package's typings, though it is public in its code. */
  export function open(options: { encoding: null; cols?: number; rows?: number }): {
    readonly master: tty.ReadStream;
    readonly slave: tty.ReadStream;
    readonly fd: number;
    readonly ptsName: string;
  };
}

/** How long to wait before a full line is tried again: about what a 4 kB kernel buffer takes at 115200 Bd, over ten. */
const RETRY_MS = 5;
/** Between forced chunks, so that the host's reads don't merge them again: a few turns of its event loop. */
const CHUNK_GAP_MS = 3;
/** A host needs a turn or two of its event loop to go from a read back to waiting; see `unplug`. */
const SETTLE_MS = 25;
const BITS_PER_BYTE = 10;
/** Paced output leaves in ticks of at least this long; timers are no finer. */
const PACE_TICK_MS = 4;

/** How bytes leave: all undefined is as fast and as whole as they come. */
export interface LineShape {
  /** Bits per second; ten a byte. */
  readonly baud?: number | undefined;
  /** Cut into chunks of this many bytes; 1 is the classic. */
  readonly chunkBytes?: number | undefined;
  /** Hold what is said for so long and let it go in one chunk. */
  readonly gatherMs?: number | undefined;
}

export interface Pty {
  /** The stable path: hand this to SerialPort. */
  readonly link: string;
  /** `/dev/pts/N` at present; undefined while unplugged. */
  readonly path: string | undefined;
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Queued in order. Bytes said while unplugged are lost, as on a cable. */
  write(bytes: Uint8Array): void;
  shape(shape: LineShape): void;
  /** Resolves when everything queued so far has been handed to the line, or lost with it. */
  drained(): Promise<void>;
  /**
   * The device leaves the bus: its path goes, and a SerialPort that holds it sees `close` with `disconnected`.
   * `abrupt` doesn't wait for the host to come to rest. A SerialPort caught between a read and its next poll then reads
   * "end of file" for ever, as a kernel hands it out for a hung-up terminal, and never reports anything: a trap that
   * real adapters set too, and that an agent must notice by itself.
   */
  unplug(how?: 'abrupt'): Promise<void>;
  /** A fresh pty behind the same symlink. */
  replug(): Promise<void>;
  /** Unplugs for good. */
  close(): Promise<void>;
}

interface Plugged {
  readonly path: string;
  readonly fd: number;
  readonly master: tty.ReadStream;
  readonly keeper: tty.ReadStream;
}

export async function openPty(options: { readonly link: string; readonly shape?: LineShape }): Promise<Pty> {
  const pty = new PtyLine(options.link, options.shape ?? {});
  await pty.replug();
  return pty;
}

/** An installation for a counter has only what the counter needs. Throws ConfigError, so that a command can say so first. */
export async function loadPty(): Promise<Pick<typeof import('@lydell/node-pty'), 'open'>> {
  try {
    return await import('@lydell/node-pty');
  } catch (cause) {
    throw new ConfigError('PSEUDO_TERMINALS_MISSING', { cause });
  }
}

class PtyLine implements Pty {
  readonly link: string;
  #shape: LineShape;
  #plugged: Plugged | undefined;
  #closed = false;
  #listener: (bytes: Uint8Array) => void = () => {};
  #queue: Uint8Array[] = [];
  #pumping: Promise<void> | undefined;
  /** Ends the pump's present pause early, on unplug. */
  #hurry: (() => void) | undefined;
  /** Plugging and unplugging one after the other, however they are called. */
  #turn: Promise<void> = Promise.resolve();

  constructor(link: string, shape: LineShape) {
    this.link = path.resolve(link);
    this.#shape = shape;
  }

  get path(): string | undefined {
    return this.#plugged?.path;
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.#listener = listener;
  }

  shape(shape: LineShape): void {
    this.#shape = shape;
  }

  write(bytes: Uint8Array): void {
    if (this.#plugged === undefined || bytes.length === 0) return;
    this.#queue.push(Uint8Array.from(bytes));
    this.#pumping ??= this.#pump();
  }

  async drained(): Promise<void> {
    await this.#pumping;
  }

  unplug(how?: 'abrupt'): Promise<void> {
    return this.#inTurn(() => this.#pull(how === 'abrupt' ? 0 : SETTLE_MS));
  }

  replug(): Promise<void> {
    return this.#inTurn(() => this.#plug());
  }

  /** One that fails is told to its caller, and hinders none after it. */
  #inTurn(what: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(what);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.unplug();
  }

  async #plug(): Promise<void> {
    if (this.#plugged !== undefined || this.#closed) return;
    const { open } = await loadPty();
    const { master, slave, fd, ptsName } = open({ encoding: null });
    const held = fs.openSync(ptsName, fs.constants.O_RDWR | fs.constants.O_NOCTTY);
    const keeper = new tty.ReadStream(held);
    keeper.setRawMode(true);
    await destroyed(slave);
    closeStrays(ptsName, keeper);
    master.on('data', (bytes: Uint8Array) => this.#listener(bytes));
    master.on('error', () => {}); // EIO at the end of its life; `unplug` is the only end there is.
    this.#plugged = { path: ptsName, fd, master, keeper };
    try {
      linkTo(ptsName, this.link);
    } catch (error) {
      // Left open, the terminal would keep this process alive for ever.
      await this.#pull(0);
      throw error;
    }
  }

  async #pull(settleMs: number): Promise<void> {
    const plugged = this.#plugged;
    if (plugged === undefined) return;
    this.#plugged = undefined;
    this.#queue = [];
    this.#hurry?.();
    if (isLink(this.link)) fs.rmSync(this.link, { force: true });
    if (settleMs > 0) await new Promise((resolve) => setTimeout(resolve, settleMs));
    // A write still in the thread pool would hit whatever gets this descriptor's number next.
    await this.#pumping;
    this.#queue = [];
    await destroyed(plugged.master);
    await destroyed(plugged.keeper);
  }

  async #pump(): Promise<void> {
    const pause = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#hurry = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    await Promise.resolve(); // What is said in one step leaves in order, after the step.
    for (let plugged = this.#plugged; plugged !== undefined && this.#queue.length > 0; plugged = this.#plugged) {
      const { baud, chunkBytes, gatherMs } = this.#shape;
      if (gatherMs !== undefined) {
        await pause(gatherMs);
        this.#queue = [Buffer.concat(this.#queue)];
      }
      const next = this.#queue.shift();
      if (next === undefined || next.length === 0) continue;
      const perTick = baud === undefined ? next.length : Math.ceil(((baud / BITS_PER_BYTE) * PACE_TICK_MS) / 1000);
      const size = Math.max(1, Math.min(next.length, chunkBytes ?? next.length, perTick));
      if (size < next.length) this.#queue.unshift(next.subarray(size));
      const left = await this.#put(plugged.fd, next.subarray(0, size));
      if (left.length > 0) {
        this.#queue.unshift(left);
        await pause(RETRY_MS);
      } else if (baud !== undefined) await pause((size * BITS_PER_BYTE * 1000) / baud);
      else if (chunkBytes !== undefined && this.#queue.length > 0) await pause(CHUNK_GAP_MS);
    }
    this.#hurry = undefined;
    this.#pumping = undefined;
    if (this.#queue.length > 0 && this.#plugged !== undefined) this.#pumping = this.#pump();
  }

  /** What the line did not take. A line that fails is about to be unplugged: what was for it is lost. */
  #put(fd: number, bytes: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve) => {
      fs.write(fd, bytes, (error, written) => {
        if (error === null) resolve(bytes.subarray(written));
        else resolve(error.code === 'EAGAIN' ? bytes : new Uint8Array(0));
      });
    });
  }
}

/** A link is replaced by rename, so that a reopening host never finds half of it; nothing else of that name is. */
function linkTo(ptsName: string, link: string): void {
  if (fs.existsSync(link) && !isLink(link)) throw new Error(`${link} is there already, and no link to a device`);
  const fresh = `${link}.${randomBytes(4).toString('hex')}`;
  fs.symlinkSync(ptsName, fresh);
  fs.renameSync(fresh, link);
}

const isLink = (name: string): boolean => fs.lstatSync(name, { throwIfNoEntry: false })?.isSymbolicLink() === true;

/**
 * libuv opens a terminal anew for its stream and leaves the descriptor that it was given open: node-pty's, which it
 * never shows, and ours. Nobody else can have this path open yet.
 */
function closeStrays(ptsName: string, keeper: tty.ReadStream): void {
  for (const name of fs.readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    if (fd !== handleOf(keeper) && targetOf(name) === ptsName) fs.closeSync(fd);
  }
}

function targetOf(descriptor: string): string | undefined {
  try {
    return fs.readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined; // the listing's own descriptor is gone by now
  }
}

/** The stream's own descriptor, which Node keeps on its handle only. */
function handleOf(stream: tty.ReadStream): number {
  const handle: unknown = Reflect.get(stream, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  if (typeof fd !== 'number') throw new Error('this Node hides the descriptor of a terminal stream');
  return fd;
}

const destroyed = (stream: tty.ReadStream): Promise<void> =>
  new Promise((resolve) => {
    stream.once('close', () => resolve());
    stream.destroy();
  });
