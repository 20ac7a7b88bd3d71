/** Paper out, cover open, power gone, or simply silent. */
import type { PrinterKnob } from '../hardware/printer/index.js';
import { type Fault, MINUTE_MS } from './fault.js';

type Trouble = readonly [PrinterKnob, PrinterKnob];

export const printerTrouble: Fault = {
  id: 'printer-trouble',
  words: 'troubles of the printer',
  everyMs: 8 * MINUTE_MS,
  strike({ counter, chance, scheduler }) {
    const { printer } = counter.box.peripherals;
    const [begins, ends] = chance.pick<Trouble>([
      [{ kind: 'paper-out', afterLines: chance.below(20) }, { kind: 'paper-in' }],
      [{ kind: 'cover-open' }, { kind: 'cover-closed' }],
      [
        { kind: 'power', on: false },
        { kind: 'power', on: true },
      ],
      [{ kind: 'power-cycle' }, { kind: 'paper-in' }],
      [
        { kind: 'never-answers', on: true },
        { kind: 'never-answers', on: false },
      ],
      [
        { kind: 'stuck', on: true },
        { kind: 'stuck', on: false },
      ],
    ]);
    printer.input({ kind: 'knob', knob: begins });
    scheduler.after(chance.between(1_000, 180_000), () => {
      printer.input({ kind: 'knob', knob: ends });
      counter.box.resumePrinting();
    });
    return true;
  },
};
