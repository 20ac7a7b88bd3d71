/** A bit of a stored record turns over. The next start finds it; service puts the card's true content back. */
import { type Fault, HOUR_MS, MINUTE_MS } from './fault.js';

export const flippedBit: Fault = {
  id: 'flipped-bit',
  words: 'flipped bits in a journal',
  everyMs: 3 * HOUR_MS,
  strike({ counter, scheduler, chance, say }) {
    const { disk } = counter.box;
    const { rows } = disk.memory;
    // The unsent part is what matters most; the rest is only history.
    const from = chance.happens(0.7) ? Math.min(disk.memory.acknowledged.seq, rows.length - 1) : 0;
    const at = from + chance.below(rows.length - from);
    const row = rows[at];
    if (row === undefined) return false;
    // The last digit of an amount, where there is one: a flip that a careless reader would believe.
    const digits = [...row.body.matchAll(/"(?:amountFen|netFen)":(\d+)/g)];
    const match = digits[0];
    if (match?.index === undefined) return false;
    const where = match.index + match[0].length - 1;
    const flipped = String.fromCharCode(row.body.charCodeAt(where) ^ 1);
    rows[at] = { hash: row.hash, body: row.body.slice(0, where) + flipped + row.body.slice(where + 1) };
    disk.hasFailed = true;
    say(`record ${at + 1} has a flipped bit`);
    scheduler.after(chance.between(1, 4) * MINUTE_MS, () => counter.box.cutPower('somebody tries the switch'));
    scheduler.after(chance.between(6, 12) * MINUTE_MS, () => {
      if (!disk.isTampered || counter.forged) return;
      counter.box.cutPower('service');
      disk.restore();
      scheduler.after(20_000, () => counter.box.powerOn());
    });
    return true;
  },
};
