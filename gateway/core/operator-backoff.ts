/**
 * Back-off for wrong operator tokens, per address.
 *
 * A person mistypes a few times. A program that guesses gets 429 after that, and its tokens aren't compared until its wait
 * is over. Each address has its own wait, so that nobody can lock an operator out from elsewhere.
 */
import type { Millis, WallMs } from '#protocol/kernel/time.js';
import { networkOf } from './connection-limit.js';

/** Wrong tokens without a wait: enough for typing errors and for a script with an old token. */
export const FREE_TRIES = 10;
/** The first wait; each further wrong token doubles it … */
export const FIRST_WAIT_MS: Millis = 1_000;
/** … up to this: 1,440 guesses a day. */
export const LONGEST_WAIT_MS: Millis = 60_000;
/** After this long without a wrong token an address starts over. */
export const FORGOTTEN_AFTER_MS: Millis = 600_000;
/** Number of addresses remembered, some 1 MB. Beyond it the one idle for longest is evicted. */
export const MAX_ADDRESSES = 10_000;

interface Tries {
  readonly wrong: number;
  readonly last: WallMs;
}

export interface OperatorBackoff {
  /** The wait before this address's next token is compared; 0: none. */
  waitMs(address: string, now: WallMs): Millis;
  /** Records a wrong token. True if the address must wait from now on and didn't before. */
  wrong(address: string, now: WallMs): boolean;
  /** Records the right token. */
  right(address: string): void;
  /** Number of addresses remembered. */
  readonly size: number;
}

export function operatorBackoff(): OperatorBackoff {
  const triesOf = new Map<string, Tries>();

  /** After a clock was set back, times in the future count as long past, so that nobody is locked out. */
  function known(name: string, now: WallMs): Tries | undefined {
    const tries = triesOf.get(name);
    if (tries === undefined || (now >= tries.last && now - tries.last < FORGOTTEN_AFTER_MS)) return tries;
    triesOf.delete(name);
    return undefined;
  }

  return {
    waitMs(address, now) {
      const tries = known(networkOf(address), now);
      if (tries === undefined || tries.wrong < FREE_TRIES) return 0;
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries.wrong - FREE_TRIES));
      return Math.max(0, tries.last + wait - now);
    },
    wrong(address, now) {
      const name = networkOf(address);
      const wrong = (known(name, now)?.wrong ?? 0) + 1;
      // Moves it to the end of the map's order, so that the first entry is the one idle for longest.
      triesOf.delete(name);
      triesOf.set(name, { wrong, last: now });
      const [oldest] = triesOf.keys();
      if (triesOf.size > MAX_ADDRESSES && oldest !== undefined) triesOf.delete(oldest);
      return wrong === FREE_TRIES;
    },
    right(address) {
      triesOf.delete(networkOf(address));
    },
    get size() {
      return triesOf.size;
    },
  };
}
