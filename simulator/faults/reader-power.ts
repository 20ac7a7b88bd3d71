/** The reader loses its own power, in the middle of whatever it does. Its flash and the bank go on. */
import { type Fault, MINUTE_MS } from './fault.js';

export const readerPower: Fault = {
  id: 'reader-power',
  words: 'readers losing power',
  everyMs: 12 * MINUTE_MS,
  strike({ counter, chance, scheduler }) {
    const { reader } = counter.box.peripherals;
    if (chance.happens(0.5)) {
      const frame = chance.pick(['ACK SALE', 'EVNT ONLINE', 'RSLT', 'RSLT APPROVED', 'ACK VOID']);
      const does = { kind: 'power-cut-after', backAfterMs: chance.between(500, 30_000) } as const;
      reader.input({ kind: 'fault', fault: { way: 'said', frame, does } });
      return true;
    }
    reader.input({ kind: 'power', on: false });
    scheduler.after(chance.between(500, 90_000), () => reader.input({ kind: 'power', on: true }));
    return true;
  },
};
