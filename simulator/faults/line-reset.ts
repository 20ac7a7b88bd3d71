/** The connection is torn down, and both ends know. */
import { type Fault, MINUTE_MS } from './fault.js';

export const lineReset: Fault = {
  id: 'line-reset',
  words: 'connections reset',
  everyMs: 6 * MINUTE_MS,
  strike({ counter, network }) {
    network.reset(counter.device, 'connection reset');
    return true;
  },
};
