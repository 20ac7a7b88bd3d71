/**
 * Somebody puts a copy of the card back, made before the last sync. From here on the counter is a fork: the gateway must
 * see it and stop it. What it had not sent is lost with the newer card; nobody can promise more.
 */
import { type Fault, HOUR_MS } from './fault.js';

export const olderJournal: Fault = {
  id: 'older-journal',
  words: 'older journals brought back',
  everyMs: 4 * HOUR_MS,
  strike({ counter, chance, scheduler, say }) {
    const { disk } = counter.box;
    const { rows, acknowledged } = disk.memory;
    if (acknowledged.seq < 4 || counter.forged) return false;
    const keep = 1 + chance.below(acknowledged.seq - 2);
    counter.box.cutPower('card pulled');
    counter.forged = true;
    rows.length = keep;
    const last = rows.at(-1);
    disk.memory.acknowledged = { seq: keep, hash: last?.hash ?? '' };
    say(`a copy of the card with ${keep} records is brought back`);
    scheduler.after(30_000, () => counter.box.powerOn());
    return true;
  },
};
