/** All the ways in which the product is broken on purpose. A new one: its entry in one of these lists. */
import { counterMutants } from './counter.js';
import { dishonestMutants } from './dishonest.js';
import { proofMutants } from './dishonest-proofs.js';
import { gatewayMutants } from './gateway.js';
import { journalMutants } from './journal.js';
import type { Mutant } from './mutant.js';
import { readerMutants } from './reader.js';
import { storeMutants } from './store.js';

export type { Mutant } from './mutant.js';

export const MUTANTS: readonly Mutant[] = [
  ...journalMutants,
  ...readerMutants,
  ...counterMutants,
  ...gatewayMutants,
  ...dishonestMutants,
  ...proofMutants,
  ...storeMutants,
];
