/**
 * Rate limits by name: a token bucket for each, which refills over time. A new name has a full bucket, so only names that
 * have spent some are stored.
 */
import type { Millis, WallMs } from '#protocol/kernel/time.js';
import { networkOf, plainAddress } from './connection-limit.js';

export interface Budget {
  /** Number of tokens in a full bucket. */
  readonly burst: number;
  /** Tokens added per minute. */
  readonly perMinute: number;
}

/** Some 100 bytes each: 10 MiB per kind. An attacker with more addresses than that needs nobody's budget. */
const MOST_NAMES = 100_000;
const MINUTE_MS: Millis = 60_000;

interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

export class TokenBuckets {
  readonly #budget: Budget;
  readonly #mostNames: number;
  /** Least recently used first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(budget: Budget, mostNames: number = MOST_NAMES) {
    this.#budget = budget;
    this.#mostNames = mostNames;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Returns 0 if a token was spent; otherwise nothing is spent, and the result is the wait in milliseconds. */
  spend(name: string, now: WallMs): Millis {
    const { burst, perMinute } = this.#budget;
    const known = this.#buckets.get(name);
    // A clock that was set back neither adds nor removes tokens.
    const passed = known === undefined ? 0 : Math.max(0, now - known.at);
    const tokens = known === undefined ? burst : Math.min(burst, known.tokens + (passed * perMinute) / MINUTE_MS);
    const isThere = tokens >= 1;
    this.#buckets.delete(name);
    this.#buckets.set(name, { tokens: isThere ? tokens - 1 : tokens, at: now });
    if (this.#buckets.size > this.#mostNames) this.#forgetOldest();
    return isThere ? 0 : Math.ceil(((1 - tokens) * MINUTE_MS) / perMinute);
  }

  #forgetOldest(): void {
    const oldest = this.#buckets.keys().next();
    if (oldest.done !== true) this.#buckets.delete(oldest.value);
  }
}

/** The name that an address has here: its network's (`networkOf`). undefined: no address. */
export function addressName(address: string): string | undefined {
  const plain = plainAddress(address);
  const isAddress = /^\d{1,3}(\.\d{1,3}){3}$/.test(plain) || (/^[0-9a-f:]+(%.*)?$/i.test(plain) && plain.includes(':'));
  return isAddress ? networkOf(plain) : undefined;
}
