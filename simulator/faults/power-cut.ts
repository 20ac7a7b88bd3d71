/** The mains go, at the very call of a port at which it was drawn to be; later they come back. */
import { type Fault, MINUTE_MS } from './fault.js';

/** A sale makes some 60 calls of ports; a cut lands anywhere in the next few sales. */
const WITHIN_POINTS = 250;

export const powerCut: Fault = {
  id: 'power-cut',
  words: 'power cuts at a counter',
  everyMs: 12 * MINUTE_MS,
  strike({ counter, chance, say }) {
    if (!counter.box.isRunning) return false;
    const points = 1 + chance.below(WITHIN_POINTS);
    say(`power will go after ${points} more calls`);
    counter.box.cutPowerAfter(points);
    return true;
  },
};
