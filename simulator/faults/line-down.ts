/** No name, no route, or nobody listening: the line is down for a while, sometimes for an afternoon. */
import { type Fault, MINUTE_MS } from './fault.js';

export const lineDown: Fault = {
  id: 'line-down',
  words: 'lines down (DNS gone, refused)',
  everyMs: 20 * MINUTE_MS,
  strike({ counter, network, scheduler, chance }) {
    network.line(counter.device).refuses = true;
    network.reset(counter.device, 'network unreachable');
    const ms = chance.happens(0.3) ? chance.between(10, 40) * MINUTE_MS : chance.between(1, 6) * MINUTE_MS;
    scheduler.after(ms, () => network.mend(counter.device));
    return true;
  },
};
