/** The voice module's answers are lost or late, or its power blinks. */
import type { Mischief } from '../hardware/wire.js';
import { type Fault, MINUTE_MS } from './fault.js';

export const voiceTrouble: Fault = {
  id: 'voice-trouble',
  words: 'troubles of the voice',
  everyMs: 12 * MINUTE_MS,
  strike({ counter, chance, scheduler }) {
    const { voice } = counter.box.peripherals;
    if (chance.happens(0.3)) {
      voice.input({ kind: 'power', on: false });
      scheduler.after(chance.between(300, 20_000), () => voice.input({ kind: 'power', on: true }));
      return true;
    }
    const does = chance.pick<Mischief>([{ kind: 'lose' }, { kind: 'late', ms: 3_000 }, { kind: 'double' }]);
    voice.input({ kind: 'fault', fault: { way: 'said', frame: '*', does, times: chance.between(1, 3) } });
    return true;
  },
};
