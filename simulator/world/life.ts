/**
 * One life of a process: everything that enters it passes through here, and nothing does once it is dead. Power may go at
 * any instruction, and every call of a port is such an instruction: where the cut is due, the call throws, and
 * whatever the process was doing ends there, half done.
 */

class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

export class Life {
  #alive = true;
  #pointsLeft = Number.POSITIVE_INFINITY;
  readonly #onDeath: (where: string) => void;
  /** Calls of ports so far. */
  points = 0;

  constructor(onDeath: (where: string) => void) {
    this.#onDeath = onDeath;
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  /** Runs product code as part of this life. */
  enter(run: () => void): void {
    if (!this.#alive) return;
    try {
      run();
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
    }
  }

  /** Called by every port before and after each thing it does. */
  point(where: string): void {
    if (!this.#alive) throw new PowerCut(where);
    this.points += 1;
    this.#pointsLeft -= 1;
    if (this.#pointsLeft > 0) return;
    this.end(where);
    throw new PowerCut(where);
  }

  /** The power goes after so many more calls of ports. */
  cutAfter(points: number): void {
    this.#pointsLeft = Math.max(1, points);
  }

  /** Dies now, between two events. */
  end(where: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#onDeath(where);
  }
}
