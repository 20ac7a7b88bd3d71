/** Sales to which nothing more will happen by themselves. */
import type { SaleState } from '../ports/till.js';

export const RESTING: ReadonlySet<SaleState> = new Set<SaleState>([
  'settled',
  'not-charged',
  'abandoned',
  'unknown',
  'refunded',
  'refund-unknown',
]);
