/** One at a time, in the order in which they came; each says itself when it has ended. */
export class Turns {
  readonly #waiting: ((end: () => void) => void)[] = [];
  #isTaken = false;

  take(turn: (end: () => void) => void): void {
    if (this.#isTaken) {
      this.#waiting.push(turn);
      return;
    }
    this.#isTaken = true;
    turn(() => {
      this.#isTaken = false;
      const next = this.#waiting.shift();
      if (next !== undefined) this.take(next);
    });
  }
}
