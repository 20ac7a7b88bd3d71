/** The box's calendar jumps: years either way, or to the middle of the campaign's hours. No decision may follow it. */
import { type Fault, MINUTE_MS } from './fault.js';

const DAY_MS = 86_400_000;

export const clockJump: Fault = {
  id: 'clock-jump',
  words: 'jumps of the calendar',
  everyMs: 10 * MINUTE_MS,
  strike({ counter, chance }) {
    const days = chance.happens(0.5) ? chance.between(-20_000, 20_000) : chance.between(-2, 2);
    counter.box.clock.wallError = days * DAY_MS + chance.between(-43_200_000, 43_200_000);
    return true;
  },
};
