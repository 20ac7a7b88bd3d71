import { refundedWords, saleWords } from '#device/drivers/voices/index.js';
import { fen } from '#protocol/money.js';
import type { Checker, CounterBooks } from './books.js';

/** What was said aloud against what was settled: each sum once at most, and never before it was on the disk. */
export const voiceOnce: Checker = {
  name: 'voice',
  promise: 'a sum is announced at most once, and only once it is settled',
  watch() {
    return {
      seen(event) {
        if (event.kind !== 'spoken' || event.counter.isForged || event.counter.hasFailedDisk) return undefined;
        const { counter, text } = event;
        const said = counter.utterances().filter((utterance) => utterance.text === text).length;
        const settled = reasonsToSay(counter, text);
        return said <= settled
          ? undefined
          : `${counter.device} says “${text}” ${said} times, and was paid so ${settled} times`;
      },
    };
  },
};

function reasonsToSay(counter: CounterBooks, text: string): number {
  let reasons = 0;
  const recorded = new Set<string>();
  for (const { record } of counter.tape) {
    if (record.kind === 'settled' && saleWords(record.netFen, record.faceFen) === text) reasons += 1;
    if (record.kind === 'refunded' && refundedWords(record.netFen) === text) reasons += 1;
    if (record.kind === 'charging') recorded.add(record.sale);
  }
  // Sales without records, made while the journal had failed, at full price.
  for (const entry of counter.bank()) {
    if (entry.state === 'moved' && !recorded.has(entry.ref) && saleWords(fen(entry.amountFen), fen(0)) === text)
      reasons += 1;
  }
  return reasons;
}
