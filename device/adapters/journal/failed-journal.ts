/** Replaces a journal that could not be opened: every append fails with the reason. */

import { EMPTY_CHAIN } from '#protocol/records/chain.js';
import type { Journal, JournalFault } from '../../ports/journal.js';

export const failedJournal = (fault: JournalFault): Journal => ({
  head: EMPTY_CHAIN,
  acknowledged: EMPTY_CHAIN,
  append: (_records, done) => done(fault, EMPTY_CHAIN),
  acknowledge: () => undefined,
  read: (_after, _limit, done) => done(fault, { prev: EMPTY_CHAIN.hash, records: [] }),
  close: (done) => done(),
});
