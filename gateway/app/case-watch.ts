/**
 * Raises one alert for each case that opens by the passing of time, without any device message: a charge without an end,
 * two sales under one card payment. A case that a batch opens is reported with the batch.
 */
import { unreachable } from '#protocol/kernel/machine.js';
import type { Case } from '../ledger/report/cases.js';
import type { Clock } from '../ports/clock.js';
import type { Ledger } from '../ports/ledger.js';
import type { LoopEvents } from './gateway-loop.js';

/**
 * One pass reads the whole book, some 100 ms for a district. A case that takes a day to arise doesn't need a faster
 * reaction.
 */
export const WATCH_CASES_MS = 600_000;

export class CaseWatch {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #events: LoopEvents | undefined;
  /** The open cases; undefined: not checked yet since the start. */
  #told: ReadonlySet<string> | undefined;
  #isLooking = false;

  constructor(options: { readonly ledger: Ledger; readonly clock: Clock; readonly events?: LoopEvents }) {
    this.#ledger = options.ledger;
    this.#clock = options.clock;
    this.#events = options.events;
  }

  look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#ledger.cases(this.#clock.now(), (fault, cases) => {
      this.#isLooking = false;
      // Every other query reports an unreadable ledger.
      if (fault !== undefined) return;
      if (this.#told === undefined) this.#remind(cases);
      for (const one of cases) {
        const what = whatIs(one);
        if (what !== undefined && this.#told?.has(one.id) === false) {
          this.#events?.alert?.('CASE_OPENED', `${one.id}: ${what}`, one.device ?? undefined);
        }
      }
      this.#told = new Set(cases.map(({ id }) => id));
    });
  }

  /** After a start: one reminder for all open cases, so that none is forgotten and none alarms again by itself. */
  #remind(cases: readonly Case[]): void {
    const [oldest] = cases.toSorted((a, b) => a.since - b.since);
    if (oldest === undefined) return;
    const since = new Date(oldest.since).toISOString();
    this.#events?.alert?.('CASES_STILL_OPEN', `${cases.length}, the oldest ${oldest.id} since ${since}`, undefined);
  }
}

function whatIs({ kind, sales, confirmedFen, confirmedMerchant, confirmedDevice }: Case): string | undefined {
  switch (kind) {
    case 'stuck':
      return `coupon ${sales[0]?.serial ?? ''} is held, and nobody has said how the charge ended`;
    case 'reference':
      return confirmedFen === null || sales.length > 1
        ? `${sales.length} sales name this card payment`
        : `the acquirer says ${[confirmedFen, confirmedMerchant, confirmedDevice].filter((said) => said !== null).join(', ')}, the counter ${sales[0]?.netFen ?? ''}, ${sales[0]?.merchant ?? ''}, ${sales[0]?.device ?? ''}`;
    case 'fork':
    case 'disputed':
    case 'conflict':
      return undefined;
    default:
      return unreachable(kind);
  }
}
