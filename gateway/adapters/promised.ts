/** What the ledger answers by callback, as a promise; a fault of the ledger rejects. */
import type { Answer } from '../ports/ledger.js';

export const promised = <Value>(ask: (done: Answer<Value>) => void): Promise<Value> =>
  new Promise((resolve, reject) => {
    ask((fault, value) =>
      fault === undefined ? resolve(value) : reject(new Error(`${fault.code}: ${fault.message}`)),
    );
  });
