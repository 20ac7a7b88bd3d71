/** The gateway dies, at the very call of a port at which it was drawn to; half a minute later it is there again. */
import { type Fault, MINUTE_MS } from './fault.js';

const WITHIN_POINTS = 400;

export const gatewayCrash: Fault = {
  id: 'gateway-crash',
  words: 'deaths of the gateway',
  everyMs: 30 * MINUTE_MS,
  strike({ gateway, chance }) {
    if (!gateway.isRunning) return false;
    gateway.cutPowerAfter(1 + chance.below(WITHIN_POINTS));
    return true;
  },
};
