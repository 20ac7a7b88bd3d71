/** A broker that acknowledges everything and drops a tenth. */
import { type Fault, MINUTE_MS } from './fault.js';

export const lossyBroker: Fault = {
  id: 'lossy-broker',
  words: 'brokers that drop a tenth',
  everyMs: 25 * MINUTE_MS,
  strike({ counter, network, scheduler, chance }) {
    network.line(counter.device).losesPerMille = 100;
    scheduler.after(chance.between(2, 15) * MINUTE_MS, () => network.mend(counter.device));
    return true;
  },
};
