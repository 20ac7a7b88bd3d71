import { wallMs } from '#protocol/time.js';
import type { Clock } from '../ports/clock.js';

export const systemClock = (): Clock => ({
  now: () => wallMs(Date.now()),
  alarm(after, ring) {
    const timer = setTimeout(ring, after);
    return () => clearTimeout(timer);
  },
});
