/**
 * The line between a counter and its gateway, and everything that lines do: a TCP proxy that cuts, swallows, half-opens
 * and delays, at once or at the byte where it hurts.
 *
 * Bytes are never doubled or reordered here: TCP forbids it, and a broker would rightly drop the connection. Doubled
 * messages come from a client that connects again and sends again, which a cut provokes.
 *
 * Both legs have Nagle's algorithm off, or the proxy itself would add 40 ms to every small packet.
 */
import net from 'node:net';

/** `up`: from the counter to the gateway. */
export type Direction = 'up' | 'down';

/**
 * `open` passes everything. `black-hole`: connections stand and new ones are accepted, bytes vanish. `refused`: what stands is cut, new
 * connections are reset.
 */
export type LineState = 'open' | 'black-hole' | 'refused';

export interface Trigger {
  readonly direction: Direction;
  /** After so many bytes of that direction, counted from the arming over all connections; the byte after it is not passed. */
  readonly afterBytes?: number;
  /** When the text comes by (a window of it may be split over chunks). */
  readonly text?: string;
  /** Or a judgement over what has come by on one connection lately, as latin1. */
  readonly sees?: (recent: string) => boolean;
  /** Does the chunk with the text still get through? Not, where undefined: the message never arrived. */
  readonly deliver?: boolean;
  readonly does: 'cut' | 'black-hole' | 'half-open' | 'refuse';
}

export interface LineProxy {
  readonly port: number;
  readonly state: LineState;
  linesOpen(): number;
  /** Resets every connection (RST on both sides); new ones are let in. */
  cut(): void;
  /** Resets every connection and every new one, until `back`. */
  refuse(): void;
  /** Connections stand, bytes vanish, in one direction or both, until `back`. What was swallowed stays lost, so `back` resets. */
  blackHole(direction?: Direction): void;
  /** The far side of `side` goes away, and nobody tells `side`: its socket stays open to nowhere. */
  halfOpen(side: 'counter' | 'gateway'): void;
  /** Every chunk takes so long, each way; order is kept. */
  delay(ms: number): void;
  /**
   * All well again for who connects anew. Connections that lost bytes or a side are reset, since a real stream would never
   * heal over a gap; `quietly` leaves them standing to nowhere, as a router does that forgot them.
   */
  back(how?: 'quietly'): void;
  /** Waits for a moment on the wire, then does something at exactly that byte. Resolves when it has. */
  when(trigger: Trigger): Promise<void>;
  /** Waits for no moment any more; what `when` promised never comes. */
  disarm(): void;
  /** Resolves when there are exactly so many connections. */
  reaches(lines: number): Promise<void>;
  close(): Promise<void>;
}

/** How much of a connection's past a trigger looks at: more than the longest message, 64 KiB, would be worth. */
const WINDOW = 128 * 1024;

interface Armed {
  readonly trigger: Trigger;
  seen: number;
  readonly done: () => void;
}

/** One way of a connection; `socket` is where its bytes go. */
interface Leg {
  readonly socket: net.Socket;
  readonly from: net.Socket;
  recent: string;
  /** Delayed, in order. What comes while anything waits here waits behind it. */
  readonly waiting: { readonly at: number; readonly act: () => void }[];
  timer: NodeJS.Timeout | undefined;
  /** Something of this way never arrived: nothing after it may, since a stream has no gaps. */
  lost: boolean;
}

type Line = Readonly<Record<Direction, Leg>>;

export async function startProxy(options: {
  readonly toPort: number;
  readonly toHost?: string;
  /** 0, where undefined: any free one. */
  readonly port?: number;
}): Promise<LineProxy> {
  const proxy = new TcpProxy(options.toPort, options.toHost ?? '127.0.0.1');
  await proxy.listen(options.port ?? 0);
  return proxy;
}

class TcpProxy implements LineProxy {
  readonly #server: net.Server;
  readonly #lines = new Set<Line>();
  /** Sockets that belong to no line any more and haven't closed yet. */
  readonly #sockets = new Set<net.Socket>();
  #armed: Armed[] = [];
  #counting: { lines: number; done: () => void }[] = [];
  #state: LineState = 'open';
  #swallowed: ReadonlySet<Direction> = new Set();
  #delayMs = 0;

  constructor(toPort: number, toHost: string) {
    this.#server = net.createServer({ noDelay: true, allowHalfOpen: true }, (counter) => {
      this.#keep(counter);
      if (this.#state === 'refused') {
        reset(counter);
        return;
      }
      const gateway = net.connect({ port: toPort, host: toHost, noDelay: true, allowHalfOpen: true });
      this.#keep(gateway);
      this.#join(counter, gateway);
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get state(): LineState {
    return this.#state;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
  }

  linesOpen(): number {
    return this.#lines.size;
  }

  cut(): void {
    for (const line of [...this.#lines]) this.#reset(line);
  }

  refuse(): void {
    this.#state = 'refused';
    this.cut();
  }

  blackHole(direction?: Direction): void {
    this.#state = 'black-hole';
    this.#swallowed = new Set(direction === undefined ? ['up', 'down'] : [direction]);
  }

  halfOpen(side: 'counter' | 'gateway'): void {
    for (const { up, down } of this.#lines) {
      up.lost = true;
      down.lost = true;
      reset((side === 'counter' ? up : down).socket);
    }
  }

  delay(ms: number): void {
    this.#delayMs = ms;
  }

  back(how?: 'quietly'): void {
    this.#state = 'open';
    this.#delayMs = 0;
    if (how === 'quietly') for (const line of this.#lines) for (const way of this.#swallowed) line[way].lost = true;
    this.#swallowed = new Set();
    if (how !== 'quietly') for (const line of [...this.#lines]) if (isBroken(line)) this.#reset(line);
  }

  when(trigger: Trigger): Promise<void> {
    return new Promise((done) => this.#armed.push({ trigger, seen: 0, done }));
  }

  disarm(): void {
    this.#armed = [];
  }

  reaches(lines: number): Promise<void> {
    return new Promise((done) => {
      this.#counting.push({ lines, done });
      this.#count();
    });
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) reset(socket);
    });
  }

  #keep(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #join(counter: net.Socket, gateway: net.Socket): void {
    const leg = (from: net.Socket, socket: net.Socket): Leg => ({
      socket,
      from,
      recent: '',
      waiting: [],
      timer: undefined,
      lost: false,
    });
    const line: Line = { up: leg(counter, gateway), down: leg(gateway, counter) };
    this.#lines.add(line);
    this.#carry(line, 'up');
    this.#carry(line, 'down');
    this.#count();
  }

  #carry(line: Line, direction: Direction): void {
    const leg = line[direction];
    leg.from.on('data', (chunk: Buffer) => this.#pass(leg, direction, chunk));
    leg.from.on('end', () => {
      if (this.#swallowed.has(direction)) leg.lost = true; // the goodbye is swallowed too
      if (!leg.lost) this.#after(leg, () => leg.socket.end());
    });
    leg.from.on('error', () => {}); // `close` follows, and says all there is to say
    leg.from.on('close', () => {
      const silent = leg.lost || this.#swallowed.has(direction);
      if (silent) leg.lost = true;
      if (line.up.from.destroyed && line.down.from.destroyed) this.#forget(line);
      else if (!silent && leg.from.errored !== null) this.#reset(line);
      else if (!silent) this.#after(leg, () => leg.socket.end());
    });
  }

  #pass(leg: Leg, direction: Direction, chunk: Buffer): void {
    leg.recent = (leg.recent + chunk.toString('latin1')).slice(-WINDOW);
    for (const armed of this.#armed) {
      const passes = armed.trigger.direction === direction ? this.#fires(armed, leg, chunk) : undefined;
      if (passes === undefined) continue;
      this.#armed = this.#armed.filter((other) => other !== armed);
      const arrives = !leg.lost && !this.#swallowed.has(direction) && passes.length > 0;
      leg.lost = leg.lost || passes.length < chunk.length;
      // What gets through before a reset must be on the wire before it: a reset overtakes what is buffered.
      if (arrives) leg.socket.write(passes, () => this.#fire(armed));
      else this.#fire(armed);
      return;
    }
    if (this.#swallowed.has(direction)) leg.lost = true;
    if (leg.lost) return;
    this.#after(leg, () => {
      if (leg.socket.write(chunk)) return;
      leg.from.pause();
      leg.socket.once('drain', () => leg.from.resume());
    });
  }

  /** What of this chunk still gets through, if the trigger fires on it. */
  #fires(armed: Armed, leg: Leg, chunk: Buffer): Buffer | undefined {
    const { afterBytes, text, sees, deliver } = armed.trigger;
    const before = armed.seen;
    armed.seen += chunk.length;
    if (afterBytes !== undefined) return armed.seen < afterBytes ? undefined : chunk.subarray(0, afterBytes - before);
    // Text is matched as the bytes of its UTF-8.
    const sought = text === undefined ? undefined : Buffer.from(text, 'utf8').toString('latin1');
    const lately = leg.recent.slice(-(chunk.length + (sought?.length ?? leg.recent.length)));
    const found = (sought !== undefined && lately.includes(sought)) || sees?.(leg.recent) === true;
    if (!found) return undefined;
    return deliver === true ? chunk : chunk.subarray(0, 0);
  }

  #fire({ trigger, done }: Armed): void {
    switch (trigger.does) {
      case 'cut':
        this.cut();
        break;
      case 'refuse':
        this.refuse();
        break;
      case 'black-hole':
        this.blackHole();
        break;
      case 'half-open':
        this.halfOpen(trigger.direction === 'up' ? 'counter' : 'gateway');
        break;
    }
    done();
  }

  /** Now, or when the line's delay is over; never before what was said earlier. */
  #after(leg: Leg, act: () => void): void {
    if (this.#delayMs === 0 && leg.waiting.length === 0) {
      act();
      return;
    }
    leg.waiting.push({ at: performance.now() + this.#delayMs, act });
    if (leg.timer === undefined) this.#wait(leg);
  }

  #wait(leg: Leg): void {
    const [first] = leg.waiting;
    leg.timer =
      first &&
      setTimeout(() => {
        leg.waiting.shift();
        if (!leg.lost) first.act();
        this.#wait(leg);
      }, first.at - performance.now());
  }

  #reset(line: Line): void {
    reset(line.up.socket);
    reset(line.down.socket);
    this.#forget(line);
  }

  #forget(line: Line): void {
    for (const leg of [line.up, line.down]) {
      clearTimeout(leg.timer);
      leg.waiting.length = 0;
    }
    if (this.#lines.delete(line)) this.#count();
  }

  #count(): void {
    const reached = this.#counting.filter(({ lines }) => lines === this.#lines.size);
    this.#counting = this.#counting.filter(({ lines }) => lines !== this.#lines.size);
    for (const { done } of reached) done();
  }
}

const isBroken = ({ up, down }: Line): boolean => up.lost || down.lost;

/**
 * RST and nothing else. Node's own `resetAndDestroy` says good-bye first (FIN, when its writes are through), and a peer that has
 * closed by then never sees the reset. The flag is what that method sets; the tests would notice its absence.
 */
function reset(socket: net.Socket): void {
  if (!socket.connecting) Reflect.set(socket, 'resetAndClosing', true);
  socket.destroy();
}
