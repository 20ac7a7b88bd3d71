/** A claim must name a tier of the campaign. */
import type { ClaimRule } from './rule.js';

export const knownTierRule: ClaimRule = {
  id: 'known-tier',
  evaluate: ({ tierById }, { tier }) => (tierById.has(tier) ? null : 'unknown-tier'),
  examples: [
    { claim: 'the 20', ask: { tier: 'yuan-20' }, gives: null },
    { claim: 'a 50 that there is not', ask: { tier: 'yuan-50' }, gives: 'unknown-tier' },
    { claim: 'a name that objects inherit', ask: { tier: '__proto__' }, gives: 'unknown-tier' },
  ],
};
