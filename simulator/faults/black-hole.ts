/** Bytes go in and nothing comes out; no end is told. */
import { type Fault, MINUTE_MS } from './fault.js';

export const blackHole: Fault = {
  id: 'black-hole',
  words: 'black holes in the line',
  everyMs: 12 * MINUTE_MS,
  strike({ counter, network, scheduler, chance }) {
    network.line(counter.device).swallows = true;
    const ms = chance.happens(0.3) ? chance.between(2, 15) * MINUTE_MS : chance.between(1_000, 60_000);
    scheduler.after(ms, () => network.mend(counter.device));
    return true;
  },
};
