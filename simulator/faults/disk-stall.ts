/** The SD card collects its garbage: every sync takes seconds, now and then half a minute. */
import { type Fault, MINUTE_MS } from './fault.js';

export const diskStall: Fault = {
  id: 'disk-stall',
  words: 'stalled disks',
  everyMs: 15 * MINUTE_MS,
  strike({ counter, scheduler, chance }) {
    counter.box.disk.stallMs = chance.happens(0.3) ? chance.between(8_000, 45_000) : chance.between(200, 5_000);
    scheduler.after(chance.between(5_000, 60_000), () => {
      counter.box.disk.stallMs = 0;
    });
    return true;
  },
};
