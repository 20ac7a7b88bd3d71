/** Tells the gateway how the counter stands: at once where something happened, and else where what it was told no longer holds. */

import type { CounterHealth } from './ports/till.js';
import { stateMessage, whatMatters } from './standing.js';

export interface StateTellerOptions {
  readonly agent: string;
  readonly boot: number;
  health(): CounterHealth;
  versions(): { readonly campaignVersion: number; readonly spentVersion: number };
  /** False where there is no line. */
  send(state: string): boolean;
}

export class StateTeller {
  readonly #options: StateTellerOptions;
  #told: string | undefined;

  constructor(options: StateTellerOptions) {
    this.#options = options;
  }

  tell(): void {
    const { agent, boot, health, versions, send } = this.#options;
    const now = health();
    if (send(stateMessage(now, { agent, boot, ...versions() }))) this.#told = whatMatters(now, versions());
  }

  /** What the gateway sends at a connect comes after the first state, which would stand there for days. */
  tellIfChanged(): void {
    const { health, versions } = this.#options;
    if (whatMatters(health(), versions()) !== this.#told) this.tell();
  }
}
