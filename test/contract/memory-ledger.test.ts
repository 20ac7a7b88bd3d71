/** The ledger's contract in memory, by itself: `npm run mutation` repeats it for each mutant of what the ledger decides. */
import { describe } from 'vitest';
import { openMemoryLedger } from '#simulator/doubles/memory-ledger.js';
import { ledgerContract } from './ledger-contract.js';

describe('the ledger in memory', () => {
  ledgerContract(() => ({
    open: async (rules) => openMemoryLedger(rules),
    isDurable: false,
    cleanUp: () => undefined,
  }));
});
