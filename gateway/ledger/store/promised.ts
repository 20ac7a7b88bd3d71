/** Wraps the ledger's callbacks in promises; a ledger fault rejects. */
import type { Answer, LedgerFault } from '../../ports/ledger.js';

/** The ledger's own fault, for the caller's report. */
export class NotAnswered extends Error {
  readonly code: string;

  constructor({ code, message }: LedgerFault) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

export const promised = <Value>(ask: (done: Answer<Value>) => void): Promise<Value> =>
  new Promise((resolve, reject) => {
    ask((fault, value) => (fault === undefined ? resolve(value) : reject(new NotAnswered(fault))));
  });
