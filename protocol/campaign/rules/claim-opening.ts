/** Claims are open from the claim opening until the last moment at which a coupon could be used. */
import type { ClaimRule } from './rule.js';

export const claimOpeningRule: ClaimRule = {
  id: 'claim-opening',
  evaluate({ claimOpens, ends }, { at }) {
    if (at === 'any-time') return null;
    if (at === undefined) return 'no-trusted-time';
    if (at.earliest < claimOpens) return 'claim-not-open';
    return at.latest > ends ? 'claim-closed' : null;
  },
  examples: [
    { claim: 'a moment before nine', at: '2023-03-27 08:59:59', gives: 'claim-not-open' },
    { claim: 'at nine', at: '2023-03-27 09:00:00', gives: null },
    { claim: 'at night, when no shop is open', at: '2023-03-28 23:30:00', gives: null },
    { claim: 'before closing on the last day', at: '2023-04-10 21:59:59', gives: null },
    { claim: 'as the last day closes', at: '2023-04-10 22:00:00', gives: 'claim-closed' },
    { claim: 'unsure around nine', at: ['2023-03-27 08:59:59', '2023-03-27 09:00:01'], gives: 'claim-not-open' },
    { claim: 'at no known time', at: undefined, gives: 'no-trusted-time' },
  ],
};
