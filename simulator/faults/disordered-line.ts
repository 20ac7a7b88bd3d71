/** Messages come twice, overtake each other, or turn up an hour or a week later. */
import { type Fault, HOUR_MS, MINUTE_MS } from './fault.js';

export const disorderedLine: Fault = {
  id: 'disordered-line',
  words: 'lines that double, reorder and delay',
  everyMs: 15 * MINUTE_MS,
  strike({ counter, network, scheduler, chance }) {
    const line = network.line(counter.device);
    if (chance.happens(0.6)) line.doublesPerMille = chance.between(50, 400);
    if (chance.happens(0.6)) line.overtakesPerMille = chance.between(50, 400);
    if (chance.happens(0.6)) {
      line.delaysPerMille = chance.between(20, 200);
      line.delayMs = chance.pick([5_000, 60_000, 10 * MINUTE_MS, HOUR_MS, 7 * 24 * HOUR_MS]);
    }
    if (chance.happens(0.4)) line.latencyMs = chance.between(100, 4_000);
    scheduler.after(chance.between(3, 20) * MINUTE_MS, () => network.mend(counter.device));
    return true;
  },
};
