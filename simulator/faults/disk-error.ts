/**
 * A write or an fsync fails; half of the time the bytes are on the disk all the same. Somebody comes and starts the
 * box anew.
 */
import { type Fault, HOUR_MS, MINUTE_MS } from './fault.js';

export const diskError: Fault = {
  id: 'disk-error',
  words: 'failed writes and fsyncs',
  everyMs: 2 * HOUR_MS,
  strike({ counter, scheduler, chance, isQuiet }) {
    const fault = { code: 'JOURNAL_WRITE_FAILED', message: 'input/output error' };
    if (chance.happens(0.5)) counter.box.disk.memory.failNext = fault;
    else counter.box.disk.lieNext = fault;
    counter.box.disk.hasFailed = true;
    scheduler.after(chance.between(2, 12) * MINUTE_MS, () => {
      if (isQuiet()) return;
      counter.box.cutPower('service');
      scheduler.after(20_000, () => counter.box.powerOn());
    });
    return true;
  },
};
