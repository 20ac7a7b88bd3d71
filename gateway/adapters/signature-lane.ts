/**
 * A thread that checks signatures, and the way to it and back. It starts with the first signature that comes here. Should
 * it die, nothing is lost: what it had is checked on this thread, a little at a time, until another one has taken over.
 */
import { Worker } from 'node:worker_threads';
import type { SignatureToCheck } from '#protocol/codes/presentation.js';
import { RingAsker, ringMemory } from './signature-ring.js';
import type { SignatureThreadData } from './signature-thread.js';

/** A thread that dies at once must not keep the machine busy with being born. */
const RESTART_MS = 1_000;
/** Some half a millisecond of this thread's time. */
const CHECKED_HERE_AT_ONCE = 6;

/** Built code lies beside this file; the sources, as tests run them, have none that a thread could load. */
const THREAD = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/gateway/adapters/signature-thread.js', import.meta.url)
  : new URL('./signature-thread.js', import.meta.url);

export interface SignatureLaneOptions {
  /** Public keys that the thread keeps ready. */
  readonly cachedKeys: number;
  readonly checkHere: (signature: SignatureToCheck) => boolean;
  /** Another program than ours, for tests of its death. */
  readonly program?: URL | undefined;
}

interface Waiting {
  readonly signature: SignatureToCheck;
  readonly done: (holds: boolean) => void;
}

export class SignatureLane {
  readonly #options: SignatureLaneOptions;
  #thread: { readonly worker: Worker; readonly ring: RingAsker } | undefined;
  #diedAt = Number.NEGATIVE_INFINITY;
  /** In the ring, in order. */
  #asked: Waiting[] = [];
  /** What the ring had no room for, in order. */
  #behind: Waiting[] = [];

  constructor(options: SignatureLaneOptions) {
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#asked.length === 0 && this.#behind.length === 0;
  }

  /** `done` is called later, never at once. */
  check(signature: SignatureToCheck, done: (holds: boolean) => void): void {
    if (this.#thread === undefined && performance.now() - this.#diedAt >= RESTART_MS) this.#start();
    this.#behind.push({ signature, done });
    // While some stand behind, they move up when those in front have their answers.
    if (this.#behind.length === 1) this.#moveUp();
  }

  /**
   * For a signature that can't hold, so that what it needs is made ready before one comes that can. False where there is no
   * thread, or it has no time for this.
   */
  rehearse(signature: SignatureToCheck): boolean {
    const isAsked = this.#behind.length === 0 && this.#thread?.ring.ask(signature) === true;
    if (isAsked) this.#asked.push({ signature, done: () => undefined });
    return isAsked;
  }

  /** What is waiting gets no answer any more. */
  close(done: () => void): void {
    const thread = this.#thread;
    this.#thread = undefined;
    this.#asked = [];
    this.#behind = [];
    if (thread === undefined) {
      done();
      return;
    }
    // Where nothing else keeps the process alive, its end is still waited for: others close after this.
    thread.worker.ref();
    thread.worker.once('exit', () => done());
    thread.ring.close();
  }

  #start(): void {
    const memory = ringMemory();
    const workerData: SignatureThreadData = { memory, cachedKeys: this.#options.cachedKeys };
    const worker = new Worker(this.#options.program ?? THREAD, { workerData });
    const ring = new RingAsker(memory);
    this.#thread = { worker, ring };
    worker.on('message', () => this.#take(ring));
    worker.on('error', () => undefined); // 'exit' follows
    worker.on('exit', () => {
      if (this.#thread?.worker !== worker) return;
      this.#thread = undefined;
      this.#diedAt = performance.now();
      this.#behind = [...this.#asked, ...this.#behind];
      this.#asked = [];
      this.#moveUp();
    });
    worker.unref();
  }

  #take(ring: RingAsker): void {
    const answers: boolean[] = [];
    for (let holds = ring.take(); holds !== undefined; holds = ring.take()) answers.push(holds);
    const answered = this.#asked.splice(0, answers.length);
    this.#moveUp();
    for (const [at, { done }] of answered.entries()) done(answers[at] === true);
  }

  #moveUp(): void {
    const ring = this.#thread?.ring;
    let moved = 0;
    for (const waiting of this.#behind) {
      if (ring?.ask(waiting.signature) !== true) break;
      this.#asked.push(waiting);
      moved += 1;
    }
    this.#behind.splice(0, moved);
    // With nothing in the ring it isn't full: there is no thread, or this one fits into no slot.
    if (this.#behind.length > 0 && this.#asked.length === 0) setImmediate(() => this.#checkSomeHere());
  }

  #checkSomeHere(): void {
    if (this.#asked.length > 0) return;
    const some = this.#behind.splice(0, CHECKED_HERE_AT_ONCE);
    for (const { signature, done } of some) done(this.#options.checkHere(signature));
    this.#moveUp();
  }
}
