/** A plug comes out, and is put back. */
import { type Fault, MINUTE_MS } from './fault.js';

export const looseCable: Fault = {
  id: 'loose-cable',
  words: 'cables pulled',
  everyMs: 8 * MINUTE_MS,
  strike({ counter, chance }) {
    const { reader, printer, scanner, voice } = counter.box.peripherals;
    const cable = chance.pick([reader, reader, printer, scanner, voice] as const);
    cable.unplug(chance.between(200, 90_000));
    return true;
  },
};
