/**
 * The world's judge: looks at each book whenever something is written into it, and at all of them once everything is at
 * rest. The first thing that is wrong is the verdict; nothing after it counts.
 */
import type { BookEvent, Books, Check } from '../checkers/books.js';
import { CouponHistories } from '../checkers/histories.js';
import { CHECKERS } from '../checkers/index.js';
import type { Trace } from './trace.js';

export interface Violation {
  readonly invariant: string;
  readonly promise: string;
  readonly what: string;
  /** True time since the start, in ms. */
  readonly at: number;
}

export class Judge {
  readonly #books: Books;
  readonly #histories: CouponHistories;
  readonly #trace: Trace;
  readonly #start: number;
  readonly #checks: readonly { readonly name: string; readonly promise: string; readonly check: Check }[];
  violation: Violation | undefined;

  constructor(books: Books, histories: CouponHistories, trace: Trace) {
    this.#books = books;
    this.#histories = histories;
    this.#trace = trace;
    this.#start = books.now();
    this.#checks = CHECKERS.map(({ name, promise, watch }) => ({ name, promise, check: watch(books) }));
  }

  seen(event: BookEvent): void {
    if (this.violation !== undefined) return;
    for (const { name, promise, check } of this.#checks) {
      const wrong = check.seen?.(event);
      if (wrong === undefined) continue;
      this.#violated(name, promise, wrong);
      return;
    }
  }

  /** Faults off, time has passed: everything must have come together. */
  atQuiet(): void {
    if (this.violation !== undefined) return;
    for (const { name, promise, check } of this.#checks) {
      const wrong = check.atQuiet?.();
      if (wrong === undefined) continue;
      this.#violated(name, promise, wrong);
      return;
    }
    const wrong = this.#histories.check();
    if (wrong !== undefined) this.#violated('linearizable', CouponHistories.promise, wrong);
  }

  threw(error: unknown): void {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#violated('nothing throws', 'no input and no fault makes the product throw', what);
  }

  /** A store that ships has done something else than the one in memory. */
  storeDiffers(what: string): void {
    this.#violated('stored as decided', 'the stores that ship answer and keep what the ones in memory do', what);
  }

  #violated(invariant: string, promise: string, what: string): void {
    if (this.violation !== undefined) return;
    const now = this.#books.now();
    this.violation = { invariant, promise, what, at: now - this.#start };
    this.#trace.say(now, 'CHECK', `${invariant}: ${what}`);
  }
}
