import { refundedWords, saleWords } from '#device/drivers/voices/index.js';
import { fen } from '#protocol/kernel/money.js';
import type { BookEvent, Checker, CounterBooks } from './books.js';

/** What was said aloud against what was settled: each sum once at most, and never before it was on the disk. */
export const voiceOnce: Checker = {
  name: 'voice',
  promise: 'a sum is announced at most once, and only once it is settled',
  watch() {
    const heard = new Map<CounterBooks, Heard>();
    return {
      seen(event) {
        if (event.kind !== 'journalled' && event.kind !== 'moved' && event.kind !== 'spoken') return undefined;
        const { counter } = event;
        let here = heard.get(counter);
        if (here === undefined) {
          here = new Heard();
          heard.set(counter, here);
        }
        here.note(event);
        if (event.kind !== 'spoken' || counter.isForged || counter.hasFailedDisk) return undefined;
        const { text } = event;
        const [said, settled] = [here.said(text), here.reasonsToSay(text)];
        return said <= settled
          ? undefined
          : `${counter.device} says “${text}” ${said} times, and was paid so ${settled} times`;
      },
    };
  },
};

/** What one counter said, and what it had to say: kept up as it comes, since a week of sales is long. */
class Heard {
  readonly #said = new Map<string, number>();
  readonly #reasons = new Map<string, number>();
  readonly #recorded = new Set<string>();
  /** Sales without records, made while the journal had failed, at full price: what there was to say of each. */
  readonly #unrecorded = new Map<string, string>();

  note(event: Extract<BookEvent, { kind: 'journalled' | 'moved' | 'spoken' }>): void {
    if (event.kind === 'spoken') {
      count(this.#said, event.text);
      return;
    }
    if (event.kind === 'moved') {
      const { kind, ref, amountFen } = event.entry;
      if (kind === 'sale' && !this.#recorded.has(ref)) this.#unrecorded.set(ref, saleWords(fen(amountFen), fen(0)));
      return;
    }
    const { record } = event.row;
    if (record.kind === 'settled') count(this.#reasons, saleWords(record.netFen, record.faceFen));
    if (record.kind === 'refunded') count(this.#reasons, refundedWords(record.netFen));
    if (record.kind !== 'charging') return;
    this.#recorded.add(record.sale);
    this.#unrecorded.delete(record.sale);
  }

  said(text: string): number {
    return this.#said.get(text) ?? 0;
  }

  reasonsToSay(text: string): number {
    let reasons = this.#reasons.get(text) ?? 0;
    for (const words of this.#unrecorded.values()) if (words === text) reasons += 1;
    return reasons;
  }
}

function count(times: Map<string, number>, text: string): void {
  times.set(text, (times.get(text) ?? 0) + 1);
}
