/** Bytes between agent and card reader are lost, turned over, doubled or late, at the frames where it hurts. */
import type { Mischief } from '../hardware/wire.js';
import { type Fault, MINUTE_MS } from './fault.js';

export const readerLine: Fault = {
  id: 'reader-line',
  words: 'damaged frames at the reader',
  everyMs: 4 * MINUTE_MS,
  strike({ counter, chance }) {
    const does = chance.pick<Mischief>([
      { kind: 'lose' },
      { kind: 'drop-byte', at: chance.below(40) },
      { kind: 'flip-bit', at: chance.below(40), bit: chance.below(8) },
      { kind: 'double' },
      { kind: 'late', ms: chance.between(1, 9_000) },
    ]);
    const frame = chance.pick(['SALE', 'STAT', 'ACK SALE', 'RSLT', 'RSLT APPROVED', 'ACK', 'VOID', 'HELO', '*']);
    const way = chance.pick(['said', 'heard'] as const);
    const fault = { way, frame, does, skip: chance.below(2), times: chance.between(1, 4) };
    counter.box.peripherals.reader.input({ kind: 'fault', fault });
    return true;
  },
};
