/** The virtual clock: events in order of time, and of their making where the times are equal. Nothing waits for anything real. */

interface Entry {
  readonly at: number;
  readonly seq: number;
  run: (() => void) | undefined;
}

export class Scheduler {
  readonly #heap: Entry[] = [];
  #seq = 0;
  /** Milliseconds since the epoch by the one true clock, which nobody in the world can read exactly. */
  now: number;
  steps = 0;

  constructor(start: number) {
    this.now = start;
  }

  /** Runs it then, or at once if then is over. The returned function takes it back. */
  at(time: number, run: () => void): () => void {
    const entry: Entry = { at: Math.max(time, this.now), seq: this.#seq, run };
    this.#seq += 1;
    this.#push(entry);
    return () => {
      entry.run = undefined;
    };
  }

  after(ms: number, run: () => void): () => void {
    return this.at(this.now + ms, run);
  }

  /** Runs everything up to and including `until`; stops early where `halt` says so, and gives false then. */
  runUntil(until: number, halt: () => boolean): boolean {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      if (next.run === undefined) continue;
      this.now = next.at;
      this.steps += 1;
      next.run();
      if (halt()) return false;
    }
    this.now = Math.max(this.now, until);
    return true;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, entry)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      let least = left;
      if (right !== undefined && isBefore(right, left)) {
        least = right;
        child += 1;
      }
      if (isBefore(last, least)) break;
      heap[at] = least;
      at = child;
    }
    heap[at] = last;
  }
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.seq < b.seq);
