/**
 * One statement at a time, over all connections of a stored ledger: SQLite answers from threads of its own, and only
 * where no two of them run at once do the answers come in the same order on every machine.
 */
export class Mutex {
  readonly #waiting: ((over: () => void) => void)[] = [];
  #isTaken = false;

  /** Runs it once all before it are over. */
  acquire(run: (over: () => void) => void): void {
    this.#waiting.push(run);
    this.#next();
  }

  #next(): void {
    if (this.#isTaken) return;
    const run = this.#waiting.shift();
    if (run === undefined) return;
    this.#isTaken = true;
    run(() => {
      this.#isTaken = false;
      this.#next();
    });
  }
}
