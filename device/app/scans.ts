/**
 * Scans while no sale waits for a code.
 *
 * A coupon code shown before the amount is held for 30 s and used once the amount is keyed in. It is judged then like any
 * other: fresh or not, used or not. A newer code replaces it, and the end of any sale discards it, so that the next
 * customer never pays with the last one's coupon.
 */
import type { Scanned } from '#protocol/codes/classify.js';
import { type Instant, later, type MonoMs } from '#protocol/kernel/time.js';
import { CODE_HELD_MS } from '../core/limits.js';
import type { TroubleText } from '../core/troubles.js';
import { CODE_HELD, SCAN_BEFORE_AMOUNT } from '../uplink/status.js';

export class Scans {
  #held: { readonly text: string; readonly until: MonoMs } | undefined;
  #isTooEarly = false;

  /** A scan before any amount. A text that is no coupon code isn't held, because it would only block the next one. */
  early(text: string, kind: Scanned['kind'], { mono }: Instant): void {
    const counts = kind === 'presentation' || kind === 'unionpay-payment-code';
    if (counts) this.#held = { text, until: later(mono, CODE_HELD_MS) };
    this.#isTooEarly = !counts;
  }

  /** The hint for the cashier. */
  hint({ mono }: Instant): TroubleText | undefined {
    if (this.#held !== undefined && mono < this.#held.until) return CODE_HELD;
    return this.#isTooEarly ? SCAN_BEFORE_AMOUNT : undefined;
  }

  /** An amount was keyed in. */
  begun(): void {
    this.#isTooEarly = false;
  }

  /** Returns the held code once; undefined if there is none or it is too old. */
  takeHeld({ mono }: Instant): string | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held !== undefined && mono < held.until ? held.text : undefined;
  }

  ended(): void {
    this.#held = undefined;
  }
}
