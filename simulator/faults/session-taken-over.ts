/** Somebody else connects under the counter's name: the broker throws the counter out. */
import { type Fault, MINUTE_MS } from './fault.js';

export const sessionTakenOver: Fault = {
  id: 'session-taken-over',
  words: 'sessions taken over',
  everyMs: 30 * MINUTE_MS,
  strike({ counter, network }) {
    network.reset(counter.device, 'session taken over');
    return true;
  },
};
