/**
 * A worker thread that checks signatures, and the queue in front of it.
 *
 * The thread starts with the first signature. If it dies, the main thread checks its signatures, a few at a time, until a
 * new one has taken over.
 */
import { Worker } from 'node:worker_threads';
import type { SignatureToCheck } from '#protocol/codes/presentation.js';
import { SharedRingBuffer, sharedRingMemory } from './shared-ring-buffer.js';
import type { SignatureThreadData } from './signature-thread.js';

/** Restart delay: a thread that dies at once must not keep the machine busy with restarts. */
const RESTART_MS = 1_000;
/** Some half a millisecond of this thread's time. */
const CHECKED_HERE_AT_ONCE = 6;
/**
 * Wake-up batch. Waking the worker costs this thread as much as a message, so signatures of one turn share one wake-up.
 * This many are half a millisecond of work, and may start before the turn ends.
 */
const WOKEN_FOR = 8;
/**
 * A device's share of the ring: twice what the worker answers in one go, so that it has work while the answers are
 * collected. With unknown keys these take 8 ms, so a device with 200 presentations delays the next counter no longer than
 * that. With half as many, the upload of a week offline took a tenth longer.
 */
const SHARE = 32;
/** Keys imported at a time while nobody waits: a signature that arrives then waits less than a millisecond. */
const REHEARSED_AT_ONCE = 8;

/** The built code lies beside this file; in the sources, as tests run them, there is none that a thread could load. */
const THREAD = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/gateway/signatures/signature-thread.js', import.meta.url)
  : new URL('./signature-thread.js', import.meta.url);

export interface SignatureWorkerOptions {
  /** Number of public keys that the thread caches. */
  readonly cachedKeys: number;
  readonly checkHere: (signature: SignatureToCheck) => boolean;
  /** Another program, for tests of its death. */
  readonly program?: URL | undefined;
}

interface Waiting {
  readonly signature: SignatureToCheck;
  readonly done: (holds: boolean) => void;
  readonly line: DeviceSignatures;
}

/** One device's signatures. */
interface DeviceSignatures {
  inRing: number;
  /** Signatures for which its share or the ring had no room, in order. */
  behind: Waiting[];
}

export class SignatureWorker {
  readonly #options: SignatureWorkerOptions;
  #thread: { readonly worker: Worker; readonly ring: SharedRingBuffer } | undefined;
  #diedAt = Number.NEGATIVE_INFINITY;
  /** The contents of the ring, in order; undefined: a rehearsal, for which nobody waits. */
  #asked: (Waiting | undefined)[] = [];
  readonly #lines = new Map<string, DeviceSignatures>();
  /** Round robin of devices with signatures behind and a share left: each gives one and goes to the end. */
  #fairOrder: DeviceSignatures[] = [];
  /** Signatures put into the ring since the last wake-up. */
  #unheard = 0;
  /** Idle work for the thread, newest first, because its holder may be on the way to a counter. */
  readonly #rehearsals: SignatureToCheck[] = [];

  constructor(options: SignatureWorkerOptions) {
    this.#options = options;
  }

  /** Nobody is waiting. */
  get isIdle(): boolean {
    return this.#fairOrder.length === 0 && this.#asked.every((waiting) => waiting === undefined);
  }

  get hasThread(): boolean {
    return this.#thread !== undefined;
  }

  /** Calls `done` asynchronously. `from`: the device, which waits only for its own turn. */
  check(from: string, signature: SignatureToCheck, done: (holds: boolean) => void): void {
    if (this.#thread === undefined && performance.now() - this.#diedAt >= RESTART_MS) this.#start();
    const line = this.#lineOf(from);
    line.behind.push({ signature, done, line });
    // If some stand behind, they move up when those in front have their answers.
    if (line.behind.length > 1 || line.inRing >= SHARE) return;
    this.#fairOrder.push(line);
    if (this.#fairOrder.length === 1) this.#moveUp();
  }

  #lineOf(from: string): DeviceSignatures {
    const known = this.#lines.get(from);
    if (known !== undefined) return known;
    const line: DeviceSignatures = { inRing: 0, behind: [] };
    this.#lines.set(from, line);
    return line;
  }

  /**
   * Submits a signature that can't be valid, so that its key is imported before a valid one arrives. It runs when the
   * thread is idle, even in a thread yet to start, so a rush of claims delays no sale.
   */
  rehearse(signature: SignatureToCheck): void {
    if (this.#rehearsals.length >= this.#options.cachedKeys) return;
    this.#rehearsals.push(signature);
    this.#moveUp();
  }

  /** Waiting signatures get no answer any more. */
  close(done: () => void): void {
    const thread = this.#thread;
    this.#thread = undefined;
    this.#asked = [];
    this.#fairOrder = [];
    this.#lines.clear();
    if (thread === undefined) {
      done();
      return;
    }
    // Keep the process alive until the thread has ended: others close after this.
    thread.worker.ref();
    thread.worker.once('exit', () => done());
    thread.ring.close();
  }

  #start(): void {
    const memory = sharedRingMemory();
    const workerData: SignatureThreadData = { memory, cachedKeys: this.#options.cachedKeys };
    const worker = new Worker(this.#options.program ?? THREAD, { workerData });
    const ring = new SharedRingBuffer(memory);
    this.#thread = { worker, ring };
    worker.on('message', () => this.#drainAnswers(ring));
    worker.on('error', () => undefined); // 'exit' follows
    worker.on('exit', () => {
      if (this.#thread?.worker !== worker) return;
      this.#thread = undefined;
      this.#diedAt = performance.now();
      this.#putBack(this.#asked.filter((waiting) => waiting !== undefined));
      this.#asked = [];
      this.#moveUp();
    });
    worker.unref();
  }

  #drainAnswers(ring: SharedRingBuffer): void {
    const answers: boolean[] = [];
    for (let holds = ring.nextAnswer(); holds !== undefined; holds = ring.nextAnswer()) answers.push(holds);
    const answered = this.#asked.splice(0, answers.length);
    for (const waiting of answered) if (waiting !== undefined) this.#leave(waiting.line);
    this.#moveUp();
    for (const [at, waiting] of answered.entries()) waiting?.done(answers[at] === true);
  }

  /** One of its signatures has its answer: there is room for another. */
  #leave(line: DeviceSignatures): void {
    line.inRing -= 1;
    if (line.inRing === SHARE - 1 && line.behind.length > 0) this.#fairOrder.push(line);
  }

  #putBack(asked: readonly Waiting[]): void {
    for (const waiting of asked.toReversed()) {
      const { line } = waiting;
      line.behind.unshift(waiting);
      line.inRing = 0;
    }
    this.#fairOrder = [...this.#lines.values()].filter(({ behind }) => behind.length > 0);
  }

  #moveUp(): void {
    const ring = this.#thread?.ring;
    while (ring !== undefined) {
      const waiting = this.#fairOrder[0]?.behind[0];
      if (waiting === undefined || !this.#ask(ring, waiting.signature, waiting)) break;
      waiting.line.inRing += 1;
      this.#taken(waiting.line);
    }
    if (this.#fairOrder.length === 0 && ring !== undefined) this.#rehearseSome(ring);
    // With an empty ring there is no thread, or this signature fits no slot.
    if (this.#fairOrder.length > 0 && this.#asked.length === 0) setImmediate(() => this.#checkSomeHere());
  }

  /** The first device's first signature was taken: the device goes to the end, if it has more and may. */
  #taken(line: DeviceSignatures): void {
    line.behind.shift();
    this.#fairOrder.shift();
    if (line.behind.length > 0 && line.inRing < SHARE) this.#fairOrder.push(line);
  }

  #rehearseSome(ring: SharedRingBuffer): void {
    while (this.#asked.length < REHEARSED_AT_ONCE) {
      const signature = this.#rehearsals.pop();
      if (signature === undefined) return;
      // A signature that fits no slot is checked without this.
      this.#ask(ring, signature, undefined);
    }
  }

  #ask(ring: SharedRingBuffer, signature: SignatureToCheck, waiting: Waiting | undefined): boolean {
    if (!ring.ask(signature)) return false;
    this.#asked.push(waiting);
    this.#unheard += 1;
    if (this.#unheard === 1) setImmediate(() => this.#wake());
    if (this.#unheard === WOKEN_FOR) ring.wake();
    return true;
  }

  #wake(): void {
    this.#unheard = 0;
    this.#thread?.ring.wake();
  }

  #checkSomeHere(): void {
    if (this.#asked.length > 0) return;
    for (let checked = 0; checked < CHECKED_HERE_AT_ONCE; checked += 1) {
      const waiting = this.#fairOrder[0]?.behind[0];
      if (waiting === undefined) break;
      this.#taken(waiting.line);
      waiting.done(this.#options.checkHere(waiting.signature));
    }
    this.#moveUp();
  }
}
