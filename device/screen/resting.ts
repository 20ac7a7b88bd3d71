/** States of a sale in which nothing more happens without a new request. */
import type { SaleState } from '../ports/till.js';

export const RESTING: ReadonlySet<SaleState> = new Set<SaleState>([
  'settled',
  'not-charged',
  'abandoned',
  'unknown',
  'refunded',
  'refund-unknown',
]);
