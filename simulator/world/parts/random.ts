/**
 * Chance from a seed: the same seed and purpose give the same numbers on every machine. Each purpose has a stream of its
 * own, so that one more draw in the workload doesn't turn every fault into another one.
 */
import type { Random } from '#device/ports/clock.js';

export interface Chance extends Random {
  /** 0 .. limit-1. */
  below(limit: number): number;
  /** Whole, both ends included. */
  between(from: number, to: number): number;
  happens(probability: number): boolean;
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
  any<Item>(items: readonly Item[]): Item | undefined;
  /** A waiting time around `mean`: 0.2 to 1.8 of it, whole and at least 1. */
  around(mean: number): number;
}

export function chanceFrom(seed: number, purpose: string): Chance {
  let [a, b, c, d] = [hash32(purpose, seed), hash32(purpose, seed + 1), hash32(purpose, seed ^ 0x5bd1e995), 1];
  // sfc32 (PractRand): 32-bit integer steps only, so every engine gives the same.
  const word = (): number => {
    const t = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let n = 0; n < 12; n++) word();
  const next = (): number => word() / 0x1_0000_0000;
  const below = (limit: number): number => Math.floor(next() * limit);
  const chance: Chance = {
    next,
    hex: (bytes) => Array.from({ length: bytes }, () => below(256).toString(16).padStart(2, '0')).join(''),
    below,
    between: (from, to) => from + below(to - from + 1),
    happens: (probability) => next() < probability,
    pick: (items) => items[below(items.length)] ?? items[0],
    any: (items) => items[below(items.length)],
    around: (mean) => Math.max(1, Math.floor(mean * (0.2 + 1.6 * next()))),
  };
  return chance;
}

/** FNV-1a over the text and the seed's bytes, finished as in MurmurHash3. */
function hash32(text: string, seed: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((seed >>> shift) & 0xff), 0x01000193);
  hash = Math.imul(hash ^ Math.floor(seed / 0x1_0000_0000), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}
