/**
 * The status reporter: publishes the counter's state when an event changes it, and again when the reported fields have changed.
 */

import type { CounterHealth } from '../ports/till.js';
import { reportedFields, stateMessage } from './status.js';

export interface StatusReporterOptions {
  readonly agent: string;
  readonly boot: number;
  health(): CounterHealth;
  versions(): { readonly campaignVersion: number; readonly spentVersion: number };
  /** False while offline. */
  send(state: string): boolean;
}

export class StatusReporter {
  readonly #options: StatusReporterOptions;
  #reported: string | undefined;

  constructor(options: StatusReporterOptions) {
    this.#options = options;
  }

  report(): void {
    const { agent, boot, health, versions, send } = this.#options;
    const now = health();
    if (send(stateMessage(now, { agent, boot, ...versions() }))) this.#reported = reportedFields(now, versions());
  }

  /**
   * Messages that the gateway sends at a connect arrive after the first state, which would otherwise stay outdated for
   * days.
   */
  reportIfChanged(): void {
    const { health, versions } = this.#options;
    if (reportedFields(health(), versions()) !== this.#reported) this.report();
  }
}
