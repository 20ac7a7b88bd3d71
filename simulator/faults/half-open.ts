/** The broker's end is gone, and the counter believes in its own. */
import { type Fault, MINUTE_MS } from './fault.js';

export const halfOpen: Fault = {
  id: 'half-open',
  words: 'half-open connections',
  everyMs: 15 * MINUTE_MS,
  strike({ counter, network }) {
    network.halfOpen(counter.device);
    return true;
  },
};
