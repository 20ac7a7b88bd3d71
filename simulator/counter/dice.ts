/** Chance from a seed: the same seed is the same customers, amounts and timings, on every machine. */
import type { Random } from '#device/ports/clock.js';

export interface Dice extends Random {
  /** A whole number, 0 to `limit` - 1. */
  below(limit: number): number;
  /** A whole number, both ends included. */
  between(lowest: number, highest: number): number;
  pick<T>(list: readonly [T, ...T[]]): T;
  chance(probability: number): boolean;
  /** Dice of their own for one purpose, so that a further throw elsewhere doesn't change what is thrown here. */
  fork(purpose: string): Dice;
}

export const diceOf = (seed: number | string): Dice => new SeededDice(hash(String(seed)));

class SeededDice implements Dice {
  readonly #seed: number;
  #state: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.#state = seed;
  }

  /** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state are plenty for choosing among customers. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  hex(bytes: number): string {
    return Array.from({ length: bytes }, () => this.below(256).toString(16).padStart(2, '0')).join('');
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  between(lowest: number, highest: number): number {
    return lowest + this.below(highest - lowest + 1);
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[this.below(list.length)] ?? list[0];
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  fork(purpose: string): Dice {
    return new SeededDice(hash(`${this.#seed} ${purpose}`));
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}
