/**
 * The open screens of the counter, each on a stream of server-sent events: changes and a heartbeat.
 *
 * A dead or frozen agent sends neither, and the page then covers itself: nobody must read "paid" off a stale screen.
 */
import type { ServerResponse } from 'node:http';
import type { Counter, SaleState, SaleView } from '../ports/till.js';
import { RESTING } from './resting.js';
import { type Language, screenTexts } from './screen.js';
import { BEAT_MS } from './screen-beat.js';

/** Screens, tills and curious engineers; a page that leaks connections stops here. */
export const MAX_STREAMS = 16;

/** Refresh interval for changes without an event (uplink, paper, age of the unsent). */
const SCREEN_REFRESH_MS = 1_000;
/** How long the end of a sale stays: long enough to put a purse away, short enough for the next in the queue. */
const RESULT_SHOWN_MS = 20_000;
/** A sale that needs a person stays until that person has dealt with it. */
const OVER: ReadonlySet<SaleState> = new Set(['settled', 'not-charged', 'abandoned', 'refunded']);

export class Screens {
  readonly #counter: Counter;
  /** Oldest first. */
  readonly #screens = new Map<ServerResponse, { readonly language: Language; last: string }>();
  readonly #unwatch: () => void;
  readonly #timers: readonly NodeJS.Timeout[];
  #newest: { readonly sale: SaleView; readonly since: number } | undefined;
  #before: SaleView | undefined;

  constructor(counter: Counter) {
    this.#counter = counter;
    this.#unwatch = counter.watch((sale) => {
      const shown = this.#newest?.sale;
      const isAnother = shown !== undefined && shown.sale !== sale.sale;
      // A sale leaving `unknown` doesn't take the screen from the customer at the counter.
      if (isAnother && !RESTING.has(shown.state) && sale.state !== 'opened') this.#before = sale;
      else {
        if (isAnother) this.#before = shown;
        this.#newest = { sale, since: performance.now() };
      }
      this.#refresh();
    });
    this.#timers = [
      setInterval(() => this.#refresh(), SCREEN_REFRESH_MS),
      setInterval(() => {
        for (const stream of this.#screens.keys()) beat(stream);
      }, BEAT_MS),
    ];
  }

  open(stream: ServerResponse, language: Language): void {
    const [oldest] = this.#screens.keys();
    if (this.#screens.size >= MAX_STREAMS && oldest !== undefined) {
      // A forgotten tab, or a page that leaks connections: the newest screen is the one that counts.
      this.#screens.delete(oldest);
      oldest.end('event: replaced\ndata: {}\n\n');
    }
    stream.writeHead(200, { 'content-type': 'text/event-stream' });
    this.#screens.set(stream, { language, last: '' });
    stream.on('close', () => this.#screens.delete(stream));
    beat(stream);
    this.#refresh();
  }

  #refresh(): void {
    if (this.#screens.size === 0) return;
    const health = this.#counter.health();
    const { sale, since } = this.#newest ?? { sale: undefined, since: 0 };
    // The next customer must not mistake the last one's "paid" for their own.
    const isOver = sale !== undefined && OVER.has(sale.state) && performance.now() - since >= RESULT_SHOWN_MS;
    for (const [stream, shown] of this.#screens) {
      const texts = JSON.stringify(
        isOver
          ? screenTexts(health, undefined, shown.language, sale)
          : screenTexts(health, sale, shown.language, this.#before),
      );
      if (texts === shown.last) continue;
      shown.last = texts;
      stream.write(`data: ${texts}\n\n`);
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#unwatch();
    for (const stream of this.#screens.keys()) stream.end();
  }
}

const beat = (stream: ServerResponse): boolean => stream.write('event: beat\ndata: {}\n\n');
