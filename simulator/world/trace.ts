/**
 * What happened, as lines for people and as one number for machines: two runs with the same hash did the same things in
 * the same order.
 */

/** Lines kept for the report of a failure. */
const LAST_LINES = 60;

export class Trace {
  #high = 0x9e3779b9;
  #low = 0x85ebca6b;
  #ring: string[] = [];
  readonly #listener: ((line: string) => void) | undefined;
  #start: number;

  constructor(start: number, listener?: (line: string) => void) {
    this.#start = start;
    this.#listener = listener;
  }

  /** Mixed into the hash, and kept in words. */
  say(now: number, who: string, what: string): void {
    this.mix(who);
    this.mix(what);
    this.mixNumber(now);
    const line = `${elapsed(now - this.#start)}  ${who.padEnd(9)} ${what}`;
    this.#ring.push(line);
    if (this.#ring.length > 2 * LAST_LINES) this.#ring = this.#ring.slice(-LAST_LINES);
    this.#listener?.(line);
  }

  mix(text: string): void {
    let [high, low] = [this.#high, this.#low];
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      high = Math.imul(high ^ code, 2654435761);
      low = Math.imul(low ^ code, 1597334677);
    }
    this.#high = high ^ (low >>> 15);
    this.#low = low ^ (high >>> 13);
  }

  mixNumber(value: number): void {
    this.#high = Math.imul(this.#high ^ (value | 0), 2246822507);
    this.#low = Math.imul(this.#low ^ Math.floor(value / 0x1_0000_0000), 3266489909) ^ (this.#high >>> 16);
  }

  get hash(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }

  last(count: number): readonly string[] {
    return this.#ring.slice(-count);
  }
}

/** `2d 03:04:05.678` since the start. */
export function elapsed(ms: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const days = Math.floor(ms / 86_400_000);
  const rest = Math.floor(ms) % 86_400_000;
  const clock = `${two(Math.floor(rest / 3_600_000))}:${two(Math.floor(rest / 60_000) % 60)}:${two(Math.floor(rest / 1000) % 60)}.${String(rest % 1000).padStart(3, '0')}`;
  return days === 0 ? clock : `${days}d ${clock}`;
}
