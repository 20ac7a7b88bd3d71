/** The ledger's disk is full for a moment, or slow. */
import { type Fault, MINUTE_MS } from './fault.js';

export const ledgerTrouble: Fault = {
  id: 'ledger-trouble',
  words: 'failed and slow commits',
  everyMs: 30 * MINUTE_MS,
  strike({ gateway, chance, scheduler }) {
    if (chance.happens(0.5)) gateway.failing = chance.between(1, 4);
    else {
      gateway.stallMs = chance.between(100, 6_000);
      scheduler.after(chance.between(5_000, 60_000), () => {
        gateway.stallMs = 0;
      });
    }
    return true;
  },
};
