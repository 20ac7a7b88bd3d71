/** What every ledger does, whatever it is made of: rows of a counter's day against a small campaign. */
import { afterEach, beforeEach } from 'vitest';
import { acts } from './ledger/acts.js';
import { afterADecision } from './ledger/after-a-decision.js';
import { authorising } from './ledger/authorising.js';
import { book } from './ledger/book.js';
import { cardPayments } from './ledger/card-payments.js';
import { claiming } from './ledger/claiming.js';
import { dishonest } from './ledger/dishonest.js';
import { documents } from './ledger/documents.js';
import { LedgerInTest, type LedgerUnderTest } from './ledger/ledger-in-test.js';
import { lookingBack } from './ledger/looking-back.js';
import { pace } from './ledger/pace.js';
import { paymentCodes } from './ledger/payment-codes.js';
import { records } from './ledger/records.js';
import { refunds } from './ledger/refunds.js';
import { sales } from './ledger/sales.js';

export function ledgerContract(make: () => LedgerUnderTest): void {
  const its = new LedgerInTest(make);
  beforeEach(() => its.open());
  afterEach(() => its.close());

  claiming(its);
  authorising(its);
  paymentCodes(its);
  pace(its);
  lookingBack(its);
  sales(its);
  refunds(its);
  dishonest(its);
  records(its);
  book(its);
  acts(its);
  afterADecision(its);
  cardPayments(its);
  documents(its);
}
